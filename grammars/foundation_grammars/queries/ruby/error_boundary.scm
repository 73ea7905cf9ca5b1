; Foundation.error_boundary(catch: [IOError], reraise: false) do ... end
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.error_boundary")
  (#set! unimported))
