; // @errorBoundary(reraise=false, logErrors=true)
((comment) @occurrence
  (#set! form "annotation")
  (#set! positional "errorBoundary"))

; errors.Boundary(ctx, func(ctx) error {...}, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/errors.Boundary")
  (#set! positional "_ _"))

; errors.BoundaryValue(ctx, fallback, func(ctx) (T, error) {...}, options...)
((call_expression function: [(identifier) (selector_expression) (index_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/errors.BoundaryValue")
  (#set! positional "_ fallback _"))
