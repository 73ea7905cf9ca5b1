; process.Run(ctx, []string{"git", "status"}, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/process.Run")
  (#set! positional "_ command"))
