; @retry, @resilience.retry(...), @again(...) for an aliased import; positional arguments are error classes.
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.retry provide.foundation.resilience.retry")
  (#set! unimported))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.resilience.retry provide.foundation.resilience.retry")
  (#set! positional "*retryable")
  (#set! unimported))

; retry(...)(function), with_retry = retry(...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.resilience.retry provide.foundation.resilience.retry")
  (#set! positional "*retryable"))

; Retry(RetryPolicy(...)).call(function)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation.resilience.Retry provide.foundation.resilience.RetryExecutor")
  (#set! positional "policy"))

; A policy on its own, usually held in a constant.
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation.resilience.RetryPolicy provide.foundation.resilience.RetryPolicy"))
