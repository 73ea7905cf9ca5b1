; #[rate_limit(limit = 10, period = 1.0)]
((attribute_item (attribute [(identifier) (scoped_identifier)] @name arguments: (token_tree)? @arguments)) @occurrence
  (#set! form "macro")
  (#set! resolves "foundation::resilience::rate_limit")
  (#set! unimported))

; The same under a condition: #[cfg_attr(feature = "retries", ...)]
((attribute_item
   (attribute
     (identifier) @condition
     arguments: (token_tree (identifier) @name . (token_tree) @arguments))) @occurrence
  (#eq? @condition "cfg_attr")
  (#set! form "macro")
  (#set! resolves "foundation::resilience::rate_limit"))

; RateLimiter::builder(10).period(Duration::from_secs(1)).build()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "builder" "new")
  (#set! form "constructor")
  (#set! resolves "foundation::resilience::RateLimiter")
  (#set! positional "limit"))
