; Foundation.rate_limit(name: 'search', limit: 10) do ... end
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.rate_limit")
  (#set! unimported))

; Foundation::RateLimiter.new(limit: 10, period: 1.0)
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "Foundation::RateLimiter.new")
  (#set! unimported))
