; // @retry(maxAttempts=3, baseDelay=0.5) in the comment group above a func
((comment) @occurrence
  (#set! form "annotation")
  (#set! positional "retry"))

; resilience.Retry(ctx, func(ctx) error {...}, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/resilience.Retry")
  (#set! positional "_ _"))

; resilience.RetryValue[T](ctx, func(ctx) (T, error) {...}, options...)
((call_expression function: [(identifier) (selector_expression) (index_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation/resilience.RetryValue")
  (#set! positional "_ _"))

; A policy on its own, usually held in a variable.
((composite_literal type: [(qualified_type) (type_identifier)] @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/resilience.RetryPolicy"))
