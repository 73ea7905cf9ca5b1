# frozen_string_literal: true

# Calls models of a foundation inference engine through shared memory, with Ruby's standard library and
# Fiddle alone.
#
#   client = Foundation::SHM::Client.new("engine")
#   result = client.infer("sentiment", Foundation::SHM::Tensor.float32(values, [1, 256]), timeout: 0.05)
#   result.outputs.first.to_a
#
# The bytes are described in shm/PROTOCOL.md.
module Foundation
  module SHM
  end
end

require_relative "shm/errors"
require_relative "shm/layout"
require_relative "shm/tensor"
require_relative "shm/memory"
require_relative "shm/session"
require_relative "shm/socket_session"
require_relative "shm/client"
