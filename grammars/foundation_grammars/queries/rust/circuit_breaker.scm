; #[circuit_breaker(failure_threshold = 5, recovery_timeout = 30.0)]
((attribute_item (attribute [(identifier) (scoped_identifier)] @name arguments: (token_tree)? @arguments)) @occurrence
  (#set! form "macro")
  (#set! resolves "foundation::resilience::circuit_breaker")
  (#set! unimported))

; The same under a condition: #[cfg_attr(feature = "retries", ...)]
((attribute_item
   (attribute
     (identifier) @condition
     arguments: (token_tree (identifier) @name . (token_tree) @arguments))) @occurrence
  (#eq? @condition "cfg_attr")
  (#set! form "macro")
  (#set! resolves "foundation::resilience::circuit_breaker"))

; CircuitBreaker::builder("payments").failure_threshold(5).build()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "builder" "new")
  (#set! form "constructor")
  (#set! resolves "foundation::resilience::CircuitBreaker")
  (#set! positional "name"))
