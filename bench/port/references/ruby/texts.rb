# frozen_string_literal: true

# References of names, lines and templates.
module References
  module_function

  def slugify(title)
    title.downcase.gsub(/[^a-z0-9]+/, "-").delete_prefix("-").delete_suffix("-")
  end

  def wrap_words(text, width)
    lines = []
    line = +""
    text.split.each do |word|
      if line.empty?
        line << word
      elsif line.length + 1 + word.length <= width
        line << " " << word
      else
        lines << line
        line = +word
      end
    end
    lines << line unless line.empty?
    lines
  end

  def render_template(template, values)
    template.gsub(/\{([^}]*)\}/) { |whole| values.fetch(Regexp.last_match(1), whole) }
  end

  def mask_digits(text, visible)
    hidden = text.scan(/[[:digit:]]/).length - visible
    text.gsub(/[[:digit:]]/) do |ch|
      hidden -= 1
      hidden >= 0 ? "*" : ch
    end
  end

  def snake_to_camel(name)
    first, *rest = name.split("_", -1)
    "#{first}#{rest.map(&:capitalize).join}"
  end

  def camel_to_snake(name)
    name.gsub(/(?<!\A)[[:upper:]]/) { |ch| "_#{ch}" }.downcase
  end

  def caesar(text, shift)
    by = shift % 26
    small = ("a".."z").to_a.rotate(by).join
    large = ("A".."Z").to_a.rotate(by).join
    text.tr("a-zA-Z", small + large)
  end

  def is_palindrome(text)
    cleaned = text.downcase.gsub(/[^[:alnum:]]/, "")
    cleaned == cleaned.reverse
  end

  def run_length_encode(text)
    out = +""
    text.each_char.chunk_while { |a, b| a == b }.each { |run| out << run.length.to_s << run[0] }
    out
  end

  def shorten(text, width)
    return text if text.length <= width

    kept = width - 3
    left = (kept + 1) / 2
    "#{text[0, left]}...#{text[text.length - (kept - left)..]}"
  end

  def initials(names)
    names.map { |name| name.split.map { |word| word[0].upcase }.join }
  end

  def strip_comments(lines)
    lines.filter_map do |line|
      code = line.partition("#").first.rstrip
      code unless code.empty?
    end
  end

  ESCAPES = { "&" => "&amp;", "<" => "&lt;", ">" => "&gt;", '"' => "&quot;" }.freeze

  def escape_html(text)
    text.gsub(/[&<>"]/, ESCAPES)
  end

  def align(rows)
    widths = []
    rows.each do |row|
      row.each_with_index do |cell, i|
        widths[i] = [widths[i] || 0, cell.length].max
      end
    end
    rows.map do |row|
      row.each_with_index.map { |cell, i| cell.ljust(widths[i]) }.join("  ").rstrip
    end
  end
end
