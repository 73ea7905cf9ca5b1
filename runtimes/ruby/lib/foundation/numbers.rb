# frozen_string_literal: true

require 'foundation/error_classes'

module Foundation
  # Seconds become nanoseconds and ratios parts per million once, when a policy is made; the rest is integers.
  module Numbers
    NANOSECONDS = 1_000_000_000
    MAX = (1 << 63) - 1

    module_function

    # `value` in seconds, checked against `[minimum, maximum]`, in integer nanoseconds.
    def nanoseconds(name, value, minimum, maximum, exclusive: false)
      number(name, value, minimum, maximum, exclusive: exclusive)
      value.is_a?(Integer) ? value * NANOSECONDS : (value * 1e9).round(half: :even)
    end

    # `value`, an integer within `[minimum, maximum]`.
    def integer(name, value, minimum, maximum)
      return value if value.is_a?(Integer) && value.between?(minimum, maximum)

      raise ConfigurationError, "#{name} must be an integer from #{minimum} to #{maximum}, not #{value.inspect}"
    end

    # A ratio in [0, 1], in integer parts per million.
    def parts_per_million(name, value)
      number(name, value, 0.0, 1.0)
      (value * 1e6).round(half: :even)
    end

    # `value`, one of `choices` (symbols; a string names the same thing).
    def choice(name, value, choices)
      symbol = value.is_a?(String) ? value.to_sym : value
      return symbol if choices.include?(symbol)

      raise ConfigurationError, "#{name} must be one of #{choices.join(', ')}, not #{value.inspect}"
    end

    # `value`, true or false.
    def boolean(name, value)
      return value if [true, false].include?(value)

      raise ConfigurationError, "#{name} must be true or false, not #{value.inspect}"
    end

    # `value`, a list of classes or modules that `rescue` would take.
    def errors(name, value)
      list = Array(value)
      return list.freeze if list.all?(Module)

      raise ConfigurationError, "#{name} must be a list of error classes, not #{value.inspect}"
    end

    def number(name, value, minimum, maximum, exclusive: false)
      inside = value.is_a?(Numeric) && value.real? && value >= minimum && value <= maximum && !(exclusive && value == minimum)
      return if inside

      raise ConfigurationError, "#{name} must be a number #{exclusive ? 'above' : 'from'} #{minimum} to #{maximum}, not #{value.inspect}"
    end
    private_class_method :number
  end
end
