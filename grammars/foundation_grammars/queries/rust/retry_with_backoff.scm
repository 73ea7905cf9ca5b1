; #[retry(max_attempts = 3)], #[foundation::retry], #[again(...)] for an alias
((attribute_item (attribute [(identifier) (scoped_identifier)] @name arguments: (token_tree)? @arguments)) @occurrence
  (#set! form "macro")
  (#set! resolves "foundation::resilience::retry")
  (#set! unimported))

; The same under a condition: #[cfg_attr(feature = "retries", ...)]
((attribute_item
   (attribute
     (identifier) @condition
     arguments: (token_tree (identifier) @name . (token_tree) @arguments))) @occurrence
  (#eq? @condition "cfg_attr")
  (#set! form "macro")
  (#set! resolves "foundation::resilience::retry"))

; RetryPolicy::new().max_attempts(3).run(|| fetch())
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new" "default" "builder")
  (#set! form "constructor")
  (#set! resolves "foundation::resilience::RetryPolicy"))

; RetryPolicy { max_attempts: 3, ..Default::default() }
((struct_expression name: (_) @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation::resilience::RetryPolicy"))
