; Logger::builder("shop.orders").level(Level::Info).build()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "builder" "new")
  (#set! form "constructor")
  (#set! resolves "foundation::logging::Logger")
  (#set! positional "name"))
