"""From Ruby: what each construct becomes, what is declined, and that ports of whole files behave as their sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from foundation_engine.port import ir
from foundation_engine.port.engine import port
from foundation_engine.port.front._regex import in_python
from foundation_engine.port.front.ruby import lower_document, lower_module
from foundation_engine.port.request import PortRequest
from foundation_engine.verify.cases import Plan
from foundation_engine.verify.recorders import RECORDERS
from foundation_engine.verify.report import Verdict
from foundation_engine.verify.verify import VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCES = Path(__file__).parent / "ruby"


def lowered(text: str) -> ir.Module:
    """The module, which must have nothing declined."""
    module = lower_module(text, "sample")
    assert [(d.line, d.reason) for d in module.declines] == []
    return module


def function(text: str) -> ir.Function:
    """The last function of a module that has nothing declined."""
    return next(
        d
        for d in reversed(lowered(text).definitions)
        if isinstance(d, ir.Function) and not d.name.startswith("_")
    )


def python(text: str) -> str:
    """The port to Python, which is the shortest to read in a test."""
    candidate = port(PortRequest("sample.rb", text, LanguageId.RUBY, LanguageId.PYTHON))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    return next(f.text for f in candidate.files if f.role == "source")


def reasons(text: str) -> list[str]:
    """Why parts of a module are declined."""
    return [d.reason for d in lower_module(text, "sample").declines]


def method(signature: str, body: str) -> str:
    """A method with an RBS comment."""
    params = "x, y" if signature.startswith("(Integer, Integer)") else "x"
    return f"#: {signature}\ndef f({params})\n  {body}\nend\n"


@pytest.mark.parametrize(
    ("signature", "body", "expected"),
    [
        ("(Integer, Integer) -> Integer", "x / y", "return x // y"),
        ("(Integer, Integer) -> Integer", "x % y", "return x % y"),
        ("(Integer) -> Float", "x / 2.0", "return x / 2.0"),
        ("(Array[Integer]) -> Integer", "x.sum { |v| v * 2 }", "sum(v * 2 for v in x)"),
        ("(Array[Integer]) -> Array[Integer]", "x.select(&:even?).map { |v| v + 1 }", "v + 1"),
        ("(Array[String]) -> String?", "x.first", "x[0]"),
        ("(Hash[Symbol, Integer]) -> Integer", "x.fetch(:a, 0)", ".get('a', 0)"),
        ("(Hash[String, Integer]) -> Integer", "x['a'] || 7", ".get('a', 7)"),
        ("(String) -> String", '"#{x.upcase}!"', "{x.upper()}!"),
        ("(Integer) -> String", "format('%05.2f', x)", "05.2f"),
        ("(Array[Integer]) -> Array[Integer]", "x.sort_by { |v| -v }.first(2)", "sorted("),
        ("(Integer) -> Symbol", "x.zero? ? :none : :some", "'none'"),
        ("(Array[Integer]) -> bool", "x.none? { |v| v > 3 }", "not any("),
        ("(Array[String]) -> Hash[String, Integer]", "x.tally", "Counter"),
        ("(Integer) -> Integer", "x.then { |n| n * 2 }", "return x * 2"),
        (
            "(Integer) -> Integer",
            "x.then do |n|\n    return 1 if n < 0\n    m = n + 1\n    m * m\n  end",
            "return m * m",
        ),
    ],
)
def test_an_expression_keeps_its_meaning(signature: str, body: str, expected: str) -> None:
    assert expected.replace("'", '"') in python(method(signature, body)).replace("'", '"')


def test_types_come_from_yard_rbs_files_and_inference(tmp_path: Path) -> None:
    by_yard = function(
        "# @param names [Array<String>]\n# @param limit [Integer, nil]\n# @return [Hash{Symbol => Array<Integer>}]\n"
        "def f(names, limit: nil)\n  { all: names.map(&:length), few: [limit || 1] }\nend\n"
    )
    assert [p.type for p in by_yard.params] == [ir.ListT(ir.STR), ir.OptionalT(ir.INT)]
    assert by_yard.result == ir.DictT(ir.STR, ir.ListT(ir.INT))
    inferred = lowered(
        "def double(values)\n  values.map { |v| v * 2 }\nend\n\ndef total\n  double([1, 2]).sum\nend\n"
    )
    double = inferred.find("double")
    assert isinstance(double, ir.Function)
    assert double.params[0].type == ir.ListT(ir.INT)
    (tmp_path / "sig").mkdir()
    (tmp_path / "sig" / "shop.rbs").write_text("module Shop\n  def self?.half: (Integer) -> Float\nend\n")
    text = "module Shop\n  module_function\n\n  def half(n)\n    n / 2.0\n  end\nend\n"
    made, _ = lower_document(text, "shop", None, str(tmp_path / "shop.rb"))
    half = made.find("half")
    assert isinstance(half, ir.Function)
    assert (half.params[0].type, half.result) == (ir.INT, ir.FLOAT)


def test_an_interface_is_what_is_called_on_a_parameter() -> None:
    module = lowered(
        "# @param gateway [Gateway]\n# @param id [String]\n# @return [Integer]\n"
        "def charge(gateway, id)\n  gateway.charge(id, cents: 5)\nend\n"
    )
    gateway = module.find("Gateway")
    assert isinstance(gateway, ir.Protocol)
    assert [(m.name, [(p.name, p.type) for p in m.params], m.result) for m in gateway.methods] == [
        ("charge", [("id", ir.STR), ("cents", ir.INT)], ir.INT)
    ]


def test_a_hash_whose_values_have_several_types_is_a_record() -> None:
    module = lowered(
        '# @param n [Integer]\n# @return [Hash]\ndef build_report(n)\n  { count: n, name: "r#{n}", ok: n > 0 }\nend\n'
    )
    report = module.find("Report")
    assert isinstance(report, ir.Class)
    assert [(f.name, f.type) for f in report.fields] == [("count", ir.INT), ("name", ir.STR), ("ok", ir.BOOL)]


def test_a_pattern_around_a_whole_method_is_the_method_s() -> None:
    f = function(
        "require 'foundation/resilience'\nTRIES = 4\n# @param source [Source]\n# @return [String]\n"
        "def read(source)\n  Foundation.retry(max_attempts: TRIES, base_delay: 0.5, jitter: false,\n"
        "                   retryable: [Foundation::NetworkError]) do\n    source.read\n  end\nend\n"
    )
    assert [p.pattern_id for p in f.patterns] == ["retry_with_backoff"]
    given = f.patterns[0].arguments
    assert set(given) == {"max_attempts", "base_delay", "jitter", "retryable"}
    assert isinstance(f.body[-1], ir.Return)


def test_a_value_that_may_be_nil_is_not_read_before_ruby_reads_it() -> None:
    """The last line is reached only with elements; the first one runs without."""
    made = python(
        "# @param xs [Array<Integer>]\n# @return [String]\ndef f(xs)\n  most = xs.max\n"
        '  return "none" if xs.empty?\n\n  "#{most + 1}"\nend\n'
    )
    assert "max(xs) if xs else None" in made.replace("len(xs) > 0", "xs")


def test_a_hand_written_retry_stays_a_loop() -> None:
    f = function(
        "# @param source [Source]\n# @return [String]\ndef read(source)\n  tries = 0\n  begin\n    tries += 1\n"
        "    source.read\n  rescue IOError\n    retry if tries < 3\n    raise\n  end\nend\n"
    )
    assert f.patterns == []
    assert any(isinstance(n, ir.While) for s in f.body for n in ir.walk(s))


def test_options_of_retriable_are_converted_and_their_differences_told() -> None:
    module = lowered(
        "require 'retriable'\n# @param source [Source]\n# @return [String]\ndef read(source)\n"
        "  Retriable.retriable(tries: 5, base_interval: 0.1, multiplier: 2.0, on: [IOError]) { source.read }\nend\n"
    )
    f = module.find("read")
    assert isinstance(f, ir.Function)
    attempts = f.patterns[0].arguments["max_attempts"]
    assert isinstance(attempts, ir.Lit)
    assert attempts.value == 5
    assert f.patterns[0].last_error


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(x)\n  x\nend\n", "the type of parameter x is not known"),
        ("def f(x)\n  x > 3\nend\n", "the type of parameter x is not known"),
        ("class String\n  def shout = upcase\nend\n", "String is reopened (a monkey patch)"),
        ("class A\n  def method_missing(name) = 1\nend\n", "method_missing: a class that changes at run time"),
        ("#: (String) -> bool\ndef f(x) = x == :a\n", "a comparison of a string with a symbol, which are never equal"),
        ("#: (Hash[Symbol, Integer]) -> Integer?\ndef f(x) = x['a']\n", "a string used as a key"),
        ("#: (String) -> String\ndef f(x)\n  x << '!'\n  x\nend\n", "`<<` on a string that another name may share"),
        ("#: (*Integer) -> Integer\ndef f(*x) = 1\n", "a rest parameter"),
        ("#: (String) -> bool\ndef f(x) = x.match?(/\\p{L}+c/)\n", "\\p in a regular expression"),
        (
            "#: (String) -> Array[String]\ndef f(x)\n  y = x\n  y << 'a'\n  [x, y]\nend\n",
            "`<<` on a string that another name may share",
        ),
        (
            "#: () -> Integer\ndef f\n  yield\nrescue Timeout::Error, Foundation::TimeoutError\n  0\nend\n",
            "Foundation::TimeoutError beside Timeout::Error",
        ),
        (
            "#: (Array[Integer]) -> void\ndef f(x)\n  x.each do |y|\n    [y].tap { |o| next if y > 2 }\n  end\nend\n",
            "next, break or redo in the block of tap",
        ),
        (
            "#: (Hash[String, Integer]) -> String\ndef f(x)\n  k, v = x.first\n  \"#{k}#{v}\"\nend\n",
            "taking apart what may be nil",
        ),
        (
            "#: (Array[Array[Integer]]) -> String\ndef f(x)\n  a, *rest = x.first\n  \"#{a}#{rest.size}\"\nend\n",
            "taking apart what may be nil",
        ),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_declined(text: str, reason: str) -> None:
    assert any(r.startswith(reason) for r in reasons(text)), reasons(text)


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(SyntaxError) as failure:
        lower_module("x = 1\ny = )\n", "sample")
    assert failure.value.lineno == 2


def test_comments_stay_at_their_statements() -> None:
    made = python(
        "# Adds one.\n# @param n [Integer]\n# @return [Integer]\ndef f(n)\n"
        "  # the next one\n  m = n + 1 # here\n  m\nend\n"
    )
    assert "Adds one." in made
    assert "# the next one" in made
    assert "# here" in made
    assert "@param" not in made


def test_recording_runs_the_source_with_virtual_time_and_fakes(tmp_path: Path) -> None:
    source = tmp_path / "pause.rb"
    source.write_text(
        "# @param fetch [#call]\n# @return [Integer]\ndef pause(fetch)\n  sleep(2.5)\n  fetch.call('a') + 1\nend\n"
    )
    request = PortRequest(str(source), source.read_text(), LanguageId.RUBY, LanguageId.GO)
    module = lowered(request.text)
    answers = {"fake": {"name": "fetch", "methods": {"": [{"value": 4}]}}}
    failing = {"fake": {"name": "fetch", "methods": {"": [{"error": "ValueError"}]}}}
    cases, problem = RECORDERS[LanguageId.RUBY].record(
        request, module, [Plan("pause", (answers,)), Plan("pause", (failing,))]
    )
    assert problem == ""
    assert cases[0].steps == ({"value": 5},)
    assert cases[0].sleeps == (2_500_000_000,)
    assert list(cases[0].trace) == [["fetch", ["a"]]]
    assert cases[1].steps[0]["error"] == "ValueError"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("orders", LanguageId.PYTHON),
        ("text", LanguageId.GO),
        ("report", LanguageId.PYTHON),
        ("checkout", LanguageId.GO),
        ("store", LanguageId.GO),
        ("settings", LanguageId.PYTHON),
        ("deploy", LanguageId.PYTHON),
        ("inventory", LanguageId.RUST),
    ],
)
def test_a_port_of_a_whole_file_behaves_as_its_source(name: str, target: LanguageId) -> None:
    path = SOURCES / f"{name}.rb"
    candidate = port(PortRequest(str(path), path.read_text(), LanguageId.RUBY, target))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(cases=8, differential=16, use_cache=False))
    assert report.verdict is Verdict.PASSED, [(r.step, r.detail) for r in report.results]


LOADED = """require 'foundation'

module Tool
  KNOWN = ['a']
  SIZES = %w[big small].freeze

  def self.register
    raise ArgumentError, 'no tools' if SIZES.empty?

    Foundation.register_command('show') { |word, size: 'big'| Tool.show(word) if Tool.size?(size) }
  end

  #: (String) -> bool
  def self.size?(word)
    SIZES.include?(word)
  end

  #: (String) -> bool
  def self.show(word)
    KNOWN.include?(word)
  end

  #: (Integer) -> Integer
  def self.twice(n)
    n * 2
  end

  #: (Array[String]) -> Integer
  def self.run(argv)
    Foundation.app('tool').run(argv)
  end
end

Tool.register
"""


@pytest.mark.parametrize(
    ("name", "kept"), [("twice", False), ("size?", False), ("show", True), ("run", True)]
)
def test_a_call_at_load_time_declines_only_what_shares_something_with_it(name: str, kept: bool) -> None:
    line = 1 + next(i for i, text in enumerate(LOADED.splitlines()) if f"def self.{name}" in text)
    declined = [d.reason for d in lower_module(LOADED, "sample", line).declines]
    assert ("a statement at the top level" in declined) is kept
    whole = [d.reason for d in lower_module(LOADED, "sample").declines]
    assert "a statement at the top level" in whole


@pytest.mark.parametrize(
    "body",
    [
        "$seen = 1",
        "@seen = 1",
        "Foundation.circuit_breaker(name: 'x', failure_threshold: 1) { 1 }",
        "ENV['SEEN'] = '1'",
    ],
)
def test_a_call_at_load_time_that_changes_what_is_shared_declines_everything(body: str) -> None:
    text = f"def start\n  {body}\nend\n\n#: (Integer) -> Integer\ndef twice(n)\n  n * 2\nend\n\nstart\n"
    assert "a statement at the top level" in [d.reason for d in lower_module(text, "sample", 6).declines]


def test_a_method_of_a_class_brings_the_types_in_its_comments_along() -> None:
    text = """# A value.
#
# @!attribute name
#   @return [String]
Reading = Struct.new(:name, keyword_init: true)

class Counter
  # @param readings [Array<Reading>]
  # @return [Integer]
  def count(readings)
    readings.count { |r| r.name == 'a' }
  end
end
"""
    module = lower_module(text, "sample", 10)
    assert {getattr(d, "name", "") for d in module.definitions} >= {"Reading", "Counter"}


COMMANDS = """require 'foundation'

module Tool
  # Commands of the tool.
  def self.register
    Foundation.register_command('show', aliases: ['s']) { |word, size: 'big', tail: nil| puts "#{size} #{word}#{tail}" }
    Foundation.register_command('count', configure: lambda { |c|
      c.argument('steps', :integer, multiple: true)
      c.option('dry_run', :boolean)
      c.option('factor', :float, default: 1.5)
    }) { |steps, dry_run:, factor:| puts steps.sum * factor unless dry_run }
  end

  #: (Array[String]) -> Integer
  def self.run(argv)
    Foundation.app('tool').run(argv)
  end

  #: (Integer) -> Integer
  def self.count(n)
    n + 1
  end
end

Tool.register
"""


def test_commands_that_a_method_registers_at_load_time() -> None:
    module = lowered(COMMANDS)
    commands = {d.name: d for d in module.definitions if isinstance(d, ir.Function) and d.patterns}
    assert module.find("register") is None
    assert [(p.name, p.type) for p in commands["show"].params] == [
        ("word", ir.STR),
        ("size", ir.STR),
        ("tail", ir.OptionalT(ir.STR)),
    ]
    size, tail = (p.default for p in commands["show"].params[1:])
    assert isinstance(size, ir.Lit)
    assert isinstance(tail, ir.Lit)
    assert (size.value, tail.value) == ("big", None)
    # A command does not take the place of a method of its name.
    assert [p.type for p in commands["count_command"].params] == [ir.ListT(ir.INT), ir.BOOL, ir.FLOAT]
    run = next(n for n, text in enumerate(COMMANDS.splitlines(), 1) if "def self.run" in text)
    alone = lower_module(COMMANDS, "sample", run)
    assert {d.name for d in alone.definitions if isinstance(d, ir.Function)} == {
        "run",
        "show",
        "count_command",
    }


def test_a_command_with_a_required_option_is_declined() -> None:
    text = "require 'foundation'\n\nFoundation.register_command('show') { |word, size:| puts word + size }\n"
    assert reasons(text) == ["a parameter of a command of this kind"]


def test_the_status_of_an_http_error() -> None:
    made = python(
        """require 'foundation'

# @param client [Foundation::HttpClient]
# @param path [String]
# @return [String, nil]
def page(client, path)
  client.get(path).text
rescue Foundation::HttpStatusError => e
  raise unless e.status == 404

  nil
end
"""
    )
    assert "except HttpStatusError as e:" in made
    assert "e.status != 404" in made


@pytest.mark.parametrize(
    ("signature", "body", "expected"),
    [
        ("(String) -> String", "JSON.parse(x)['name']", 'json.loads(x).get("name")'),
        ("(String) -> Array[Integer]", "JSON.parse(x).fetch('ids')", 'json.loads(x)["ids"]'),
        ("(String) -> Array[String]", "JSON.parse(x).map { |i| i['id'].to_s }", "_text_of_json(i.get"),
        ("(String) -> Float", "JSON.parse(x)['price'].to_f", "_float_of_json("),
        ("(String) -> String?", "JSON.parse(x).dig('a', 'b')", '_below_in_json(json.loads(x), ["a", "b"])'),
        ("(String) -> bool", "JSON.parse(x).is_a?(Hash)", "isinstance(json.loads(x), dict)"),
        ("(String) -> bool", "JSON.parse(x)['ok'] == true", "isinstance(value, bool) and value"),
        ("(String) -> Integer", "JSON.parse(x, symbolize_names: true).fetch(:n, 3)", '"n" in value'),
        ("(String) -> Integer", "JSON.parse(x).sum { |k, v| v.to_i }", ".items()"),
    ],
)
def test_json_is_read_as_what_the_code_takes_it_for(signature: str, body: str, expected: str) -> None:
    assert expected in python(method(signature, body))


@pytest.mark.parametrize(
    ("signature", "body", "reason"),
    [
        ("(String) -> Integer", "JSON.parse(x)['a'] * 2", "may be an Integer or a Float"),
        ("(String) -> String", "JSON.parse(x)[:a]", "whose keys are strings"),
        ("(String) -> bool", "JSON.parse(x)['a'] == JSON.parse(x)['b']", "two JSON values"),
        ("(String) -> String", "JSON.parse(x, max_nesting: 2)['a']", "JSON.parse with these options"),
        ("(String) -> bool", "JSON.parse(x)['a'].frozen?", "say what it is"),
    ],
)
def test_json_whose_meaning_is_not_certain_is_declined(signature: str, body: str, reason: str) -> None:
    found = reasons(method(signature, body))
    assert any(reason in r for r in found), found


def test_a_hash_of_mixed_values_is_json() -> None:
    made = python(
        """require 'foundation'

# @param client [Foundation::HttpClient]
# @param names [Array<String>]
# @return [Integer]
def send_all(client, names)
  body = { 'rows' => names.map { |n| { 'name' => n, 'size' => n.length } }, 'total' => names.length }
  client.post('/rows', json: body).status
end
"""
    )
    assert 'body = {"rows": [{"name": n, "size": len(n)} for n in names], "total": len(names)}' in made
    late = (
        "# @param client [Foundation::HttpClient]\n# @param names [Array<String>]\ndef f(client, names)\n"
        "  body = { 'names' => names, 'total' => 1 }\n  names << 'more'\n  client.post('/', json: body)\nend\n"
    )
    assert reasons(late) == ["a JSON value with names, which changes later"]


def test_a_default_that_changes_is_made_for_each_call_in_python() -> None:
    made = python(
        "#: (String, ?Array[String]) -> Integer\ndef add(name, names = [])\n  names << name\n  names.length\nend\n"
    )
    assert "names: list[str] | None = None" in made
    assert "names = []" in made


SEARCHES = [
    ("x.delete('^0-9+')", "+49 (0) 7", "+4907"),
    ("x.tr('a-y', 'b-z')", "hal", "ibm"),
    ("x.tr('^a-z', '_').tr('ab', 'x')", "a-b.c", "x_x_c"),
    ("x.scan(/\\d{1,3}/).join(',')", "1234567 8", "123,456,7,8"),
    ("x[/\\A\\w+/].to_s", "feat: x", "feat"),
    ("x.sub(/\\A\\w+!?: /, '')", "feat!: more", "more"),
    ("x.sub(/#.*/, '')", "a # b\nc", "a \nc"),
    ("x[0...(x.length - 9)] + x[0...(x.length - 11)]", "short", "s"),
    ("(x.chars & %w[a b c]).join", "cabbage", "cab"),
    ("(x.chars | ['z']).join", "abba", "abz"),
    ("x.chars.each_slice(SIZE).map(&:join).join('-')", "abcde", "ab-cd-e"),
    ("x.match?(WORD).to_s", "abc", "true"),
    ("x.rindex('b').to_s", "abba", "2"),
]


def test_texts_are_searched_as_ruby_does() -> None:
    text = "SIZE = 2\nWORD = /\\A[a-z]+\\z/\n" + "".join(
        method("(String) -> String", body).replace("def f", f"def f{i}")
        for i, (body, _, _) in enumerate(SEARCHES)
    )
    space: dict[str, Any] = {}
    exec(python(text), space)
    expected = [e for _, _, e in SEARCHES]
    assert [space[f"f{i}"](given) for i, (_, given, _) in enumerate(SEARCHES)] == expected
    request = PortRequest(str(SOURCES / "sample.rb"), text, LanguageId.RUBY, LanguageId.PYTHON)
    made = [Plan(f"f{i}", (given,)) for i, (_, given, _) in enumerate(SEARCHES)]
    cases, problem = RECORDERS[LanguageId.RUBY].record(request, lowered(text), made)
    assert (problem, [c.steps[0]["value"] for c in cases]) == ("", expected)


def test_json_is_written_compactly_in_every_target() -> None:
    text = (
        "require 'json'\n\n# @param name [String]\n# @param sizes [Array<Integer>]\n# @param ratio [Float, nil]\n"
        "# @return [String]\ndef encode(name, sizes, ratio)\n"
        "  JSON.generate('name' => name, 'sizes' => sizes, 'ratio' => ratio, 'more' => { 'ok' => true })\nend\n\n"
        "# @param words [Array<String>]\n# @return [String]\ndef listed(words)\n  words.to_json\nend\n"
    )
    for target in (LanguageId.PYTHON, LanguageId.GO, LanguageId.RUST):
        candidate = port(PortRequest(str(SOURCES / "sample.rb"), text, LanguageId.RUBY, target))
        assert [(h.line, h.reason) for h in candidate.holes] == []
        report = verify(candidate, VerifyOptions(cases=8, differential=8, use_cache=False))
        assert report.verdict is Verdict.PASSED, [(r.step, r.detail) for r in report.results]


def test_a_json_text_that_is_asked_for_a_key_is_no_case() -> None:
    source = """
require 'json'

# @param text [String]
# @return [String]
def name_of(text)
  JSON.parse(text)['name'].to_s
end

# @param text [String]
# @return [Integer]
def size_of(text)
  JSON.parse(text)['size']['width'].to_i
end
"""
    candidate = port(PortRequest("a.rb", source, LanguageId.RUBY, LanguageId.PYTHON))
    report = verify(candidate, VerifyOptions(cases=24, differential=60, use_cache=False))
    assert report.verdict is not Verdict.FAILED, report.results


def test_a_hash_of_hashes_keeps_what_stands_in_for_a_missing_one() -> None:
    made = python(
        "# @param words [Array<String>]\n# @return [Hash{String => Hash{String => Integer}}]\ndef count(words)\n"
        "  counts = Hash.new { |hash, key| hash[key] = Hash.new(0) }\n  words.each { |w| counts[w[0].to_s][w] += 1 }\n"
        "  counts\nend\n"
    )
    space: dict[str, Any] = {}
    exec(made, space)
    assert space["count"](["ab", "a", "ab"]) == {"a": {"ab": 2, "a": 1}}


@pytest.mark.parametrize(
    ("rescued", "raising", "declined"),
    [
        ("JSON::ParserError", "JSON.parse(x)['n'].to_i", False),
        ("JSON::ParserError", "JSON.parse(x)['n'].to_i + Integer(x)", True),
        ("JSON::ParserError", "JSON.parse(x)['n'].to_i + number(x)", True),
        ("JSON::ParserError, ArgumentError", "JSON.parse(x)['n'].to_i + Integer(x)", False),
        ("ArgumentError", "Integer(x)", False),
        ("ArgumentError", "Integer(x) + JSON.parse(x)['n'].to_i", True),
    ],
)
def test_classes_that_are_one_in_the_port_are_rescued_apart_or_not_at_all(
    rescued: str, raising: str, declined: bool
) -> None:
    text = (
        "#: (String) -> Integer\ndef number(x)\n  Float(x).to_i\nend\n\n"
        f"#: (String) -> Integer\ndef f(x)\n  {raising}\nrescue {rescued}\n  0\nend\n"
    )
    assert any("one class with it" in r for r in reasons(text)) is declined


def test_a_value_that_is_kept_does_not_hide_a_block_parameter() -> None:
    body = "(JSON.parse(x)['d'] || {}).to_h { |key, value| [key, value.to_s] }"
    text = method("(String) -> Hash[String, String]", body)
    candidate = port(PortRequest("sample.rb", text, LanguageId.RUBY, LanguageId.GO))
    made = next(f.text for f in candidate.files if f.role == "source")
    assert "jsonPresent(valueHeld)" in made
    assert "for key, value := range" in made


def test_a_value_that_is_kept_and_never_known_is_declined() -> None:
    body = "  def initialize(size)\n    @size = size\n  end\n\n  def all\n    @all ||= kept\n  end\n\n"
    made = reasons(f"class Ring\n{body}  def kept\n    [@size]\n  end\nend\n")
    assert any("the type of @size is not known" in r for r in made), made


def test_an_array_that_was_made_empty_grows_where_it_ends() -> None:
    body = "rows = []\nx.times { |i| rows[i] = i }\nx.times { |i| rows[i] = rows[i] + 1 }\nrows"
    text = method("(Integer) -> Array[Integer]", body)
    candidate = port(PortRequest("sample.rb", text, LanguageId.RUBY, LanguageId.PYTHON))
    report = verify(candidate, VerifyOptions(cases=4, differential=8, use_cache=False))
    assert report.agreed, report.results


TRANSLATOR = """# frozen_string_literal: true

class Translator
  # @param text [String]
  # @return [String]
  def self.translate(text)
    new(text).translate
  end

  # @param text [String]
  # @return [Boolean]
  def self.short?(text)
    new(text, limit: 3).send_short?
  end

  # @param text [String]
  # @param limit [Integer]
  def initialize(text, limit: 5)
    @text = text
    @limit = limit
  end

  # @return [String]
  def translate
    text.upcase
  end

  # @return [Boolean]
  def send_short?
    self.class.bound(limit) > text.length
  end

  # @param n [Integer]
  # @return [Integer]
  def self.bound(n)
    n + 1
  end
  private_class_method :bound

  private

  attr_reader :text, :limit
end
"""


def test_a_singleton_method_may_share_its_name_with_an_instance_method() -> None:
    text = TRANSLATOR
    made = python(text)
    assert "def translate(self) -> str:" in made
    assert "def translate_of(text: str) -> str:" in made
    candidate = port(PortRequest("translator.rb", text, LanguageId.RUBY, LanguageId.PYTHON))
    report = verify(candidate, VerifyOptions(cases=8, differential=8, use_cache=False))
    assert not [r for r in report.results if r.verdict is Verdict.FAILED], report.results


@pytest.mark.parametrize(
    ("source", "options", "pattern", "flags"),
    [
        (r"\A(?<key>\w+)=(\d+)\z", "", r"\A(?P<key>\w+)=(?:\d+)\Z", "a"),
        (r"^id$", "i", "^id$", "im"),
        (r"\b\w+", "", r"\b[0-9A-Za-z_]+", ""),
        (r"\h{2}.", "m", r"[0-9a-fA-F]{2}.", "s"),
    ],
)
def test_a_pattern_of_ruby_in_the_syntax_of_the_representation(
    source: str, options: str, pattern: str, flags: str
) -> None:
    assert in_python(source, LanguageId.RUBY, options) == (pattern, flags)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x.match?(/^\\s*$/)", "may match nothing"),
        ("x.match?(/[[:alpha:]]/)", "named class"),
        ("x =~ /a(b)/\n  $1 == 'b'", "the last match"),
        ("x.gsub(/a*/, '-') == x", "what may be nothing"),
    ],
)
def test_a_regular_expression_without_a_certain_counterpart_is_declined(body: str, reason: str) -> None:
    made = reasons(method("(String) -> bool", body))
    assert any(reason in r for r in made), made


def test_matches_and_their_groups_are_those_of_ruby() -> None:
    path = SOURCES / "matching.rb"
    for target in (LanguageId.PYTHON, LanguageId.GO):
        candidate = port(PortRequest(str(path), path.read_text(), LanguageId.RUBY, target))
        assert [(h.line, h.reason) for h in candidate.holes] == []
        report = verify(candidate, VerifyOptions(cases=12, differential=24, use_cache=False))
        ran = {r.step: r.verdict for r in report.results}
        assert ran["cases"] is Verdict.PASSED, report.results
        assert ran["differential"] is Verdict.PASSED, report.results


COMPARED = """#: (String, String) -> Integer
def distance(x, y)
  (0...x.length).count { |i| x[i] != y[i] }
end

#: (Array[Integer], Array[Integer]) -> bool
def together?(x, y)
  x[0] == y[0]
end

#: (Integer, Integer) -> bool
def bit?(score, index)
  score & (2**index.clamp(0, 20)) > 0
end

#: (String) -> Integer
def first_code(text)
  "-#{text}".ord + "a#{text}".ord
end

#: (Integer, Integer) -> Integer
def mixed(x, y)
  x * (y & 6) + (x | (y + 1))
end
"""


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUST])
def test_values_that_may_be_nil_and_operators_of_one_rank_are_those_of_ruby(target: LanguageId) -> None:
    candidate = port(PortRequest("compared.rb", COMPARED, LanguageId.RUBY, target))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(cases=12, differential=24, use_cache=False))
    assert not [r for r in report.results if r.verdict is Verdict.FAILED], report.results
    assert {r.step: r.verdict for r in report.results}["cases"] is Verdict.PASSED


def test_what_a_method_keeps_for_itself_does_not_hide_the_method() -> None:
    text = (
        "class Grid\n  def initialize(rows) #: (Array[String]) -> void\n    @rows = rows\n  end\n\n"
        "  def widest #: () -> Integer\n    width\n  end\n\n  private\n\n"
        "  def width #: () -> Integer\n    return @width if @width\n\n"
        "    @width = @rows.map(&:length).max || 0\n    @width\n  end\nend\n"
    )
    candidate = port(PortRequest("grid.rb", text, LanguageId.RUBY, LanguageId.PYTHON))
    assert [(h.line, h.reason) for h in candidate.holes] == []
    report = verify(candidate, VerifyOptions(cases=8, differential=8, use_cache=False))
    assert {r.step: r.verdict for r in report.results}["cases"] is Verdict.PASSED, report.results
