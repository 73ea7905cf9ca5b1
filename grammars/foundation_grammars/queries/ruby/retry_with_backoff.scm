; Foundation.retry(max_attempts: 3) do |attempt| ... end
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "call")
  (#set! resolves "Foundation.retry")
  (#set! unimported))

; A policy on its own, usually held in a constant.
((call receiver: [(constant) (scope_resolution)] method: (identifier) @name) @occurrence
  (#set! form "constructor")
  (#set! resolves "Foundation::RetryPolicy.new")
  (#set! unimported))

; retry(max_attempts: 3) do ... end: not legal Ruby, because `retry` is a keyword; the parse breaks after the arguments.
((retry (argument_list) @arguments) @occurrence @name
  (#set! form "block")
  (#set! malformed "keyword-retry")
  (#set! resolves "Foundation.retry")
  (#set! unimported))
