# frozen_string_literal: true

# Calls a model with 256 numbers: ruby -Ilib examples/infer.rb engine sentiment

require "foundation/shm"

endpoint, model = ARGV
Foundation::SHM::Client.open(endpoint || "engine") do |client|
  values = Array.new(256) { |i| i / 256.0 }
  result = client.infer(model || "sentiment", Foundation::SHM::Tensor.float32(values, [1, 256]), timeout: 0.5)
  puts "#{result.outputs.first.to_a} (#{result.model_ns} ns in the model)"
rescue Foundation::SHM::UnknownModel => e
  puts "#{e.message}; known: #{client.models.join(', ')}"
end
