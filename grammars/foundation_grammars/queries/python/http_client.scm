; HttpClient(base_url="http://inventory", timeout=5.0)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation.http.HttpClient")
  (#set! positional "base_url"))

; UniversalClient(hub, default_timeout=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.transport.UniversalClient")
  (#set! positional "_ middleware default_headers default_timeout"))

; HTTPConfig(timeout=..., max_retries=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.transport.HTTPConfig"))

; RetryMiddleware(policy=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.transport.RetryMiddleware provide.foundation.transport.middleware.RetryMiddleware")
  (#set! positional "policy"))
