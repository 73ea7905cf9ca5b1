; #[error_boundary(reraise = false, fallback = 0)]
((attribute_item (attribute [(identifier) (scoped_identifier)] @name arguments: (token_tree)? @arguments)) @occurrence
  (#set! form "macro")
  (#set! resolves "foundation::errors::error_boundary")
  (#set! unimported))

; The same under a condition: #[cfg_attr(feature = "retries", ...)]
((attribute_item
   (attribute
     (identifier) @condition
     arguments: (token_tree (identifier) @name . (token_tree) @arguments))) @occurrence
  (#eq? @condition "cfg_attr")
  (#set! form "macro")
  (#set! resolves "foundation::errors::error_boundary"))

; ErrorBoundary::new("load").reraise(false).run(|| load())
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new" "builder")
  (#set! form "constructor")
  (#set! resolves "foundation::errors::ErrorBoundary")
  (#set! positional "name"))
