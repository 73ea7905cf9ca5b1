; run_process(["git", "status"], timeout=30)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.process.run_process foundation.process.arun_process foundation.process.stream_process")
  (#set! positional "command"))

; run([...], timeout=...); shell takes one string, stream yields lines.
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "provide.foundation.process.run provide.foundation.process.async_run provide.foundation.process.shell provide.foundation.process.async_shell provide.foundation.process.stream provide.foundation.process.async_stream provide.foundation.process.run_simple provide.foundation.process.run_command provide.foundation.process.async_run_command provide.foundation.process.stream_command provide.foundation.process.async_stream_command")
  (#set! positional "cmd"))
