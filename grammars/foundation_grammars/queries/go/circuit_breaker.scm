; // @circuitBreaker(failureThreshold=5, recoveryTimeout=30)
((comment) @occurrence
  (#set! form "annotation")
  (#set! positional "circuitBreaker"))

; resilience.NewCircuitBreaker("payments", options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/resilience.NewCircuitBreaker")
  (#set! positional "name"))
