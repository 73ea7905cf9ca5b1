# frozen_string_literal: true

require "io/wait"
require "json"
require "socket"

module Foundation
  module SHM
    # A call in the background, made by Client#submit.
    class Call
      def initialize(session, pending, deadline)
        @session = session
        @pending = pending
        @deadline = deadline
      end

      # Waits for the answer, at most until the time-out given to `submit`. May be called once.
      def result
        raise InvalidInput, "the call is over; its result was taken or it was cancelled" unless @pending

        pending = @pending
        @pending = nil
        @session.next(pending, @deadline)
      end

      # Gives the call up. The model may have run already.
      def cancel
        @session.abandon(@pending) if @pending
        @pending = nil
      end
    end

    # Calls models at an endpoint, which is a name ("engine") or a socket path.
    #
    # Any number of threads may share a client. It connects when it is first used and again after the server
    # was restarted; a call that was in flight when the server went away raises ConnectionLost, because the
    # model may already have run.
    class Client
      # `transport` is :auto (shared memory, else the socket), :shm or :socket. `slots` calls may be in flight
      # at once; `inline_size` bytes in each slot hold small requests, `data_size` bytes are shared by larger
      # ones. Times are in seconds. `check_data` adds a CRC-32 of tensor data to every call.
      def initialize(endpoint = "engine", transport: :auto, slots: 64, inline_size: 8192, data_size: 64 << 20,
                     timeout: 30.0, connect_timeout: 1.0, check_data: false, name: "ruby")
        @endpoint = endpoint
        @path = self.class.socket_path(endpoint)
        @transport = transport
        @sizes = [slots, inline_size, data_size]
        @timeout = timeout
        @connect_timeout = connect_timeout
        @flags = check_data ? Layout::CHECK_DATA : 0
        @name = name
        @mutex = Mutex.new
        @session = nil
        @pid = Process.pid
        @closed = false
      end

      # Opens a client for the length of the block.
      def self.open(*arguments, **options)
        client = new(*arguments, **options)
        begin
          yield client
        ensure
          client.close
        end
      end

      # Runs a model and waits for its answer. Raises TimeoutError after `timeout` seconds, a ServerError when
      # the server refuses or the model fails, ConnectError or ConnectionLost when there is no server.
      def infer(model, *inputs, timeout: @timeout)
        call(Layout::INFER, model, inputs, timeout)
      end

      # Starts a call and returns at once. Several calls in flight cost a fraction of as many threads, and the
      # server may run them together. `timeout` counts from here.
      def submit(model, *inputs, timeout: @timeout)
        deadline = now + timeout
        session = connected(deadline)
        Call.new(session, session.begin(Layout::INFER, model, inputs, @flags, (timeout * 1e9).to_i, deadline), deadline)
      end

      # Yields the parts of a model's answer, or returns an Enumerator of them. The server computes the next
      # part when this one was taken; leaving the block cancels the rest. `timeout` bounds the wait for a part.
      def stream(model, *inputs, timeout: @timeout)
        return enum_for(:stream, model, *inputs, timeout: timeout) unless block_given?

        deadline = now + timeout
        session = connected(deadline)
        pending = session.begin(Layout::INFER, model, inputs, @flags | Layout::STREAM, 0, deadline)
        begin
          loop do
            result = session.next(pending, deadline)
            yield result unless result.outputs.empty?
            break unless result.more?

            deadline = now + timeout
            session.resume(pending)
          end
        ensure
          session.abandon(pending)
        end
        nil
      end

      # Tensor space inside the region, to be filled in place; with a block it is released after it.
      def allocate(dtype, shape, timeout: @timeout)
        deadline = now + timeout
        session = connected(deadline)
        raise ConnectError, "the connection to #{@endpoint} has no shared memory" unless session.is_a?(Session)

        buffer = session.allocate(dtype, shape, deadline)
        return buffer unless block_given?

        begin
          yield buffer
        ensure
          buffer.release
        end
      end

      def ping(timeout: @timeout)
        call(Layout::PING, "", [], timeout)
        nil
      end

      # The ids of the server's models.
      def models(timeout: @timeout)
        JSON.parse(call(Layout::MODELS, "", [], timeout).outputs.first.data)
      end

      # The server's figures: clients, queues, batches, bytes and latency percentiles.
      def status(timeout: @timeout)
        JSON.parse(call(Layout::STATUS, "", [], timeout).outputs.first.data)
      end

      # Drops the connection. Calls in flight in other threads raise ConnectionLost.
      def close
        @mutex.synchronize do
          @closed = true
          @session&.close
          @session = nil
        end
      end

      # Where an endpoint's socket lives. Raises InvalidInput when the name cannot be one.
      def self.socket_path(endpoint)
        path = endpoint.include?("/") ? endpoint : File.join(folder, "#{endpoint}.sock")
        if ["", ".", ".."].include?(endpoint) || path.include?("\0") || path.bytesize > 107
          raise InvalidInput, "#{endpoint.inspect} is no endpoint, or its socket path is longer than 107 bytes"
        end

        path
      end

      def self.folder
        chosen = ENV.fetch("FOUNDATION_SHM_DIR", "")
        return chosen unless chosen.empty?

        runtime = ENV.fetch("XDG_RUNTIME_DIR", "")
        runtime.empty? ? "/tmp/foundation-shm-#{Process.uid}" : File.join(runtime, "foundation-shm")
      end
      private_class_method :folder

      private

      def now
        Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      def call(opcode, model, inputs, timeout)
        deadline = now + timeout
        session = connected(deadline)
        session.next(session.begin(opcode, model, inputs, @flags, (timeout * 1e9).to_i, deadline), deadline)
      end

      def connected(deadline)
        session = @session
        return session if session && @pid == Process.pid && !session.lost_when_idle?

        @mutex.synchronize do
          if @pid != Process.pid
            # A forked child must not use its parent's slots; it connects for itself.
            @session = nil
            @pid = Process.pid
          end
          return @session if @session && !@session.lost?
          raise ConnectError, "the client is closed" if @closed

          @session&.close
          @session = nil
          give_up = [deadline, now + @connect_timeout].min
          begin
            @session = open_session
          rescue ConnectError
            raise if now >= give_up

            sleep 0.01
            retry
          end
        end
      end

      def open_session
        raise ConnectError, "this platform has no futex; use transport: :auto" if @transport == :shm && !Memory::AVAILABLE

        if @transport != :socket && Memory::AVAILABLE
          socket, welcome, file = greet(Layout::TRANSPORT_SHM)
          if file
            begin
              return Session.new(@endpoint, socket, file, welcome)
            rescue ConnectError
              socket.close
              raise if @transport == :shm
            ensure
              file.close
            end
          elsif @transport == :shm
            socket.close
            raise ConnectError, "the server at #{@path} offers no shared memory"
          else
            return SocketSession.new(@endpoint, socket) { greet(Layout::TRANSPORT_SOCKET).first }
          end
        end
        socket, = greet(Layout::TRANSPORT_SOCKET)
        SocketSession.new(@endpoint, socket) { greet(Layout::TRANSPORT_SOCKET).first }
      end

      # Connects and shakes hands: the socket, the welcome, and the region's file when memory is shared.
      def greet(wanted)
        socket = UNIXSocket.new(@path)
        socket.write(Layout.encode_hello(wanted, *@sizes, @name))
        raise ConnectError, "the server at #{@path} did not answer the handshake" unless socket.wait_readable(5)

        answer, _, _, *controls = socket.recvmsg(Layout::WELCOME_SIZE, 0, 64, scm_rights: true)
        file = controls.flat_map { |control| control.unix_rights || [] }.first
        answer << socket.read(Layout::WELCOME_SIZE - answer.bytesize).to_s if answer.bytesize < Layout::WELCOME_SIZE
        raise EOFError, "closed during the handshake" if answer.bytesize < Layout::WELCOME_SIZE

        welcome = Layout.decode_welcome(answer)
        unless welcome.status.zero?
          raise ConnectError, "the server at #{@path} refused: #{welcome.text} [#{STATUSES[welcome.status]}]"
        end
        if welcome.version != Layout::VERSION
          raise ConnectError, "the server at #{@path} chose version #{welcome.version}; this client speaks #{Layout::VERSION}"
        end

        # A megabyte then goes in one piece and not in five.
        socket.setsockopt(:SOCKET, :SNDBUF, 2 << 20) if welcome.transport == Layout::TRANSPORT_SOCKET
        [socket, welcome, file]
      rescue IOError, SystemCallError => e
        socket&.close
        raise ConnectError, "no server answers at #{@path} (#{e.message}); start one with " \
                            "`foundation-lsp engine serve` or check the endpoint's name"
      rescue ConnectError
        socket&.close
        raise
      end
    end
  end
end
