; #[register_command(name = "db.migrate", description = "...")]
((attribute_item (attribute [(identifier) (scoped_identifier)] @name arguments: (token_tree)? @arguments)) @occurrence
  (#set! form "macro")
  (#set! resolves "foundation::cli::register_command")
  (#set! unimported))

; The same under a condition: #[cfg_attr(feature = "retries", ...)]
((attribute_item
   (attribute
     (identifier) @condition
     arguments: (token_tree (identifier) @name . (token_tree) @arguments))) @occurrence
  (#eq? @condition "cfg_attr")
  (#set! form "macro")
  (#set! resolves "foundation::cli::register_command"))

; Command::new("db.migrate").description("...")
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new")
  (#set! form "constructor")
  (#set! resolves "foundation::cli::Command")
  (#set! positional "name")
  (#set! plural "alias=aliases"))

; App::new("shop", "1.0")
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new")
  (#set! form "constructor")
  (#set! resolves "foundation::cli::App")
  (#set! positional "name _"))
