; load_config(AppConfig, env_prefix="APP", files=[...])
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "foundation.config.load_config")
  (#set! positional "_"))

; class AppConfig(RuntimeConfig): ... Its `field(...)` and `env_field(...)` lines belong to this occurrence.
((class_definition superclasses: (argument_list [(identifier) (attribute)] @name)) @occurrence
  (#set! form "class")
  (#set! resolves "provide.foundation.config.BaseConfig provide.foundation.config.RuntimeConfig"))

; AppConfig.from_env(prefix="APP"), when AppConfig derives from one of the classes above.
((call function: (attribute object: (identifier) @name attribute: (identifier) @method) arguments: (_) @arguments) @occurrence
  (#eq? @method "from_env")
  (#set! form "call")
  (#set! derives)
  (#set! resolves "provide.foundation.config.BaseConfig provide.foundation.config.RuntimeConfig"))

; get_env("NAME", default=...)
((call function: [(identifier) (attribute)] @name arguments: (_) @arguments) @occurrence
  (#set! form "call")
  (#set! resolves "provide.foundation.config.get_env")
  (#set! positional "_"))
