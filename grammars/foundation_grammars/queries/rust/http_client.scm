; HttpClient::builder().base_url("http://inventory").build()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "builder" "new")
  (#set! form "constructor")
  (#set! resolves "foundation::http::HttpClient"))
