; @register_command("db.migrate", description="...")
((decorator [(identifier) (attribute)] @name) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.cli.register_command provide.foundation.hub.register_command")
  (#set! unimported))

((decorator (call function: [(identifier) (attribute)] @name arguments: (_) @arguments)) @occurrence
  (#set! form "decorator")
  (#set! resolves "foundation.cli.register_command provide.foundation.hub.register_command")
  (#set! positional "name")
  (#set! unimported))

; App(name="shop", version="1.0")
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "constructor")
  (#set! ignores "version registry debug")
  (#set! resolves "foundation.cli.App")
  (#set! positional "name _"))
