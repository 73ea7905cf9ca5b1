# frozen_string_literal: true

require_relative 'lib/foundation/version'

Gem::Specification.new do |spec|
  spec.name = 'foundation'
  spec.version = Foundation::VERSION
  spec.summary = 'Ten infrastructure patterns with the same behaviour in Python, Go, Rust and Ruby'
  spec.description = 'Retry, circuit breaker, rate limiter, error boundary, structured logging, configuration, HTTP client, ' \
                     'command line, processes and atomic files, checked against one conformance suite.'
  spec.authors = ['The foundation-lsp authors']
  spec.license = 'Apache-2.0'
  spec.required_ruby_version = '>= 3.0'
  spec.files = Dir['lib/**/*.rb', 'README.md']
  spec.require_paths = ['lib']
end
