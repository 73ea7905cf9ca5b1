# frozen_string_literal: true

module Foundation
  module SHM
    # Error
    # ├── ConnectError        nothing answers at the endpoint, or the server refused this client
    # ├── ConnectionLost      the server went away during the call; the model may have run
    # ├── TimeoutError        the caller's deadline passed
    # ├── ProtocolError       the server wrote something that PROTOCOL.md forbids
    # ├── InvalidInput        a tensor or a model id cannot be sent
    # └── ServerError         the server answered with a status other than OK
    #     └── InvalidRequest, UnknownModel, ModelFailed, Overloaded, DeadlineExceeded, Cancelled,
    #         TooLarge, ShuttingDown
    class Error < StandardError; end
    class ConnectError < Error; end
    class ConnectionLost < Error; end
    class TimeoutError < Error; end
    class ProtocolError < Error; end
    class InvalidInput < Error; end

    STATUSES = %i[
      OK BAD_MAGIC BAD_VERSION BAD_CHECKSUM BAD_REQUEST BAD_TENSOR UNKNOWN_MODEL MODEL_FAILED OVERLOADED
      DEADLINE_EXCEEDED CANCELLED NEEDS_SPACE SHUTTING_DOWN TOO_LARGE UNSUPPORTED INTERNAL FORBIDDEN
      TOO_MANY_CLIENTS
    ].freeze

    # An answer other than OK; `status` is its name in PROTOCOL.md.
    class ServerError < Error
      attr_reader :status

      def initialize(status, message)
        @status = status
        super("#{message} [#{status}]")
      end

      # The typed error for a status code.
      def self.from(code, message)
        status = STATUSES.fetch(code, :INTERNAL)
        BY_STATUS.fetch(status, ServerError).new(status, message)
      end
    end

    class InvalidRequest < ServerError; end
    class UnknownModel < ServerError; end
    class ModelFailed < ServerError; end
    class Overloaded < ServerError; end
    class DeadlineExceeded < ServerError; end
    class Cancelled < ServerError; end
    class TooLarge < ServerError; end
    class ShuttingDown < ServerError; end

    ServerError::BY_STATUS = {
      BAD_MAGIC: InvalidRequest, BAD_VERSION: InvalidRequest, BAD_CHECKSUM: InvalidRequest,
      BAD_REQUEST: InvalidRequest, BAD_TENSOR: InvalidRequest, UNSUPPORTED: InvalidRequest,
      UNKNOWN_MODEL: UnknownModel, MODEL_FAILED: ModelFailed, OVERLOADED: Overloaded,
      DEADLINE_EXCEEDED: DeadlineExceeded, CANCELLED: Cancelled, TOO_LARGE: TooLarge,
      SHUTTING_DOWN: ShuttingDown
    }.freeze
  end
end
