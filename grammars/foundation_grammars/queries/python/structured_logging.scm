; get_logger("shop.orders", level="info")
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.logging.get_logger provide.foundation.logger.get_logger")
  (#set! positional "name"))

; configure_logging(level=..., format=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! open)
  (#set! resolves "foundation.logging.configure_logging"))

; The provide dialect's ready-made logger, which only has to be imported.
((import_from_statement
   name: [(dotted_name (identifier) @name) (aliased_import alias: (identifier) @name)]) @occurrence
  (#set! form "import")
  (#set! resolves "provide.foundation.logger.logger"))
