"""From the intermediate representation to Ruby: a module of functions, structs, and our runtime's blocks."""

# ruff: noqa: S101 - assertions here narrow types that another module guarantees.
# ruff: noqa: E501 - a template of the target's code reads best on one line.
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from foundation_specs.model import LanguageId

from foundation_engine.port import ir
from foundation_engine.port.emit import _regex as regex
from foundation_engine.port.emit import _ruby_times as times
from foundation_engine.port.emit._files import Cut, needs, stems
from foundation_engine.port.emit._names import is_hidden, pascal, ruby_module, snake
from foundation_engine.port.emit._ruby_patterns import Patterns
from foundation_engine.port.emit._ruby_text import (
    anchored,
    asked,
    at_beginning,
    conjuncts,
    escaped,
    is_letter,
    literal_keys,
    literals_of,
    looks_for_missing,
    pattern,
    sought,
    spellings,
    told_by_class,
)
from foundation_engine.port.emit._statements import Statements, comment, comments
from foundation_engine.port.emit.templates import Templates
from foundation_engine.port.ir import Type, Unsupported
from foundation_engine.port.locks import locked
from foundation_engine.port.loops import recognise
from foundation_engine.port.passes import (
    Effects,
    at_least,
    blocks,
    lower_bounds,
    may_end_line,
    names_its_entry,
    reads,
    stores,
    tells,
    terminates,
)
from foundation_engine.port.proofs import Proofs
from foundation_engine.port.spellings import is_calm, is_name, rotated
from foundation_engine.port.texts import appended, growing_texts, pieces

_KEYWORDS = frozenset(
    [
        "alias",
        "and",
        "begin",
        "break",
        "case",
        "class",
        "def",
        "defined",
        "do",
        "else",
        "elsif",
        "end",
        "ensure",
        "false",
        "for",
        "if",
        "in",
        "module",
        "next",
        "nil",
        "not",
        "or",
        "redo",
        "rescue",
        "retry",
        "return",
        "self",
        "super",
        "then",
        "true",
        "undef",
        "unless",
        "until",
        "when",
        "while",
        "yield",
    ]
)
# Methods that every object has: a variable of the same name reads badly or breaks calls.
_TAKEN = frozenset(
    [
        "format",
        "p",
        "puts",
        "print",
        "raise",
        "loop",
        "lambda",
        "proc",
        "rand",
        "sleep",
        "test",
        "open",
        "system",
        "require",
        "hash",
        "method",
        "send",
        "display",
    ]
)
PRIMARY, UNARY, POWER, MUL, ADD, SHIFT, BAND, BOR, COMPARE, EQUAL, AND, OR, TERNARY, LOWEST = range(14, 0, -1)

_ERRORS: Mapping[str, str] = {
    "Exception": "StandardError",
    "ValueError": "ArgumentError",
    "KeyError": "KeyError",
    "IndexError": "IndexError",
    "LookupError": "IndexError",
    "ZeroDivisionError": "ZeroDivisionError",
    "TypeError": "TypeError",
    "RuntimeError": "RuntimeError",
    "NotImplementedError": "NotImplementedError",
    "AssertionError": "RuntimeError",
    "OSError": "SystemCallError",
    "FileNotFoundError": "Errno::ENOENT",
    "ArithmeticError": "ZeroDivisionError",
}

_NOT_FOUND = "raise(ArgumentError, 'substring not found')"
# operation -> (text with {n} for operands, precedence of the whole, precedence that operands need)
_TEMPLATES: Mapping[str, tuple[str, int, int]] = {
    "int.add": ("{0} + {1}", ADD, ADD),
    "int.mul": ("{0} * {1}", MUL, MUL),
    "int.floordiv": ("{0} / {1}", MUL, POWER),
    "int.mod": ("{0} % {1}", MUL, POWER),
    "int.pow": ("{0}**{1}", POWER, PRIMARY),
    "int.bor": ("{0} | {1}", BOR, BOR),
    "int.band": ("{0} & {1}", BAND, BAND),
    "int.xor": ("{0} ^ {1}", BOR, BOR),
    "int.shl": ("{0} << {1}", SHIFT, ADD),
    "int.shr": ("{0} >> {1}", SHIFT, ADD),
    "int.invert": ("~{0}", UNARY, UNARY),
    "int.neg": ("-{0}", UNARY, PRIMARY),
    "int.abs": ("{0}.abs", PRIMARY, PRIMARY),
    "int.to_float": ("{0}.to_f", PRIMARY, PRIMARY),
    "int.to_str": ("{0}.to_s", PRIMARY, PRIMARY),
    "int.chr": ("{0}.chr(Encoding::UTF_8)", PRIMARY, PRIMARY),
    "int.gcd": ("{0}.gcd({1})", PRIMARY, PRIMARY),
    "int.isqrt": ("Integer.sqrt({0})", PRIMARY, LOWEST),
    "int.factorial": ("(1..{0}).inject(1, :*)", PRIMARY, ADD),
    "int.bin": ("prefixed_base({0}, 2, '0b')", PRIMARY, LOWEST),
    "int.hex": ("prefixed_base({0}, 16, '0x')", PRIMARY, LOWEST),
    "int.oct": ("prefixed_base({0}, 8, '0o')", PRIMARY, LOWEST),
    "int.truncdiv": ("({0}.to_r / {1}).truncate", PRIMARY, PRIMARY),
    "int.rem": ("{0}.remainder({1})", PRIMARY, PRIMARY),
    "float.quotient": ("{0} / {1}", MUL, POWER),
    "float.ieee_div": ("{0} / {1}", MUL, POWER),
    "float.round_away": ("{0}.round", PRIMARY, PRIMARY),
    "str.byte_at": ("byte_at({0}, {1})", PRIMARY, LOWEST),
    "str.byte_find": ("{0}.b.index({1}.b) || -1", OR, PRIMARY),
    "str.byte_rfind": ("{0}.b.rindex({1}.b) || -1", OR, PRIMARY),
    "error.as": ("{0}", PRIMARY, PRIMARY),
    "error.with_message": ("{0}.exception({1})", PRIMARY, PRIMARY),
    "sleep": ("Kernel.sleep({0})", PRIMARY, LOWEST),
    "str.byte_len": ("{0}.bytesize", PRIMARY, PRIMARY),
    "str.parse_float": ("parse_float({0})", PRIMARY, LOWEST),
    "str.rpartition": ("{0}.rpartition({1})", PRIMARY, PRIMARY),
    "str.rsplit_n": ("split_last({0}, {1}, {2})", PRIMARY, LOWEST),
    "file.is_file": ("File.file?({0})", PRIMARY, LOWEST),
    "file.is_dir": ("File.directory?({0})", PRIMARY, LOWEST),
    "file.write_text": ("File.write({0}, {1})", PRIMARY, LOWEST),
    "file.is_link": ("File.symlink?({0})", PRIMARY, LOWEST),
    "file.list": ("Dir.children({0}).sort", PRIMARY, LOWEST),
    "file.make_folder": ("Dir.mkdir({0})", PRIMARY, LOWEST),
    "file.rename": ("File.rename({0}, {1})", PRIMARY, LOWEST),
    "file.copy": ("copy_file({0}, {1})", PRIMARY, LOWEST),
    "file.remove_tree": ("remove_tree({0})", PRIMARY, LOWEST),
    "file.append_text": ('File.write({0}, {1}, mode: "a")', PRIMARY, LOWEST),
    "file.size": ("File.stat({0}).size", PRIMARY, LOWEST),
    "path.which": ("which({0})", PRIMARY, LOWEST),
    "platform.system": ("system_name", PRIMARY, LOWEST),
    "lock.new": ("Mutex.new", PRIMARY, LOWEST),
    "lock.acquire": ("{0}.lock", PRIMARY, PRIMARY),
    "lock.release": ("{0}.unlock", PRIMARY, PRIMARY),
    "clock.now": ("Process.clock_gettime(Process::CLOCK_MONOTONIC)", PRIMARY, LOWEST),
    "clock.since": ("Process.clock_gettime(Process::CLOCK_MONOTONIC) - {0}", ADD, MUL),
    "clock.monotonic": ("Process.clock_gettime(Process::CLOCK_MONOTONIC)", PRIMARY, LOWEST),
    "clock.wall": ("Time.now.to_f", PRIMARY, LOWEST),
    "base64.encode": ("[{0}].pack('m0')", PRIMARY, LOWEST),
    "base64.encode_url": ("[{0}].pack('m0').tr('+/', '-_')", PRIMARY, LOWEST),
    "bytes.decode": ("decoded({0})", PRIMARY, LOWEST),
    "path.cwd": ("Dir.pwd", PRIMARY, LOWEST),
    "path.home": ("Dir.home", PRIMARY, LOWEST),
    "env.get": ("ENV[{0}]", PRIMARY, LOWEST),
    "env.get_or": ("ENV.fetch({0}, {1})", PRIMARY, LOWEST),
    "bool.or": ("{0} | {1}", BOR, BOR),
    "bool.and": ("{0} & {1}", BAND, BAND),
    "bool.to_int": ("({0} ? 1 : 0)", PRIMARY, TERNARY + 1),
    "bool.to_str": ("({0} ? 'True' : 'False')", PRIMARY, TERNARY + 1),
    "float.add": ("{0} + {1}", ADD, ADD),
    "float.mul": ("{0} * {1}", MUL, MUL),
    "float.neg": ("-{0}", UNARY, PRIMARY),
    "float.abs": ("{0}.abs", PRIMARY, PRIMARY),
    "float.is_nan": ("{0}.nan?", PRIMARY, PRIMARY),
    "float.pow": ("{0}**{1}", POWER, PRIMARY),
    "float.floordiv": ("{0}.divmod({1}).first.to_f", PRIMARY, PRIMARY),
    "float.mod": ("{0} % {1}", MUL, POWER),
    "float.to_int": ("{0}.to_i", PRIMARY, PRIMARY),
    "float.trunc": ("{0}.to_i", PRIMARY, PRIMARY),
    "float.floor": ("{0}.floor", PRIMARY, PRIMARY),
    "float.ceil": ("{0}.ceil", PRIMARY, PRIMARY),
    "float.round": ("{0}.round(half: :even)", PRIMARY, PRIMARY),
    "float.to_str": ("float_text({0})", PRIMARY, LOWEST),
    "math.pi": ("Math::PI", PRIMARY, LOWEST),
    "math.e": ("Math::E", PRIMARY, LOWEST),
    "math.inf": ("Float::INFINITY", PRIMARY, LOWEST),
    "math.fabs": ("{0}.abs", PRIMARY, PRIMARY),
    "str.concat": ("{0} + {1}", ADD, ADD),
    "str.upper": ("{0}.upcase", PRIMARY, PRIMARY),
    "str.lower": ("{0}.downcase", PRIMARY, PRIMARY),
    "char.upper": ("{0}.upcase", PRIMARY, PRIMARY),
    "char.lower": ("{0}.downcase", PRIMARY, PRIMARY),
    "str.strip": ("{0}.strip", PRIMARY, PRIMARY),
    "str.lstrip": ("{0}.lstrip", PRIMARY, PRIMARY),
    "str.rstrip": ("{0}.rstrip", PRIMARY, PRIMARY),
    "str.startswith": ("{0}.start_with?({1})", PRIMARY, PRIMARY),
    "str.endswith": ("{0}.end_with?({1})", PRIMARY, PRIMARY),
    "str.removeprefix": ("{0}.delete_prefix({1})", PRIMARY, PRIMARY),
    "str.removesuffix": ("{0}.delete_suffix({1})", PRIMARY, PRIMARY),
    "str.contains": ("{0}.include?({1})", PRIMARY, PRIMARY),
    "str.contains_char": ("{0}.include?({1})", PRIMARY, PRIMARY),
    "str.split_ws": ("{0}.split", PRIMARY, PRIMARY),
    "str.replace": ("{0}.gsub({1}) {{ {2} }}", PRIMARY, PRIMARY),
    "str.count": ("{0}.scan({1}).length", PRIMARY, PRIMARY),
    "str.find": ("{0}.index({1}) || -1", OR, PRIMARY),
    "str.rfind": ("{0}.rindex({1}) || -1", OR, PRIMARY),
    "str.find_or_raise": (f"{{0}}.index({{1}}) || {_NOT_FOUND}", OR, PRIMARY),
    "str.splitlines": ("split_lines({0})", PRIMARY, LOWEST),
    "str.isdigit": ("{0}.match?(/\\A[[:digit:]]+\\z/)", PRIMARY, PRIMARY),
    "char.isdigit": ("{0}.match?(/[[:digit:]]/)", PRIMARY, PRIMARY),
    "str.isalpha": ("{0}.match?(/\\A\\p{{L}}+\\z/)", PRIMARY, PRIMARY),
    "char.isalpha": ("{0}.match?(/\\p{{L}}/)", PRIMARY, PRIMARY),
    "str.isalnum": ("{0}.match?(/\\A[\\p{{L}}\\p{{N}}]+\\z/)", PRIMARY, PRIMARY),
    "char.isalnum": ("{0}.match?(/[\\p{{L}}\\p{{N}}]/)", PRIMARY, PRIMARY),
    "str.isspace": ("{0}.match?(/\\A[[:space:]]+\\z/)", PRIMARY, PRIMARY),
    "char.isspace": ("{0}.match?(/[[:space:]]/)", PRIMARY, PRIMARY),
    "char.isupper": ("{0}.match?(/[[:upper:]]/)", PRIMARY, PRIMARY),
    "char.islower": ("{0}.match?(/[[:lower:]]/)", PRIMARY, PRIMARY),
    "str.capitalize": ("{0}.capitalize", PRIMARY, PRIMARY),
    "str.swapcase": ("{0}.swapcase", PRIMARY, PRIMARY),
    "str.ljust": ("{0}.ljust({1})", PRIMARY, PRIMARY),
    "str.rjust": ("{0}.rjust({1})", PRIMARY, PRIMARY),
    "str.ljust_char": ("{0}.ljust({1}, {2})", PRIMARY, PRIMARY),
    "str.rjust_char": ("{0}.rjust({1}, {2})", PRIMARY, PRIMARY),
    "str.zfill": ("zero_fill({0}, {1})", PRIMARY, LOWEST),
    "path.join": ("join_path({0}, {1})", PRIMARY, LOWEST),
    "str.title": ("title_case({0})", PRIMARY, LOWEST),
    "str.isupper": ("upper_case?({0})", PRIMARY, LOWEST),
    "str.islower": ("lower_case?({0})", PRIMARY, LOWEST),
    "str.reversed": ("{0}.reverse", PRIMARY, PRIMARY),
    "list.reversed": ("{0}.reverse", PRIMARY, PRIMARY),
    "reversed": ("{0}.reverse", PRIMARY, PRIMARY),
    "str.partition": ("{0}.partition({1})", PRIMARY, PRIMARY),
    "str.encode": ("{0}.b", PRIMARY, PRIMARY),
    "str.ord": ("{0}.ord", PRIMARY, PRIMARY),
    "str.ord_first": ("{0}.ord", PRIMARY, PRIMARY),
    "char.to_str": ("{0}", LOWEST, LOWEST),
    "len": ("{0}.length", PRIMARY, PRIMARY),
    "nonempty": ("!{0}.empty?", UNARY, PRIMARY),
    "empty": ("{0}.empty?", PRIMARY, PRIMARY),
    "is_none": ("{0}.nil?", PRIMARY, PRIMARY),
    "is_some": ("!{0}.nil?", UNARY, PRIMARY),
    "list.copy": ("{0}.dup", PRIMARY, PRIMARY),
    "dict.copy": ("{0}.dup", PRIMARY, PRIMARY),
    "set.copy": ("{0}.dup", PRIMARY, PRIMARY),
    "list.contains": ("{0}.include?({1})", PRIMARY, PRIMARY),
    "set.contains": ("{0}.include?({1})", PRIMARY, PRIMARY),
    "dict.contains": ("{0}.key?({1})", PRIMARY, PRIMARY),
    "list.concat": ("{0} + {1}", ADD, ADD),
    "list.count": ("{0}.count({1})", PRIMARY, PRIMARY),
    "list.append": ("{0} << {1}", SHIFT, ADD),
    "list.extend": ("{0}.concat({1})", PRIMARY, PRIMARY),
    "list.insert": ("{0}.insert({1}, {2})", PRIMARY, PRIMARY),
    "list.clear": ("{0}.clear", PRIMARY, PRIMARY),
    "list.reverse": ("{0}.reverse!", PRIMARY, PRIMARY),
    "list.remove": ("{0}.delete_at({0}.index({1}) || raise(ArgumentError, 'value is not in the list'))", PRIMARY, PRIMARY),
    "list.find_or_raise": ("{0}.index({1}) || raise(ArgumentError, 'value is not in the list')", OR, PRIMARY),
    "tuple.to_list": ("{0}", LOWEST, LOWEST),
    "dict.get": ("{0}[{1}]", PRIMARY, PRIMARY),
    "dict.get_or": ("{0}.fetch({1}, {2})", PRIMARY, PRIMARY),
    "dict.pop_or": ("{0}.delete({1}) {{ {2} }}", PRIMARY, PRIMARY),
    "dict.pop_optional": ("{0}.delete({1})", PRIMARY, PRIMARY),
    "dict.setdefault": ("({0}[{1}] ||= {2})", PRIMARY, PRIMARY),
    "dict.update": ("{0}.merge!({1})", PRIMARY, PRIMARY),
    "dict.clear": ("{0}.clear", PRIMARY, PRIMARY),
    "dict.keys": ("{0}.keys", PRIMARY, PRIMARY),
    "dict.values": ("{0}.values", PRIMARY, PRIMARY),
    "dict.items": ("{0}.to_a", PRIMARY, PRIMARY),
    "set.add": ("{0}.add({1})", PRIMARY, PRIMARY),
    "set.discard": ("{0}.delete({1})", PRIMARY, PRIMARY),
    "set.update": ("{0}.merge({1})", PRIMARY, PRIMARY),
    "set.clear": ("{0}.clear", PRIMARY, PRIMARY),
    "set.union": ("{0} | {1}", BOR, BOR),
    "set.intersection": ("{0} & {1}", BAND, BAND),
    "set.difference": ("{0} - {1}", ADD, MUL),
    "set.symmetric_difference": ("{0} ^ {1}", BOR, BOR),
    "set.issubset": ("{0}.subset?({1})", PRIMARY, PRIMARY),
    "set.isdisjoint": ("{0}.disjoint?({1})", PRIMARY, PRIMARY),
    "error.message": ("{0}.message", PRIMARY, PRIMARY),
    "http.json": ("json_body({0})", PRIMARY, LOWEST),
    "json.dumps": ("json_dump({0})", PRIMARY, LOWEST),
    "json.parse": ("json_parse({0})", PRIMARY, LOWEST),
    "json.generate": ("JSON.generate({0})", PRIMARY, LOWEST),
    "json.of": ("{0}", PRIMARY, PRIMARY),
    "json.has": ("{0}.key?({1})", PRIMARY, PRIMARY),
    "json.integer": ("json_of(Integer, {0})", PRIMARY, LOWEST),
    "json.boolean": ("json_truth({0})", PRIMARY, LOWEST),
    "json.members": ("json_of(Hash, {0})", PRIMARY, LOWEST),
    "json.present": ("!!{0}", PRIMARY, PRIMARY),
    "json.field": ("{0}.fetch({1})", PRIMARY, PRIMARY),
    "json.item": ("{0}.fetch({1})", PRIMARY, PRIMARY),
    "json.get_or": ("{0}.fetch({1}, {2})", PRIMARY, PRIMARY),
    "json.items": ("json_list({0})", PRIMARY, LOWEST),
    "json.truthy": ("json_true?({0})", PRIMARY, LOWEST),
    "json.number": ("json_of(Numeric, {0})", PRIMARY, LOWEST),
    "json.text": ("json_of(String, {0})", PRIMARY, LOWEST),
    "json.to_int": ("json_int({0})", PRIMARY, LOWEST),
    "json.to_text": ("json_text({0})", PRIMARY, LOWEST),
    "error.http_status": ("{0}.status", PRIMARY, PRIMARY),
    "error.exit_code": ("{0}.exit_code", PRIMARY, PRIMARY),
    "error.stdout": ("{0}.stdout", PRIMARY, PRIMARY),
    "error.stderr": ("{0}.stderr", PRIMARY, PRIMARY),
    "error.attempts": ("{0}.attempts", PRIMARY, PRIMARY),
    "error.cause": ("{0}.cause", PRIMARY, PRIMARY),
}  # fmt: skip

_JSON_CLASSES = {
    "integer": "Integer",
    "float": "Float",
    "number": "Numeric",
    "string": "String",
    "list": "Array",
    "object": "Hash",
}
_HELPERS: Mapping[str, str] = {
    **times.HELPERS,
    "shift_left": """
# A number shifted to the left; Ruby itself shifts to the right where the count is below zero.
def shift_left(number, count)
  raise ArgumentError, 'negative shift count' if count.negative?

  number << count
end""",
    "shift_right": """
# A number shifted to the right; Ruby itself shifts to the left where the count is below zero.
def shift_right(number, count)
  raise ArgumentError, 'negative shift count' if count.negative?

  number >> count
end""",
    "prefixed_base": """
# A number in a base, behind its prefix and its sign.
def prefixed_base(number, base, prefix)
  "#{'-' if number.negative?}#{prefix}#{number.abs.to_s(base)}"
end""",
    "float_text": """
# The shortest text that reads back as the number, as `1e-05` and `inf` rather than `1.0e-05` and `Infinity`.
def float_text(number)
  return number.nan? ? 'nan' : (number.positive? ? 'inf' : '-inf') unless number.finite?

  mantissa, exponent = number.to_s.split('e+')
  return number.to_s.sub('.0e', 'e') unless exponent == '15'

  whole, rest = mantissa.split('.')
  "#{whole}#{rest[0, 15].ljust(15, '0')}.#{rest.length > 15 ? rest[15..] : '0'}"
end""",
    "round_decimals": """
# The number rounded to decimals by its exact value, ties to even; `format` and `round` look at its shortest text.
def round_decimals(number, digits)
  return number unless number.finite?

  nearest = number.to_r.round(digits, half: :even).to_f
  nearest.zero? ? 0.0 * number : nearest
end""",
    "parse_int": """
# The whole number that a text is, within bounds; nothing else may stand in the text.
def parse_int(text, low = -(1 << 63), high = (1 << 63) - 1)
  number = text.match?(/\\A[+-]?[0-9]+\\z/) ? text.to_i : nil
  return number if number&.between?(low, high)

  raise ArgumentError, "invalid integer #{text.inspect}"
end""",
    "parse_float": """
# The number that a text is; nothing else may stand in the text.
def parse_float(text)
  special = text.downcase.delete_prefix('+')
  return Float::NAN if special == 'nan'
  return Float::INFINITY if %w[inf infinity].include?(special)
  return -Float::INFINITY if %w[-inf -infinity].include?(special)
  raise ArgumentError, "invalid number #{text.inspect}" unless text.match?(/\\A[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?\\z/)

  text.to_f
end""",
    "read_integer": """
# The whole number that a text is in a base; the error says what Python says.
def read_integer(text, base = 10)
  Integer(text, base)
rescue ArgumentError
  raise ArgumentError, "invalid literal for int() with base #{base}: #{quoted(text)}"
end""",
    "read_float": """
# The number that a text is; the error says what Python says.
def read_float(text)
  Float(text)
rescue ArgumentError
  raise ArgumentError, "could not convert string to float: #{quoted(text)}"
end""",
    "quoted": """
# The text in single quotes, or in double ones around an apostrophe, with escapes for what cannot be shown.
def quoted(text)
  quote = text.include?("'") && !text.include?('"') ? '"' : "'"
  inner = text.each_char.map do |char|
    next "\\\\#{char}" if char == quote || char == '\\\\'
    next char if char == ' ' || char.match?(/[[:graph:]]/)

    { "\\n" => '\\n', "\\r" => '\\r', "\\t" => '\\t' }.fetch(char) do
      code = char.ord
      format(code < 0x100 ? '\\x%02x' : (code < 0x10000 ? '\\u%04x' : '\\U%08x'), code)
    end
  end
  "#{quote}#{inner.join}#{quote}"
end""",
    "copy_file": """
# Copy a file with its mode.
def copy_file(source, target)
  content = File.binread(source)
  File.binwrite(target, content)
  File.chmod(File.stat(source).mode & 0o7777, target)
end""",
    "remove_tree": """
# Remove a folder, which must be there, and all that is in it.
def remove_tree(folder)
  Dir.children(folder)
  FileUtils.rm_r(folder)
end""",
    "which": """
# The place of a program on the search path, nil when there is none.
def which(name)
  return (name if File.file?(name) && File.executable?(name)) if name.include?('/')

  places = ENV.fetch('PATH', '').split(':').reject(&:empty?).map { |folder| "#{folder}/#{name}" }
  places.find { |path| File.file?(path) && File.executable?(path) }
end""",
    "system_name": """
# The name that the operating system has for itself.
def system_name
  case RbConfig::CONFIG['host_os']
  when /darwin/ then 'Darwin'
  when /mswin|mingw/ then 'Windows'
  when /linux/ then 'Linux'
  else RbConfig::CONFIG['host_os']
  end
end""",
    "decoded": """
# The text that bytes are in UTF-8.
def decoded(content)
  text = content.dup.force_encoding(Encoding::UTF_8)
  raise ArgumentError, 'the bytes are no UTF-8' unless text.valid_encoding?

  text
end""",
    "discard_file": """
# Remove a file that need not be there.
def discard_file(path)
  File.delete(path)
rescue Errno::ENOENT
  nil
end""",
    "split_last": """
# The pieces between the last separators, as many as there may be.
def split_last(text, separator, most)
  parts = []
  while most.positive? && (at = text.rindex(separator))
    parts.unshift(text[(at + separator.length)..])
    text = text[0...at]
    most -= 1
  end
  [text, *parts]
end""",
    "split_by": """
# The pieces between matches of a pattern or a text, empty ones included.
def split_by(text, pattern, limit = -1)
  text.empty? ? [''] : text.split(pattern, limit)
end""",
    "split_on": """
# The pieces between separators, empty ones included.
def split_on(text, separator, limit = -1)
  raise ArgumentError, 'empty separator' if separator.empty?
  return [''] if text.empty?

  # A blank would stand for any run of white space.
  text.split(separator == ' ' ? / / : separator, limit)
end""",
    "slice_of": """
# A slice whose bounds may lie outside and may count from the end.
def slice_of(sequence, low, high)
  low = [low + sequence.length, 0].max if low.negative?
  high = [high + sequence.length, 0].max if high&.negative?
  sequence[low...high] || sequence[0, 0]
end""",
    "side_by_side": """
# The items of several lists in lists of one from each, as many as the shortest has.
def side_by_side(first, *others)
  count = [first, *others].map { |items| items.to_a.length }.min
  first.first(count).zip(*others)
end""",
    "columns": """
# The first columns of rows, each of which must have as many.
def columns(rows, count)
  rows.transpose
rescue IndexError
  rows.map { |row| row.first(count) }.transpose
end""",
    "find_from": """
# Where one text is in another from a position on, which may count from the end; nil where it is not.
def find_from(text, part, start)
  text.index(part, start.negative? ? [start + text.length, 0].max : start)
end""",
    "stepped": """
# The numbers from one to before another, which need not be above it.
def stepped(start, stop, step)
  raise ArgumentError, 'the step is zero' if step.zero?

  start.step(step.positive? ? stop - 1 : stop + 1, step)
end""",
    "char_at": """
# The character at an index, which must exist.
def char_at(text, index)
  text[index] || raise(IndexError, 'string index out of range')
end""",
    "byte_at": """
# The byte at a position, which must exist.
def byte_at(text, index)
  text.getbyte(index) || raise(IndexError, 'byte index out of range')
end""",
    "divide": """
# The quotient of floats; a zero divisor is an error.
def divide(numerator, divisor)
  raise ZeroDivisionError, 'division by zero' if divisor.zero?

  numerator / divisor
end""",
    "divide_integers": """
# The quotient of integers as a float; a zero divisor is an error.
def divide_integers(numerator, divisor)
  raise ZeroDivisionError, 'division by zero' if divisor.zero?

  numerator.fdiv(divisor)
end""",
    "json_dump": r"""
# A value as JSON, with blanks after commas and colons and without other characters than ASCII.
def json_dump(value)
  case value
  when Hash then "{#{value.map { |key, item| "#{json_dump(key)}: #{json_dump(item)}" }.join(', ')}}"
  when Array then "[#{value.map { |item| json_dump(item) }.join(', ')}]"
  when String
    named = { '"' => '\\"', '\\' => '\\\\', "\n" => '\\n', "\r" => '\\r', "\t" => '\\t', "\b" => '\\b', "\f" => '\\f' }
    inner = value.each_char.map do |char|
      named.fetch(char) do
        next char if char.ord.between?(0x20, 0x7e)

        char.encode('UTF-16BE').unpack('n*').map { |unit| format('\\u%04x', unit) }.join
      end
    end
    "\"#{inner.join}\""
  when nil then 'null'
  else value.to_s
  end
end""",
    "json_body": """
# The body of an answer as JSON.
def json_body(response)
  response.json
rescue JSON::ParserError => e
  raise ArgumentError, e.message
end""",
    "json_parse": """
# A text as JSON.
def json_parse(text)
  JSON.parse(text)
rescue JSON::ParserError => e
  raise ArgumentError, e.message
end""",
    "json_truth": """
# A JSON truth value.
def json_truth(value)
  [true, false].include?(value) ? value : raise(TypeError, "not a truth value: #{value.inspect}")
end""",
    "json_list": """
# The items of a JSON list.
def json_list(value)
  value.is_a?(Array) ? value : raise(TypeError, "not a list: #{value.inspect}")
end""",
    "json_true?": """
# False for null, false, zero and what is empty.
def json_true?(value)
  ![nil, false, 0, 0.0, '', [], {}].include?(value)
end""",
    "json_of": """
# A JSON value of a class.
def json_of(kind, value)
  value.is_a?(kind) ? value : raise(TypeError, "not a #{kind}: #{value.inspect}")
end""",
    "json_int": """
# A JSON value as a whole number: a number is cut, a text is read.
def json_int(value)
  case value
  when Numeric then value.to_i
  when String then Integer(value.strip, 10)
  when true, false then value ? 1 : 0
  else raise TypeError, "not a number: #{value.inspect}"
  end
end""",
    "json_text": """
# A JSON value as text.
def json_text(value)
  case value
  when String, Integer then value.to_s
  when Float then float_text(value)
  when true, false then value ? 'True' : 'False'
  when nil then 'None'
  else raise TypeError, "not a text: #{value.inspect}"
  end
end""",
    "split_lines": """
# The lines of a text without their ends, every one that Unicode knows; a final one adds no empty line.
def split_lines(text)
  lines = text.split(/\\r\\n|[\\n\\r\\v\\f\\u001c-\\u001e\\u0085\\u2028\\u2029]/, -1)
  lines.pop if lines.last == ''
  lines
end""",
    "join_path": """
# One path below another, without doubled separators and dots; an absolute second path stands alone.
def join_path(folder, name)
  folder, name = name, '' if folder.empty? || name.start_with?('/')
  root = { 0 => '', 2 => '//' }.fetch(folder[%r{\\A/*}].length, '/')
  joined = root + "#{folder}/#{name}".split('/').reject { |part| ['', '.'].include?(part) }.join('/')
  joined.empty? ? '.' : joined
end""",
    "zero_fill": """
# Zeros between the sign and the digits.
def zero_fill(text, width)
  sign = text.start_with?('-', '+') ? text[0] : ''
  sign + text[sign.length..].rjust(width - sign.length, '0')
end""",
    "title_case": """
# The first letter of every run of letters in upper case.
def title_case(text)
  text.gsub(/\\p{L}+/, &:capitalize)
end""",
    "upper_case?": """
# True when the text has letters with case and all are upper case.
def upper_case?(text)
  text == text.upcase && text != text.downcase
end""",
    "lower_case?": """
# True when the text has letters with case and all are lower case.
def lower_case?(text)
  text == text.downcase && text != text.upcase
end""",
}
# Functions of Python's library that a helper says better than the source of them that other targets port.
_LIBRARY = frozenset({"stepped", "find_from", "position_from"})
# Operations that an assignment can be written with.
_CHANGING = {**ir.IN_PLACE, "int.floordiv": "/", "int.mod": "%", "float.mod": "%", "list.concat": "+"}
# What may stand in a line twice: it changes nothing, and costs little.
_LOOKING = frozenset(["wrap", "bound", "from_end", "int.add", "int.sub", "len", "list.index"])
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


# What tells that a file uses a library, where that is not its name as a constant.
_MENTIONED = {"json": r"\bJSON\b|\.to_json\b"}


@dataclass
class RubyModule:
    """What the Ruby emitter makes of a module."""

    source: str
    requires: tuple[str, ...]
    holes: list[Unsupported]
    functions: list[tuple[str, str, int, int]]
    name: str
    parts: dict[str, str]  # by source file, of a package; "" is what its files share


def quote(text: str) -> str:
    """A Ruby string literal."""
    if text.isprintable() and "'" not in text and "\\" not in text:
        return f"'{text}'"
    return '"' + escape(text) + '"'


def escape(text: str) -> str:
    """The inside of a double-quoted Ruby literal."""
    out: list[str] = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif c == "#":
            out.append("#")
        elif c in "\n\t\r":
            out.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[c])
        elif c.isprintable():
            out.append(c)
        else:
            out.append(f"\\u{{{ord(c):x}}}")
    return re.sub(r"#(?=[{$@])", r"\\#", "".join(out))


class RubyEmitter:
    """Names and the file."""

    def __init__(
        self, module: ir.Module, name: str, dialect: str = "foundation", python_texts: bool = False
    ) -> None:
        self.module = module
        # A handler somewhere shows the text of an error, which may come from anywhere.
        self.told = python_texts and any(
            isinstance(n, ir.Handler) and tells(n) for d in module.definitions for n in ir.walk(d)
        )
        self.templates = Templates(LanguageId.RUBY, dialect)
        self.commands: list[ir.Function] = []
        self.registered = False
        self.configurations = {
            n.type.name
            for d in module.definitions
            for n in ir.walk(d)
            if isinstance(n, ir.PatternOp)
            and n.pattern_id == "configuration"
            and isinstance(n.type, ir.NamedT)
        }
        kinds = ir.Class | ir.ErrorClass | ir.EnumClass | ir.Protocol
        classes = [self.type_name(d.name) for d in module.definitions if isinstance(d, kinds)]
        self.name = ruby_module(name, classes)
        recognise(module)
        # A look for a missing key adds it, which a plain default does not.
        self.adds_missing = any(looks_for_missing(d) for d in module.definitions)
        self.effects = Effects(module)
        self.effects.run()
        self.helpers: set[str] = set()
        self.shared_helpers: set[str] = set()
        self.requires: set[str] = set()
        self.holes: list[Unsupported] = []

    def helper_name(self, name: str) -> str:
        """The name of a helper method, which no function of the file has."""
        if any(
            isinstance(d, ir.Function) and method_name(d.name) == name and d.library not in _LIBRARY
            for d in self.module.definitions
        ):
            return f"_{name}"
        return name

    def helper_text(self, name: str) -> str:
        """A helper method under its name, with the names of those that it calls."""
        calls = rf"\b({'|'.join(re.escape(h) for h in _HELPERS)})(?=\()"
        return re.sub(calls, lambda m: self.helper_name(m[1]), _HELPERS[name].strip())

    def unclashing(self, cls: str, method: str, line: int) -> None:
        """Raise Unsupported for a method whose name without its underscore is that of another member."""
        d = self.module.find(cls)
        if isinstance(d, ir.Class) and is_hidden(method):
            taken = {local(f.name) for f in d.fields}
            taken |= {method_name(m.name) for m in d.methods if m.name != method}
            if method_name(method) in taken:
                raise Unsupported("a private method that has the name of another member", method, line)

    def constant(self, name: str) -> str:
        """The name of a module constant."""
        return snake(name).upper()

    def type_name(self, name: str) -> str:
        """The name of a class."""
        return pascal(name, initialisms=False)

    def error(self, name: str) -> str:
        """The Ruby name of an error class."""
        if isinstance(self.module.find(name), ir.ErrorClass):
            return self.type_name(name)
        if name in ir.RUNTIME_ERRORS or name == "FoundationError":
            self.requires.add("foundation/errors")
            return f"Foundation::{name}"
        if name == "Exit":
            self.requires.add("foundation/cli")
            return "Foundation::CLI::Exit"
        if name in _ERRORS:
            return _ERRORS[name]
        raise Unsupported(f"error class {name}")

    def emit(self) -> RubyModule:
        """The module's source file."""
        body: list[str] = []
        functions: list[tuple[str, str, int, int]] = []
        private: dict[str, list[str]] = {}
        in_functions = False
        cut = Cut(self.module)
        for d in self.module.definitions:
            if cut.moves(d):
                in_functions = False
            body.extend(cut.mark(d))
            try:
                if isinstance(d, ir.Constant) and _makes_app(d):
                    # An application takes the commands that are registered when it is made.
                    commands = self._commands()
                    body.extend([*commands, ""] if commands else [])
                if isinstance(d, ir.Function):
                    if d.library in _LIBRARY:
                        functions.append((d.name, self.helper_name(d.library), d.line, 0))
                        continue
                    if not in_functions:
                        body.extend(["", "  module_function"])
                        in_functions = True
                    body.extend(self._function(d, None, functions, "  "))
                    if d.name.startswith("_"):
                        private.setdefault(cut.path(d), []).append(method_name(d.name))
                else:
                    body.extend(self._definition(d, functions))
            except Unsupported as why:
                self.holes.append(
                    Unsupported(why.reason, why.construct or getattr(d, "name", ""), why.line or d.line)
                )
                body.extend(
                    ["", *comment(f"not ported: {why.reason} (line {why.line or d.line})", indent="  ")]
                )
                if isinstance(d, ir.Function):
                    functions.append((d.name, "", d.line, 1))
            cut.place(self.holes, d)
        commands = self._commands()
        if self.module.files:
            # Files are loaded one after the other, so that the last one finds every function.
            body.extend(commands)
            commands = []
        if self.helpers and (cut.moves(None) or not in_functions):
            body.extend(cut.mark(None))
            body.extend(["", "  module_function"])
        for h in sorted(self.helpers):
            body.extend(["", *(f"  {line}".rstrip() for line in self.helper_text(h).splitlines())])
        # What a class of the file calls cannot be private.
        hidden = {
            **private,
            "": [*private.get("", []), *map(self.helper_name, sorted(self.helpers - self.shared_helpers))],
        }
        if self.module.files:
            parts = cut.parts(body)
            texts = {p: self._part(p, lines, hidden.get(p, []), parts) for p, lines in parts.items()}
            return RubyModule("", tuple(sorted(self.requires)), self.holes, functions, self.name, texts)
        if hidden[""]:
            body.extend(["", f"  private_class_method {', '.join(f':{h}' for h in hidden[''])}"])
        body.extend(commands)
        lines = ["# frozen_string_literal: true", ""]
        requires = sorted(self.requires)
        lines.extend(f"require '{r}'" for r in requires)
        if requires:
            lines.append("")
        lines.extend(comment(self.module.doc or f"Ported from {self.module.name}."))
        lines.append(f"module {self.name}")
        while body and not body[0]:
            body.pop(0)
        lines.extend([*body, "end"])
        return RubyModule("\n".join(lines) + "\n", tuple(requires), self.holes, functions, self.name, {})

    def _part(self, path: str, body: list[str], hidden: list[str], parts: Mapping[str, list[str]]) -> str:
        """One file of a package, with the files that must be loaded before it."""
        text = "\n".join(body)
        if hidden:
            text += f"\n\n  private_class_method {', '.join(f':{h}' for h in hidden)}"
        every = "\n".join(line for lines in parts.values() for line in lines)
        requires = [
            r
            for r in sorted(self.requires)
            for mark in [_MENTIONED.get(r, rf"\b{pascal(r.partition('/')[0], initialisms=False)}\b")]
            if re.search(mark, text) or not re.search(mark, every)
        ]
        names = stems(self.module)
        before = [f.path for f in self.module.files]
        earlier = before[: before.index(path)] if path else []
        siblings = [p for p in needs(self.module).get(path, ()) if p in earlier and p in parts]
        if path and any(re.search(rf"\b{self.helper_name(h)}\b", text) for h in self.helpers):
            siblings.insert(0, "")
        lines = ["# frozen_string_literal: true", ""]
        for block in (
            [f"require '{r}'" for r in requires],
            [f"require_relative '{names[p]}'" for p in siblings],
        ):
            lines.extend([*block, ""] if block else [])
        doc = next((f.doc for f in self.module.files if f.path == path), "")
        lines.extend(comment(doc or ("What the files of the package share." if not path else "")))
        return "\n".join([*lines, f"module {self.name}", text.strip("\n"), "end", ""])

    def _commands(self) -> list[str]:
        """The statements that register the functions of the file as commands, once."""
        if self.registered:
            return []
        self.registered = True
        lines: list[str] = []
        for d in self.module.definitions:
            if not isinstance(d, ir.Function) or not any(p.pattern_id == "cli_framework" for p in d.patterns):
                continue
            try:
                made = Patterns(Emitter(self, ir.Function("", [], ir.NONE, []))).register(d)
                lines.extend(["", *(f"  {line}".rstrip() for line in made)])
            except Unsupported as why:
                self.holes.append(Unsupported(why.reason, d.name, d.line))
                lines.extend(["", *comment(f"not ported: {why.reason} (line {d.line})", indent="  ")])
        return lines

    def _definition(self, d: ir.Definition, functions: list[tuple[str, str, int, int]]) -> list[str]:
        match d:
            case ir.Constant():
                e = Emitter(self, ir.Function("", [], ir.NONE, []))
                value = e.x(d.value)
                if e.lines:
                    raise Unsupported("a constant that takes several statements", d.name, d.line)
                frozen = ".freeze" if isinstance(d.value, ir.ListLit | ir.DictLit) else ""
                lines = comments(d.comments, indent="  ")
                lines.append(
                    f"  {self.constant(d.name)} = {value}{frozen}"
                    + (f" # {d.trailing}" if d.trailing else "")
                )
                return lines
            case ir.EnumClass():
                return self._enum(d)
            case ir.ErrorClass():
                return self._error(d)
            case ir.Class():
                return self._class(d, functions)
            case ir.Protocol():
                wants = ", ".join(
                    f"{method_name(m.name)}({', '.join(local(p.name) for p in m.params)})" for m in d.methods
                )
                article = "An" if d.name[0] in "AEIOU" else "A"
                said = f"{article} {self.type_name(d.name)} responds to {wants}."
                return ["", *comment(f"{d.doc}\n{said}" if d.doc else said, indent="  ")]
            case ir.Declined():
                lines = ["", *comment(f"not ported: {d.reason} (line {d.line})", indent="  ")]
                return [*lines, *(f"  #   {line}".rstrip() for line in d.source.splitlines()[:40])]
            case _:
                raise Unsupported("a definition of this kind")

    def _called_on_another(self, method: str) -> bool:
        """True where a method is called on an object that is not the caller itself: Ruby allows that for public ones."""
        return any(
            isinstance(n, ir.MethodCall)
            and n.method == method
            and not (isinstance(n.obj, ir.Name) and n.obj.id == "self")
            for d in self.module.definitions
            for n in ir.walk(d)
        )

    def _enum(self, d: ir.EnumClass) -> list[str]:
        lines = ["", *comment(d.doc, indent="  "), f"  module {self.type_name(d.name)}"]
        for i, (name, value) in enumerate(d.members):
            text = (
                f":{value}"
                if isinstance(value, str) and re.fullmatch(r"[a-z_]\w*", value)
                else f":{quote(value)}"
                if isinstance(value, str)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value if value is not None else i + 1)
            )
            lines.append(f"    {name.upper()} = {text}")
        return [*lines, "  end"]

    def _error(self, d: ir.ErrorClass) -> list[str]:
        head = f"  class {self.type_name(d.name)} < {self.error(d.base) if d.base != 'Exception' else 'StandardError'}"
        lines = ["", *comments(d.comments, indent="  "), *comment(d.doc, indent="  ")]
        if d.message is None:
            return [*lines, f"{head}; end"]
        e = Emitter(self, ir.Function("", d.params, ir.STR, []), d.name)
        text = e.x(d.message)
        fields = [local(f.name) for f in d.fields]
        # A reader called `message` would take the place of the error's text.
        plain = isinstance(d.message, ir.Name) and d.message.id == "message"
        readers = [f for f in fields if f != "message" or plain]
        lines.append(head)
        if readers:
            lines.extend([f"    attr_reader {', '.join(f':{f}' for f in readers)}", ""])
        lines.append(f"    def initialize({', '.join(local(p.name) for p in d.params)})")
        above = self.module.find(d.base)
        made = f"super({text})"
        if isinstance(above, ir.ErrorClass) and above.message is not None:
            # The base's own initialiser takes other things than a text.
            made = f"StandardError.instance_method(:initialize).bind_call(self, {text})"
        lines.extend([f"      {made}", *(f"      @{f} = {f}" for f in fields), "    end", "  end"])
        return lines

    def _class(self, d: ir.Class, functions: list[tuple[str, str, int, int]]) -> list[str]:
        name = self.type_name(d.name)
        lines = ["", *comments(d.comments, indent="  "), *comment(d.doc, indent="  ")]
        inner: list[str] = []
        if d.dataclass:
            fields = ", ".join(f":{local(f.name)}" for f in d.fields)
            lines.append(f"  {name} = Struct.new({fields}, keyword_init: true) do")
            if any(f.default is not None for f in d.fields):
                e = Emitter(self, ir.Function("", [], ir.NONE, []))
                params = ", ".join(
                    f"{local(f.name)}: {e.x(f.default)}" if f.default is not None else f"{local(f.name)}:"
                    for f in d.fields
                )
                inner.extend(
                    [
                        "",
                        f"    def initialize({params})",
                        "      super",
                        *(["      freeze"] if d.frozen else []),
                        "    end",
                    ]
                )
            elif d.frozen:
                inner.extend(["", "    def initialize(...)", "      super", "      freeze", "    end"])
        else:
            lines.append(f"  class {name}")
            public = [local(f.name) for f in d.fields if not f.private]
            if public:
                inner.append(f"    attr_accessor {', '.join(f':{f}' for f in public)}")
            if d.init is not None:
                inner.extend(self._function(d.init, d, [], "    ", "initialize"))
        hidden: list[str] = []
        for m in d.methods:
            try:
                self.unclashing(d.name, m.name, m.line)
                inner.extend(self._function(m, d, functions, "    "))
                if is_hidden(m.name) and m.kind != "static" and not self._called_on_another(m.name):
                    hidden.append(method_name(m.name))
            except Unsupported as why:
                self.holes.append(Unsupported(why.reason, why.construct or m.name, why.line or m.line))
                functions.append((f"{d.name}.{m.name}", "", m.line, 1))
        if hidden:
            inner.extend(["", f"    private {', '.join(f':{h}' for h in hidden)}"])
        secrets = [local(f.name) for f in d.fields if f.secret]
        if secrets:
            shown = ", ".join(f"{s}: '[REDACTED]'" for s in secrets)
            inner.extend(
                [
                    "",
                    "    # The printed form hides the secrets.",
                    "    def inspect",
                    f'      "#<{name} #{{to_h.merge({shown})}}>"',
                    "    end",
                    "    alias_method :to_s, :inspect",
                ]
            )
        if inner and not inner[0]:
            inner.pop(0)
        made = [*lines, *inner, "  end"]
        if d.name in self.configurations:
            made += ["", *Patterns(Emitter(self, ir.Function("", [], ir.NONE, []))).schema(d)]
        return made

    def _function(
        self,
        f: ir.Function,
        cls: ir.Class | None,
        functions: list[tuple[str, str, int, int]],
        indent: str,
        name: str = "",
    ) -> list[str]:
        made = name or method_name(f.name)
        e = Emitter(self, f, cls.name if cls else "")
        hoist(f.body, {p.name for p in f.params})
        # `n += 1` reads n too, so that its first assignment stays.
        e.read = reads(f.body) | {
            n.target.id
            for s in f.body
            for n in ir.walk(s)
            if isinstance(n, ir.AugAssign) and isinstance(n.target, ir.VarTarget)
        }
        params = [local(p.name) + (f" = {e.x(p.default)}" if p.default is not None else "") for p in f.params]
        head = f"def {'self.' if f.kind == 'static' else ''}{made}{'(' + ', '.join(params) + ')' if params else ''}"
        if f.patterns:
            e.wrapped(f)
        else:
            e.block(f.body, tail=f.result != ir.NONE)
            if len(f.body) == 1 and isinstance(f.body[0], ir.Try):
                e.without_begin()
        lines = [
            "",
            *comments(f.comments, indent=indent),
            *comment(f.doc, indent=indent),
            f"{indent}{head}",
        ]
        lines.extend(f"{indent}{line}".rstrip() for line in e.lines)
        lines.append(f"{indent}end")
        for extra in e.extra:
            lines.extend(f"{indent}{line}".rstrip() for line in extra)
        self.holes.extend(e.holes)
        functions.append((f"{cls.name}.{f.name}" if cls else f.name, made, f.line, len(e.holes)))
        return lines


def _makes_app(d: ir.Constant) -> bool:
    return any(isinstance(n, ir.PatternNew) and n.pattern_id == "cli_framework" for n in ir.walk(d.value))


# What Python's special methods are called in Ruby.
_SPECIAL = {
    "__str__": "to_s", "__len__": "length", "__contains__": "include?", "__lt__": "<", "__getitem__": "[]",
    "__setitem__": "[]=", "__bool__": "truthy?",
}  # fmt: skip


def method_name(name: str) -> str:
    """The name of a method."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    made = snake(name)
    return f"{made}_" if made in _KEYWORDS else made


def paired(e: ir.Expr) -> ir.Expr | None:
    """The map whose pairs an expression is the list of."""
    match e:
        case ir.Intrinsic(op="to_list", args=[ir.Intrinsic(op="dict.items") as items]):
            return items.args[0]
        case ir.Intrinsic(op="dict.items", args=[of]):
            return of
        case _:
            return None


def local(name: str) -> str:
    """The name of a variable."""
    if name == "_":
        return "_"
    made = snake(name)
    return f"{made}_value" if made in _KEYWORDS | _TAKEN else made


def hoist(body: list[ir.Stmt], known: set[str]) -> None:
    """Assign nil before a loop to variables that its block introduces and later code reads.

    A block of Ruby is a scope of its own, `if`, `while` and `begin` are not.
    """

    def assigned(body: list[ir.Stmt]) -> set[str]:
        # The variables of inner loops and comprehensions belong to their own blocks.
        out: set[str] = set()
        for b in body:
            if isinstance(b, ir.Assign | ir.AugAssign):
                out |= {v.id for v in _variables(b.target)}
            for inner in blocks(b):
                out |= assigned(inner)
        return out

    def own(s: ir.Stmt) -> set[str]:
        return stores([ir.Assign(s.target, ir.Lit(0))]) if isinstance(s, ir.For | ir.ForRange) else set()

    def scan(body: list[ir.Stmt], known: set[str]) -> None:
        i = 0
        while i < len(body):
            s = body[i]
            if isinstance(s, ir.For | ir.ForRange):
                later = _free(body[i + 1 :])
                for n in [n for b in s.body for n in ir.walk(b) if isinstance(n, ir.For | ir.ForRange)]:
                    _copy_loop_variable(n, own(n) & later)
                made = assigned(s.body) - known - own(s)
                # A value may also be carried from one turn of the loop to the next.
                carried = {v for v in made if _read_first(s.body, v)}
                for v in sorted((made & later) | carried):
                    body.insert(i, ir.VarDecl(v, ir.ANY))
                    known = known | {v}
                    i += 1
                left = own(s) & later
                _copy_loop_variable(s, left)
                for v in sorted(left - known):
                    body.insert(i, ir.VarDecl(v, ir.ANY))
                    i += 1
                scan(s.body, known | own(s) | stores(body[:i]))
            elif isinstance(s, ir.FuncDef):
                hoist(s.func.body, known | {p.name for p in s.func.params})
            elif uses := [n for n in ir.walk(s) if isinstance(n, ir.PatternCall)]:
                later = _free(body[i + 1 :])
                made = {v for use in uses for v in assigned(use.body)} - known
                for v in sorted(made & later):
                    body.insert(i, ir.VarDecl(v, ir.ANY))
                    known = known | {v}
                    i += 1
                for use in uses:
                    scan(use.body, known | stores(body[:i]))
                for inner in blocks(s):
                    scan(inner, known | stores(body[:i]))
            else:
                for inner in blocks(s):
                    scan(inner, known | stores(body[:i]))
            known = known | stores([s])
            i += 1

    scan(body, known)


def _free(body: Sequence[ir.Stmt]) -> set[str]:
    """The names that statements may read before they give them a value of their own."""
    out: set[str] = set()

    def read(node: ir.Node, bound: frozenset[str]) -> None:
        match node:
            case ir.Name(id=name):
                if name not in bound:
                    out.add(name)
            case ir.Comp(elem=elem, clauses=clauses):
                for c in clauses:
                    read(c.iter, bound)
                    bound |= {v.id for v in _variables(c.target)}
                    for test in c.conds:
                        read(test, bound)
                read(elem, bound)
            case ir.Lambda(params=params, body=inner):
                read(inner, bound | {p.name for p in params})
            case ir.FuncDef(func=f):
                run(f.body, bound | {p.name for p in f.params} | {f.name})
            case ir.PatternCall(body=inner):
                for child in ir.children(node):
                    if not isinstance(child, ir.Stmt):
                        read(child, bound)
                run(inner, bound)
            case _:
                for child in ir.children(node):
                    read(child, bound)

    def run(body: Sequence[ir.Stmt], bound: frozenset[str]) -> frozenset[str]:
        """Read statements; the names that have a value of their own behind them."""
        for s in body:
            match s:
                case ir.Assign(target=target, value=value):
                    read(value, bound)
                    read(target, bound)
                    bound |= {v.id for v in _variables(target)}
                case ir.AugAssign(target=target, value=value):
                    read(value, bound)
                    read(target, bound)
                    out.update({v.id for v in _variables(target)} - bound)
                case ir.If(test=test, body=body, orelse=orelse):
                    read(test, bound)
                    one, other = run(body, bound), run(orelse, bound)
                    # What leaves the block brings no values behind it.
                    one, other = other if terminates(body) else one, one if terminates(orelse) else other
                    bound = one & other
                case ir.For(target=target, iter=over, body=body):
                    read(over, bound)
                    run(body, bound | {v.id for v in _variables(target)})
                case ir.ForRange(target=target, start=start, stop=stop, body=body):
                    read(start, bound)
                    read(stop, bound)
                    run(body, bound | {target.id})
                case ir.While(test=test, body=body):
                    read(test, bound)
                    run(body, bound)
                case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
                    inside = run(body, bound)
                    for h in handlers:
                        run(h.body, bound | {h.var})
                    run(orelse, inside)
                    run(final, bound)
                case _:
                    read(s, bound)
        return bound

    run(body, frozenset())
    return out


def _read_first(body: list[ir.Stmt], name: str) -> bool:
    """True when the loop's body may read the variable before it assigns it."""
    return name in _free(body)


def _copy_loop_variable(s: ir.For | ir.ForRange, names: set[str]) -> None:
    """Assign each item to the variable that later code reads: a block's own ends with it."""
    for name in sorted(names):
        for t in _variables(s.target):
            if t.id == name:
                t.id = f"{name}_item"
                s.body.insert(
                    0, ir.Assign(ir.VarTarget(name, type=t.type), ir.Name(f"{name}_item", type=t.type))
                )


def _variables(t: ir.Target) -> list[ir.VarTarget]:
    if isinstance(t, ir.VarTarget):
        return [t]
    return [v for e in t.elems for v in _variables(e)] if isinstance(t, ir.TupleTarget) else []


class Emitter(Statements):
    """One method body."""

    unit = "  "
    next_turn = "next"

    def __init__(self, ruby: RubyEmitter, f: ir.Function, cls: str = "") -> None:
        super().__init__()
        self.ruby = ruby
        self.f = f
        self.cls = cls
        self.extra: list[list[str]] = []
        self.read: set[str] = set()
        self.tables = literal_keys(f)
        self.least: dict[str, int] | None = None
        self._proofs: Proofs | None = None
        self.growing = growing_texts(f)
        self.copied = _copied(f, self.growing)
        self.matched = ""  # the variable that holds the text of a match rather than the match
        self.last_match = ""  # the variable that stands for the last match in a block
        self.leave = "return"
        self.lambdas: set[str] = set()
        self.fresh_names: set[str] = set()
        self.sought, self.missed = sought(f, ruby.module)
        self.loops = 0
        self.rows: dict[tuple[str, str], str] = {}  # the names of rows, by table and position
        self.spoken: dict[str, str] = {}  # variables that something else is said for

    def write(self, text: str) -> None:
        """One line at the current depth."""
        # Later lines of a text bring their own indentation.
        first, *rest = text.split("\n")
        super().write(first)
        self.lines.extend(rest)

    def helper(self, name: str) -> str:
        """Have a helper method emitted; its name as called from here."""
        self.ruby.helpers.add(name)
        made = self.ruby.helper_name(name)
        if self.cls:
            self.ruby.shared_helpers.add(name)
            return f"{self.ruby.name}.{made}"
        return made

    @property
    def proofs(self) -> Proofs:
        """What is proven of the function, as its statements are when they are first written."""
        if self._proofs is None:
            self._proofs = Proofs(self.f, self.ruby.module)
        return self._proofs

    # Statements

    def set_off(self, body: Sequence[ir.Stmt], at: int) -> None:
        """A blank line follows a guard."""
        if at and _guard(body[at - 1]) and self.lines and self.lines[-1].strip():
            self.write("")

    def statement(self, body: Sequence[ir.Stmt], at: int, tail: bool) -> None:
        """One statement of a block; the last one may be its value."""
        s = body[at]
        last = tail and at == len(body) - 1
        start = len(self.lines)
        if at and locked(body, at - 1) is not None and self._is_block(s):
            return
        under = locked(body, at)
        if under is not None and self._is_block(under):
            taken = (
                s.value.args[0] if isinstance(s, ir.ExprStmt) and isinstance(s.value, ir.Intrinsic) else None
            )
            assert taken is not None
            self.write(f"{self.x(taken, PRIMARY)}.synchronize do")
            with self.indented():
                # What a block returns early with is returned from the method.
                self.block(under.body, tail=tail and at == len(body) - 2)
            self.write("end")
        elif last and isinstance(s, ir.Return) and s.value is not None:
            self.value(s.value)
        elif last and isinstance(s, ir.If) and s.orelse and _ends(s):
            self._if(s, tail=True)
        elif last and isinstance(s, ir.Try) and _ends(s):
            self._try(s, tail=True)
        else:
            self.stmt(s)
        self.remark(s.trailing, start)

    def _is_block(self, s: ir.Stmt) -> bool:
        """True for a body that can be a block of Ruby: what it sets anew is not read behind it."""
        inside = {n.id for n in ir.walk(s) if isinstance(n, ir.VarTarget)}
        return self.leave == "return" and not any(
            isinstance(n, ir.Name | ir.VarTarget) and n.id in inside
            for other in self._beside(self.f.body, s)
            for n in ir.walk(other)
        )

    def _beside(self, body: list[ir.Stmt], s: ir.Stmt) -> Iterator[ir.Node]:
        """What a function does outside of one of its statements."""
        for other in body:
            if other is s:
                continue
            inner = blocks(other)
            if any(n is s for n in ir.walk(other)):
                held = {id(b) for block in inner for b in block}
                yield from (n for n in ir.children(other) if id(n) not in held)
                for block in inner:
                    yield from self._beside(block, s)
            else:
                yield other

    def stop(self, message: str) -> str:
        """The statement that stops the program with a message."""
        return f"raise NotImplementedError, {quote(message)}"

    def value(self, e: ir.Expr) -> None:
        """An expression as the value of a method or block."""
        if isinstance(e, ir.Cond) and len(self.x(e)) > 90:
            self.write(f"if {self.x(e.test)}")
            with self.indented():
                self.value(e.body)
            self.write("else")
            with self.indented():
                self.value(e.orelse)
            self.write("end")
            return
        self.write(self.tuple_free(e))

    def tuple_free(self, e: ir.Expr) -> str:
        """The text of a value; a bare tuple is an array."""
        return self.x(e)

    def _declare(self, s: ir.VarDecl) -> None:
        self.write(f"{local(s.id)} = nil")

    def _augmented(self, s: ir.AugAssign) -> None:
        if isinstance(s.target, ir.VarTarget) and s.target.id in self.growing:
            self._grow(s.target.id, pieces(s.value), self.x(s.value))
            return
        if s.op in ("int.shl", "int.shr") and not self.never_negative(s.value):
            if not isinstance(s.target, ir.VarTarget):
                raise Unsupported("a shift in place by a count that may be below zero", "", s.line)
            shifted = ir.Intrinsic(s.op, [ir.Name(s.target.id, type=ir.INT), s.value], type=ir.INT)
            self.write(f"{self.target(s.target)} = {self.x(shifted)}")
            return
        match s.target:
            case ir.IndexTarget(obj=obj, index=index) if (
                isinstance(obj.type, ir.ListT) and id(s.target) not in self.proofs.inside
            ):
                self._changed_at(s, obj, index)
            case _:
                self.write(f"{self.target(s.target)} {ir.IN_PLACE[s.op]}= {self.x(s.value)}")

    def _changed_at(self, s: ir.AugAssign, obj: ir.Expr, index: ir.Expr) -> None:
        """Change what stands at a position that may not exist, where Ruby would find nothing."""
        items, at = (
            self._kept(e, text, hint)
            for e, text, hint in (
                (obj, self.x(obj, PRIMARY), "items"),
                (index, self._position(index), "position"),
            )
        )
        self.write(f"{items}[{at}] = {items}.fetch({at}) {ir.IN_PLACE[s.op]} {self.x(s.value, MUL)}")

    def _kept(self, e: ir.Expr, text: str, hint: str) -> str:
        """The text of what is asked for twice: of a variable that keeps it, where that is more than a look."""
        inside = [n for n in ir.walk(e) if not isinstance(n, ir.Name | ir.Lit | ir.Field)]
        if len(inside) > 2 or not all(isinstance(n, ir.Intrinsic) and n.op in _LOOKING for n in inside):
            name = self.fresh(hint)
            self.write(f"{name} = {text}")
            return name
        return text

    def effect(self, e: ir.Expr) -> None:
        """An expression that is evaluated for what it does."""
        if isinstance(e, ir.Lit | ir.Name):
            return
        text = self.x(e)
        if text:
            inner = isinstance(e, ir.Intrinsic) and e.op == "dict.setdefault"
            self.write(text[1:-1] if inner else text)

    def _grow(self, name: str, parts: Sequence[ir.Expr], whole: str) -> None:
        """Add parts to the end of a text that nobody else holds."""
        if name in reads([ir.ExprStmt(p) for p in parts]):
            self.write(f"{local(name)} += {whole}")
        else:
            self.write(" << ".join([local(name), *(self.x(p, ADD) for p in parts)]))

    def _digits(self, s: ir.While) -> str | None:
        """A loop that adds up the digits of a number."""
        match s.test, s.body:
            case (
                ir.Intrinsic(op="gt", args=[ir.Name(id=of) as number, ir.Lit(value=0)]),
                [
                    ir.AugAssign(
                        target=ir.VarTarget(id=total),
                        op="int.add",
                        value=ir.Intrinsic(op="int.mod", args=[ir.Name(id=a), ir.Lit(value=10)]),
                    ) as add,
                    ir.Assign(
                        target=ir.VarTarget(id=b),
                        value=ir.Intrinsic(op="int.floordiv", args=[ir.Name(id=c), ir.Lit(value=10)]),
                    ) as cut,
                ],
            ) if {a, b, c} == {of} and total != of and self.never_negative(number):
                pass
            case _:
                return None
        inside = sum(isinstance(n, ir.Name) and n.id == of for n in ir.walk(s))
        every = sum(isinstance(n, ir.Name) and n.id == of for b in self.f.body for n in ir.walk(b))
        if inside != every or any(part.comments or part.trailing for part in (add, cut)):
            return None
        return f"{local(total)} += {local(of)}.digits.sum"

    def _scanned(self, s: ir.While) -> str | None:
        """A loop that steps over characters of one kind, as a search for the next one of another kind."""
        match s.test, s.body:
            case (
                ir.Bool(op="and", values=[ir.Intrinsic(args=[ir.Name(id=at), end]), *tests]),
                [ir.AugAssign(target=ir.VarTarget(id=to), op="int.add", value=ir.Lit(value=1)) as step],
            ) if at == to and id(s) in self.proofs.steps and not (step.comments or step.trailing):
                pass
            case _:
                return None
        look = next(
            n for t in tests for n in ir.walk(t) if isinstance(n, ir.Intrinsic) and n.op == "str.index"
        )
        found = pattern(_joint(tests), look, negated=True)
        if found is None:
            return None
        wanted = quote(found[1]) if re.fullmatch(r"\[[^^\\]\]", found) else f"/{found}/"
        text, name = self.x(look.args[0], PRIMARY), local(at)
        begun = self.lines and self.lines[-1].strip() == f"{name} = 0"
        if begun:
            self.lines.pop()
        return f"{name} = {text}.index({wanted}{'' if begun else f', {name}'}) || {self.x(end, OR)}"

    def _while(self, s: ir.While) -> None:
        if (found := self._scanned(s) or self._digits(s)) is not None:
            self.write(found)
            return
        forever = isinstance(s.test, ir.Lit) and s.test.value is True
        holds, test = self._sense(s.test)
        head = f"{'while' if holds else 'until'} {test}"
        if (only := None if forever else self._single(s.body, head)) is not None:
            self.write(only)
            return
        self.write("while true" if forever else head)
        with self.indented():
            self.block(s.body)
        self.write("end")

    def _single(self, body: list[ir.Stmt], condition: str) -> str | None:
        """One plain statement with a condition behind it, where that is a short line; None for anything else."""
        if len(body) != 1 or body[0].comments or body[0].trailing:
            return None
        if not isinstance(body[0], ir.Assign | ir.AugAssign | ir.ExprStmt) or _outdone(body[0]) is not None:
            return None
        with self.captured() as lines:
            self.stmt(body[0])
        if len(lines) != 1 or "\n" in lines[0]:
            return None
        line = f"{lines[0].strip()} {condition}"
        return line if len(line) < 80 else None

    def _return(self, s: ir.Return) -> None:
        self.write(self.leave if s.value is None else f"{self.leave} {self.x(s.value)}")

    def _closure(self, f: ir.Function) -> None:
        self.lambdas.add(f.name)
        if f.name in reads(f.body):
            self.write(f"{local(f.name)} = nil")
        self.remarks([f.doc])
        params = f" |{', '.join(local(p.name) for p in f.params)}|" if f.params else ""
        self.write(f"{local(f.name)} = lambda do{params}")
        saved, self.leave = self.leave, "return"
        with self.indented():
            self.block(f.body, tail=f.result != ir.NONE)
        self.leave = saved
        self.write("end")

    def _assign(self, s: ir.Assign) -> None:
        t = s.target
        if isinstance(t, ir.VarTarget) and t.id in self.growing:
            if (parts := appended(s)) is not None:
                self._grow(t.id, parts, " + ".join(self.x(p, ADD) for p in parts))
            else:
                # The text of a literal cannot grow.
                self.write(f"{local(t.id)} = +{self.x(s.value)}")
            return
        if isinstance(t, ir.VarTarget) and t.id not in self.read and not self._effects(s.value):
            return
        if (
            isinstance(t, ir.IndexTarget)
            and isinstance(s.value, ir.Intrinsic)
            and isinstance(t.obj.type, ir.DictT)
            and t.obj.type.zero
            and s.value.op == "int.add"
            and isinstance(s.value.args[0], ir.Intrinsic)
            and s.value.args[0].op == "dict.index"
            and ir.same(s.value.args[0].args, [t.obj, t.index])
        ):
            self.write(f"{self.target(t)} += {self.x(s.value.args[1])}")
            return
        if isinstance(t, ir.TupleTarget) and isinstance(s.value, ir.TupleLit):
            if _apart(t, s.value):
                for to, value in zip(t.elems, s.value.elems, strict=True):
                    self._assign(ir.Assign(to, value, line=s.line))
                return
            names = ", ".join(self.target(e) for e in t.elems)
            self.write(f"{names} = {', '.join(self.x(v) for v in s.value.elems)}")
            return
        if isinstance(s.value, ir.Cond) and isinstance(t, ir.VarTarget) and len(self.x(s.value)) > 80:
            self.write(f"{self.target(t)} = if {self.x(s.value.test)}")
            with self.indented():
                with self.indented():
                    self.write(self.x(s.value.body))
                self.write("else")
                with self.indented():
                    self.write(self.x(s.value.orelse))
                self.write("end")
            return
        if isinstance(t, ir.TupleTarget) and isinstance(s.value.type, ir.ListT):
            xs = self.x(s.value, PRIMARY)
            if not isinstance(s.value, ir.Name | ir.Field):
                self.write(f"parts = {xs}")
                xs = "parts"
            self.write(
                f"raise ArgumentError, 'expected {len(t.elems)} values' unless {xs}.length == {len(t.elems)}"
            )
            self.write("")
            self.write(f"{', '.join(self.target(e) for e in t.elems)} = {xs}")
            return
        if (other := _outdone(s)) is not None:
            sign = ">" if isinstance(s.value, ir.Intrinsic) and s.value.op == "max" else "<"
            self.write(f"{self.target(t)} = {self.x(other)} if {self.x(other)} {sign} {self.target(t)}")
            return
        if isinstance(t, ir.VarTarget) and (changed := self._changed(t, s.value)):
            self.write(changed)
            return
        self._check_position(t, s.value)
        to = ", ".join(self.target(e) for e in t.elems) if isinstance(t, ir.TupleTarget) else self.target(t)
        self.write(f"{to} = {self.x(s.value)}")

    def _changed(self, t: ir.VarTarget, value: ir.Expr) -> str:
        """A variable changed by an operation on itself and something else; "" for another value."""
        match value:
            case ir.Intrinsic(op=op, args=[ir.Name(id=name), other]) if name == t.id and op in _CHANGING:
                if op in ("int.shl", "int.shr") and not self.never_negative(other):
                    return ""
                return f"{local(name)} {_CHANGING[op]}= {self.x(other)}"
            case _:
                return ""

    def _check_position(self, t: ir.Target, value: ir.Expr) -> None:
        """Fail where Ruby would let a list grow: at a position past its end, unless it is known or read anyway."""
        if not isinstance(t, ir.IndexTarget) or not isinstance(t.obj.type, ir.ListT):
            return
        obj, at = self.x(t.obj, PRIMARY), self._position(t.index)
        counted = id(t) in self.proofs.inside
        from_end = isinstance(t.index, ir.Intrinsic) and t.index.op == "from_end"
        read = any(
            isinstance(n, ir.Intrinsic) and n.op == "list.index" and ir.same(n.args, [t.obj, t.index])
            for n in ir.walk(value)
        )
        if not counted and not from_end and not read:
            self.write(f"raise IndexError, 'no such position' if {at} >= {obj}.length")
            self.write("")

    def _effects(self, e: ir.Expr) -> bool:
        return any(
            isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall | ir.Intrinsic)
            for n in ir.walk(e)
        )

    def target(self, t: ir.Target) -> str:
        """The text of an assignment target."""
        match t:
            case ir.VarTarget():
                return local(t.id)
            case ir.FieldTarget():
                if isinstance(t.obj, ir.Name) and t.obj.id == "self":
                    return self._own(t.name)
                return f"{self.x(t.obj, PRIMARY)}.{local(t.name)}"
            case ir.IndexTarget():
                return f"{self.x(t.obj, PRIMARY)}[{self._position(t.index)}]"
            case ir.TupleTarget():
                return f"({', '.join(self.target(e) for e in t.elems)})"
            case _:
                raise Unsupported("an assignment target of this kind")

    def _own(self, name: str) -> str:
        d = self.ruby.module.find(self.cls)
        if isinstance(d, ir.Class) and d.dataclass:
            return f"self.{local(name)}"
        return f"@{local(name)}"

    def _position(self, i: ir.Expr) -> str:
        if isinstance(i, ir.Intrinsic) and i.op == "from_end":
            return f"-{self.x(i.args[0])}"
        if isinstance(i, ir.Intrinsic) and i.op in ("wrap", "bound"):
            return self.x(i.args[0])
        return self.x(i)

    def _sense(self, test: ir.Expr) -> tuple[bool, str]:
        """Whether a condition is said to hold, or by `unless` and `until` not to hold, and its text without the `!`."""
        text, binds = self._text(test)
        return (False, text[1:]) if binds == UNARY and text.startswith("!") else (True, text)

    def _case(self, s: ir.If, tail: bool) -> bool:
        """Write branches for the literals that a variable may be; False where that is not what they are."""
        branches: list[tuple[list[ir.Expr], ir.If]] = []
        rest: list[ir.Stmt] = [s]
        subject: ir.Name | None = None
        while len(rest) == 1 and isinstance(rest[0], ir.If):
            found = literals_of(rest[0].test) or self._keys(rest[0])
            if found is None or (subject is not None and not ir.same(found[0], subject)):
                break
            subject = found[0]
            known = [v for values, _ in branches for v in values]
            values = [
                v for i, v in enumerate(found[1]) if not any(ir.same(v, w) for w in [*known, *found[1][:i]])
            ]
            if not values:
                break
            branches.append((values, rest[0]))
            rest = rest[0].orelse
        letters = sum(len(values) for values, _ in branches)
        if (
            subject is None
            or letters < 3
            or (len(branches) < 2 and not rest)
            or any(b.comments for _, b in branches[1:])
        ):
            return False
        self.write(f"case {self.x(subject)}")
        for values, branch in branches:
            self.write(f"when {', '.join(self.x(v) for v in values)}")
            with self.indented():
                self.block(_branch(branch), tail)
        if rest:
            self.write("else")
            with self.indented():
                self.block(rest, tail)
        self.write("end")
        return True

    def _keys(self, s: ir.If) -> tuple[ir.Name, list[ir.Expr]] | None:
        """A variable and the keys of a literal map, where a branch without another one asks for one of them first."""
        match conjuncts(s.test)[0]:
            case ir.Intrinsic(
                op="dict.contains",
                args=[
                    ir.Name(id=table),
                    (ir.Name(type=ir.STR | ir.CHAR | ir.INT) as name)
                    | ir.Intrinsic(op="char.to_str", args=[ir.Name() as name]),
                ],
            ) if not s.orelse and (keys := self.tables.get(table)):
                return name, keys
            case _:
                return None

    def _if(self, s: ir.If, tail: bool = False, chained: bool = False) -> None:
        if not chained and self._case(s, tail):
            return
        alone = len(s.body) == 1 and not s.orelse and not s.body[0].comments and not s.body[0].trailing
        simple = alone and not isinstance(s.body[0], ir.If | ir.Hole) and _outdone(s.body[0]) is None
        if simple and not chained and not tail:
            with self.captured() as lines:
                self.stmt(s.body[0])
            holds, test = self._sense(s.test)
            if (
                len(lines) == 1
                and len(lines[0].strip()) + len(test) < 100
                and not lines[0].strip().startswith("#")
            ):
                self.write(f"{lines[0].strip()} {'if' if holds else 'unless'} {test}")
                return
        holds, test = (True, self.x(s.test)) if s.orelse or chained else self._sense(s.test)
        self.write(f"{'elsif' if chained else 'if' if holds else 'unless'} {test}")
        with self.indented():
            self.block(s.body, tail)
        if len(s.orelse) == 1 and isinstance(s.orelse[0], ir.If) and not s.orelse[0].comments:
            self._if(s.orelse[0], tail, chained=True)
            return
        if s.orelse:
            self.write("else")
            with self.indented():
                self.block(s.orelse, tail)
        self.write("end")

    def _for_range(self, s: ir.ForRange) -> None:
        named = self._name_rows(s)
        self._counted(s)
        self.rows = {k: v for k, v in self.rows.items() if k not in named}

    def _counted(self, s: ir.ForRange) -> None:
        name = local(s.target.id) if s.target.id in reads(s.body) else ""
        stop = s.stop
        var = f" |{name}|" if name else ""
        zero = isinstance(s.start, ir.Lit) and s.start.value == 0
        if s.step == 1 and zero:
            self.write(f"{self.x(stop, PRIMARY)}.times do{var}")
        elif s.step == 1:
            self.write(f"{self._range(s.start, stop)}.each do{var}")
        elif s.step == -1:
            self.write(f"{self.x(s.start, PRIMARY)}.downto({self._above(stop)}) do{var}")
        elif s.step > 0:
            self.write(f"{self._range(s.start, stop)}.step({s.step}) do{var}")
        else:
            self.write(f"{self.x(s.start, PRIMARY)}.step({self._above(stop)}, {s.step}) do{var}")
        self._turns(s)

    def _turns(self, s: ir.For | ir.ForRange) -> None:
        """The body of a loop whose head is written, and its end."""
        self.loops += 1
        with self.indented():
            self.block(s.body)
        self.loops -= 1
        self.write("end")

    def _name_rows(self, s: ir.For | ir.ForRange) -> dict[tuple[str, str], str]:
        """Name the rows of tables that the turns of an inner loop look into, before it; those that were named."""
        inside = [n for b in s.body for n in ir.walk(b)]
        calls = ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall | ir.FuncDef | ir.Lambda
        if not self.loops or any(isinstance(n, ir.For | ir.ForRange | ir.While | calls) for n in inside):
            return {}
        changed = {n.id for n in [s.target, *inside] for n in ir.walk(n) if isinstance(n, ir.VarTarget)}
        named: dict[tuple[str, str], str] = {}
        for n in inside:
            match n:
                case ir.Intrinsic(
                    op="list.index", args=[ir.Name(id=table) as of, ir.Name(id=at)], type=ir.ListT()
                ) if (
                    id(n) in self.proofs.inside and not {table, at} & changed and (table, at) not in self.rows
                ):
                    pass
                case _:
                    continue
            replaced = any(
                (isinstance(m, ir.IndexTarget) and m.obj.type == of.type)
                or (
                    isinstance(m, ir.Intrinsic)
                    and m.args
                    and m.args[0].type == of.type
                    and m.op not in _LOOKING
                )
                for m in inside
            )
            if not replaced and (table, at) not in named:
                named[table, at] = self.fresh(f"{local(table)}_row")
                self.write(f"{named[table, at]} = {self.x(n)}")
        self.rows |= named
        return named

    def _range(self, start: ir.Expr, stop: ir.Expr) -> str:
        """The numbers from one to before another."""
        match stop:
            case ir.Intrinsic(op="int.add", args=[last, ir.Lit(value=1)]):
                return f"({self.x(start, ADD)}..{self.x(last, ADD)})"
            case _:
                return f"({self.x(start, ADD)}...{self.x(stop, ADD)})"

    def _above_less(self, stop: ir.Expr) -> str:
        """The last number before one that is counted up to."""
        match stop:
            case ir.Intrinsic(op="int.add", args=[last, ir.Lit(value=1)]):
                return self.x(last)
            case _:
                return f"{self.x(stop, ADD)} - 1"

    def _above(self, stop: ir.Expr) -> str:
        """The last number before one that is counted down to."""
        match stop:
            case ir.Lit(value=int() as value):
                return str(value + 1)
            case ir.Intrinsic(op="int.sub", args=[last, ir.Lit(value=1)]):
                return self.x(last)
            case _:
                return f"{self.x(stop, ADD)} + 1"

    def _for(self, s: ir.For) -> None:
        named = self._name_rows(s)
        self.write(f"{self.each(s.iter, self.params(s.target))}")
        self._turns(s)
        self.rows = {k: v for k, v in self.rows.items() if k not in named}

    def params(self, t: ir.Target) -> str:
        """Block parameters for a loop's target."""
        if isinstance(t, ir.VarTarget):
            return local(t.id)
        if isinstance(t, ir.TupleTarget):
            return ", ".join(
                f"({self.params(e)})" if isinstance(e, ir.TupleTarget) else self.params(e) for e in t.elems
            )
        raise Unsupported("a loop target of this kind")

    def each(self, e: ir.Expr, params: str) -> str:
        """The head of a loop over an iterable."""
        match e:
            case ir.Intrinsic(op="enumerate", args=[inner, start]):
                first, _, rest = params.partition(", ")
                rest = rest if rest.startswith("(") or ", " not in rest else f"({rest})"
                zero = isinstance(start, ir.Lit) and start.value == 0
                each = self._each_of(inner)
                if zero:
                    return f"{each or self.sequence(inner)}{'.with_index' if each else '.each_with_index'} do |{rest}, {first}|"
                return f"{each or f'{self.sequence(inner)}.each'}.with_index({self.x(start)}) do |{rest}, {first}|"
            case ir.Intrinsic(op="dict.keys", args=[obj]):
                return f"{self.x(obj, PRIMARY)}.each_key do |{params}|"
            case ir.Intrinsic(op="dict.values", args=[obj]):
                return f"{self.x(obj, PRIMARY)}.each_value do |{params}|"
            case ir.Intrinsic(op="dict.items", args=[obj]):
                return f"{self.x(obj, PRIMARY)}.each do |{params}|"
            case ir.Intrinsic(op="reversed", args=[obj]):
                return f"{self.x(obj, PRIMARY)}.reverse_each do |{params}|"
            case ir.Call(args=[_, _, step]) if self._counts(e) and id(step) in self.proofs.counts:
                return f"{self.sequence(e)} do |{params}|"
            case ir.Intrinsic(op="str.codepoints", args=[text]):
                return f"{self.x(text, PRIMARY)}.each_codepoint do |{params}|"
            case ir.Intrinsic(op="zip", args=args) if all(
                isinstance(a, ir.Name | ir.Field) for a in args[1:]
            ):
                return f"{self.sequence(e)} do |{params}|"
            case _:
                pass
        if e.type in (ir.STR, ir.CHAR):
            return f"{self.x(e, PRIMARY)}.each_char do |{params}|"
        if isinstance(e.type, ir.DictT):
            return f"{self.x(e, PRIMARY)}.each_key do |{params}|"
        return f"{self.sequence(e)}.each do |{params}|"

    def _each_of(self, e: ir.Expr) -> str:
        """What goes over characters or codes without a list of them; "" for anything else."""
        if isinstance(e, ir.Intrinsic) and e.op == "str.codepoints":
            return f"{self.x(e.args[0], PRIMARY)}.each_codepoint"
        return f"{self.x(e, PRIMARY)}.each_char" if e.type == ir.STR else ""

    def sequence(self, e: ir.Expr) -> str:
        """An iterable as something with Enumerable's methods."""
        match e:
            case ir.Intrinsic(op="range", args=[start, stop, ir.Lit(value=int() as step)]):
                if step == 1:
                    return self._range(start, stop)
                if step > 0:
                    return f"{self._range(start, stop)}.step({step})"
                return f"{self.x(start, PRIMARY)}.step({self._above(stop)}, {step})"
            case ir.Intrinsic(op="enumerate", args=[inner, start]):
                zero = isinstance(start, ir.Lit) and start.value == 0
                offset = "" if zero else f" + {self.x(start, ADD)}"
                return f"{self.sequence(inner)}.each_with_index.map {{ |item, index| [index{offset}, item] }}"
            case ir.Intrinsic(op="zip", args=[first, *others]):
                texts = ", ".join(self.sequence(o) for o in others)
                if not all(isinstance(o, ir.Name | ir.Field) for o in others):
                    return f"{self.helper('side_by_side')}({self.sequence(first)}, {texts})"
                counts = [f"{self.x(o, PRIMARY)}.length" for o in others]
                count = counts[0] if len(counts) == 1 else f"[{', '.join(counts)}].min"
                return f"{self.sequence(first)}.first({count}).zip({texts})"
            case ir.Intrinsic(op="to_set", args=[inner]):
                # Nobody sees the order of a set, nor whether it is one.
                return f"{self.sequence(inner)}.uniq"
            case ir.Intrinsic(
                op="set.intersection" | "set.union" as op,
                args=[ir.Intrinsic(op="to_set", args=[one]), ir.Intrinsic(op="to_set", args=[other])],
            ):
                sign = "&" if op == "set.intersection" else "|"
                return f"({self._list(one)} {sign} {self._list(other)})"
            case ir.Intrinsic(op="to_list", args=[ir.Expr(type=ir.SetT()) as inner]):
                return self.sequence(inner)
            case ir.Comp(kind="iter"):
                return self.comp(e)
            case ir.Call(args=[start, stop, step]) if self._counts(e):
                if id(step) in self.proofs.counts:
                    last = self._above_less(stop)
                    return f"{self.x(start, PRIMARY)}.step({last}, {self.x(step)})"
                return self._call(e).removesuffix(".to_a")
            case _:
                pass
        if e.type in (ir.STR, ir.CHAR):
            return f"{self.x(e, PRIMARY)}.chars"
        if isinstance(e.type, ir.DictT):
            return f"{self.x(e, PRIMARY)}.keys"
        return self.x(e, PRIMARY)

    def _counts(self, e: ir.Expr) -> bool:
        """True for the numbers of a range, which are no list until one is made of them."""
        if isinstance(e, ir.Call) and isinstance(e.func, ir.Name):
            known = self.ruby.module.find(e.func.id)
            return isinstance(known, ir.Function) and known.library == "stepped"
        return isinstance(e, ir.Intrinsic) and e.op == "range"

    def _list(self, e: ir.Expr) -> str:
        """An iterable as a list."""
        text = self.sequence(e)
        return text if isinstance(e.type, ir.ListT | ir.P) and not self._counts(e) else f"{text}.to_a"

    # Errors

    def _raise(self, s: ir.Raise) -> None:
        if s.error is None:
            self.write("raise")
            return
        e = s.error
        if not isinstance(e, ir.New):
            self.write(f"raise {self.x(e)}")
            return
        d = self.ruby.module.find(e.cls)
        name = self.ruby.error(e.cls)
        args = dict(e.args)
        if isinstance(d, ir.ErrorClass) and d.message is not None:
            self.write(f"raise {name}.new({', '.join(self.x(v) for _, v in e.args)})")
            return
        if e.cls == "Exit":
            if "code" not in args:
                raise Unsupported("an exit without a code", e.cls, e.line)
            self.write(f"raise {name}.new({self.x(args['code'])})")
            return
        message = args.get("message")
        if message is None or (isinstance(message, ir.Lit) and message.value == ""):
            self.write(f"raise {name}")
        else:
            self.write(f"raise {name}, {self.x(message)}")

    def without_begin(self) -> None:
        """Let the handlers of a body that is one `begin` be those of the method."""
        if self.lines[0].strip() == "begin" and self.lines[-1].strip() == "end":
            self.lines = [line.removeprefix("  ") for line in self.lines[1:-1]]

    def _try(self, s: ir.Try, *, tail: bool = False) -> None:
        raised = frozenset[str]().union(*(self.ruby.effects.statement(b) for b in s.body))
        for h in s.handlers:
            self.ruby.templates.handles(raised, h.classes, self.ruby.module, self.ruby.effects.errors)
        handled: set[str] = set()
        for h in s.handlers:
            handled |= {*h.classes}
            # A handler of missing keys that stands before takes them.
            if "IndexError" in h.classes and not {"KeyError", "LookupError", "Exception"} & handled:
                for b in s.body:
                    if any(isinstance(n, ir.Intrinsic) and n.raises == "KeyError" for n in ir.walk(b)):
                        raise Unsupported(
                            "except IndexError around a map lookup, whose error is an IndexError in Ruby"
                        )
        self.write("begin")
        with self.indented():
            self.block(s.body, tail and not s.orelse)
        for h in s.handlers:
            classes = ", ".join(dict.fromkeys(self.ruby.error(c) for c in h.classes)) or "StandardError"
            causes = [
                n.cause for b in h.body for n in ir.walk(b) if isinstance(n, ir.Raise) and n.cause is not None
            ]
            mentions = sum(isinstance(n, ir.Name) and n.id == h.var for b in h.body for n in ir.walk(b))
            # Ruby sets the cause by itself, so that naming it is no use of the variable.
            used = h.var and mentions > sum(isinstance(c, ir.Name) and c.id == h.var for c in causes)
            self.write(f"rescue {classes}{f' => {local(h.var)}' if used else ''}")
            with self.indented():
                self.remarks(h.comments)
                self.block(h.body, tail)
        if s.orelse:
            self.write("else")
            with self.indented():
                self.block(s.orelse, tail)
        if s.final:
            self.write("ensure")
            with self.indented():
                self.block(s.final)
        self.write("end")

    # Patterns

    def wrapped(self, f: ir.Function) -> None:
        """The body of a function that runs under patterns."""
        Patterns(self).wrap(f)

    def fresh(self, hint: str) -> str:
        """A variable that is not used in this method."""
        made, n = hint, 2
        while made in self.fresh_names or any(
            isinstance(x, ir.Name | ir.VarTarget) and local(x.id) == made
            for s in self.f.body
            for x in ir.walk(s)
        ):
            made, n = f"{hint}{n}", n + 1
        self.fresh_names.add(made)
        return made

    # Expressions

    def operand(self, e: ir.Expr) -> tuple[str, int]:
        """The text of an expression that stands for another one, and how tightly it binds."""
        return self._text(e)

    def x(self, e: ir.Expr, need: int = LOWEST) -> str:
        """The text of an expression, in parentheses when it binds less tightly than needed."""
        text, have = self._text(e)
        return f"({text})" if have < need else text

    def _text(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Lit():
                return self._literal(e), PRIMARY if not isinstance(
                    e.value, int | float
                ) or e.value >= 0 else UNARY
            case ir.Name(id=name) if name in self.spoken:
                return self.spoken[name], PRIMARY
            case ir.Name(id=name):
                if name == "self":
                    return "self", PRIMARY
                own = name in stores(self.f.body) or any(
                    isinstance(n, ir.Param) and n.name == name for n in ir.walk(self.f)
                )
                if isinstance(self.ruby.module.find(name), ir.Constant) and not own:
                    return self.ruby.constant(name), PRIMARY
                if isinstance(self.ruby.module.find(name), ir.Function) and not own:
                    return f"method(:{method_name(name)})", PRIMARY
                return f"{local(name)}.dup" if id(e) in self.copied else local(name), PRIMARY
            case ir.Field():
                if isinstance(e.obj, ir.Name) and e.obj.id == "self":
                    d = self.ruby.module.find(self.cls)
                    return (
                        local(e.name) if isinstance(d, ir.Class) and d.dataclass else f"@{local(e.name)}"
                    ), PRIMARY
                return f"{self.x(e.obj, PRIMARY)}.{local(e.name)}", PRIMARY
            case ir.EnumMember():
                return f"{self.ruby.type_name(e.enum)}::{e.member.upper()}", PRIMARY
            case ir.Call():
                text = self._call(e)
                return text, OR if self._searched(e) and id(e) not in self.sought else PRIMARY
            case ir.MethodCall():
                args = ", ".join(self.x(a) for a in e.args)
                name = method_name(e.method)
                owner = e.obj.type.name if isinstance(e.obj.type, ir.NamedT) else ""
                self.ruby.unclashing(owner, e.method, e.line)
                if e.method == "__getitem__":
                    return f"{self.x(e.obj, PRIMARY)}[{args}]", PRIMARY
                if e.method == "__setitem__":
                    key, value = e.args
                    return f"{self.x(e.obj, PRIMARY)}[{self.x(key)}] = {self.x(value)}", LOWEST
                if isinstance(e.obj, ir.Name) and owner == e.obj.id:
                    # A static method is called on its class.
                    return f"{self.ruby.type_name(owner)}.{name}{f'({args})' if args else ''}", PRIMARY
                if isinstance(e.obj, ir.Name) and e.obj.id == "self":
                    d = self.ruby.module.find(owner)
                    methods = d.methods if isinstance(d, ir.Class) else []
                    if any(m.name == e.method and m.kind == "static" for m in methods):
                        name = f"self.class.{name}"
                    return f"{name}{f'({args})' if args else ''}", PRIMARY
                return f"{self.x(e.obj, PRIMARY)}.{name}{f'({args})' if args else ''}", PRIMARY
            case ir.New():
                return self._new(e), PRIMARY
            case ir.PatternNew():
                return Patterns(self).construct(e), PRIMARY
            case ir.PatternOp():
                return Patterns(self).operation(e), PRIMARY
            case ir.PatternCall():
                return Patterns(self).block(e), PRIMARY
            case ir.Intrinsic():
                return self._intrinsic(e)
            case ir.ListLit() | ir.TupleLit():
                return f"[{', '.join(self.x(v) for v in e.elems)}]", PRIMARY
            case ir.SetLit():
                self.ruby.requires.add("set")
                return f"Set[{', '.join(self.x(v) for v in e.elems)}]" if e.elems else "Set.new", PRIMARY
            case ir.DictLit():
                return self._dict(e), PRIMARY
            case ir.Cond():
                holds, test = self._sense(e.test)
                body, orelse = (e.body, e.orelse) if holds else (e.orelse, e.body)
                said = self.x(e.test, TERNARY + 1) if holds else test
                return f"{said} ? {self.x(body, TERNARY + 1)} : {self.x(orelse, TERNARY)}", TERNARY
            case ir.Bool() if (
                told_by_class(e)
                and (char := asked(e)) is not None
                and (found := pattern(e, char)) is not None
            ):
                return f"{self.x(char, PRIMARY)}.match?(/{found}/)", PRIMARY
            case ir.Bool(op="and") if (found := anchored(e)) is not None:
                text, whole, rest = found
                asked_of = f"{self.x(text, PRIMARY)}.match?(/{whole}/)"
                if not rest:
                    return asked_of, PRIMARY
                return f"{asked_of} && {self.x(_joint(rest), AND)}", AND
            case ir.Bool():
                op, own = ("&&", AND) if e.op == "and" else ("||", OR)
                following = [*e.values[1:], None]
                said = [
                    v for v, after in zip(e.values, following, strict=True) if not _implied(e.op, v, after)
                ]
                if len(said) == 1:
                    return self._text(said[0])
                return f" {op} ".join(self.x(v, own) for v in said), own
            case ir.Not():
                return self._not(e.value)
            case ir.Unwrap() | ir.Wrap():
                return self._text(e.value)
            case ir.Comp():
                text = self.comp(e)
                return text, PRIMARY
            case ir.Format():
                return self._format(e), PRIMARY
            case ir.Lambda():
                params = ", ".join(local(p.name) for p in e.params)
                return f"->({params}) {{ {self.x(e.body)} }}", PRIMARY
            case _:
                raise Unsupported(f"expression {type(e).__name__}")

    def _literal(self, e: ir.Lit) -> str:
        match e.value:
            case None:
                return "nil"
            case bool():
                return "true" if e.value else "false"
            case int():
                return f"{e.value:_}" if abs(e.value) >= 10_000 else str(e.value)
            case float():
                if e.value != e.value:
                    return "Float::NAN"
                if e.value in (float("inf"), float("-inf")):
                    return "Float::INFINITY" if e.value > 0 else "-Float::INFINITY"
                text = repr(e.value)
                return text if "." in text or "e" not in text else text.replace("e", ".0e")
            case str():
                return quote(e.value)
            case bytes():
                return f"[{', '.join(map(str, e.value))}].pack('C*')"
            case _:
                raise Unsupported("a literal of this kind")

    def _dict(self, e: ir.DictLit) -> str:
        if not e.items:
            if isinstance(e.type, ir.DictT) and e.type.zero:
                match e.type.value:
                    case ir.ListT():
                        return "Hash.new { |hash, key| hash[key] = [] }"
                    case ir.SetT():
                        self.ruby.requires.add("set")
                        return "Hash.new { |hash, key| hash[key] = Set.new }"
                    case ir.P(kind):
                        zero = {"int": "0", "float": "0.0", "str": "''", "bool": "false"}.get(kind.value)
                        if zero and self.ruby.adds_missing:
                            return f"Hash.new {{ |hash, key| hash[key] = {zero} }}"
                        if zero:
                            return f"Hash.new({zero})"
                    case _:
                        pass
                raise Unsupported("a default map of this type")
            return "{}"
        return "{ " + ", ".join(f"{self.x(k)} => {self.x(v)}" for k, v in e.items) + " }"

    def _call(self, e: ir.Call) -> str:
        args = ", ".join(self.x(a) for a in e.args)
        if isinstance(e.func, ir.Name):
            known = self.ruby.module.find(e.func.id)
            if isinstance(known, ir.Function) and known.library in _LIBRARY:
                if known.library != "stepped":
                    return self._found_from(e, known.library, args)
                return f"{self.helper(known.library)}({args}).to_a"
            if isinstance(known, ir.Function) and e.func.id not in self.lambdas:
                prefix = f"{self.ruby.name}." if self.cls else ""
                if prefix and known.name.startswith("_"):
                    # The module's own functions are its business; a class inside it is part of the module.
                    return f"{prefix}send(:{method_name(e.func.id)}{f', {args}' if args else ''})"
                return f"{prefix}{method_name(e.func.id)}{f'({args})' if args else ''}"
            return f"{local(e.func.id)}.call({args})"
        return f"{self.x(e.func, PRIMARY)}.call({args})"

    def _searched(self, e: ir.Call) -> bool:
        known = self.ruby.module.find(e.func.id) if isinstance(e.func, ir.Name) else None
        return isinstance(known, ir.Function) and known.library in ("find_from", "position_from")

    def _found_from(self, e: ir.Call, name: str, args: str) -> str:
        """A search in a text from a position on."""
        text, part, start = e.args
        if self.never_negative(start):
            found = f"{self.x(text, PRIMARY)}.index({self.x(part)}, {self.x(start)})"
        else:
            found = f"{self.helper('find_from')}({args})"
        if id(e) in self.sought:
            return found
        return f"{found} || {'-1' if name == 'find_from' else _NOT_FOUND}"

    def _new(self, e: ir.New) -> str:
        d = self.ruby.module.find(e.cls)
        if isinstance(d, ir.Class):
            defaults = {f.name: f.default for f in d.fields}
            if d.dataclass:
                parts = [
                    f"{local(n)}: {self.x(a)}"
                    for n, a in e.args
                    if (known := defaults.get(n)) is None or not ir.same(a, known)
                ]
                return f"{self.ruby.type_name(e.cls)}.new({', '.join(parts)})"
            given = ", ".join(self.x(a) for _, a in e.args)
            return f"{self.ruby.type_name(e.cls)}.new{f'({given})' if given else ''}"
        name = self.ruby.error(e.cls)
        return f"{name}.new({', '.join(self.x(v) for _, v in e.args)})"

    def _not(self, e: ir.Expr) -> tuple[str, int]:
        match e:
            case ir.Not(value=inner):
                return self._text(inner)
            case ir.Intrinsic(op="nonempty", args=[v]):
                return f"{self.x(v, PRIMARY)}.empty?", PRIMARY
            case ir.Intrinsic(op="is_some", args=[v]):
                return f"{self.x(v, PRIMARY)}.nil?", PRIMARY
            case ir.Intrinsic(op="eq" | "ne", args=args):
                return self._text(ir.Intrinsic("ne" if e.op == "eq" else "eq", args, type=ir.BOOL))
            case ir.Intrinsic(op="is_none", args=[v]):
                return f"!{self.x(v, PRIMARY)}.nil?", UNARY
            case _:
                return f"!{self.x(e, UNARY)}", UNARY

    def _intrinsic(self, e: ir.Intrinsic) -> tuple[str, int]:
        if e.op == "str.parse_int":
            return f"{self.helper('parse_int')}({', '.join(self.x(a) for a in e.args)})", PRIMARY
        if e.op.partition(".")[0] in ("http", "process", "file"):
            texts = [self.x(a, PRIMARY if i == 0 else LOWEST) for i, a in enumerate(e.args)]
            found = self.ruby.templates.operation(e.op, texts, Patterns(self))
            if found is not None:
                return found, PRIMARY
        op, args = e.op, e.args
        if id(e) in self.missed:
            # What is not found is nil.
            name = self.x(args[0])
            return (f"!{name}", UNARY) if self.missed[id(e)] else (name, PRIMARY)
        if op in ("str.find", "str.rfind") and id(e) in self.sought:
            return (
                f"{self.x(args[0], PRIMARY)}.{'index' if op == 'str.find' else 'rindex'}({self.x(args[1])})",
                PRIMARY,
            )
        if op == "list.find_where" and isinstance(args[1], ir.Lambda):
            by = args[1]
            found = self._block(self.x(args[0], PRIMARY), "index", local(by.params[0].name), self.x(by.body))
            return (found, PRIMARY) if id(e) in self.sought else (f"{found} || -1", OR)
        if op.startswith("regex."):
            return regex.ruby(self, e), PRIMARY
        if op in _COMPARISONS:
            own = EQUAL if op in ("eq", "ne") else COMPARE
            if (
                op in ("eq", "ne")
                and isinstance(args[1], ir.Lit)
                and args[1].value == ""
                and args[0].type == ir.STR
            ):
                text = f"{self.x(args[0], PRIMARY)}.empty?"
                return (text, PRIMARY) if op == "eq" else (f"!{text}", UNARY)
            match args:
                case [
                    ir.Intrinsic(op="int.mod", args=[of, ir.Lit(value=2)]),
                    ir.Lit(value=0 | 1 as rest),
                ] if op in ("eq", "ne"):
                    asked = "odd?" if (op == "eq") == (rest == 1) else "even?"
                    return f"{self.x(of, PRIMARY)}.{asked}", PRIMARY
                case _:
                    pass
            return f"{self.x(args[0], own + 1)} {_COMPARISONS[op]} {self.x(args[1], own + 1)}", own
        if op == "float.pow" and isinstance(args[1], ir.Lit) and args[1].value == 2:
            return f"{self.x(args[0], PRIMARY)}**2", POWER
        if op in ("int.sub", "float.sub"):
            return f"{self.x(args[0], ADD)} - {self.x(args[1], MUL)}", ADD
        if op == "str.concat" and (text := self._interpolated(e)) is not None:
            return text, PRIMARY
        if op in ("int.add", "int.mul", "str.concat", "list.concat", "float.add", "float.mul"):
            sign, own = ("*", MUL) if op.endswith("mul") else ("+", ADD)
            right = (
                own
                if args
                and not (
                    isinstance(args[1], ir.Intrinsic)
                    and args[1].op
                    in ("int.floordiv", "int.mod", "float.div", "float.mod", "int.sub", "float.sub")
                )
                else own + 1
            )
            return f"{self.x(args[0], own)} {sign} {self.x(args[1], right)}", own
        if op in ("int.floordiv", "int.mod", "float.mod"):
            return (
                f"{self.x(args[0], MUL)} {'/' if op == 'int.floordiv' else '%'} {self.x(args[1], POWER)}",
                MUL,
            )
        if op == "list.remove" and not isinstance(args[0], ir.Name | ir.Field):
            raise Unsupported("removing from a computed list")
        if op == "dict.pop_or" and e.type == ir.BOOL:
            raise Unsupported("dict.pop with a default of a truth value")
        if op == "dict.setdefault" and e.type == ir.BOOL:
            raise Unsupported("dict.setdefault of a truth value")
        if op == "count_each":
            zero = isinstance(e.type, ir.DictT) and e.type.zero
            missing = "_proc = proc { |hash, key| hash[key] = 0 }" if self.ruby.adds_missing else " = 0"
            absent = f".tap {{ |counts| counts.default{missing} }}" if zero else ""
            return f"{self.sequence(args[0])}.tally{absent}", PRIMARY
        if (
            op == "str.count"
            and isinstance(args[1], ir.Lit)
            and len(args[1].value) == 1
            and args[1].value != "\\"
        ):
            return f"{self.x(args[0], PRIMARY)}.count({self.x(args[1])})", PRIMARY
        if op == "str.in_runs":
            return self._in_runs(args), PRIMARY
        if op == "list.distinct":
            return f"{self.sequence(args[0])}.uniq", PRIMARY
        if op == "group_each" and isinstance(args[1], ir.Lambda):
            by = args[1]
            return self._block(
                self.sequence(args[0]), "group_by", local(by.params[0].name), self.x(by.body)
            ), PRIMARY
        if (
            op == "str.replace"
            and args[1].type in (ir.STR, ir.CHAR)
            and isinstance(args[2], ir.Lit)
            and "\\" not in args[2].value
        ):
            if (
                isinstance(args[1], ir.Lit)
                and args[1].value != "\\"
                and len(args[1].value) == 1 > len(args[2].value) - 1
            ):
                # One character for another, or for nothing.
                method = (
                    f"tr({self.x(args[1])}, {self.x(args[2])})"
                    if args[2].value
                    else f"delete({self.x(args[1])})"
                )
                return f"{self.x(args[0], PRIMARY)}.{method}", PRIMARY
            return f"{self.x(args[0], PRIMARY)}.gsub({self.x(args[1])}, {self.x(args[2])})", PRIMARY
        if op in ("int.shl", "int.shr") and not self.never_negative(args[1]):
            shift = self.helper("shift_left" if op == "int.shl" else "shift_right")
            return f"{shift}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
        if (of_time := times.operation(self, e)) is not None:
            return of_time
        if op in _TEMPLATES:
            text, own, need = _TEMPLATES[op]
            if op in ("char.to_str", "tuple.to_list"):
                return self._text(args[0])
            if op == "len" and isinstance(args[0], ir.Intrinsic) and isinstance(args[0].type, ir.SetT):
                return f"{self.sequence(args[0])}.length", PRIMARY
            head = text.partition("(")[0]
            if head == "json_text":
                self.helper("float_text")
            if head in ("json_parse", "JSON.generate"):
                self.ruby.requires.add("json")
            if head == "remove_tree":
                self.ruby.requires.add("fileutils")
            if head in _HELPERS:
                text = self.helper(head) + text.removeprefix(head)
            parts = [self.x(a, need) for a in args]
            if text == "-{0}" and re.match(r"\d[\d_.]*[^\d_.]", parts[0]):
                # The sign would belong to the number, and what is asked of it to the negative one.
                parts = [f"({parts[0]})"]
            return text.format(*parts), own
        match op:
            case "json.is" if isinstance(args[1], ir.Lit):
                v, kind = self.x(args[0], PRIMARY), args[1].value
                if kind == "boolean":
                    return f"[true, false].include?({self.x(args[0])})", PRIMARY
                return (f"{v}.nil?" if kind == "null" else f"{v}.is_a?({_JSON_CLASSES[kind]})"), PRIMARY
            case "float.div":
                return self._quotient(e)
            case "float.round_to":
                return f"{self.helper('round_decimals')}({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "str.repeat" | "list.repeat":
                return self._repeated(args)
            case "str.join":
                if (whole := self._spelled(args)) is not None:
                    return whole, PRIMARY
                between = "" if isinstance(args[0], ir.Lit) and not args[0].value else f"({self.x(args[0])})"
                return f"{self.sequence(args[1])}.join{between}", PRIMARY
            case "str.split" | "str.split_n":
                return self._split(args), PRIMARY
            case "str.strip_chars" | "str.lstrip_chars" | "str.rstrip_chars":
                return self._strip(op, args), PRIMARY
            case "list.index":
                return self._index(e), PRIMARY
            case "str.index":
                if id(e) in self.proofs.inside:
                    return f"{self.x(args[0], PRIMARY)}[{self._position(args[1])}]", PRIMARY
                return f"{self.helper('char_at')}({self.x(args[0])}, {self._position(args[1])})", PRIMARY
            case "tuple.index":
                return f"{self.x(args[0], PRIMARY)}[{self.x(args[1])}]", PRIMARY
            case "str.byte_slice":
                low, high = (
                    None if isinstance(a, ir.Lit) and a.value is None else self.x(a, ADD) for a in args[1:]
                )
                return (
                    f"{self.x(args[0], PRIMARY)}.byteslice({low or 0}{f'...{high}' if high else '..'})",
                    PRIMARY,
                )
            case "error.is" if isinstance(args[1], ir.ListLit):
                err = self.x(args[0], PRIMARY)
                tests = [
                    f"{err}.is_a?({self.ruby.error(c.id)})" for c in args[1].elems if isinstance(c, ir.Name)
                ]
                return " || ".join(tests), PRIMARY if len(tests) == 1 else OR
            case "dict.union":
                added = (
                    self._dict(args[1])[1:-1].strip() if isinstance(args[1], ir.DictLit) else self.x(args[1])
                )
                return f"{self.x(args[0], PRIMARY)}.merge({added})", PRIMARY
            case "dict.index":
                zero = isinstance(args[0].type, ir.DictT) and args[0].type.zero
                if zero or not e.raises:
                    return f"{self.x(args[0], PRIMARY)}[{self.x(args[1])}]", PRIMARY
                found = f"{self.x(args[0], PRIMARY)}.fetch({self.x(args[1])})"
                return (f"{found} {self._missing(args[1].type)}" if self.ruby.told else found), PRIMARY
            case "dict.pop" | "dict.delete":
                return (
                    f"{self.x(args[0], PRIMARY)}.delete({self.x(args[1])}) {self._missing(args[1].type)}",
                    PRIMARY,
                )
            case "str.to_int" | "str.to_int_base" if self.ruby.told:
                self.helper("quoted")
                return f"{self.helper('read_integer')}({', '.join(self.x(a) for a in args)})", PRIMARY
            case "str.to_float" if self.ruby.told:
                self.helper("quoted")
                return f"{self.helper('read_float')}({self.x(args[0])})", PRIMARY
            case "str.to_int":
                return f"Integer({self.x(args[0])}, 10)", PRIMARY
            case "str.to_int_base":
                return f"Integer({self.x(args[0])}, {self.x(args[1])})", PRIMARY
            case "str.to_float":
                return f"Float({self.x(args[0])})", PRIMARY
            case "list.slice" | "str.slice":
                return self._slice(args)
            case "list.stride" | "str.stride":
                return self._stride(op, args), PRIMARY
            case "list.pop":
                if id(e) in self.proofs.inside:
                    return f"{self.x(args[0], PRIMARY)}.pop", PRIMARY
                if self._falsy(e.type):
                    raise Unsupported("pop of values that may be nil or false")
                return f"{self.x(args[0], PRIMARY)}.pop || raise(IndexError, 'pop from empty list')", OR
            case "list.pop_at":
                obj = self.x(args[0], PRIMARY)
                if id(e) in self.proofs.inside:
                    return f"{obj}.shift", PRIMARY
                if self._falsy(e.type):
                    raise Unsupported("pop of values that may be nil or false")
                taken = (
                    f"{obj}.shift"
                    if isinstance(args[1], ir.Lit) and args[1].value == 0
                    else f"{obj}.delete_at({self._position(args[1])})"
                )
                return f"{taken} || raise(IndexError, 'pop index out of range')", OR
            case "list.delete":
                obj = self.x(args[0], PRIMARY)
                at = self._position(args[1])
                return f"{obj}.fetch({at}) && {obj}.delete_at({at})", AND
            case "max" | "min":
                return f"[{', '.join(self.x(a) for a in args)}].{op}", PRIMARY
            case "max_of" | "min_of":
                return self._extreme(e), OR
            case "sum":
                return self._sum(e)
            case "any" | "all":
                return self._quantifier(e)
            case "sorted":
                return self._sorted(
                    self.entries(args[0]), e.type, args[1], args[2], paired(args[0]) is not None
                ), PRIMARY
            case "list.sort":
                obj = self.x(args[0], PRIMARY)
                if (
                    isinstance(args[1], ir.Lit)
                    and isinstance(args[2], ir.Lit)
                    and not args[2].value
                    and not self._boolean(args[0].type)
                ):
                    return f"{obj}.sort!", PRIMARY
                return f"{obj}.replace({self._sorted(obj, args[0].type, args[1], args[2])})", PRIMARY
            case "to_list":
                return self._to_list(args[0]), PRIMARY
            case "to_set":
                self.ruby.requires.add("set")
                return f"{self.sequence(args[0])}.to_set", PRIMARY
            case "enum.value":
                d = self.ruby.module.find(args[0].type.name) if isinstance(args[0].type, ir.NamedT) else None
                if isinstance(d, ir.EnumClass) and d.string_valued:
                    return f"{self.x(args[0], PRIMARY)}.to_s", PRIMARY
                return self._text(args[0])
            case "print.error":
                return f"warn {self.x(args[0])}", LOWEST
            case "print.part":
                return f"print {self.x(args[0])}", LOWEST
            case "hash.hex" | "hmac.hex" if isinstance(args[0], ir.Lit):
                name = str(args[0].value).upper()
                if op == "hash.hex":
                    self.ruby.requires.add("digest")
                    return f"Digest::{name}.hexdigest({self.x(args[1])})", PRIMARY
                self.ruby.requires.add("openssl")
                given = ", ".join(self.x(a) for a in args[1:])
                return f"OpenSSL::HMAC.hexdigest('{name}', {given})", PRIMARY
            case "file.discard":
                return f"{self.helper('discard_file')}({self.x(args[0])})", PRIMARY
            case "file.make_folders":
                self.ruby.requires.add("fileutils")
                return f"FileUtils.mkdir_p({self.x(args[0])})", PRIMARY
            case "print":
                if may_end_line(args[0]):
                    return f'print({self.x(args[0])}, "\\n")', PRIMARY
                return f"puts {self.x(args[0])}", LOWEST
            case "from_end" | "wrap" | "bound":
                return self._position(e), UNARY
            case "math.log":
                return f"Math.log({self.x(args[0])})", PRIMARY
            case _ if op.startswith("math."):
                return f"Math.{op.partition('.')[2]}({', '.join(self.x(a) for a in args)})", PRIMARY
            case _ if op.startswith("tuple."):
                sign = _COMPARISONS[op.partition(".")[2]]
                return f"({self.x(args[0])} <=> {self.x(args[1])}) {sign} 0", COMPARE
            case "range" | "enumerate" | "zip":
                return f"{self.sequence(e)}.to_a" if op != "zip" else self.sequence(e), PRIMARY
            case _:
                raise Unsupported(f"operation {op} in Ruby")

    def _spelled(self, args: list[ir.Expr]) -> str | None:
        """A text of which each character stays, goes, or becomes a literal."""
        match args:
            case [ir.Lit(value=""), ir.Comp(clauses=[c], elem=elem)] if c.iter.type == ir.STR:
                pass
            case [
                ir.Lit(value=""),
                ir.Comp(
                    clauses=[
                        ir.Clause(
                            target=ir.TupleTarget(
                                elems=[ir.VarTarget(id=at), ir.VarTarget(id=letter, type=kind)]
                            ),
                            iter=ir.Intrinsic(op="enumerate", args=[text, ir.Lit(value=0)]),
                            conds=[],
                        )
                    ],
                    elem=elem,
                ),
            ] if text.type == ir.STR:
                return self._replaced(self.x(text, PRIMARY), elem, ir.Name(letter, type=kind), at)
            case _:
                return None
        if not isinstance(c.target, ir.VarTarget):
            return None
        char = ir.Name(c.target.id, type=c.target.type)
        text = self.x(c.iter, PRIMARY)
        if is_letter(elem, char) and (left := self._one_of(c, c.conds, negated=True)):
            return f"{text}.gsub(/{left}/, '')"
        if c.conds:
            return None
        if (found := spellings(elem, char)) is not None:
            letters = "".join(dict.fromkeys(map(escaped, found)))
            pairs = ", ".join(f"{quote(letter)} => {quote(other)}" for letter, other in found.items())
            return f"{text}.gsub(/[{letters}]/, {{ {pairs} }})"
        return self._rotated(text, elem, char) or self._replaced(text, elem, char)

    def _in_runs(self, args: list[ir.Expr]) -> str:
        """A text in which each run of other characters is a literal, but for one at its beginning where that is said."""
        text, test, mark, dropped = args
        assert isinstance(test, ir.Lambda)
        assert isinstance(mark, ir.Lit)
        char = ir.Name(test.params[0].name, type=ir.CHAR)
        other = pattern(test.body, char, negated=True)
        if other is None:
            raise Unsupported("runs of characters that no class of a regular expression says")
        made = f"{self.x(text, PRIMARY)}.gsub(/{other}+/, {quote(str(mark.value))})"
        if not (isinstance(dropped, ir.Lit) and dropped.value):
            return made
        return f"{made}.delete_prefix({self.x(mark)})"

    def _rotated(self, text: str, elem: ir.Expr, char: ir.Name) -> str | None:
        """A text whose letters of some ranges go round in them."""
        ranges: list[str] = []
        turned: list[str] = []
        while isinstance(elem, ir.Cond):
            found = rotated(elem.test, elem.body, char.id)
            if found is None:
                return None
            first, last, by = found
            ranges.append(f"{first}-{last}")
            # However far, it is a place in the range.
            count = ir.Lit(ord(last) - ord(first) + 1, type=ir.INT)
            places = by if isinstance(by, ir.Lit) else ir.Intrinsic("int.mod", [by, count], type=ir.INT)
            turned.append(f"('{first}'..'{last}').to_a.rotate({self.x(places)}).join")
            elem = elem.orelse
        if not ranges or not is_letter(elem, char) or len(set(ranges)) != len(ranges):
            return None
        return f"{text}.tr('{''.join(ranges)}', {' + '.join(turned)})"

    def _replaced(self, text: str, elem: ir.Expr, char: ir.Name, position: str = "") -> str | None:
        """A text of which each character of one kind becomes something else."""
        if not isinstance(elem, ir.Cond) or not is_letter(elem.orelse, char):
            return None
        found = pattern(elem.test, char)
        if found is None:
            return None
        if position and (behind := at_beginning(elem.body, position)) is not None:
            first, other = behind
            head = self._block(text, f"sub(/\\A{found}/)", local(char.id), self.x(first))
            return self._block(head, f"gsub(/(?<!\\A){found}/)", local(char.id), self.x(other))
        if position:
            self.spoken[position] = "Regexp.last_match.begin(0)"
        made = self._block(f"{text}", f"gsub(/{found}/)", local(char.id), self.x(elem.body))
        self.spoken.pop(position, None)
        return made

    def _repeated(self, args: list[ir.Expr]) -> tuple[str, int]:
        of, count = args
        times = self.x(count) if self.never_negative(count) else f"[{self.x(count)}, 0].max"
        match of:
            case ir.ListLit(elems=[value]) if isinstance(value, ir.Lit | ir.Name):
                return f"Array.new({times}, {self.x(value)})", PRIMARY
            case _:
                times = self.x(count, POWER) if self.never_negative(count) else times
                return f"{self.x(of, MUL)} * {times}", MUL

    def _quotient(self, e: ir.Intrinsic) -> tuple[str, int]:
        a, b = (x.args[0] if isinstance(x, ir.Intrinsic) and x.op == "int.to_float" else x for x in e.args)
        whole = a.type == ir.INT and b.type == ir.INT
        if isinstance(b, ir.Lit) and b.value != 0:
            # An integer that a float divides, or the other way round, is a float anyway.
            over = self.x(b if whole else e.args[1], POWER)
            return f"{self.x(e.args[0], MUL)} / {over}", MUL
        if id(e) in self.proofs.divisible:
            if whole:
                return f"{self.x(a, PRIMARY)}.fdiv({self.x(b)})", PRIMARY
            return f"{self.x(e.args[0], MUL)} / {self.x(b, POWER)}", MUL
        if whole:
            return f"{self.helper('divide_integers')}({self.x(a)}, {self.x(b)})", PRIMARY
        return f"{self.helper('divide')}({self.x(e.args[0])}, {self.x(b)})", PRIMARY

    def _split(self, args: list[ir.Expr]) -> str:
        limit = ""
        if len(args) == 3:
            most = args[2]
            if isinstance(most, ir.Lit):
                limit = f", {most.value + 1}" if most.value >= 0 else ""
            else:
                limit = f", {self.x(most, PRIMARY)}.negative? ? -1 : {self.x(most, ADD)} + 1"
        separator = args[1]
        if not isinstance(separator, ir.Lit) or separator.value == "":
            return f"{self.helper('split_on')}({self.x(args[0])}, {self.x(separator)}{limit})"
        # A blank as a text would stand for any run of white space.
        pattern = "/ /" if separator.value == " " else self.x(separator)
        return f"{self.helper('split_by')}({self.x(args[0])}, {pattern}{limit})"

    def _falsy(self, t: Type) -> bool:
        return t == ir.BOOL or isinstance(t, ir.OptionalT)

    def _boolean(self, t: Type) -> bool:
        return isinstance(t, ir.ListT) and t.elem == ir.BOOL

    def _strip(self, op: str, args: list[ir.Expr]) -> str:
        if not isinstance(args[1], ir.Lit):
            raise Unsupported("stripping computed characters")
        chars = re.sub(r"([\\\]\[^/-])", r"\\\1", args[1].value)
        chars = "".join(c if c.isprintable() else escape(c) for c in chars)
        chars = args[1].value if re.fullmatch(r"[-\w]", args[1].value) else f"[{chars}]"
        left, right = f"\\A{chars}+", f"{chars}+\\z"
        pattern = {"str.strip_chars": f"{left}|{right}", "str.lstrip_chars": left, "str.rstrip_chars": right}[
            op
        ]
        method = "gsub" if op == "str.strip_chars" else "sub"
        return f"{self.x(args[0], PRIMARY)}.{method}(/{pattern}/, '')"

    def _index(self, e: ir.Intrinsic) -> str:
        match e.args:
            case [ir.Name(id=table), ir.Name(id=at)] if (table, at) in self.rows and id(
                e
            ) in self.proofs.inside:
                return self.rows[table, at]
            case [
                ir.Intrinsic(
                    op="str.split" | "str.split_n", args=[text, ir.Lit(value=str(by)) as mark, *most]
                ),
                ir.Lit(value=0),
            ] if by and all(isinstance(m, ir.Lit) and m.value > 0 for m in most):
                return f"{self.x(text, PRIMARY)}.partition({self.x(mark)}).first"
            case [
                ir.Intrinsic(op="str.split", args=[text, ir.Lit(value=str(by)) as mark]),
                ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)]),
            ] if by and not any(by[:n] == by[-n:] for n in range(1, len(by))):
                # Of marks that overlap, a search from the end finds others.
                return f"{self.x(text, PRIMARY)}.rpartition({self.x(mark)}).last"
            case _:
                pass
        obj, at = self.x(e.args[0], PRIMARY), self._position(e.args[1])
        if id(e) in self.proofs.inside:
            return f"{obj}[{at}]"
        told = " { raise IndexError, 'list index out of range' }" if self.ruby.told else ""
        return f"{obj}.fetch({at}){told}"

    def _missing(self, key: Type) -> str:
        """The block that fails for a key that a map does not have."""
        if not self.ruby.told:
            return '{ |key| raise KeyError, "key not found: #{key.inspect}" }'
        if key in (ir.STR, ir.CHAR):
            return f"{{ |key| raise KeyError, {self.helper('quoted')}(key) }}"
        if key == ir.INT:
            return "{ |key| raise KeyError, key.to_s }"
        raise Unsupported("the text of a missing key of this type")

    def _slice(self, args: list[ir.Expr]) -> tuple[str, int]:
        obj, low, high = args

        def plain(b: ir.Expr) -> bool:
            return isinstance(b, ir.Lit) and (b.value is None or b.value >= 0)

        text = self.x(obj, PRIMARY)
        is_list = isinstance(obj.type, ir.ListT)
        none_low = isinstance(low, ir.Lit) and low.value in (None, 0)
        none_high = isinstance(high, ir.Lit) and high.value is None
        end = isinstance(high, ir.Intrinsic) and high.op == "from_end"
        if none_low and none_high:
            return f"{text}.dup", PRIMARY
        if is_list and none_high and isinstance(low, ir.Lit):
            return f"{text}.drop({low.value})", PRIMARY
        if is_list and none_low and plain(high):
            return f"{text}.first({self.x(high)})", PRIMARY
        if is_list and none_low and not end and not (isinstance(high, ir.Intrinsic) and high.op == "bound"):
            return f"{text}.first({self.x(high)})", PRIMARY
        if none_low and (plain(high) or end or not is_list or not self._from_start(high)):
            # A bound from the beginning is never out of range, however far it is below zero or beyond the end.
            return f"{text}[0...{self._ended(high)}]", PRIMARY
        if is_list and none_high and isinstance(low, ir.Intrinsic) and low.op == "from_end":
            return f"{text}.last({self.x(low.args[0])})", PRIMARY
        if is_list and none_high and not (isinstance(low, ir.Intrinsic) and low.op in ("bound", "from_end")):
            return f"{text}.drop({self.x(low)})", PRIMARY
        if (none_low or self._from_start(low)) and (none_high or self._from_start(high)):
            first = "0" if none_low else self._position(low)
            if is_list and none_low:
                return f"{text}.first({self._position(high)})", PRIMARY
            if is_list and none_high:
                return f"{text}.drop({first})", PRIMARY
            taken = f"{text}[{first}..]" if none_high else f"{text}[{first}...{self._position(high)}]"
            if none_low or id(low) in self.proofs.fitting:
                return taken, PRIMARY
            return f"{taken} || {'[]' if is_list else quote('')}", OR
        bounds = [
            missing if isinstance(b, ir.Lit) and b.value is None else self._position(b)
            for b, missing in ((low, "0"), (high, "nil"))
        ]
        return f"{self.helper('slice_of')}({self.x(obj)}, {', '.join(bounds)})", PRIMARY

    def _ended(self, high: ir.Expr) -> str:
        """The end of a range that leaves it out."""
        match high:
            case ir.Intrinsic(op="from_end"):
                return self._position(high)
            case ir.Intrinsic(op="wrap" | "bound", args=[at]):
                return self.x(at, ADD)
            case _:
                return self.x(high, ADD)

    def _from_start(self, bound: ir.Expr) -> bool:
        """True for a position that does not count from the end."""
        match bound:
            case ir.Intrinsic(op="from_end"):
                return False
            case ir.Intrinsic(op="bound" | "wrap", args=[at]):
                return id(bound) in self.proofs.counts or self.never_negative(at)
            case _:
                return self.never_negative(bound)

    def _stride(self, op: str, args: list[ir.Expr]) -> str:
        inner, own = self.x(args[0], PRIMARY), PRIMARY
        if not all(isinstance(a, ir.Lit) and a.value is None for a in args[1:3]):
            inner, own = self._slice(args[:3])
        inner = inner if own == PRIMARY else f"({inner})"
        if op == "str.stride":
            return f"{inner}.chars.each_slice({self.x(args[3])}).map(&:first).join"
        return f"{inner}.each_slice({self.x(args[3])}).map(&:first)"

    def _extreme(self, e: ir.Intrinsic) -> str:
        source, key, default = e.args
        name = e.op.partition("_")[0]
        if self._falsy(e.type):
            raise Unsupported(f"{name} of values that may be nil or false")
        text = self.sequence(source)
        if isinstance(key, ir.Lambda):
            text = f"{text}.{name}_by {{ |{local(key.params[0].name)}| {self._key(key.body)} }}"
        else:
            text = f"{text}.{name}"
        if isinstance(default, ir.Lit) and default.value is None:
            return f"{text} || raise(ArgumentError, '{name}() arg is an empty sequence')"
        return f"{text} || {self.x(default, OR)}"

    def _key(self, e: ir.Expr) -> str:
        if e.type == ir.BOOL:
            return f"{self.x(e, TERNARY + 1)} ? 1 : 0"
        if isinstance(e, ir.TupleLit):
            return f"[{', '.join(self._key(x) for x in e.elems)}]"
        return self.x(e)

    def _sorted(self, text: str, t: Type, key: ir.Expr, reverse: ir.Expr, of_map: bool = False) -> str:
        if not isinstance(reverse, ir.Lit):
            ascending = self._sorted(text, t, key, ir.Lit(False, type=ir.BOOL), of_map)
            descending = self._sorted(text, t, key, ir.Lit(True, type=ir.BOOL), of_map)
            return f"({self.x(reverse, TERNARY + 1)} ? {descending} : {ascending})"
        if isinstance(key, ir.Lit):
            if self._boolean(t):
                raise Unsupported("sorting truth values")
            return f"{text}.sort.reverse" if reverse.value else f"{text}.sort"
        assert isinstance(key, ir.Lambda)
        param = local(key.params[0].name)
        body = key.body
        if isinstance(body, ir.Name) and body.id == key.params[0].name and not self._boolean(t):
            # The elements themselves are the key: equal ones cannot be told apart.
            return f"{text}.sort.reverse" if reverse.value else f"{text}.sort"
        if of_map and names_its_entry(key):
            made = f"{text}.sort_by {{ |{param}| {self._key(body)} }}"
        else:
            # sort_by is not stable; the index keeps equal keys in order.
            index = "-index" if reverse.value else "index"
            made = f"{text}.sort_by.with_index {{ |{param}, index| [{self._key(body)}, {index}] }}"
        return f"{made}.reverse" if reverse.value else made

    def _to_list(self, source: ir.Expr) -> str:
        text = self.sequence(source)
        made = isinstance(source, ir.Intrinsic) and source.op in ("to_set", "set.intersection", "set.union")
        if isinstance(source.type, ir.SetT) and not (made and text != self.x(source, PRIMARY)):
            return f"{text}.to_a"
        return f"{text}.to_a" if self._counts(source) else text

    def _sum(self, e: ir.Intrinsic) -> tuple[str, int]:
        source = e.args[0]
        if e.type == ir.FLOAT:
            # Ruby's sum corrects rounding on the way, which adding from left to right does not.
            first = self.x(e.args[1]) if len(e.args) > 1 else "0.0"
            if isinstance(source, ir.Comp) and len(source.clauses) == 1 and not source.clauses[0].conds:
                c = source.clauses[0]
                names = {n.id for n in ir.walk(source) if isinstance(n, ir.Name | ir.VarTarget)}
                if (
                    isinstance(c.target, ir.VarTarget)
                    and "sum" not in names
                    and not isinstance(source.elem, ir.Name)
                ):
                    added = f"sum + {self.x(source.elem, ADD + 1)}"
                    return (
                        f"{self._indexed(c)}.reduce({first}) {{ |sum, {self.params(c.target)}| {added} }}",
                        PRIMARY,
                    )
            return f"{self.sequence(source)}.reduce({first}, :+)", PRIMARY
        start = f"({self.x(e.args[1])})" if len(e.args) > 1 else ""
        if isinstance(source, ir.Comp) and len(source.clauses) == 1:
            c = source.clauses[0]
            base = self.clause(c)
            params = self._block_params(c)
            if isinstance(source.elem, ir.Lit) and source.elem.value == 1 and not start and c.conds:
                if found := self._one_of(c, c.conds):
                    return f"{self.x(c.iter, PRIMARY)}.scan(/{found}/).length", PRIMARY
                return f"{self._block(self._indexed(c), 'count', params, self._all(c.conds))}", PRIMARY
            if (
                isinstance(source.elem, ir.Name)
                and isinstance(c.target, ir.VarTarget)
                and source.elem.id == c.target.id
            ):
                return f"{base}.sum{start}", PRIMARY
            return self._block(base, f"sum{start}", params, self.x(source.elem)), PRIMARY
        return f"{self.sequence(source)}.sum{start}", PRIMARY

    def _quantifier(self, e: ir.Intrinsic) -> tuple[str, int]:
        source = e.args[0]
        name = f"{e.op}?"
        if isinstance(source, ir.Comp) and len(source.clauses) == 1:
            c = source.clauses[0]
            if not c.conds and (found := self._one_of(c, [source.elem], negated=e.op == "all")):
                asked = f"{self.x(c.iter, PRIMARY)}.match?(/{found}/)"
                return (asked, PRIMARY) if e.op == "any" else (f"!{asked}", UNARY)
            return self._block(self.clause(c), name, self._block_params(c), self.x(source.elem)), PRIMARY
        return f"{self.sequence(source)}.{name}", PRIMARY

    def _one_of(self, c: ir.Clause, tests: list[ir.Expr], negated: bool = False) -> str | None:
        """The regular expression of the characters of a text that a test holds for, where one says it."""
        if c.iter.type != ir.STR or not isinstance(c.target, ir.VarTarget) or len(tests) != 1:
            return None
        return pattern(tests[0], ir.Name(c.target.id, type=c.target.type), negated)

    def _block(self, base: str, method: str, params: str, body: str) -> str:
        """A call of a method with a block, which is a method's name where it only calls that."""
        if m := re.fullmatch(rf"{re.escape(params)}\.match\?\((/[^/]*/)\)", body):
            found = {"select": "grep", "reject": "grep_v"}.get(method)
            if found:
                return f"{base}.{found}({m[1]})"
        if m := re.fullmatch(rf"{re.escape(params)}\.(\w+[?!]?)", body):
            return f"{base}.{method}(&:{m[1]})" if "(" not in method else f"{base}.{method[:-1]}, &:{m[1]})"
        return f"{base}.{method} {{ |{params}| {body} }}"

    def _block_params(self, c: ir.Clause) -> str:
        match c:
            case ir.Clause(iter=ir.Intrinsic(op="enumerate"), target=ir.TupleTarget(elems=[at, item])):
                inner = self.params(item)
                return f"{f'({inner})' if isinstance(item, ir.TupleTarget) else inner}, {self.params(at)}"
            case _:
                return self.params(c.target)

    def _indexed(self, c: ir.Clause) -> str:
        """The iterable of a clause; positions come behind items, as `_block_params` has them."""
        match c:
            case ir.Clause(iter=ir.Intrinsic(op="enumerate", args=[inner, start]), target=ir.TupleTarget()):
                zero = isinstance(start, ir.Lit) and start.value == 0
                text = self.sequence(inner)
                return f"{text}.each_with_index" if zero else f"{text}.each.with_index({self.x(start)})"
            case ir.Clause(target=ir.TupleTarget()):
                return self.entries(c.iter)
            case _:
                return self.sequence(c.iter)

    def _all(self, conds: list[ir.Expr]) -> str:
        return self.x(_joint(conds))

    def entries(self, e: ir.Expr) -> str:
        """An iterable for a method that treats a hash as the list of its pairs."""
        of = paired(e)
        return self.sequence(e) if of is None else self.x(of, PRIMARY)

    def clause(self, c: ir.Clause) -> str:
        """The iterable of a clause, filtered."""
        base = self._indexed(c)
        if not c.conds:
            return base
        holds, test = self._sense(_joint(c.conds))
        return self._block(base, "select" if holds else "reject", self._block_params(c), test)

    def comp(self, e: ir.Comp) -> str:
        """A comprehension as a chain of Enumerable's methods."""
        text = self._chain(e.clauses, e)
        if e.kind == "set":
            self.ruby.requires.add("set")
            return f"{text}.to_set"
        return text

    def _chain(self, clauses: list[ir.Clause], e: ir.Comp) -> str:
        first, *rest = clauses
        base = self.clause(first)
        params = self._block_params(first)
        if rest:
            if self._joined(first, rest, e):
                return f"{base}.flatten(1)"
            return f"{base}.flat_map {{ |{params}| {self._chain(rest, e)} }}" + (
                ".to_h" if e.kind == "dict" and clauses is e.clauses else ""
            )
        if e.kind == "dict":
            assert isinstance(e.elem, ir.TupleLit)
            pair = f"[{self.x(e.elem.elems[0])}, {self.x(e.elem.elems[1])}]"
            if clauses is not e.clauses:
                return f"{base}.map {{ |{params}| {pair} }}"
            return f"{base}.to_h" if pair == f"[{params}]" else f"{base}.to_h {{ |{params}| {pair} }}"
        elem = e.elem
        if isinstance(elem, ir.Intrinsic) and elem.op == "char.to_str":
            elem = elem.args[0]
        if (
            isinstance(elem, ir.Name)
            and isinstance(first.target, ir.VarTarget)
            and elem.id == first.target.id
        ):
            if found := self._one_of(first, first.conds):
                return f"{self.x(first.iter, PRIMARY)}.scan(/{found}/)"
            made = self._counts(first.iter) or isinstance(first.iter.type, ir.SetT)
            if made and e.kind == "list" and not first.conds:
                return f"{base}.to_a"
            copied = not first.conds and isinstance(first.iter.type, ir.ListT) and clauses is e.clauses
            return f"{base}.dup" if copied else base
        if first.conds:
            if self._falsy(e.elem.type) or e.elem.type == ir.ANY:
                return self._block(base, "map", params, self.x(e.elem))
            holds, test = self._sense(_joint(first.conds))
            found = f"{self.x(e.elem)} {'if' if holds else 'unless'} {test}"
            return f"{self._indexed(first)}.filter_map {{ |{params}| {found} }}"
        return (
            self._filled(e, first)
            or self._sliced(e, first)
            or self._block(base, "map", params, self.x(e.elem))
        )

    def _joined(self, first: ir.Clause, rest: list[ir.Clause], e: ir.Comp) -> bool:
        """True for all items of all lists of a list."""
        match first.target, rest, e.elem:
            case ir.VarTarget(id=inner), [
                ir.Clause(target=ir.VarTarget(id=item), iter=over, conds=[])
            ], ir.Name(id=taken):
                of = isinstance(over, ir.Name) and over.id == inner and isinstance(over.type, ir.ListT)
                return of and item == taken and e.kind != "dict" and isinstance(first.iter.type, ir.ListT)
            case _:
                return False

    def _sliced(self, e: ir.Comp, c: ir.Clause) -> str | None:
        """The parts of a list that have as many items as a number says, but for the last one."""
        match c.target, c.iter, e.elem:
            case (
                ir.VarTarget(id=at),
                ir.Call(
                    args=[
                        ir.Lit(value=0),
                        ir.Intrinsic(op="len", args=[ir.Name(id=of)]),
                        ir.Name(id=size) as by,
                    ]
                ),
                ir.Intrinsic(op="list.slice", args=[ir.Name(id=name) as whole, low, high]),
            ) if self._counts(c.iter) and of == name and e.kind == "list" and len({at, of, size}) == 3:
                pass
            case _:
                return None
        low, high = (
            b.args[0] if isinstance(b, ir.Intrinsic) and b.op in ("bound", "wrap") else b for b in (low, high)
        )
        end = ir.Intrinsic("int.add", [ir.Name(at, type=ir.INT), ir.Name(size, type=ir.INT)], type=ir.INT)
        if not (isinstance(low, ir.Name) and low.id == at and ir.same(high, end)):
            return None
        parts = f"{self.x(whole, PRIMARY)}.each_slice({self.x(by)}).to_a"
        return parts if id(by) in self.proofs.counts else f"({self.x(by)}.negative? ? [] : {parts})"

    def _filled(self, e: ir.Comp, c: ir.Clause) -> str | None:
        """A list of as many values as a count says, or the columns of a list of rows."""
        match c:
            case ir.Clause(
                target=ir.VarTarget(id=name),
                iter=ir.Intrinsic(op="range", args=[ir.Lit(value=0), count, ir.Lit(value=1)]),
            ):
                pass
            case _:
                return None
        match count, e.elem:
            case (
                ir.Intrinsic(
                    op="len",
                    args=[ir.Intrinsic(op="list.index", args=[ir.Name(id=rows) as matrix, ir.Lit(value=0)])],
                ),
                ir.Comp(
                    kind="list",
                    elem=ir.Intrinsic(op="list.index", args=[ir.Name(id=of), ir.Name(id=at)]),
                    clauses=[ir.Clause(target=ir.VarTarget(id=row), iter=ir.Name(id=over), conds=[])],
                ),
            ) if (
                at == name and of == row and over == rows and len({name, row, rows}) == 3 and e.kind == "list"
            ):
                return f"{self.helper('columns')}({self.x(matrix)}, {self.x(count)})"
            case _:
                pass
        if name in reads([ir.ExprStmt(e.elem)]) or e.kind != "list":
            return None
        value = self.x(e.elem)
        if self.never_negative(count):
            return f"Array.new({self.x(count)}) {{ {value} }}"
        return f"(0...{self.x(count, ADD)}).map {{ {value} }}"

    def never_negative(self, e: ir.Expr) -> bool:
        """True for an integer that is not below zero where it is used."""
        if id(e) in self.proofs.counts:
            return True
        if self.least is None:
            self.least = lower_bounds(self.f)
        return at_least(e, self.least) is not None

    def _format(self, e: ir.Format) -> str:
        values = [p for p in e.parts if p.value is not None]
        if not values:
            return quote("".join(p.text for p in e.parts))
        if len(e.parts) == 1 and values[0].value is not None and not values[0].spec:
            v = values[0].value
            return self.x(v) if v.type in (ir.STR, ir.CHAR) else f"{self.x(v, PRIMARY)}.to_s"
        if len(e.parts) == 1 and values[0].spec.startswith(("int", "float", "str")):
            return self._piece(values[0])
        out: list[str] = []
        for p in e.parts:
            if p.value is None:
                out.append(escape(p.text))
            else:
                out.append(f"#{{{self._piece(p)}}}")
        return f'"{"".join(out)}"'

    def _interpolated(self, e: ir.Intrinsic) -> str | None:
        """Several texts with a literal among them as one; None where their quotes would stand in quotes."""
        parts = pieces(e)
        literal = [isinstance(p, ir.Lit) for p in parts]
        if len(parts) < 3 or not any(literal) or all(literal):
            return None
        said = [self.x(p) for p, known in zip(parts, literal, strict=True) if not known]
        text = self._format(
            ir.Format(
                [
                    ir.FormatPart("", p) if not isinstance(p, ir.Lit) else ir.FormatPart(p.value)
                    for p in parts
                ],
                type=ir.STR,
            )
        )
        return text if not any(q in s for s in said for q in "\"'\n") and len(text) < 90 else None

    def _piece(self, p: ir.FormatPart) -> str:
        assert p.value is not None
        v = p.value
        kind, _, rest = p.spec.partition(":")
        match kind:
            case "" if isinstance(v, ir.Cond) and isinstance(v.orelse, ir.Lit) and v.orelse.value == "":
                # What is nil is written as nothing.
                holds, test = self._sense(v.test)
                return f"{self.x(v.body, TERNARY)} {'if' if holds else 'unless'} {test}"
            case "":
                if isinstance(v, ir.Intrinsic) and v.op == "error.message":
                    return self.x(v)
                return (
                    self.x(v.args[0])
                    if isinstance(v, ir.Intrinsic) and v.op in ("int.to_str", "char.to_str")
                    else self.x(v)
                )
            case "quoted" if rest:
                return f"{self.helper('quoted')}({self.x(v)})"
            case "quoted":
                return f"{self.x(v, PRIMARY)}.inspect"
            case "int":
                align, zero, width, base = rest.split(":")
                if base != "d":
                    # Ruby writes negative numbers of these formats as complements.
                    if zero:
                        raise Unsupported(f"format {p.spec}")
                    digits = f"{self.x(v, PRIMARY)}.to_s({ {'x': 16, 'X': 16, 'b': 2, 'o': 8}[base] })"
                    digits += ".upcase" if base == "X" else ""
                    return f"{digits}.{'ljust' if align == '<' else 'rjust'}({width})" if width else digits
                return f"format('%{'-' if align == '<' and width else ''}{zero}{width}{base}', {self.x(v)})"
            case "float":
                align, zero, width, precision, unit = rest.split(":")
                scaled = f"{self.x(v, MUL)} * 100" if unit == "%" else self.x(v)
                flags = f"{'-' if align == '<' and width else ''}{zero}{width}.{precision}f{'%%' if unit == '%' else ''}"
                return f"format('%{flags}', {self.helper('round_decimals')}({scaled}, {precision}))"
            case "str":
                align, width = rest.split(":")
                if not width:
                    return self.x(v)
                return f"{self.x(v, PRIMARY)}.{'ljust' if align == '<' else 'rjust'}({width})"
            case _:
                raise Unsupported(f"format {p.spec}")


def _branch(s: ir.If) -> list[ir.Stmt]:
    """What a branch of a `case` does: a test that goes on behind the one for keys stands in the branch."""
    more = conjuncts(s.test)[1:]
    if literals_of(s.test) is not None or not more:
        return s.body
    return [ir.If(_joint(more), s.body, [], line=s.line)]


def _implied(op: str, test: ir.Expr, after: ir.Expr | None) -> bool:
    """True where a test for an empty list says nothing: the test after it compares the last item, nil of an empty one."""
    match op, test, after:
        case "or", ir.Not(value=ir.Intrinsic(op="nonempty", args=[of])), ir.Intrinsic(
            op="ne", args=[last, value]
        ):
            pass
        case "or", ir.Intrinsic(op="empty", args=[of]), ir.Intrinsic(op="ne", args=[last, value]):
            pass
        case "and", ir.Intrinsic(op="nonempty", args=[of]), ir.Intrinsic(op="eq", args=[last, value]):
            pass
        case _:
            return False
    match last:
        case ir.Intrinsic(op="list.pop", args=[same]):
            pass
        case ir.Intrinsic(op="list.index", args=[same, ir.Intrinsic(op="from_end", args=[ir.Lit(value=1)])]):
            pass
        case _:
            return False
    settled = not any(isinstance(n, ir.Intrinsic) and n.raises for n in ir.walk(value))
    looks = is_calm(value) or (isinstance(value, ir.Intrinsic) and value.op == "dict.index")
    return (
        isinstance(of, ir.Name | ir.Field)
        and ir.same(of, same)
        and settled
        and looks
        and last.type in (ir.STR, ir.CHAR, ir.INT, ir.FLOAT)
        and value.type == last.type
    )


def _outdone(s: ir.Stmt) -> ir.Expr | None:
    """What a variable becomes where it is greater, or less, than the variable; None for another assignment."""
    match s:
        case ir.Assign(
            target=ir.VarTarget(id=name, type=ir.INT),
            value=ir.Intrinsic(op="max" | "min", args=[ir.Name(), ir.Name()] as args),
        ):
            others = [a for a in args if not is_name(a, name)]
            return others[0] if len(others) == 1 else None
        case _:
            return None


def _joint(conds: list[ir.Expr]) -> ir.Expr:
    """Conditions that must all hold, as one."""
    every = [c for cond in conds for c in conjuncts(cond)]
    return every[0] if len(every) == 1 else ir.Bool("and", every, type=ir.BOOL)


# Operations that read a text and give another value than it.
_READING = ("str.", "char.", "len", "nonempty", "empty", "eq", "ne", "lt", "le", "gt", "ge", "print")


def _copied(f: ir.Function, growing: frozenset[str]) -> set[int]:
    """The reads of growing texts, by identity, that hand on what grows later: they hand on copies."""
    out: set[int] = set()

    def visit(node: ir.Node, settled: frozenset[str]) -> None:
        match node:
            case ir.Intrinsic(op=op):
                held = not op.startswith(_READING) or op == "str.rsplit_n"
            case ir.FormatPart():
                held = False
            case ir.Format(parts=[ir.FormatPart(value=ir.Name(id=name) as only)]) if (
                name in growing - settled
            ):
                # A text of one part is that part.
                out.add(id(only))
                return
            case ir.Stmt():
                held = isinstance(node, ir.Assign | ir.AugAssign | ir.Raise)
            case _:
                held = True
        for child in ir.children(node):
            if isinstance(child, ir.Name):
                if child.id in growing - settled and held:
                    out.add(id(child))
            elif not isinstance(child, ir.Stmt):
                visit(child, settled)

    def run(body: Sequence[ir.Stmt], settled: frozenset[str]) -> None:
        """Look at statements; behind them, nothing makes the `settled` texts longer."""
        for at, s in enumerate(body):
            later = body[at + 1 :]
            here = settled - stores([*later])
            match later:
                case [ir.Assign(target=ir.VarTarget(id=name)) as begun, *_] if appended(begun) is None:
                    # A text that begins anew right behind is left to who it was handed to.
                    here |= {name}
                case _:
                    pass
            visit(s, here - stores([s]))
            again = isinstance(s, ir.For | ir.ForRange | ir.While | ir.Try)
            for inner in blocks(s):
                run(inner, frozenset() if again else here)

    run(f.body, growing)
    return out


def _apart(t: ir.TupleTarget, value: ir.TupleLit) -> bool:
    """True when variables can be assigned one after the other: no value reads one, fails late, or changes anything."""
    names = {e.id for e in t.elems if isinstance(e, ir.VarTarget)}
    late = any(isinstance(n, ir.Intrinsic) and n.raises for v in value.elems[1:] for n in ir.walk(v))
    return (
        not late
        and len(names) == len(t.elems)
        and not any(
            isinstance(n, ir.Call | ir.MethodCall | ir.New | ir.PatternOp | ir.PatternCall)
            or (isinstance(n, ir.Name) and n.id in names)
            for n in ir.walk(value)
        )
    )


def _guard(s: ir.Stmt) -> bool:
    """True for `if test: return/raise/next`, which Ruby writes as a modifier."""
    return (
        isinstance(s, ir.If)
        and len(s.body) == 1
        and not s.orelse
        and isinstance(s.body[0], ir.Return | ir.Raise | ir.Break | ir.Continue)
    )


def _ends(s: ir.If | ir.Try) -> bool:
    """True when every way through returns a value."""
    if isinstance(s, ir.Try) and terminates(s.final):
        return False
    ways = (s.body, s.orelse) if isinstance(s, ir.If) else (s.orelse or s.body, *(h.body for h in s.handlers))
    for b in ways:
        if not b:
            return False
        last = b[-1]
        if isinstance(last, ir.If | ir.Try):
            if not _ends(last):
                return False
        elif not (isinstance(last, ir.Return) and last.value is not None) and not isinstance(
            last, ir.Raise | ir.Hole
        ):
            return False
    return True


def emit(
    module: ir.Module, name: str, dialect: str = "foundation", *, python_texts: bool = False
) -> RubyModule:
    """The module as one Ruby file.

    With `python_texts`, errors of the library have the texts that Python gives them where a handler shows one.
    """
    # Single quotes are kept here.
    module.differences[:] = [d for d in module.differences if "Python's repr" not in d]
    return RubyEmitter(module, name, dialect, python_texts).emit()
