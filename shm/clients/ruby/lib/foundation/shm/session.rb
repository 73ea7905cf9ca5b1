# frozen_string_literal: true

module Foundation
  module SHM
    # One connection with its region.
    class Session
      SLICE = 0.05
      MAX_SPIN = 0.001
      LEAST_REPLY = 1024
      USUAL_RESPONSE = Layout::RESPONSE_PREFIX + 4 * Layout::DESCRIPTOR_SIZE

      # A request in a slot, from its submission to its last answer.
      Pending = Struct.new(:index, :base, :expected, :request_id, :model, :reply_offset, :reply_capacity,
                           :blocks, :released)

      attr_reader :memory

      def initialize(endpoint, socket, file, welcome)
        raise ConnectError, "the server described a region that cannot be: #{welcome}" unless welcome.fits?(file.stat.size)

        @endpoint = endpoint
        @socket = socket
        @memory = Memory.new(file, welcome.region_size)
        @inline = welcome.slot_stride - Layout::SLOT_INLINE
        @mask = welcome.slot_count - 1
        @slots = (welcome.slot_count - 1).downto(0).map do |index|
          Pending.new(index, Layout::REGION_SLOTS + index * welcome.slot_stride, 0, 0, "", 0, 0, [], true)
        end
        @arena = Arena.new(welcome.data_offset, welcome.region_size)
        @abandoned = []
        @mutex = Mutex.new
        @freed = ConditionVariable.new
        @in_flight = 0
        @tail = 0
        @next_id = 1
        @reply_sizes = Hash.new(LEAST_REPLY)
        @plans = {}
        @lost = false
      end

      # Whether the server closed the connection; the kernel does it when the process dies.
      def lost?
        return true if @lost

        peeked = @socket.recv_nonblock(1, Socket::MSG_PEEK, exception: false)
        @lost = peeked != :wait_readable && (peeked.nil? || peeked.empty?)
      rescue IOError, SystemCallError
        @lost = true
      end

      # As `lost?`, but the kernel is asked only when no call in flight would find out.
      def lost_when_idle?
        @in_flight.positive? ? @lost : lost?
      end

      def close
        @lost = true
        @socket.close
      end

      def gone
        @lost = true
        ConnectionLost.new("the server at #{@endpoint} went away during the call")
      end

      def allocate(dtype, shape, deadline)
        code, = Layout::DTYPES.fetch(dtype) { raise InvalidInput, "unknown dtype #{dtype.inspect}" }
        size = Layout.byte_size(code, shape)
        offset = @mutex.synchronize { take_block(size, deadline) }
        Buffer.new(self, dtype, shape, offset, size)
      end

      def release_block(offset, size)
        @mutex.synchronize do
          @arena.give_back(offset, size)
          @freed.broadcast
        end
      end

      # Writes a request into a slot and submits it.
      def begin(opcode, model, inputs, flags, timeout_ns, deadline)
        size = 0
        inputs.each do |input|
          if input.is_a?(Buffer)
            raise gone unless input.session.equal?(self)
          else
            size += Layout.align(input.data.bytesize)
          end
        end
        pending = @mutex.synchronize { take_slot(model, size, deadline) }
        begin
          write(pending, opcode, model, inputs, flags, timeout_ns, size)
          submit(pending, Layout::SUBMITTED)
        rescue StandardError
          abandon(pending)
          raise
        end
        pending
      end

      # Waits for the next answer of a call; on any error the call is over.
      def next(pending, deadline)
        loop do
          wait(pending, deadline)
          response = read(pending)
          if response.status == Layout::NEEDS_SPACE
            make_room(pending, response.needed, deadline)
            next
          end
          from = pending.reply_offset
          result = Result.from(response, from, from + pending.reply_capacity) { |d| @memory.read(d.offset, d.size) }
          if response.needed > LEAST_REPLY
            @mutex.synchronize { @reply_sizes[pending.model] = [response.needed, @reply_sizes[pending.model]].max }
          end
          release(pending) unless result.more?
          return result
        end
      rescue Exception # rubocop:disable Lint/RescueException -- also Timeout and Interrupt must not keep the slot
        abandon(pending)
        raise
      end

      # Asks for the next part of a stream.
      def resume(pending)
        submit(pending, Layout::CONTINUE)
      end

      # Gives a call up: its slot is reused when the server is done with it.
      def abandon(pending)
        @mutex.synchronize do
          next if pending.released || @abandoned.include?(pending)

          if @memory.word(pending.base + Layout::SLOT_STATE).then { |s| s == Layout::DONE || s == Layout::FREE }
            release_locked(pending)
          else
            @memory.store(pending.base + Layout::SLOT_CANCEL, 1)
            @abandoned << pending
            reap
          end
        end
      end

      private

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      # Takes back slots that were given up, once the server is done with them.
      def reap
        @abandoned.dup.each do |pending|
          case @memory.word(pending.base + Layout::SLOT_STATE)
          when Layout::DONE
            @abandoned.delete(pending)
            release_locked(pending)
          when Layout::PARTIAL
            @memory.store(pending.base + Layout::SLOT_STATE, Layout::CONTINUE)
            push(pending)
            ring
          end
        end
      end

      def release(pending)
        @mutex.synchronize { release_locked(pending) }
      end

      def release_locked(pending)
        return if pending.released

        pending.released = true
        @memory.store(pending.base + Layout::SLOT_STATE, Layout::FREE)
        pending.blocks.each { |offset, size| @arena.give_back(offset, size) }
        pending.blocks.clear
        @slots.push(pending)
        @in_flight -= 1
        @freed.broadcast
      end

      # Runs the block under the lock until it returns something, sleeping until something is released.
      def wait_for(what, deadline)
        loop do
          found = yield
          return found if found

          reap
          found = yield
          return found if found
          raise gone if lost?

          left = deadline - now
          raise TimeoutError, "no #{what} came free in time" if left <= 0

          @freed.wait(@mutex, [left, @abandoned.empty? ? SLICE : 0.005].min)
        end
      end

      def take_block(size, deadline)
        if Layout.align(size) > @arena.total
          raise TooLarge.new(:TOO_LARGE, "#{size} bytes do not fit this client's #{@arena.total} bytes of tensor " \
                                         "space; open it with a larger data_size")
        end

        wait_for("tensor space", deadline) { @arena.take(size) }
      end

      def take_slot(model, size, deadline)
        pending = wait_for("slot", deadline) { @slots.pop }
        pending.released = false
        @in_flight += 1
        reply = @reply_sizes[model]
        if size + reply <= @inline
          pending.reply_offset = pending.base + Layout::SLOT_INLINE + size
          pending.reply_capacity = @inline - size
        else
          block = size + Layout.align(reply)
          begin
            offset = take_block(block, deadline)
          rescue Error
            release_locked(pending)
            raise
          end
          pending.blocks << [offset, block]
          pending.reply_offset = offset + size
          pending.reply_capacity = block - size
        end
        pending.request_id = @next_id
        @next_id += 1
        pending
      end

      def write(pending, opcode, model, inputs, flags, timeout_ns, size)
        at = pending.reply_offset - size
        crc = 0
        descriptors = inputs.map do |input|
          descriptor = input.describe(at)
          unless input.is_a?(Buffer)
            @memory.write(at, input.data) unless input.data.empty?
            at += Layout.align(descriptor.size)
          end
          crc = Zlib.crc32(input.data, crc) if flags.anybits?(Layout::CHECK_DATA)
          descriptor
        end
        payload, checksum = encoded(model, descriptors)
        @memory.write(
          pending.base + Layout::SLOT_CONTROL,
          Layout.encode_control(opcode, flags, timeout_ns, pending.reply_offset, pending.reply_capacity, crc) <<
            Layout.encode_message(pending.request_id, payload, checksum)
        )
        pending.model = model
        @memory.store(pending.base + Layout::SLOT_CANCEL, 0)
      end

      # The payload of an equal request is encoded once.
      def encoded(model, descriptors)
        key = [model, descriptors]
        @plans[key] || begin
          @plans = {} if @plans.size >= 256
          payload = Layout.encode_request_payload(model, descriptors).freeze
          @plans[key] = [payload, Zlib.crc32(payload)]
        end
      end

      # Hands a slot to the server: its state, then its place on the ring, then the ring's tail.
      def submit(pending, state)
        pending.expected = state
        @memory.store(pending.base + Layout::SLOT_STATE, state)
        @mutex.synchronize { push(pending) }
        ring
      end

      def push(pending)
        @memory.store(Layout::REGION_RING + 4 * (@tail & @mask), pending.index)
        @tail = (@tail + 1) & 0xFFFFFFFF
        @memory.fence if Memory::WEAKLY_ORDERED
        @memory.store(Layout::REGION_SUBMIT_TAIL, @tail)
      end

      # Rings the doorbell when the server sleeps.
      def ring
        @memory.fence
        return if @memory.word(Layout::REGION_PARKED).zero?

        # A full socket means that a doorbell is already on its way.
        @socket.write_nonblock("\1", exception: false)
      rescue IOError, SystemCallError
        raise gone
      end

      def wait(pending, deadline)
        at = pending.base + Layout::SLOT_STATE
        expected = pending.expected
        return if @memory.word(at) != expected

        spin_us = @memory.word(Layout::REGION_SPIN_US)
        if spin_us.positive? && @in_flight == 1
          # Watching memory is worth its processor only while the server says that one is spare.
          limit = now + [spin_us / 1e6, MAX_SPIN].min
          while now < limit
            16.times { return if @memory.word(at) != expected }
          end
        end
        sleep_until_changed(pending, at, expected, deadline)
      end

      def sleep_until_changed(pending, at, expected, deadline)
        waiting = pending.base + Layout::SLOT_WAITING
        @memory.store(waiting, 1)
        @memory.fence
        while @memory.word(at) == expected
          left = deadline - now
          raise TimeoutError, "#{pending.model.inspect} at #{@endpoint} did not answer in time" if left <= 0

          @memory.sleep_on(at, expected, [left, SLICE].min)
          raise gone if @memory.word(at) == expected && lost?
        end
      ensure
        @memory.store(waiting, 0)
      end

      def read(pending)
        @memory.fence if Memory::WEAKLY_ORDERED
        at = pending.base + Layout::SLOT_RESPONSE
        message = @memory.read(at, USUAL_RESPONSE)
        size = Layout::HEADER_SIZE + message.byteslice(16, 4).unpack1("L<")
        message = @memory.read(at, [size, Layout::MAX_RESPONSE_SIZE].min) if size > USUAL_RESPONSE
        response = Layout.decode_response(message)
        if response.request_id != pending.request_id
          raise ProtocolError, "the answer is to request #{response.request_id}, not #{pending.request_id}"
        end

        response
      end

      # Allocates what the answer needs and asks for it again; the model does not run twice.
      def make_room(pending, needed, deadline)
        offset = @mutex.synchronize do
          @reply_sizes[pending.model] = [needed, @reply_sizes[pending.model]].max
          take_block(needed, deadline)
        end
        pending.blocks << [offset, needed]
        pending.reply_offset = offset
        pending.reply_capacity = Layout.align(needed)
        @memory.write(pending.base + Layout::SLOT_CONTROL + 16, [offset, pending.reply_capacity].pack("Q<Q<"))
        submit(pending, Layout::CONTINUE)
      end
    end

    # Tensor space inside the region: `write` fills it, and a call with it copies nothing. Give it back with
    # `release`. It belongs to one connection.
    class Buffer
      attr_reader :session, :dtype, :shape

      def initialize(session, dtype, shape, offset, size)
        @session = session
        @dtype = dtype
        @shape = shape
        @offset = offset
        @size = size
        @released = false
      end

      # Copies binary data to `at` bytes from the start. Raises InvalidInput when it does not fit.
      def write(data, at = 0)
        raise InvalidInput, "#{data.bytesize} bytes at #{at} do not fit #{@size}" if at.negative? || at + data.bytesize > @size

        @session.memory.write(@offset + at, data)
      end

      def data
        @session.memory.read(@offset, @size)
      end

      def describe(_offset)
        Layout::Descriptor.new(Layout::DTYPES[@dtype][0], @shape, @offset, @size)
      end

      def release
        return if @released

        @released = true
        @session.release_block(@offset, @size)
      end
    end
  end
end
