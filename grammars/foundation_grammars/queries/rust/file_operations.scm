; AtomicFile::new("state.json").backup(true).write(&data)
((call_expression
   function: (scoped_identifier path: (_) @name name: (identifier) @method)
   arguments: (arguments) @arguments) @occurrence
  (#any-of? @method "new")
  (#set! form "constructor")
  (#set! ends "write=data write_async=data")
  (#set! resolves "foundation::files::AtomicFile")
  (#set! positional "path"))
