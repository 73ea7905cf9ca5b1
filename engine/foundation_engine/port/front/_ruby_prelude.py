"""Small functions that a port brings along where Ruby's own method means something no other language has a word for."""

from __future__ import annotations

# Lowered by the Ruby front end itself, so that every emitter knows them.
PRELUDE = """
# The integer that a text begins with, 0 when it begins with none.
#: (String) -> Integer
def leading_integer(text)
  value = 0
  position = 0
  negative = false
  text.lstrip.each_char do |c|
    if "0123456789".include?(c)
      value = value * 10 + c.ord - 48
    elsif position == 0 && (c == "-" || c == "+")
      negative = c == "-"
    else
      break
    end
    position += 1
  end
  negative ? -value : value
end

# The number that a text begins with, 0.0 when it begins with none.
#: (String) -> Float
def leading_float(text)
  seen = ""
  whole = ""
  state = 0
  text.lstrip.each_char do |c|
    digit = "0123456789".include?(c)
    if digit
      state = 1 if state == 0
      state = 3 if state == 2
      state = 6 if state == 4 || state == 5
    elsif seen.empty? && (c == "-" || c == "+")
      state = 0
    elsif c == "." && state == 1
      state = 2
    elsif (c == "e" || c == "E") && (state == 1 || state == 3)
      state = 4
    elsif (c == "-" || c == "+") && state == 4
      state = 5
    else
      break
    end
    seen += c
    whole = seen if digit
  end
  return 0.0 if whole.empty?

  begin
    Float(whole)
  rescue ArgumentError
    0.0
  end
end

# Parts of a text without the empty ones at the end.
#: (Array[String]) -> Array[String]
def without_empty_end(parts)
  count = parts.length
  count -= 1 while count > 0 && parts[count - 1] == ""
  parts.first(count)
end

# The lines of a text without their line feeds.
#: (String) -> Array[String]
def lines_of(text)
  return [] if text.empty?

  made = []
  parts = text.split("\\n", -1)
  parts.each_with_index do |part, i|
    if i < parts.length - 1
      made << part.delete_suffix("\\r")
    elsif !part.empty?
      made << part
    end
  end
  made
end

# The lines of a text with their line feeds.
#: (String) -> Array[String]
def lines_with_feeds(text)
  made = []
  parts = text.split("\\n", -1)
  parts.each_with_index do |part, i|
    if i < parts.length - 1
      made << part + "\\n"
    elsif !part.empty?
      made << part
    end
  end
  made
end

# A text with each run of a character as one.
#: (String, String) -> String
def squeezed(text, member)
  made = ""
  inside = false
  text.each_char do |c|
    made += c unless inside && member == c
    inside = member == c
  end
  made
end

# The digits of a number, the last one first.
#: (Integer) -> Array[Integer]
def digits_of(number)
  return [0] if number == 0

  digits = []
  rest = number
  while rest > 0
    digits << rest % 10
    rest = rest / 10
  end
  digits
end

# The nearest integer, a half away from zero.
#: (Float) -> Integer
def round_half_up(value)
  whole = value.to_i
  return whole if (value - whole.to_f).abs < 0.5

  value < 0.0 ? whole - 1 : whole + 1
end

# A float at a number of decimals, a half away from zero.
#: (Float, Integer) -> Float
def round_to_digits(value, digits)
  scale = 10.0**digits
  scaled = value * scale
  return value if scaled.abs >= 2.0**52

  rounded = round_half_up(scaled).to_f
  if value > 0.0
    rounded += 1.0 if (rounded + 0.5) / scale <= value
  elsif (rounded - 0.5) / scale >= value
    rounded -= 1.0
  end
  rounded / scale
end

# Whether a text has only characters of a set, or only others.
#: (String, String, bool) -> bool
def all_characters(text, members, others)
  text.each_char do |c|
    return false if members.include?(c) == others
  end
  true
end

# A text with characters of a set replaced, each or each run of them.
#: (String, String, bool, String, bool) -> String
def replace_characters(text, members, others, replacement, runs)
  made = ""
  inside = false
  text.each_char do |c|
    if members.include?(c) != others
      made += replacement unless inside && runs
      inside = true
    else
      made += c
      inside = false
    end
  end
  made
end

# How long the characters of these sets are that a text begins with, each so often (-1 for any); -1 for no match.
#: (String, Array[String], Array[Integer], Array[Integer]) -> Integer
def leading_match(text, classes, least, most)
  chars = text.chars
  position = 0
  classes.each_with_index do |members, i|
    count = 0
    while position < chars.length && (most[i] < 0 || count < most[i]) && members.include?(chars[position])
      position += 1
      count += 1
    end
    return -1 if count < least[i]
  end
  position
end

# Whether a text is a sequence of characters of these sets, each at least and at most so often (-1 for any).
#: (String, Array[String], Array[Integer], Array[Integer]) -> bool
def matches_classes(text, classes, least, most)
  leading_match(text, classes, least, most) == text.length
end

# The runs of characters of a set, or of others, that are so long.
#: (String, String, bool, Integer, Integer) -> Array[String]
def runs_of(text, members, others, least, most)
  made = []
  run = ""
  text.each_char do |c|
    inside = members.include?(c) != others
    if !run.empty? && (!inside || run.length == most)
      made << run if run.length >= least
      run = ""
    end
    run += c if inside
  end
  made << run if !run.empty? && run.length >= least
  made
end

# How many characters of a text are of a set, or are others.
#: (String, String, bool) -> Integer
def count_characters(text, members, others)
  count = 0
  text.each_char do |c|
    count += 1 if members.include?(c) != others
  end
  count
end

# A text with each character of a set as the one at its place in another.
#: (String, String, String) -> String
def translated(text, from, into)
  places = from.chars
  news = into.chars
  made = ""
  text.each_char do |c|
    place = places.index(c)
    made += place.nil? ? c : news[place]
  end
  made
end

# A text with what follows the first mark up to the end of its line replaced, the mark too.
#: (String, String, String) -> String
def replace_rest_of_line(text, mark, replacement)
  made = ""
  state = 0
  text.each_char do |c|
    if state == 0 && c == mark
      made += replacement
      state = 1
    elsif state == 1 && c == "\n"
      state = 2
    end
    made += c unless state == 1
  end
  made
end

# A JSON value as text; a list or an object has none here.
#: (JSON::Value) -> String
def text_of_json(value)
  return "" if value.nil?
  return value if value.is_a?(String)
  return value.to_s if value.is_a?(Integer)
  return value.to_s if value.is_a?(Float)
  raise TypeError, "a JSON list or object as a text" unless value == true || value == false

  value == true ? "true" : "false"
end

# A JSON value as an integer: a number is cut, a text read as far as it is one, null is zero.
#: (JSON::Value) -> Integer
def integer_of_json(value)
  return 0 if value.nil?
  return leading_integer(value) if value.is_a?(String)
  return value if value.is_a?(Integer)
  return value.to_i if value.is_a?(Float)

  raise TypeError, "not a JSON number"
end

# A JSON value as a float: a text is read as far as it is one, null is zero.
#: (JSON::Value) -> Float
def float_of_json(value)
  return 0.0 if value.nil?
  return leading_float(value) if value.is_a?(String)
  return value if value.is_a?(Numeric)

  raise TypeError, "not a JSON number"
end

# How long a JSON text, list or object is.
#: (JSON::Value) -> Integer
def size_of_json(value)
  return value.length if value.is_a?(String)
  return value.length if value.is_a?(Array)

  value.to_h.length
end

# What JSON holds below keys; null where one of them is missing.
#: (JSON::Value, Array[String]) -> JSON::Value
def below_in_json(value, keys)
  found = value
  keys.each do |key|
    found = found[key] unless found.nil?
  end
  found
end
"""
