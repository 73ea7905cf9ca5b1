; Foundation::HttpClient.new(base_url: 'http://inventory')
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "Foundation::HttpClient.new")
  (#set! unimported))
