; files.AtomicWrite("state.json", data, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/files.AtomicWrite")
  (#set! positional "path data"))
