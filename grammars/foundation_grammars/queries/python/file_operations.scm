; atomic_write("state.json", data, backup=True)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.files.atomic_write")
  (#set! positional "path data"))

; AtomicFile("state.json")
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! open)
  (#set! ignores "binary encoding")
  (#set! resolves "foundation.files.AtomicFile")
  (#set! positional "path"))

; provide: atomic_write(path, data), atomic_write_text(path, text)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "provide.foundation.file.atomic_write provide.foundation.file.atomic_write_text")
  (#set! positional "path data"))

; provide: atomic_replace(path, data)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "provide.foundation.file.atomic_replace")
  (#set! positional "path data"))

; provide: FileLock(path, timeout=10)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "provide.foundation.file.FileLock")
  (#set! positional "path timeout"))
