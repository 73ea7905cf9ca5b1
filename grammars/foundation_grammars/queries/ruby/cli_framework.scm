; Foundation.register_command('db.migrate', description: '...') do |args| ... end
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.register_command")
  (#set! positional "name")
  (#set! unimported))
