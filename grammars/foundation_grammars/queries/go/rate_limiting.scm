; // @rateLimit(limit=10, period=1.0)
((comment) @occurrence
  (#set! form "annotation")
  (#set! positional "rateLimit"))

; resilience.NewRateLimiter(10, time.Second, options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/resilience.NewRateLimiter")
  (#set! positional "limit period"))
