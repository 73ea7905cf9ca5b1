; Foundation.atomic_write('state.json', data, backup: true)
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.atomic_write")
  (#set! positional "path data")
  (#set! unimported))
