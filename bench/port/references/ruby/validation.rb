# frozen_string_literal: true

# References of checks of what comes in.
module References
  module_function

  def luhn_valid(number)
    total = count = 0
    number.each_byte.reverse_each do |byte|
      next if byte == 32
      return false unless byte.between?(48, 57)

      digit = byte - 48
      if count.odd?
        digit *= 2
        digit -= 9 if digit > 9
      end
      total += digit
      count += 1
    end
    count > 1 && (total % 10).zero?
  end

  def isbn13_valid(isbn)
    digits = isbn.delete("-")
    return false unless digits.match?(/\A[0-9]{13}\z/)

    total = 0
    digits.each_byte.with_index { |byte, i| total += (byte - 48) * (i.odd? ? 3 : 1) }
    (total % 10).zero?
  end

  def parse_ipv4(address)
    parts = address.split(".", -1)
    raise ArgumentError, "not an address: #{address}" if parts.length != 4

    parts.reduce(0) do |value, part|
      raise ArgumentError, "not a byte: #{part}" unless part.match?(/\A\d+\z/) && part.to_i <= 255

      value * 256 + part.to_i
    end
  end

  def in_network(address, network)
    base, _, bits = network.partition("/")
    shift = 32 - Integer(bits, 10)
    parse_ipv4(address) >> shift == parse_ipv4(base) >> shift
  end

  def compare_versions(left, right)
    a = left.split(".", -1).map { |part| Integer(part, 10) }
    b = right.split(".", -1).map { |part| Integer(part, 10) }
    [a.length, b.length].max.times do |i|
      order = (a[i] || 0) <=> (b[i] || 0)
      return order unless order.zero?
    end
    0
  end

  PAIRS = { ")" => "(", "]" => "[", "}" => "{" }.freeze

  def balanced(text)
    stack = []
    text.each_char do |ch|
      case ch
      when "(", "[", "{" then stack << ch
      when ")", "]", "}" then return false if stack.pop != PAIRS[ch]
      end
    end
    stack.empty?
  end

  def password_problems(password)
    problems = []
    problems << "too short" if password.length < 12
    problems << "no digit" unless password.match?(/[[:digit:]]/)
    problems << "no capital" unless password.match?(/[[:upper:]]/)
    problems << "no small letter" unless password.match?(/[[:lower:]]/)
    problems << "no mark" unless password.match?(/[^[:alnum:]]/)
    problems
  end

  def checksum(text)
    low = 1
    high = 0
    text.each_codepoint do |code|
      low = (low + code) % 65_521
      high = (high + low) % 65_521
    end
    high * 65_536 + low
  end

  def valid_names(names)
    names.grep(/\A[[:alpha:]_][[:alnum:]_]*\z/)
  end
end
