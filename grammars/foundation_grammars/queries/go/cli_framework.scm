; // @registerCommand(name="db.migrate", description="...")
((comment) @occurrence
  (#set! form "annotation")
  (#set! positional "registerCommand"))

; cli.NewApp("shop", "1.0")
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/cli.NewApp")
  (#set! positional "name _"))

; app.RegisterCommand("db.migrate", run, cli.WithDescription("...")), on any receiver where foundation/cli is imported
((call_expression function: (selector_expression field: (field_identifier) @method) @name arguments: (argument_list) @arguments) @occurrence
  (#eq? @method "RegisterCommand")
  (#set! form "call")
  (#set! member "RegisterCommand")
  (#set! positional "name _")
  (#set! resolves "foundation/cli.App.RegisterCommand"))
