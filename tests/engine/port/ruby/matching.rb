# frozen_string_literal: true

# Reads lines.
module Matching
  # name=value
  PAIR = /\A(?<name>[a-z_]+)\s*=\s*(?<value>\S.*)?\z/.freeze

  module_function

  # @param line [String]
  # @return [String, nil]
  def name_of(line)
    match = PAIR.match(line)
    return nil unless match

    match[:name]
  end

  # @param line [String]
  # @return [String]
  def value_of(line)
    if (m = line.match(PAIR))
      m[:value] || 'none'
    else
      'no pair'
    end
  end

  # @param text [String]
  # @return [Array<String>]
  def words(text)
    text.scan(/[A-Za-z']+|[0-9]+/)
  end

  # @param text [String]
  # @return [Array<Array<String>>]
  def runs(text)
    text.scan(/(\d+)([a-z])/)
  end

  # @param text [String]
  # @return [Integer]
  def total(text)
    sum = 0
    text.scan(/-?\d+/) { |n| sum += n.to_i }
    sum
  end

  # @param text [String]
  # @return [String]
  def masked(text)
    text.gsub(/(\d{2})\d+(\d{2})/, '\1***\2')
  end

  # @param text [String]
  # @return [String]
  def shouted(text)
    text.gsub(/[a-z]+/) { |w| w.upcase }
  end

  # @param text [String]
  # @return [String]
  def swapped(text)
    text.gsub(/(\w)-(\w)/) { "#{$2}+#{$1}" }
  end

  # @param text [String]
  # @return [Array<String>]
  def fields(text)
    text.split(/\s*[,;]\s*/)
  end

  # @param spec [String]
  # @return [Integer]
  def seconds(spec)
    case spec
    when /\A(\d{1,6})s?\z/ then Regexp.last_match(1).to_i
    when /\A(\d{1,6})m\z/ then Regexp.last_match(1).to_i * 60
    when /\A(\d{1,6})h\z/i then $1.to_i * 3600
    else raise ArgumentError, "bad duration: #{spec}"
    end
  end

  # @param line [String]
  # @return [String]
  def guard(line)
    return 'none' unless line =~ /id=(\d+)/

    "id #{$1}"
  end

  # @param line [String]
  # @return [String, nil]
  def version(line)
    line[/v(\d+\.\d+)/, 1]
  end

  # @param text [String]
  # @return [Boolean]
  def starts?(text)
    text.match?(/^#\s*\w+$/)
  end

  # @param text [String]
  # @return [Boolean]
  def word?(text)
    text.match?(/\bcat\b/i)
  end
end
