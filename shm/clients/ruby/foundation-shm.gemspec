# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = "foundation-shm"
  spec.version = "0.1.0"
  spec.summary = "Calls models of a foundation inference engine through shared memory"
  spec.authors = ["foundation-lsp contributors"]
  spec.license = "Apache-2.0"
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir["lib/**/*.rb"] + ["README.md"]
end
