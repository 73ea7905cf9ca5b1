; Foundation::Config.load(AppConfig, env_prefix: 'APP')
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation::Config.load")
  (#set! positional "_")
  (#set! unimported))
