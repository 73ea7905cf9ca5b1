"""Sample typed Python functions: programs that nobody would write, of constructs that everybody writes.

A sampled program is well typed and ends. What a port states as a difference is avoided: integers stay within 64 bits,
a computed index is never below zero, and no number is written with underscores in a text.
"""

# ruff: noqa: E501 - a construct reads best on one line.
from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

INT, FLOAT, BOOL, STR = "int", "float", "bool", "str"
INTS, STRS, FLOATS = "list[int]", "list[str]", "list[float]"
COUNTS, NAMES, SET, MAYBE, PAIR = (
    "dict[str, int]",
    "dict[int, str]",
    "set[int]",
    "int | None",
    "tuple[int, str]",
)
ITEM, ITEMS, GROUPS, TABLE = "Item", "list[Item]", "dict[str, list[int]]", "dict[str, dict[str, int]]"
PARAMETERS = (
    INT, INT, STR, STR, INTS, STRS, FLOAT, BOOL, COUNTS, SET, MAYBE, FLOATS, NAMES, ITEM, ITEMS, GROUPS, TABLE
)  # fmt: skip
RESULTS = (INT, STR, BOOL, FLOAT, INTS, STRS, COUNTS, SET, MAYBE, PAIR, FLOATS, ITEM, GROUPS)
LITERALS = (
    "", "a", "ab", "-", ",", " ", "x1", "naïve", "Total", "0", "=", "cafe\u0301", "👍🏽 ok", "日本", "aAbB", "1.5", "\n"
)  # fmt: skip
LARGE = (
    "9223372036854775807",
    "(-9223372036854775807)",
    "4611686018427387904",
    "2147483648",
    "(-2147483649)",
)
BOUND = 1_000_003  # integers are reduced by this where they could grow


@dataclass
class Scope:
    """What a statement can see: variables with their types, and those that may be assigned again."""

    variables: dict[str, str] = field(default_factory=dict[str, str])
    assignable: set[str] = field(default_factory=set[str])
    loops: int = 0

    def inner(self) -> Scope:
        """A scope for a block: what it adds is not seen outside."""
        return Scope(dict(self.variables), set(self.assignable), self.loops)


class Sampler:
    """One module of functions from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fresh = 0
        self.functions: list[tuple[str, list[str], str]] = []
        self.result = INT

    # Choices

    def pick(self, *options: Callable[[], str]) -> str:
        """One of the options."""
        return self.random.choice(options)()

    def name(self, prefix: str = "v") -> str:
        """A name that is not used yet."""
        self.fresh += 1
        return f"{prefix}{self.fresh}"

    def variables(self, scope: Scope, kind: str) -> list[str]:
        """The visible variables of a type."""
        return [n for n, t in scope.variables.items() if t == kind]

    # Expressions

    def expression(self, scope: Scope, kind: str, depth: int) -> str:
        """An expression of the type, in parentheses where precedence could matter."""
        known = self.variables(scope, kind)
        if known and self.random.random() < (0.75 if depth <= 0 else 0.25):
            return self.random.choice(known)
        make = {
            INT: self.int_, FLOAT: self.float_, BOOL: self.bool_, STR: self.str_, INTS: self.ints, STRS: self.strs,
            FLOATS: self.floats, COUNTS: self.counts, NAMES: self.names_, SET: self.set_, MAYBE: self.maybe, PAIR: self.pair,
            ITEM: self.item, ITEMS: self.items, GROUPS: self.groups, TABLE: self.table,
        }[kind]  # fmt: skip
        return make(scope, depth)

    def int_(self, scope: Scope, depth: int) -> str:
        """An integer that stays far below 64 bits."""
        r = self.random
        if depth <= 0:
            return str(r.choice([0, 1, 2, 3, 7, 10, 12, 100, -1, -5]))

        def e(kind: str = INT) -> str:
            return self.expression(scope, kind, depth - 1)

        def literal() -> str:
            return str(r.choice([1, 2, 3, 5, 7, 10, -2, -3]))

        return self.pick(
            lambda: f"({e()} + {e()})",
            lambda: f"({e()} - {e()})",
            lambda: f"(({e()}) % {BOUND} * {literal()})",
            lambda: f"({e()} // {literal()})",
            lambda: f"({e()} % {literal()})",
            lambda: f"({e()} // {e()})",
            lambda: f"({e()} % {e()})",
            lambda: f"abs({e()})",
            lambda: f"(-{e()})",
            lambda: f"max({e()}, {e()})",
            lambda: f"min({e()}, {e()}, {literal()})",
            lambda: f"len({e(r.choice([STR, INTS, STRS, COUNTS, SET]))})",
            lambda: f"sum({e(INTS)})",
            lambda: f"{e(STR)}.count({self.text()!r})" if r.random() < 0.5 else f"{e(STR)}.find({e(STR)})",
            lambda: f"{e(STR)}.rfind({self.text()!r})",
            lambda: f"{e(INTS)}.count({e()})",
            lambda: f"{self.of(scope, INTS)}[{r.choice(['0', '1', '-1', '-2'])}]",
            lambda: f"max({e(INTS)}, default={literal()})",
            lambda: f"{e(COUNTS)}.get({e(STR)}, {literal()})",
            lambda: f"({e()} if {e(BOOL)} else {e()})",
            lambda: f"(({e()}) % 4096 & {e()} % 4096)",
            lambda: f"(({e()}) % 4096 ^ {e()} % 4096)",
            lambda: f"((({e()}) % 1024) << {r.randint(0, 9)})",
            lambda: f"({e()} >> {r.randint(0, 5)})",
            lambda: f"round({e(FLOAT)})",
            lambda: f"int({e(FLOAT)})",
            lambda: f"int({e(STR)})",
            lambda: f"int({e(BOOL)})",
            lambda: (
                f"({e()} ** 2 if abs({e()}) < 1000 else {literal()}) % {BOUND}"
                if r.random() < 0.2
                else f"({e()} % 1000) ** 2"
            ),
            lambda: self.from_maybe(scope, literal()),
            lambda: f"sum({self.comprehension(scope, INT, depth - 1)})",
            lambda: f"ord({self.random.choice(LITERALS[1:5])!r}[0])",
            lambda: f"({r.choice(LARGE)} // {r.choice(['3', '7', '-2', '1000'])} % {BOUND})",
            lambda: f"({r.choice(LARGE)} % {r.choice(['3', '10', '-7', '1000'])})",
            lambda: f"(min({r.choice(LARGE[:3])}, {e()}) % {BOUND})",
            lambda: f"{e(STR)}.index({self.text()!r})",
            lambda: f"{self.of(scope, INTS)}.index({e()})",
            lambda: f"{e(ITEM)}.count",
            lambda: f"{self.shortest(scope, ITEM)}.score({literal()})",
            lambda: (
                f"sum(i.count for i in {e(ITEMS)} if i.name{r.choice(['', '.strip()', ' != ' + repr(self.text())])})"
            ),
            lambda: f"len({e(GROUPS)}.get({e(STR)}, []))",
            lambda: f"sum(len(v) for v in {e(GROUPS)}.values())",
            lambda: f"sum(sum(v.values()) for v in {e(TABLE)}.values()) % {BOUND}",
            lambda: f"max({e(STRS)}, key=len, default='').count({self.text()!r})",
            lambda: f"math.{r.choice(['floor', 'ceil'])}({e(FLOAT)})",
            lambda: f"math.gcd({e()} % 1000, {literal()})",
            lambda: self.changing(scope, literal()),
            lambda: f"applied(lambda q: {self.with_q(scope)}, {e()} % 1000)",
            lambda: f"len(re.findall({self.pattern()}, {e(STR)}))",
        )

    def changing(self, scope: Scope, by: str) -> str:
        """An object's method that changes it, between two looks at what it changes."""
        own = [n for n in sorted(scope.assignable) if scope.variables[n] == ITEM]
        if not own:
            return by
        name = self.random.choice(own)
        parts = [f"{name}.count", f"{name}.bump({by})", f"{name}.score(2)", f"len({name}.tags)"]
        return f"({' + '.join(self.random.sample(parts, 3))})"

    def with_q(self, scope: Scope) -> str:
        """An integer made of `q` and of what is around it."""
        inner = scope.inner()
        inner.variables["q"] = INT
        return f"({self.expression(inner, INT, 1)}) % 1000 + q"

    def pattern(self) -> str:
        """A regular expression that means the same for every text of the sampler in all dialects."""
        return self.random.choice(
            [
                "r'[a-z]+'", "r'[0-9]+'", "r'[A-Za-z]+[0-9]*'", "r'a|b'", "r'(?i)ab?'", "r'[^a-z]'", "r'^[a-z]*$'",
                "r'x?1'", "r'[-=,]'", "r'([a-z])([a-z0-9])'",
            ]
        )  # fmt: skip

    def shortest(self, scope: Scope, kind: str) -> str:
        """A variable of the type where there is one, else a literal."""
        known = self.variables(scope, kind)
        return self.random.choice(known) if known else self.expression(scope, kind, 0)

    def of(self, scope: Scope, kind: str) -> str:
        """A variable of a collection's type where there is one: nobody takes an element of a literal."""
        known = self.variables(scope, kind)
        return self.random.choice(known) if known else f"sorted({self.expression(scope, kind, 1)})"

    def from_maybe(self, scope: Scope, otherwise: str) -> str:
        """The value of an optional variable, or something else when there is none."""
        known = self.variables(scope, MAYBE)
        if not known:
            return otherwise
        name = self.random.choice(known)
        return f"({name} if {name} is not None else {otherwise})"

    def float_(self, scope: Scope, depth: int) -> str:
        """A float."""
        r = self.random
        if depth <= 0:
            return str(r.choice([0.0, 0.5, 1.0, 2.5, -1.25, 10.0, 0.1]))

        def e(kind: str = FLOAT) -> str:
            return self.expression(scope, kind, depth - 1)

        return self.pick(
            lambda: f"({e()} + {e()})",
            lambda: f"({e()} - {e()})",
            lambda: f"({e()} * {e()})",
            lambda: f"({e()} / {r.choice(['2', '4.0', '8', '0.5'])})",
            lambda: f"({e()} / {e()})",
            lambda: f"({e(INT)} / {r.choice(['2', '3', '10'])})",
            lambda: f"float({e(INT)})",
            lambda: f"abs({e()})",
            lambda: f"(-{e()})",
            lambda: f"round({e()}, {r.randint(1, 3)})",
            lambda: f"max({e()}, {e()})",
            lambda: f"({e()} if {e(BOOL)} else {e()})",
            lambda: f"({e()} // {r.choice(['2.0', '0.5'])})",
            lambda: f"({e()} % {r.choice(['2.0', '0.5'])})",
            lambda: f"sum({e(FLOATS)})",
            lambda: f"{e(ITEM)}.price",
            lambda: f"{self.shortest(scope, ITEM)}.total()",
            lambda: f"({e()} ** 2)",
            lambda: f"math.sqrt(abs({e()}))",
            lambda: f"max((i.price for i in {e(ITEMS)}), default={r.choice(['0.0', '2.5'])})",
        )

    def text(self) -> str:
        """A short literal text that is not empty."""
        return self.random.choice(LITERALS[1:])

    def str_(self, scope: Scope, depth: int) -> str:
        """A string."""
        r = self.random
        if depth <= 0:
            return repr(r.choice(LITERALS))

        def e(kind: str = STR) -> str:
            return self.expression(scope, kind, depth - 1)

        return self.pick(
            lambda: f"({e()} + {e()})",
            lambda: f"({e()} * {r.randint(0, 3)})",
            lambda: (
                f"{e()}.{r.choice(['upper', 'lower', 'strip', 'lstrip', 'rstrip', 'title', 'capitalize', 'swapcase'])}()"
            ),
            lambda: f"{e()}.replace({self.text()!r}, {e()})",
            lambda: f"{e()}.strip({self.text()!r})",
            lambda: f"{e()}[{r.choice(['1:', ':2', '-2:', ':-1', '1:3', '::-1', '::2'])}]",
            lambda: f"{e()}[{r.choice(['0', '-1'])}]",
            lambda: f"{self.text()!r}.join({e(STRS)})",
            lambda: f"str({e(INT)})",
            lambda: f"str({e(FLOAT)})",
            lambda: f"str({e(BOOL)})",
            lambda: f"{e()}.removeprefix({self.text()!r})",
            lambda: f"{e()}.removesuffix({self.text()!r})",
            lambda: f"{e()}.zfill({r.randint(0, 6)})",
            lambda: f"{e()}.{r.choice(['ljust', 'rjust'])}({r.randint(0, 8)})",
            lambda: f"({e()} if {e(BOOL)} else {e()})",
            lambda: self.formatted(scope, depth - 1),
            lambda: f"{e(STRS)}[{r.choice(['0', '-1'])}]",
            lambda: f"{e()}.partition({self.text()!r})[{r.randint(0, 2)}]",
            lambda: f"''.join({self.comprehension(scope, STR, depth - 1)})",
            lambda: f"{e(NAMES)}.get({e(INT)}, {e()})",
            lambda: f"{e()}[{r.choice(['-3:-1', '::-2', '1:-1', '-4::2'])}]",
            lambda: f"{e()}[{e(INT)} % 4:]",
            lambda: f"{e()}[{e(INT)} % 3:{e(INT)} % 7]",
            lambda: f"{e()}.{r.choice(['ljust', 'rjust'])}({r.randint(0, 8)}, '.')",
            lambda: f"{e()}.replace({self.text()!r}, {self.text()!r}, {r.randint(0, 2)})",
            lambda: f"{e()}.rpartition({self.text()!r})[{r.randint(0, 2)}]",
            lambda: f"chr({r.choice([48, 65, 97])} + {e(INT)} % 10)",
            lambda: f"{e(ITEM)}.name",
            lambda: f"{self.shortest(scope, ITEM)}.label({self.text()!r})",
            lambda: f"{self.text()!r}.join(i.name for i in {e(ITEMS)})",
            lambda: f"re.sub({self.pattern()}, {self.text()!r}, {e()})",
            lambda: f"json.dumps({e(r.choice([COUNTS, INTS, STR, STRS, GROUPS, TABLE]))})",
            lambda: f"worded({e()})",
            lambda: f"''.join(f'{{k}}{{v}}' for k, v in {e(COUNTS)}.items())",
            lambda: f"{self.text()!r}.join(sorted(set({e()})))",
            lambda: f"{self.text()!r}.join(reversed({e()}.split({self.text()!r})))",
        )

    def formatted(self, scope: Scope, depth: int) -> str:
        """A formatted string with two values; its operands have no quotes of their own."""
        first = self.random.choice(self.variables(scope, INT) or ["7"])
        second = self.random.choice(self.variables(scope, STR) or self.variables(scope, INT) or ["1"])
        third = self.random.choice(self.variables(scope, FLOAT) or ["2.5"])
        specs = ("", ":03d", ":>6", ":<5d", ":x", ":^7d", ":05d", ":b")
        del depth
        return f'f"{{{first}{self.random.choice(specs)}}}-{{{second}}}/{{{third}{self.random.choice(("", ":.2f", ":8.1f", ":.0f", ":08.3f", ":.1%", ":>9.2f", ":.3e"))}}}"'

    def bool_(self, scope: Scope, depth: int) -> str:
        """A condition."""
        r = self.random
        if depth <= 0:
            # Two numbers make a condition of their own: linters refuse `True and True`.
            return f"({r.randint(0, 999)} < {r.randint(0, 999)})"

        def e(kind: str = BOOL) -> str:
            return self.expression(scope, kind, depth - 1)

        def compare(kind: str) -> str:
            return f"({e(kind)} {r.choice(['<', '<=', '>', '>=', '==', '!='])} {e(kind)})"

        def joined(word: str) -> str:
            first, second = e(), e()
            return f"({first} {word} {second})" if first != second else first

        def absent() -> str:
            known = self.variables(scope, MAYBE)
            return f"({r.choice(known)} is {r.choice(['', 'not '])}None)" if known else compare(INT)

        return self.pick(
            lambda: compare(INT),
            lambda: compare(STR),
            lambda: compare(FLOAT),
            lambda: f"({e(INTS)} == {e(INTS)})",
            lambda: joined("and"),
            lambda: joined("or"),
            lambda: f"(not {e()})",
            lambda: f"({e(INT)} {r.choice(['in', 'not in'])} {e(r.choice([INTS, SET]))})",
            lambda: f"({e(STR)} in {e(r.choice([STR, STRS, COUNTS]))})",
            lambda: (
                f"{e(STR)}.{r.choice(['isdigit', 'isalpha', 'isalnum', 'isspace', 'isupper', 'islower'])}()"
            ),
            lambda: f"{e(STR)}.{r.choice(['startswith', 'endswith'])}({self.text()!r})",
            lambda: f"bool({e(r.choice([INT, STR, INTS, COUNTS]))})",
            absent,
            lambda: f"{r.choice(['any', 'all'])}({self.comprehension(scope, BOOL, depth - 1)})",
            lambda: f"({e(INT)} < {e(INT)} <= {e(INT)})",
            lambda: f"({e(INT)} {r.choice(['<', '>=', '=='])} {r.choice(LARGE)})",
            lambda: f"({e(ITEM)} == {e(ITEM)})",
            lambda: f"({e(STR)} in {e(GROUPS)})",
            lambda: f"{e(STR)}.startswith(({self.text()!r}, {self.text()!r}))",
            lambda: f"({e(STRS)} {r.choice(['==', '!='])} {e(STRS)})",
            lambda: f"({e(SET)} {r.choice(['==', '!='])} {e(SET)})",
            lambda: f"({e(COUNTS)} {r.choice(['==', '!='])} {e(COUNTS)})",
            lambda: (
                f"(re.{r.choice(['search', 'match', 'fullmatch'])}({self.pattern()}, {e(STR)}) is not None)"
            ),
        )

    def comprehension(self, scope: Scope, kind: str, depth: int, brackets: str = "") -> str:
        """A generator over something, whose elements have the type."""
        inner = scope.inner()
        variable = self.name("x")
        if self.random.random() < 0.25:
            over, inner.variables[variable] = f"range({self.expression(scope, INT, depth - 1)} % 9)", INT
        else:
            element, source = self.random.choice(
                [(INT, INTS), (STR, STRS), (STR, STR), (STR, COUNTS), (INT, INTS)]
            )
            over, inner.variables[variable] = self.expression(scope, source, depth - 1), element
        condition = f" if {self.expression(inner, BOOL, 1)}" if self.random.random() < 0.5 else ""
        element = self.expression(inner, kind, min(depth, 2))
        made = f"{element} for {variable} in {over}{condition}"
        return f"{brackets[0]}{made}{brackets[1]}" if brackets else made

    def ints(self, scope: Scope, depth: int) -> str:
        """A list of integers."""
        r = self.random
        if depth <= 0:
            return r.choice(["[3, 1, 2]", "[5]", "[0, -4, 9, 9]"])

        def e(kind: str = INTS) -> str:
            return self.expression(scope, kind, depth - 1)

        return self.pick(
            lambda: f"[{e(INT)}, {e(INT)}]",
            lambda: (
                f"sorted({e()}{r.choice(['', ', reverse=True', ', key=lambda q: -q', ', key=lambda q: q % 3'])})"
            ),
            lambda: f"{e()}[{r.choice(['1:', ':2', '-2:', ':-1', '1:3', '::-1', '::2', ':'])}]",
            lambda: f"({e()} + {e()})",
            lambda: f"list(reversed({e()}))",
            lambda: f"list(range({e(INT)} % 7))",
            lambda: f"list(range({r.randint(-3, 3)}, {e(INT)} % 9, {r.randint(1, 3)}))",
            lambda: self.comprehension(scope, INT, depth - 1, "[]"),
            lambda: f"sorted({e(SET)})",
            lambda: f"[len(w) for w in {e(STRS)}]",
            lambda: f"sorted({e(COUNTS)}.values())",
            lambda: f"list({e(COUNTS)}.values())",
            lambda: f"[i * w for i, w in enumerate({e()})]",
            lambda: f"[(p + q) for p, q in zip({e()}, {e()})]",
            lambda: f"([{e(INT)}] * {r.randint(0, 3)})",
            lambda: f"{e()}[{r.choice(['-3:-1', '::-2', '1:-1', '-4::2'])}]",
            lambda: f"{e()}[{e(INT)} % 3:{e(INT)} % 7]",
            lambda: f"[i.count for i in {e(ITEMS)}]",
            lambda: f"{e(GROUPS)}.get({e(STR)}, [{e(INT)}])[:9]",
            lambda: f"[v for vs in {e(GROUPS)}.values() for v in vs]",
            lambda: f"[ord(c) % 97 for c in {e(STR)}]",
            lambda: f"sorted({e()}, key=lambda q: (q % 2, -q))",
        )

    def item(self, scope: Scope, depth: int) -> str:
        """An object of the module's data class, with or without its defaults."""
        if depth <= 0:
            return self.random.choice(["Item('a')", "Item('b', 2)", "Item('', 3, 2.5, ['x'])"])
        made = [self.expression(scope, STR, depth - 1)]
        if self.random.random() < 0.7:
            made.append(f"({self.expression(scope, INT, depth - 1)}) % {BOUND}")
        if self.random.random() < 0.4:
            made.append(f"price={self.expression(scope, FLOAT, depth - 1)}")
        if self.random.random() < 0.4:
            made.append(f"tags={self.expression(scope, STRS, depth - 1)}")
        return f"Item({', '.join(made)})"

    def items(self, scope: Scope, depth: int) -> str:
        """A list of such objects."""
        if depth <= 0:
            return "[Item('b', 2), Item('a', 5, 1.5)]"
        by = self.random.choice(["i.name", "i.count", "(i.price, i.name)", "-i.count", "len(i.name)"])
        return self.pick(
            lambda: f"[{self.expression(scope, ITEM, depth - 1)}]",
            lambda: f"[Item(w) for w in {self.expression(scope, STRS, depth - 1)}]",
            lambda: f"sorted({self.expression(scope, ITEMS, depth - 1)}, key=lambda i: {by})",
            lambda: (
                f"[i for i in {self.expression(scope, ITEMS, depth - 1)} if i.count > {self.random.randint(-1, 3)}]"
            ),
        )

    def groups(self, scope: Scope, depth: int) -> str:
        """Lists of integers by strings."""
        if depth <= 0:
            return '{"a": [1, 2], "b": []}'
        return self.pick(
            lambda: f"{{{self.text()!r}: {self.expression(scope, INTS, depth - 1)}}}",
            lambda: f"{{w: [len(w)] for w in {self.expression(scope, STRS, depth - 1)}}}",
        )

    def table(self, scope: Scope, depth: int) -> str:
        """Integers by two strings."""
        if depth <= 0:
            return '{"a": {"x": 1}, "b": {}}'
        return f"{{{self.text()!r}: {self.expression(scope, COUNTS, depth - 1)}}}"

    def floats(self, scope: Scope, depth: int) -> str:
        """A list of floats."""
        if depth <= 0:
            return self.random.choice(["[0.5, 1.5]", "[2.0]"])
        return self.pick(
            lambda: (
                f"[{self.expression(scope, FLOAT, depth - 1)}, {self.expression(scope, FLOAT, depth - 1)}]"
            ),
            lambda: f"[q / 4 for q in {self.expression(scope, INTS, depth - 1)}]",
            lambda: f"sorted({self.expression(scope, FLOATS, depth - 1)})",
        )

    def strs(self, scope: Scope, depth: int) -> str:
        """A list of strings."""
        r = self.random
        if depth <= 0:
            return r.choice(['["b", "a"]', '["x"]', '["Go", "go", ""]'])

        def e(kind: str = STRS) -> str:
            return self.expression(scope, kind, depth - 1)

        return self.pick(
            lambda: f"[{e(STR)}, {e(STR)}]",
            lambda: f"{e(STR)}.split({self.text()!r})",
            lambda: f"{e(STR)}.split()",
            lambda: f"sorted({e()}{r.choice(['', ', key=len', ', reverse=True'])})",
            lambda: f"{e()}[{r.choice(['1:', ':2', '::-1', '-1:'])}]",
            lambda: self.comprehension(scope, STR, depth - 1, "[]"),
            lambda: f"sorted({e(COUNTS)})",
            lambda: f"({e()} + {e()})",
            lambda: f"{e(STR)}.splitlines()",
            lambda: f"{e(STR)}.split({self.text()!r}, {r.randint(0, 2)})",
            lambda: f"{e(STR)}.rsplit({self.text()!r}, 1)",
            lambda: f"list({e(STR)})",
            lambda: f"[c for c in {e(STR)} if c.{r.choice(['isalpha', 'isdigit', 'isupper', 'isspace'])}()]",
            lambda: f"{e(ITEM)}.tags",
            lambda: f"sorted({e(GROUPS)}, key=lambda k: (-len(k), k))",
            lambda: f"[f'{{a}}:{{b}}' for a, b in zip({e()}, {e(INTS)})]",
            lambda: f"sorted({e()}, key=lambda w: (len(w), w))",
            lambda: f"sorted({e()}, key=str.lower)",
            lambda: f"list({e(COUNTS)})",
            lambda: f"[f'{{k}}={{v}}' for k, v in {e(COUNTS)}.items()]",
            lambda: f"re.split({r.choice(['[-=,]', ' +', 'a|1'])!r}, {e(STR)})",
            lambda: f"re.findall({r.choice(['[a-z]+', '[0-9]', '[^a-z]'])!r}, {e(STR)})",
        )

    def counts(self, scope: Scope, depth: int) -> str:
        """A dictionary of integers by strings."""
        if depth <= 0:
            return self.random.choice(['{"a": 1, "b": 2}', '{"x": -3}'])
        return self.pick(
            lambda: f"{{{self.text()!r}: {self.expression(scope, INT, depth - 1)}}}",
            lambda: f"{{w: len(w) for w in {self.expression(scope, STRS, depth - 1)}}}",
            lambda: (
                f"{{k: (v % 100) * 2 for k, v in {self.expression(scope, COUNTS, depth - 1)}.items() if {'v > 0' if self.random.random() < 0.5 else 'k'}}}"
            ),
            lambda: (
                f"({self.expression(scope, COUNTS, depth - 1)} | {self.expression(scope, COUNTS, depth - 1)})"
            ),
            lambda: (
                f"{{**{self.expression(scope, COUNTS, depth - 1)}, {self.text()!r}: {self.expression(scope, INT, depth - 1)}}}"
            ),
            lambda: (
                f"dict(zip({self.expression(scope, STRS, depth - 1)}, {self.expression(scope, INTS, depth - 1)}))"
            ),
            lambda: f"dict.fromkeys({self.expression(scope, STRS, depth - 1)}, {self.random.randint(0, 9)})",
        )

    def names_(self, scope: Scope, depth: int) -> str:
        """A dictionary of strings by integers."""
        if depth <= 0:
            return '{1: "one", 2: "two"}'
        return self.pick(
            lambda: f"{{{self.expression(scope, INT, depth - 1)}: {self.expression(scope, STR, depth - 1)}}}",
            lambda: f"{{q: str(q) for q in {self.expression(scope, INTS, depth - 1)}}}",
        )

    def set_(self, scope: Scope, depth: int) -> str:
        """A set of integers."""
        if depth <= 0:
            return "{1, 2, 3}"

        def e(kind: str = SET) -> str:
            return self.expression(scope, kind, depth - 1)

        return self.pick(
            lambda: f"set({e(INTS)})",
            lambda: f"({e()} | {e()})",
            lambda: f"({e()} & {e()})",
            lambda: f"({e()} - {e()})",
            lambda: self.comprehension(scope, INT, depth - 1, "{}"),
        )

    def maybe(self, scope: Scope, depth: int) -> str:
        """An integer or None."""
        known = self.variables(scope, MAYBE)
        if depth <= 0 or not known:
            return self.random.choice(["None", self.expression(scope, INT, depth - 1)])
        return self.random.choice(known)

    def pair(self, scope: Scope, depth: int) -> str:
        """A tuple of an integer and a string."""
        return f"({self.expression(scope, INT, depth - 1)}, {self.expression(scope, STR, depth - 1)})"

    # Statements

    def block(self, scope: Scope, size: int, depth: int) -> list[str]:
        """Statements, at least one."""
        out: list[str] = []
        for _ in range(max(1, size)):
            out.extend(self.statement(scope, depth))
        return out

    def statement(self, scope: Scope, depth: int) -> list[str]:
        """One statement with what is inside it."""
        r = self.random
        choices: list[Callable[[Scope, int], list[str]]] = [
            self.assign,
            self.assign,
            self.reassign,
            self.change,
        ]
        if depth > 0:
            choices += [self.if_, self.if_, self.for_, self.for_, self.while_, self.try_, self.leave]
            choices += [self.handle, self.closure, self.gather]
        return r.choice(choices)(scope, depth)

    def assign(self, scope: Scope, depth: int) -> list[str]:
        """A new variable."""
        del depth
        kind = self.random.choice(
            [INT, INT, STR, STR, BOOL, FLOAT, INTS, STRS, COUNTS, SET, ITEM, ITEMS, GROUPS, TABLE]
        )
        name = self.name()
        value = self.expression(scope, kind, 3)
        bounded = f"({value}) % {BOUND}" if kind == INT else value
        scope.variables[name] = kind
        scope.assignable.add(name)
        return [f"{name}: {kind} = {bounded}"]

    def reassign(self, scope: Scope, depth: int) -> list[str]:
        """A variable gets another value."""
        known = [n for n in scope.assignable if scope.variables[n] in (INT, STR, FLOAT, INTS, BOOL)]
        if not known:
            return self.assign(scope, depth)
        name = self.random.choice(sorted(known))
        kind = scope.variables[name]
        if kind == INT:
            if self.random.random() < 0.4:
                return [f"{name} += {self.expression(scope, INT, 1)} % 1000"]
            return [f"{name} = ({self.expression(scope, INT, 2)}) % {BOUND}"]
        if kind == STR:
            return [f"{name} = ({self.expression(scope, STR, 2)})[:40]"]
        if kind == FLOAT:
            return [f"{name} = {self.expression(scope, FLOAT, 2)}"]
        if kind == INTS:
            return [f"{name} = ({self.expression(scope, INTS, 2)})[:12]"]
        return [f"{name} = {self.expression(scope, kind, 2)}"]

    def change(self, scope: Scope, depth: int) -> list[str]:
        """A collection changes in place."""
        r = self.random

        def e(kind: str) -> str:
            return self.expression(scope, kind, 2)

        changing = (INTS, STRS, COUNTS, SET, ITEM, GROUPS, TABLE)
        own = [n for n in sorted(scope.assignable) if scope.variables[n] in changing]
        if not own:
            return self.assign(scope, depth)
        name = r.choice(own)
        kind = scope.variables[name]
        if kind == ITEM:
            return [
                r.choice(
                    [
                        f"{name}.count += {r.randint(-3, 9)}",
                        f"{name}.rename({e(STR)})",
                        f"{name}.tags.append({e(STR)})",
                        f"{name}.price = {e(FLOAT)}",
                    ]
                )
            ]
        if kind == GROUPS:
            return [
                r.choice(
                    [
                        f"{name}.setdefault({e(STR)}, []).append(({e(INT)}) % {BOUND})",
                        f"{name}[{e(STR)}] = {e(INTS)}",
                        f"{name}.pop({e(STR)}, None)",
                    ]
                )
            ]
        if kind == TABLE:
            return [
                r.choice(
                    [
                        f"{name}.setdefault({e(STR)}, {{}})[{e(STR)}] = ({e(INT)}) % {BOUND}",
                        f"{name}[{e(STR)}] = {e(COUNTS)}",
                    ]
                )
            ]
        if kind == COUNTS:
            key = e(STR)
            return [
                r.choice(
                    [
                        f"{name}[{key}] = ({e(INT)}) % {BOUND}",
                        f"{name}[{key}] = {name}.get({key}, 0) + 1",
                        f"{name}.pop({key}, None)",
                        f"{name}.setdefault({key}, {r.randint(0, 9)})",
                        f"{name}.update({e(COUNTS)})",
                        f"{name} |= {e(COUNTS)}",
                    ]
                )
            ]
        if kind == SET:
            return [
                r.choice(
                    [
                        f"{name}.{r.choice(['add', 'discard'])}(({e(INT)}) % 50)",
                        f"{name} {r.choice(['|=', '&=', '-='])} {e(SET)}",
                        f"{name}.update({e(INTS)})",
                    ]
                )
            ]
        element = f"({e(INT)}) % {BOUND}" if kind == INTS else e(STR)
        return [
            r.choice(
                [
                    f"{name}.append({element})",
                    f"{name}.extend(({e(kind)})[:5])",
                    f"{name}.sort({r.choice(['', 'reverse=True'])})",
                    f"{name}.reverse()",
                    f"{name}.insert(0, {element})",
                    f"{name}.pop()",
                    f"{name}[0] = {element}",
                    f"{name} += [{element}]",
                    f"{name}[0], {name}[-1] = {name}[-1], {name}[0]",
                    f"del {name}[0]",
                ]
            )
        ]

    def if_(self, scope: Scope, depth: int) -> list[str]:
        """A branch, with or without an else."""
        out = [f"if {self.expression(scope, BOOL, 2)}:"]
        out += indented(self.block(scope.inner(), self.random.randint(1, 2), depth - 1))
        if self.random.random() < 0.3:
            out += [f"elif {self.expression(scope, BOOL, 2)}:"]
            out += indented(self.block(scope.inner(), 1, depth - 1))
        if self.random.random() < 0.5:
            out += ["else:", *indented(self.block(scope.inner(), self.random.randint(1, 2), depth - 1))]
        return out

    def for_(self, scope: Scope, depth: int) -> list[str]:
        """A loop over something finite; loops are not nested deeper than two."""
        if scope.loops >= 2:
            return self.assign(scope, depth)
        r = self.random
        inner = scope.inner()
        inner.loops += 1
        a, b = self.name("i"), self.name("j")
        heads: list[tuple[str, dict[str, str]]] = [
            (f"for {a} in range({self.expression(scope, INT, 1)} % 6):", {a: INT}),
            (f"for {a} in range({r.randint(5, 8)}, {r.randint(-1, 3)}, -{r.randint(1, 2)}):", {a: INT}),
            (f"for {a} in ({self.expression(scope, INTS, 2)})[:6]:", {a: INT}),
            (f"for {a}, {b} in enumerate(({self.expression(scope, STRS, 2)})[:5]):", {a: INT, b: STR}),
            (f"for {a} in ({self.expression(scope, STR, 2)})[:8]:", {a: STR}),
            (f"for {a}, {b} in sorted({self.expression(scope, COUNTS, 2)}.items()):", {a: STR, b: INT}),
            (f"for {a} in sorted({self.expression(scope, SET, 1)}):", {a: INT}),
            (f"for {a}, {b} in {self.expression(scope, COUNTS, 1)}.items():", {a: STR, b: INT}),
        ]
        head, bound = r.choice(heads)
        inner.variables.update(bound)
        return [head, *indented(self.block(inner, r.randint(1, 3), depth - 1))]

    def while_(self, scope: Scope, depth: int) -> list[str]:
        """A loop that counts down."""
        if scope.loops >= 2:
            return self.assign(scope, depth)
        name = self.name("n")
        inner = scope.inner()
        inner.loops += 1
        inner.variables[name] = INT
        return [
            f"{name} = {self.expression(scope, INT, 1)} % 5",
            f"while {name} > 0 and {self.expression(inner, BOOL, 1)}:",
            f"    {name} -= 1",
            *indented(self.block(inner, self.random.randint(1, 2), depth - 1)),
        ]

    def try_(self, scope: Scope, depth: int) -> list[str]:
        """Code that may fail on its input, handled."""
        name = self.name()
        text = self.expression(scope, STR, 1)
        out = ["try:", f"    {name} = int({text})"]
        out += indented(self.block(scope.inner(), 1, 0)) if depth > 1 else []
        out += ["except ValueError:", f"    {name} = {self.random.randint(-9, 9)}"]
        if self.random.random() < 0.05:
            out += ["finally:", *indented(self.change(scope.inner(), 0))]
        out.append(f"{name} = {name} % {BOUND}")
        scope.variables[name] = INT
        return out

    def handle(self, scope: Scope, depth: int) -> list[str]:
        """Calls that fail on their input or are refused, with what is said or kept then."""
        r = self.random
        name = self.name()
        del depth
        risky = r.choice(
            [
                f"{name} = checked({self.expression(scope, INT, 1)}, {r.randint(0, 9)})",
                f"{name} = len(picked({self.expression(scope, COUNTS, 1)}, {self.expression(scope, STR, 1)}))",
                f"{name} = checked(int({self.expression(scope, STR, 1)}), 3)",
                f"{name} = {self.expression(scope, COUNTS, 1)}[{self.expression(scope, STR, 1)}]",
            ]
        )
        handlers = r.choice(
            [
                ["except Refused as error:", f"    {name} = len(str(error))", "except (KeyError, ValueError):", f"    {name} = -2"],
                ["except (Refused, KeyError):", f"    {name} = {r.randint(-9, 9)}", "except ValueError:", "    raise Refused('late')"],
                ["except KeyError:", f"    {name} = 0", "except Exception:", f"    {name} = 1"],
                ["except Refused:", "    raise", "except KeyError as error:", "    raise ValueError('no key') from error"],
            ]
        )  # fmt: skip
        scope.variables[name] = INT
        return ["try:", f"    {risky}", *handlers, f"{name} = {name} % {BOUND}"]

    def closure(self, scope: Scope, depth: int) -> list[str]:
        """A function inside the function that uses what is around it."""
        name, result = self.name("g"), self.name()
        inner = scope.inner()
        inner.variables["q"] = INT
        del depth
        scope.variables[result] = INT
        call = f"{name}({self.expression(scope, INT, 1)})"
        return [
            f"def {name}(q: int) -> int:",
            f"    return ({self.expression(inner, INT, 2)}) % {BOUND}",
            f"{result} = {self.random.choice([call, f'sum({name}(x) for x in {self.expression(scope, INTS, 1)})'])} % {BOUND}",
        ]

    def gather(self, scope: Scope, depth: int) -> list[str]:
        """A loop that collects into a map of lists or counts, as most programs have one."""
        r = self.random
        del depth
        name = self.name()
        over = self.expression(scope, STRS, 2)
        kind = r.choice([GROUPS, COUNTS])
        scope.variables[name] = kind
        scope.assignable.add(name)
        steps = {
            COUNTS: [f"{name}[w] = {name}.get(w, 0) + 1", f"{name}[w.lower()] = len(w)"],
            GROUPS: [f"{name}.setdefault(w[:1], []).append(len(w))", f"{name}.setdefault(w, []).append(2)"],
        }[kind]
        if r.random() < 0.5:
            counted = f"{name}.setdefault(w[-1:], []).append(i)" if kind == GROUPS else f"{name}[w] = i"
            head = f"for i, w in enumerate(({over})[:6]{r.choice(['', ', 1'])}):"
            return [f"{name}: {kind} = {{}}", head, f"    {counted}"]
        return [f"{name}: {kind} = {{}}", f"for w in ({over})[:6]:", f"    {r.choice(steps)}"]

    def leave(self, scope: Scope, depth: int) -> list[str]:
        """An early return or a failure, or leaving a loop, under a condition."""
        r = self.random
        head = f"if {self.expression(scope, BOOL, 2)}:"
        ways = [
            f"return {self.expression(scope, self.result, 2)}",
            'raise ValueError("refused")',
            'raise Refused("not today")',
            "raise KeyError('missing')",
        ]
        if scope.loops:
            ways += ["break", "continue"]
        del depth
        return [head, f"    {r.choice(ways)}"]

    # Functions

    def function(self) -> str:
        """One function; it may call those that were made before."""
        r = self.random
        name = f"f{len(self.functions) + 1}"
        self.result = r.choice(RESULTS)
        scope = Scope()
        parameters: list[tuple[str, str]] = []
        for _ in range(r.randint(1, 4)):
            made = (self.name("p"), r.choice(PARAMETERS))
            parameters.append(made)
            scope.variables[made[0]] = made[1]
        body: list[str] = []
        if self.functions and r.random() < 0.3:
            callee, kinds, result = r.choice(self.functions)
            given = ", ".join(self.expression(scope, k, 1) for k in kinds)
            called = self.name()
            body.append(f"{called} = {callee}({given})")
            scope.variables[called] = result
        body += self.block(scope, r.randint(2, 5), 2)
        body.append(f"return {self.expression(scope, self.result, 3)}")
        self.functions.append((name, [k for _, k in parameters], self.result))
        signature = ", ".join(f"{n}: {k}" for n, k in parameters)
        return "\n".join([f"def {name}({signature}) -> {self.result}:", *indented(body)]) + "\n"


def indented(lines: list[str]) -> list[str]:
    """The lines one level deeper."""
    return [f"    {line}" for line in lines]


PRELUDE = '''"""A sampled module."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field


class Refused(Exception):
    """What is not taken."""


@dataclass
class Item:
    """Something with a name."""

    name: str
    count: int = 1
    price: float = 0.5
    tags: list[str] = field(default_factory=list)

    def total(self) -> float:
        return self.count * self.price

    def rename(self, name: str) -> None:
        self.name = name
        self.count += 1

    def label(self, mark: str = "#") -> str:
        return f"{self.name}{mark}{self.count}" if self.name else mark

    def bump(self, by: int) -> int:
        self.count = (self.count + by) % 1000
        return self.count

    def score(self, bonus: int) -> int:
        if self.count < 0:
            raise Refused("below zero")
        return self.count % 1000 * bonus + len(self.tags)


def checked(value: int, least: int) -> int:
    if value < least:
        raise Refused(f"{value} is below {least}")
    return value


def picked(counts: dict[str, int], key: str) -> str:
    if key not in counts:
        raise KeyError(key)
    return key * (counts[key] % 4)


def root(value: float) -> float:
    return math.sqrt(value) if value > 0 else 0.0


def applied(step: Callable[[int], int], n: int) -> int:
    return step(n) % 1000 + step(n + 1) % 1000


def worded(text: str) -> str:
    found = re.search(r"([a-z]+)([0-9]*)", text)
    return found.group(1) + "/" + found.group(2) if found else ""
'''


def module(seed: int, functions: int) -> str:
    """The text of a sampled module."""
    sampler = Sampler(seed)
    return "\n\n".join([PRELUDE, *(sampler.function() for _ in range(functions))])
