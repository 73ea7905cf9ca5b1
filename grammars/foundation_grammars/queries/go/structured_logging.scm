; logging.New("shop.orders", options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/logging.New")
  (#set! positional "name"))
