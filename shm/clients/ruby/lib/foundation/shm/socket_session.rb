# frozen_string_literal: true

module Foundation
  module SHM
    # The fallback: the same messages over the Unix socket, one call at a time on each connection.
    class SocketSession
      Pending = Struct.new(:socket, :request_id, :model)

      def initialize(endpoint, first, &dial)
        @endpoint = endpoint
        @dial = dial
        @idle = [first]
        @mutex = Mutex.new
        @next_id = 0
        @lost = false
      end

      def lost?
        @lost
      end
      alias lost_when_idle? lost?

      def close
        @mutex.synchronize do
          @lost = true
          @idle.each(&:close)
          @idle.clear
        end
      end

      def begin(opcode, model, inputs, flags, timeout_ns, deadline)
        at = 0
        crc = 0
        data = String.new(encoding: Encoding::BINARY)
        descriptors = inputs.map do |input|
          descriptor = input.describe(at)
          at += Layout.align(descriptor.size)
          data << input.data.b
          data << ("\0".b * (at - data.bytesize))
          crc = Zlib.crc32(input.data, crc) if flags.anybits?(Layout::CHECK_DATA)
          descriptor
        end
        socket, request_id = @mutex.synchronize { [@idle.pop, @next_id += 1] }
        message = Layout.encode_message(request_id, Layout.encode_request_payload(model, descriptors))
        frame = Layout.encode_frame(Layout::FRAME_REQUEST, opcode: opcode, flags: flags, timeout_ns: timeout_ns,
                                                           data_size: at, message_size: message.bytesize, data_crc: crc)
        pending = Pending.new(socket || @dial.call, request_id, model)
        send_all(pending, frame << message << data, deadline)
        pending
      end

      def next(pending, deadline)
        frame = receive(pending, Layout::FRAME_SIZE, deadline)
        magic, kind, _, _, _, data_size, message_size = frame.unpack("L<L<L<L<Q<Q<L<")
        if magic != Layout::MAGIC || kind != Layout::FRAME_RESPONSE || message_size > Layout::MAX_RESPONSE_SIZE
          raise ProtocolError, "the server sent a damaged frame"
        end

        response = Layout.decode_response(receive(pending, message_size, deadline))
        data = receive(pending, data_size, deadline)
        raise ProtocolError, "the answer is to another request" if response.request_id != pending.request_id

        keep(pending) unless response.flags.anybits?(Layout::MORE)
        Result.from(response, 0, data_size) { |d| data.byteslice(d.offset, d.size) }
      rescue Exception # rubocop:disable Lint/RescueException -- a half-read connection must not be used again
        abandon(pending)
        raise
      end

      def resume(pending)
        pending.socket.write(Layout.encode_frame(Layout::FRAME_CONTINUE))
      rescue IOError, SystemCallError
        raise gone
      end

      # Closing the connection is how the socket transport cancels.
      def abandon(pending)
        pending.socket&.close
        pending.socket = nil
      end

      private

      def gone
        @lost = true
        ConnectionLost.new("the server at #{@endpoint} went away during the call")
      end

      def keep(pending)
        @mutex.synchronize do
          @lost ? pending.socket.close : @idle.push(pending.socket)
          pending.socket = nil
        end
      end

      def left(pending, deadline)
        left = deadline - Process.clock_gettime(Process::CLOCK_MONOTONIC)
        raise TimeoutError, "#{pending.model.inspect} at #{@endpoint} did not answer in time" if left <= 0

        left
      end

      def send_all(pending, bytes, deadline)
        at = 0
        while at < bytes.bytesize
          sent = pending.socket.write_nonblock(bytes.byteslice(at, 1 << 20), exception: false)
          if sent == :wait_writable
            pending.socket.wait_writable(left(pending, deadline))
          else
            at += sent
          end
        end
      rescue IOError, SystemCallError
        abandon(pending)
        raise gone
      rescue TimeoutError
        abandon(pending)
        raise
      end

      def receive(pending, size, deadline)
        out = String.new(capacity: size, encoding: Encoding::BINARY)
        while out.bytesize < size
          piece = pending.socket.read_nonblock([size - out.bytesize, 1 << 20].min, exception: false)
          case piece
          when nil then raise gone
          when :wait_readable then pending.socket.wait_readable(left(pending, deadline))
          else out << piece
          end
        end
        out
      rescue IOError, SystemCallError
        raise gone
      end
    end
  end
end
