# frozen_string_literal: true

require 'foundation/error_classes'
require 'foundation/logging'
require 'foundation/numbers'

module Foundation
  # Run the block; log an error that leaves it, and raise it again or put `fallback` in its place.
  #
  #   Foundation.error_boundary(catch: [IOError], reraise: false, fallback: []) { cache.read }
  #
  # Cancellation, exit and errors that `catch` does not name pass through without a record. `context` is copied.
  def self.error_boundary(catch: [Exception], reraise: true, fallback: nil, log_errors: true, context: {}, name: nil, logger: nil)
    catch = Numbers.errors('catch', catch)
    Numbers.boolean('reraise', reraise)
    Numbers.boolean('log_errors', log_errors)
    context = context.dup
    begin
      yield
    rescue *APPLICATION_ERRORS => e
      raise if CancelledError === e || !matches?(e, catch)

      if log_errors
        record_boundary(logger || Logging.logger('foundation.errors'), name || calling_method, e, context)
      end
      raise if reraise

      fallback
    end
  end

  # The name of the method that opened the boundary.
  def self.calling_method
    caller_locations(1).find { |location| location.path != __FILE__ }&.label.to_s
  end

  def self.record_boundary(logger, name, error, context)
    fields = { boundary: name, error: error.class.name.to_s.split('::').last.to_s, error_message: error.message }
    fields[:context] = context unless context.empty?
    logger.error('error caught', **fields)
  rescue *APPLICATION_ERRORS
    # A logger that fails must not hide the error that was to be logged.
    nil
  end
  private_class_method :calling_method, :record_boundary
end
