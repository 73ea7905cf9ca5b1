; Foundation.circuit_breaker(name: 'payments') do ... end
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.circuit_breaker")
  (#set! unimported))

; Foundation::CircuitBreaker.new(name: 'payments', failure_threshold: 5)
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "Foundation::CircuitBreaker.new")
  (#set! unimported))
