; Foundation.run_process(['git', 'status'], timeout: 30)
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.run_process")
  (#set! positional "command")
  (#set! unimported))
