; Process::new(["git", "status"]).timeout(Duration::from_secs(30)).run()
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new")
  (#set! form "constructor")
  (#set! resolves "foundation::process::Process")
  (#set! positional "command"))
