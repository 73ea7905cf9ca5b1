; @rate_limit(limit=10, period=1.0)
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.rate_limit")
  (#set! unimported))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.rate_limit")
  (#set! positional "limit period")
  (#set! unimported))

; rate_limit(...)(function)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.resilience.rate_limit")
  (#set! positional "limit period"))

; RateLimiter(limit=10, period=1.0)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation.resilience.RateLimiter")
  (#set! positional "limit period"))

; TokenBucketRateLimiter(capacity=..., refill_rate=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.utils.TokenBucketRateLimiter provide.foundation.resilience.TokenBucketRateLimiter")
  (#set! positional "capacity refill_rate"))
