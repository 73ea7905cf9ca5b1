# frozen_string_literal: true

# Text tools.
module TextTools
  STOP_WORDS = %w[a an the of and].freeze

  class << self
    # @param text [String]
    # @return [String]
    def slugify(text)
      text.downcase.gsub(/[^a-z0-9]+/, '-').gsub(/-+/, '-').delete_prefix('-').delete_suffix('-')
    end

    # @param text [String]
    # @return [Hash{String => Integer}]
    def frequencies(text)
      text.split.map(&:downcase).reject { |w| STOP_WORDS.include?(w) }.tally
    end

    # @param text [String]
    # @param width [Integer]
    # @return [Array<String>]
    def wrap(text, width = 20)
      lines = []
      line = +''
      text.split.each do |word|
        if line.empty?
          line << word
        elsif line.length + word.length + 1 <= width
          line << ' ' << word
        else
          lines << line
          line = +''
          line << word
        end
      end
      lines << line unless line.empty?
      lines
    end

    # @param line [String]
    # @return [Array(String, Integer), nil]
    def parse_pair(line)
      name, value = line.split('=', 2)
      return nil if name.nil? || value.nil?

      [name.strip, Integer(value)]
    rescue ArgumentError
      nil
    end

    # @param csv [String]
    # @return [Array<Hash{Symbol => String}>]
    def rows(csv)
      header, *lines = csv.lines(chomp: true)
      return [] if header.nil?

      keys = header.split(',').map { |k| k.strip.to_sym }
      lines.map { |l| keys.zip(l.split(',', -1)).to_h }
    end

    # @param words [Array<String>]
    # @return [Hash{Integer => Array<String>}]
    def by_length(words)
      words.uniq.group_by(&:length).transform_values(&:sort)
    end

    # @param code [String]
    # @return [Boolean]
    def valid_code?(code)
      code.match?(/\A[A-Z]{2}-\d{3,5}\z/)
    end

    # @param a [String]
    # @param b [String]
    def anagram?(a, b)
      a.chars.sort == b.chars.sort
    end

    # @param text [String]
    # @return [Integer]
    def number(text) = text.to_i
  end
end
