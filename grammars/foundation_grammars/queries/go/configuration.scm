; config.Load(&cfg, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/config.Load")
  (#set! positional "_"))
