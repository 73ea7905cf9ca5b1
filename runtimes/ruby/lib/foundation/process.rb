# frozen_string_literal: true

require 'foundation/clock'
require 'foundation/numbers'
require 'foundation/redaction'

module Foundation
  # What a process that has ended left behind. Texts are UTF-8; the bytes are there too.
  class CompletedProcess
    attr_reader :command, :exit_code, :signal, :stdout_bytes, :stderr_bytes

    def initialize(command:, exit_code:, signal:, stdout_bytes:, stderr_bytes:)
      @command = command
      @exit_code = exit_code
      @signal = signal
      @stdout_bytes = stdout_bytes
      @stderr_bytes = stderr_bytes
      freeze
    end

    def stdout
      Foundation.text(stdout_bytes)
    end

    def stderr
      Foundation.text(stderr_bytes)
    end

    def success?
      exit_code.zero?
    end
  end

  # Programs are run without a shell, in a process group of their own, with both pipes drained.
  module Processes
    ENV_MODES = %i[inherit replace scrub].freeze
    KEPT_BY_SCRUB = %w[PATH HOME LANG LANGUAGE LC_ALL LC_CTYPE TZ TMPDIR USER LOGNAME SHELL TERM].freeze
    CHUNK = 65_536
    # How long a pipe that a background process keeps open may be silent after the leader has ended.
    SILENCE = 1_000_000_000
    SECRETS = Redaction.new
    # Seconds between two looks at a leader that is about to end.
    POLL = 0.002
    private_constant :CHUNK, :SILENCE, :SECRETS, :POLL

    # The command as text, with secrets replaced.
    def self.shown(command)
      hide_next = false
      command.map do |word|
        hidden = hide_next && !word.start_with?('-')
        hide_next = word.start_with?('--') && !word.include?('=') && SECRETS.secret?(word)
        next Redaction::REPLACEMENT if hidden

        name, equals, = word.partition('=')
        !equals.empty? && SECRETS.secret?(name) ? "#{name}=#{Redaction::REPLACEMENT}" : word
      end.join(' ')
    end

    # One run: start, feed, drain, and end the whole group in time.
    class Run
      def initialize(command, timeout:, cwd:, env:, env_mode:, input:, grace_period:, clock:, cancellation:)
        @command = command
        @timeout = timeout.nil? ? nil : Numbers.nanoseconds('timeout', timeout, 0.0, 604_800.0, exclusive: true)
        @grace_period = Numbers.nanoseconds('grace_period', grace_period, 0.0, 3600.0)
        @environment = environment(env.transform_keys(&:to_s), Numbers.choice('env_mode', env_mode, ENV_MODES))
        @cwd = cwd && File.expand_path(cwd)
        @input = input
        @clock = clock
        @cancellation = cancellation
        @escalated = false
        validate
      end

      # Run to the end; each chunk read is given to the block as `(stream, bytes)`.
      # Returns :ended, :timed_out or :cancelled; `status` then holds how the leader ended.
      def call(&sink)
        start
        finished = false
        begin
          outcome = drain(&sink)
          terminate(&sink) unless outcome == :ended
          finished = true
          outcome
        ensure
          # An error in the block, or a block that stops early with `break`, ends the group as a time-out does.
          terminate { |_, _| nil } unless finished
          close
        end
      end

      # How the leader ended, once it has.
      attr_reader :status

      attr_reader :escalated, :timeout

      private

      def validate
        unless @command.is_a?(Array) && !@command.empty? && @command.all?(String)
          raise ValidationError, "command must be a list of texts with at least one, not #{@command.inspect}"
        end
        raise ValidationError, 'an argument holds a NUL character' if @command.any? { |word| word.include?("\0") }
        raise ValidationError, "cwd is not a directory: #{@cwd}" if @cwd && !File.directory?(@cwd)
      end

      def environment(given, mode)
        case mode
        when :replace then given
        when :scrub then ENV.to_h.slice(*KEPT_BY_SCRUB).merge(given)
        when :inherit then ENV.to_h.merge(given)
        end
      end

      # Ruby's own look-up uses the parent's PATH; the child's counts here.
      def program
        name = @command.first
        base = @cwd || Dir.pwd
        candidates = if name.include?('/') then [File.expand_path(name, base)]
                     else (@environment['PATH'] || ENV['PATH'] || '').split(':', -1).map { |folder| File.expand_path(name, File.expand_path(folder.empty? ? '.' : folder, base)) }
                     end
        found = candidates.find { |path| File.file?(path) && File.executable?(path) }
        return found if found

        refused = candidates.any? { |path| File.exist?(path) }
        raise failure(refused ? 'cannot be executed' : 'was not found', refused ? 126 : 127)
      end

      def failure(what, code)
        ProcessError.new("#{Processes.shown(@command)}: the program #{what}", command: @command, exit_code: code)
      end

      def start
        @pipes = { stdout: IO.pipe, stderr: IO.pipe }
        @feed = nil
        child_input, @feed = IO.pipe if @input
        options = {
          pgroup: true, unsetenv_others: true, in: child_input || File::NULL, out: @pipes[:stdout][1], err: @pipes[:stderr][1], close_others: true
        }
        options[:chdir] = @cwd if @cwd
        executable = program
        @pid = ::Process.spawn(@environment, [executable, @command.first], *@command.drop(1), options)
      rescue SystemCallError => e
        close
        raise failure("cannot be executed (#{e.class.name.split('::').last})", e.is_a?(Errno::ENOENT) ? 127 : 126)
      rescue ProcessError
        close
        raise
      ensure
        child_input&.close
        @pipes.each_value { |_, writer| writer.close }
      end

      # Read and feed until the end; returns :ended, :timed_out or :cancelled.
      def drain(&sink)
        deadline = @timeout && (@clock.now + @timeout)
        left = @input.to_s.b
        silent_since = nil
        loop do
          return :ended if readers.empty? && leader_ended?
          return :cancelled if @cancellation&.cancelled?

          now = @clock.now
          return :timed_out if deadline && now >= deadline

          if leader_ended?
            silent_since ||= now
            return :ended if now - silent_since >= SILENCE
          end
          ready, writable = IO.select(readers, [@feed].compact, nil, pause(deadline, silent_since, now))
          silent_since = @clock.now if read(ready || [], &sink) && silent_since
          left = feed(left) if writable&.any?
        end
      end

      # Ask the group to end, then make it end; what it still writes is delivered.
      def terminate(&sink)
        return unless @pid

        if @grace_period.positive? && !leader_ended?
          signal_group(:TERM)
          wait_for_end(@clock.now + @grace_period, &sink)
        end
        @escalated = !leader_ended? || readers.any?
        signal_group(:KILL)
        wait_for_end(@clock.now + SILENCE, &sink)
        sleep(POLL) until leader_ended?
      end

      def wait_for_end(deadline, &sink)
        @feed&.close
        @feed = nil
        while !leader_ended? || readers.any?
          left = deadline - @clock.now
          break unless left.positive?

          ready, = IO.select(readers, nil, nil, [left / 1e9, readers.empty? ? POLL : 0.02].min)
          read(ready || [], &sink)
        end
      end

      def signal_group(signal)
        ::Process.kill(signal, -@pid)
      rescue Errno::ESRCH, Errno::EPERM
        # The whole group has ended already.
        nil
      end

      # Whether the leader has ended; it is reaped when it has. Asked for again and again: a thread that waits for the
      # child can miss its end in Ruby 3.1, whose own handling of SIGCHLD loses it now and then.
      def leader_ended?
        @status ||= ::Process.wait2(@pid, ::Process::WNOHANG)&.last
        !@status.nil?
      end

      # How long to wait: until the next deadline, at most as long as the leader's end may go unnoticed. When both pipes
      # are at their end it is about to end.
      def pause(deadline, silent_since, now)
        waits = [deadline && (deadline - now), silent_since && (silent_since + SILENCE - now)].compact.map { |wait| [wait, 0].max / 1e9 }
        [*waits, readers.empty? ? POLL : 0.02].min
      end

      def readers
        @pipes.each_value.map(&:first).reject(&:closed?)
      end

      def read(ready)
        got = false
        @pipes.each do |stream, (reader, _)|
          next unless ready.include?(reader)

          bytes = reader.read_nonblock(CHUNK, exception: false)
          if bytes.nil? then reader.close
          elsif bytes != :wait_readable
            got = true
            yield stream, bytes
          end
        end
        got
      end

      def feed(left)
        written = left.empty? ? 0 : @feed.write_nonblock(left, exception: false)
        left = left.byteslice(written..) unless written == :wait_writable
        if left.empty?
          @feed.close
          @feed = nil
        end
        left
      rescue Errno::EPIPE
        # A child that closes its input early is no error.
        @feed.close
        @feed = nil
        ''.b
      end

      def close
        [*@pipes.each_value.map(&:first), @feed].compact.each { |io| io.close unless io.closed? }
      end
    end
    private_constant :Run

    # Run and collect, or run and stream; the two public forms share everything else.
    def self.execute(command, check:, on_bytes:, **options)
      collected = { stdout: String.new(encoding: Encoding::BINARY), stderr: String.new(encoding: Encoding::BINARY) }
      run = Run.new(command, **options)
      outcome = run.call { |stream, bytes| on_bytes ? on_bytes.call(stream, bytes) : collected[stream] << bytes }
      raise CancelledError if outcome == :cancelled

      details = { command: command, stdout: collected[:stdout], stderr: collected[:stderr] }
      if outcome == :timed_out
        message = "#{shown(command)}: did not end within #{run.timeout / 1e9} s"
        raise ProcessTimeoutError.new(message, timeout: run.timeout, escalated: run.escalated, **ending(run.status), **details)
      end
      finish(command, run.status, check, details)
    end
    private_class_method :execute

    def self.finish(command, status, check, details)
      code = ending(status)[:exit_code]
      if check && code != 0
        ending = status.signaled? ? "was ended by signal #{status.termsig}" : "ended with code #{code}"
        last = Foundation.text(details[:stderr]).strip.lines.last
        raise ProcessError.new("#{shown(command)}: #{ending}#{": #{last.strip}" if last}", exit_code: code, signal: status.termsig, **details)
      end
      CompletedProcess.new(command: command, exit_code: code, signal: status.termsig, stdout_bytes: details[:stdout], stderr_bytes: details[:stderr])
    end
    private_class_method :finish

    def self.ending(status)
      { exit_code: status.exitstatus || (128 + status.termsig), signal: status.termsig }
    end
    private_class_method :ending

    def self.run(command, check: true, **options)
      execute(command, check: check, on_bytes: nil, **with_defaults(options))
    end

    def self.stream(command, check: true, **options)
      pending = { stdout: ''.b, stderr: ''.b }
      deliver = ->(stream, line) { yield stream, Foundation.text(line.delete_suffix("\r")) }
      on_bytes = lambda do |stream, bytes|
        *lines, pending[stream] = (pending[stream] + bytes).split("\n", -1)
        pending[stream] ||= ''.b
        lines.each { |line| deliver.call(stream, line) }
      end
      # The last line counts even when the process does not end it, and even when it ends badly.
      completed = execute(command, check: false, on_bytes: on_bytes, **with_defaults(options))
      pending.each { |stream, line| deliver.call(stream, line) unless line.empty? }
      return completed unless check && completed.exit_code != 0

      raise ProcessError.new("#{shown(command)}: ended with code #{completed.exit_code}", command: command, exit_code: completed.exit_code, signal: completed.signal)
    end

    def self.with_defaults(options)
      { timeout: nil, cwd: nil, env: {}, env_mode: :inherit, input: nil, grace_period: 5.0, clock: SYSTEM_CLOCK, cancellation: nil }.merge(options)
    end
    private_class_method :with_defaults
  end

  # Run a program to its end and return its output.
  #
  #   Foundation.run_process(['git', 'status'], timeout: 30).stdout
  #
  # Raises ProcessError for a code other than 0 (unless `check: false`), ProcessTimeoutError with the output so far, and
  # ValidationError for a command that cannot be meant.
  def self.run_process(command, **options)
    Processes.run(command, **options)
  end

  # Run a program and give each line to the block, as `(stream, line)`, while it runs.
  def self.stream_process(command, **options, &block)
    Processes.stream(command, **options, &block)
  end
end
