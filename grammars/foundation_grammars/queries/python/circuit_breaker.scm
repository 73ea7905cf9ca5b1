; @circuit_breaker, @circuit_breaker(...)
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.circuit_breaker provide.foundation.resilience.circuit_breaker")
  (#set! unimported))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.circuit_breaker provide.foundation.resilience.circuit_breaker")
  (#set! unimported))

; circuit_breaker(...)(function)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.resilience.circuit_breaker provide.foundation.resilience.circuit_breaker"))

; CircuitBreaker(name=..., ...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation.resilience.CircuitBreaker"))

; The provide dialect has one class for each kind of function.
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.resilience.SyncCircuitBreaker provide.foundation.resilience.AsyncCircuitBreaker")
  (#set! positional "failure_threshold recovery_timeout expected_exception"))
