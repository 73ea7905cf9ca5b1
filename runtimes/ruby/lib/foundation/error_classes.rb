# frozen_string_literal: true

require 'socket'

# The error classes of every pattern:
#
#   FoundationError
#   ├── NetworkError ├── TimeoutError ├── ServiceUnavailable ├── AuthenticationError ├── ValidationError
#   ├── ConfigurationError ├── CancelledError ├── MaxRetriesExceeded ├── CircuitOpenError ├── RateLimitExceeded
#   ├── ProcessError
#   │   └── ProcessTimeoutError
#   └── HttpError
#       └── HttpStatusError
#
# `cause` is Ruby's own Exception#cause everywhere.
module Foundation
  # The root of every error that this library raises.
  class FoundationError < StandardError; end

  # A peer could not be reached, or the connection broke.
  class NetworkError < FoundationError; end

  # An operation took longer than it was allowed to.
  class TimeoutError < FoundationError; end

  # A service answered that it cannot serve for now.
  class ServiceUnavailable < FoundationError; end

  # Who asks is unknown or may not ask; trying again does not help.
  class AuthenticationError < FoundationError; end

  # A value that was handed over is not acceptable; trying again does not help.
  class ValidationError < FoundationError; end

  # A policy or a configuration is not usable; `problems` lists every reason found, when there are several.
  class ConfigurationError < FoundationError
    attr_reader :problems

    def initialize(message = 'invalid configuration', problems: [])
      super(message)
      @problems = problems
    end
  end

  # The caller gave up; `cause` is the last error before that, or nil.
  class CancelledError < FoundationError
    def initialize(message = 'cancelled')
      super
    end
  end

  # Every attempt failed with an error worth retrying; `cause` is the last one.
  class MaxRetriesExceeded < FoundationError
    attr_reader :attempts

    def initialize(attempts, last_error = nil)
      @attempts = attempts
      reason = last_error && ": #{last_error.class}: #{last_error.message}"
      super("gave up after #{attempts} attempt#{'s' unless attempts == 1}#{reason}")
    end
  end

  # A breaker refused the call; `retry_after` is in nanoseconds, 0 when the breaker is busy probing.
  class CircuitOpenError < FoundationError
    attr_reader :name, :retry_after

    def initialize(name, retry_after)
      @name = name
      @retry_after = retry_after
      super("circuit #{name.inspect} is open; try again in #{retry_after / 1e9} s")
    end
  end

  # A limiter refused; `retry_after` is in nanoseconds.
  class RateLimitExceeded < FoundationError
    attr_reader :retry_after

    def initialize(retry_after)
      @retry_after = retry_after
      super("rate limit exceeded; try again in #{retry_after / 1e9} s")
    end
  end

  # A process could not be started or ended with a code other than 0.
  #
  # `exit_code` is 127 when the program was not found, 126 when it could not be executed, and 128 + `signal` when a
  # signal ended it. The message shows the command with secrets replaced.
  class ProcessError < FoundationError
    attr_reader :command, :exit_code, :signal, :stdout_bytes, :stderr_bytes

    def initialize(message, command: [], exit_code: nil, signal: nil, stdout: ''.b, stderr: ''.b)
      super(message)
      @command = command
      @exit_code = exit_code
      @signal = signal
      @stdout_bytes = stdout
      @stderr_bytes = stderr
    end

    # What the process had written to standard output, as text.
    def stdout
      Foundation.text(stdout_bytes)
    end

    # What the process had written to standard error, as text.
    def stderr
      Foundation.text(stderr_bytes)
    end
  end

  # A process ran longer than `timeout` nanoseconds; `escalated` says whether it needed SIGKILL.
  class ProcessTimeoutError < ProcessError
    attr_reader :timeout, :escalated

    def initialize(message, timeout: 0, escalated: false, **details)
      super(message, **details)
      @timeout = timeout
      @escalated = escalated
    end
  end

  # A request could not be completed for a reason that trying again does not mend.
  class HttpError < FoundationError; end

  # The answer has a status of 400 or more; `response` is the whole answer.
  class HttpStatusError < HttpError
    attr_reader :status, :response

    def initialize(response)
      @response = response
      @status = response.status
      super("#{response.request_method} #{response.url} answered #{response.status}")
    end
  end

  # Errors that mean "this program is wrong": no pattern retries them.
  PROGRAMMING_ERRORS = [NameError, TypeError, ArgumentError, ScriptError].freeze

  # What Ruby's own libraries raise for the same thing; a list that names ours means these as well.
  NATIVE_NETWORK_ERRORS = [
    Errno::ECONNREFUSED, Errno::ECONNRESET, Errno::ECONNABORTED, Errno::EPIPE, Errno::EHOSTUNREACH, Errno::ENETUNREACH,
    Errno::EHOSTDOWN, Errno::ENETDOWN, SocketError,
  ].freeze

  # Everything a pattern may look at. Exit, interrupts and out-of-memory pass through every pattern untouched.
  APPLICATION_ERRORS = [StandardError, ScriptError].freeze

  class << self
    # Whether `error` is one of `classes`, counting native equivalents.
    def matches?(error, classes)
      classes.any? do |klass|
        klass === error || (klass == NetworkError && NATIVE_NETWORK_ERRORS.any? { |native| native === error }) ||
          (klass == TimeoutError && native_timeout?(error))
      end
    end

    # Bytes as UTF-8 text; what cannot be decoded becomes U+FFFD.
    def text(bytes)
      bytes.dup.force_encoding(Encoding::UTF_8).scrub("\uFFFD")
    end

    private

    # Timeout::Error is the parent of Net::OpenTimeout and its kin; its library is not loaded for this question alone.
    def native_timeout?(error)
      Errno::ETIMEDOUT === error || (defined?(::Timeout::Error) ? ::Timeout::Error === error : false)
    end
  end
end
