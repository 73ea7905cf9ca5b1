# frozen_string_literal: true

require "set"

# References of the readers of small notations.
module References
  SECONDS = { "d" => 86_400, "h" => 3600, "m" => 60, "s" => 1 }.freeze
  UNITS = {
    "B" => 1, "KB" => 1000, "MB" => 1_000_000, "GB" => 1_000_000_000,
    "KIB" => 1024, "MIB" => 1_048_576, "GIB" => 1_073_741_824
  }.freeze

  module_function

  def parse_duration(text)
    total = number = digits = 0
    text.each_char do |ch|
      if ch.between?("0", "9")
        number = number * 10 + ch.ord - 48
        digits += 1
        next
      end
      raise ArgumentError, "not a duration: #{text}" if !SECONDS.key?(ch) || digits.zero?

      total += number * SECONDS[ch]
      number = digits = 0
    end
    raise ArgumentError, "no unit at the end: #{text}" if digits.positive?

    total
  end

  def parse_size(text)
    match = /\A(\d+)\s*(.*)\z/m.match(text.strip)
    raise ArgumentError, "not a size: #{text}" unless match

    unit = match[2].upcase
    unit = "B" if unit.empty?
    factor = UNITS[unit]
    raise ArgumentError, "unknown unit: #{unit}" unless factor

    match[1].to_i * factor
  end

  def parse_headers(lines)
    lines.each_with_object({}) do |line, headers|
      name, separator, value = line.partition(":")
      next if separator.empty?

      key = name.strip.downcase
      value = value.strip
      headers[key] = headers.key?(key) ? "#{headers[key]}, #{value}" : value
    end
  end

  def parse_query(query)
    fields = {}
    query.split("&").each do |part|
      next if part.empty?

      name, _, value = part.partition("=")
      (fields[name] ||= []) << value.tr("+", " ")
    end
    fields
  end

  def parse_ranges(header, size)
    raise ArgumentError, "only ranges of bytes are known" unless header.start_with?("bytes=")

    header.delete_prefix("bytes=").split(",").filter_map do |part|
      first, _, last = part.strip.partition("-")
      if first.empty?
        start = [0, size - Integer(last, 10)].max
        finish = size - 1
      else
        start = Integer(first, 10)
        finish = last.empty? ? size - 1 : [Integer(last, 10), size - 1].min
      end
      [start, finish] if start <= finish
    end
  end

  def parse_fields(line)
    fields = {}
    i = 0
    n = line.length
    while i < n
      i += 1 while i < n && line[i] == " "
      start = i
      i += 1 while i < n && line[i] != "=" && line[i] != " "
      key = line[start...i]
      if i >= n || line[i] == " "
        fields[key] = "" unless key.empty?
        next
      end
      i += 1
      if i < n && line[i] == '"'
        i += 1
        finish = line.index('"', i) || n
        fields[key] = line[i...finish]
        i = finish + 1
      else
        finish = line.index(" ", i) || n
        fields[key] = line[i...finish]
        i = finish
      end
    end
    fields
  end

  def split_csv_line(line)
    cells = []
    cell = +""
    quoted = false
    i = 0
    n = line.length
    while i < n
      ch = line[i]
      if quoted && ch == '"' && line[i + 1] == '"'
        cell << '"'
        i += 1
      elsif ch == '"'
        quoted = !quoted
      elsif ch == "," && !quoted
        cells << cell
        cell = +""
      else
        cell << ch
      end
      i += 1
    end
    cells << cell
  end

  def tokenize(text)
    tokens = []
    current = +""
    text.each_char do |ch|
      if ch.match?(/[[:alnum:]_]/)
        current << ch
        next
      end
      unless current.empty?
        tokens << current
        current = +""
      end
      tokens << ch unless ch.match?(/[[:space:]]/)
    end
    tokens << current unless current.empty?
    tokens
  end

  def count_statuses(lines)
    counts = Hash.new(0)
    lines.each do |line|
      word = line.split[8]
      counts["#{word[0]}xx"] += 1 if word
    end
    counts
  end

  def expand_cron_field(field, low, high)
    found = Set.new
    field.split(",").each do |part|
      span, _, step_text = part.partition("/")
      step = step_text.empty? ? 1 : Integer(step_text, 10)
      if span == "*"
        first = low
        last = high
      elsif span.include?("-")
        first, last = span.split("-").map { |bound| Integer(bound, 10) }
      else
        first = last = Integer(span, 10)
      end
      first.step(last, step) { |value| found << value }
    end
    found.sort
  end
end
