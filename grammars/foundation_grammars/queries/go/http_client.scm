; httpclient.New(options...)
((call_expression function: [(identifier) (selector_expression)] @name arguments: (argument_list) @arguments) @occurrence
  (#set! form "constructor")
  (#set! resolves "foundation/httpclient.New"))
