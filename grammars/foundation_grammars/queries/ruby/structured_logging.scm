; Foundation::Logging.logger('shop.orders', level: :info)
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation::Logging.logger")
  (#set! positional "name")
  (#set! unimported))
