; ConfigLoader::new().env_prefix("APP").file("app.toml").load()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new" "builder" "default")
  (#set! form "constructor")
  (#set! resolves "foundation::config::ConfigLoader")
  (#set! plural "file=files"))
