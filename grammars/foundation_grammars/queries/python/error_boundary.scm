; @error_boundary(OSError, reraise=False); positional arguments are error classes.
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.errors.error_boundary provide.foundation.errors.error_boundary")
  (#set! unimported))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.errors.error_boundary provide.foundation.errors.error_boundary")
  (#set! positional "*catch")
  (#set! unimported))

; with error_boundary(...): ...
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.errors.error_boundary provide.foundation.errors.error_boundary")
  (#set! positional "*catch"))

; @resilient(fallback=...)
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "provide.foundation.errors.resilient"))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "provide.foundation.errors.resilient"))

; resilient(fallback=...)(function)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "provide.foundation.errors.resilient"))
