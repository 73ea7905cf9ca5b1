"""Requirements that only the code around an occurrence decides: nesting, what it governs, how often it is made.

Each judgement follows names within one document and gives up where a name could stand for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from foundation_grammars.occurrence import ByteRange, Occurrence, OccurrenceForm, TargetKind
from foundation_grammars.tree import SyntaxNode, SyntaxTree
from foundation_specs.model import LanguageId, Severity
from foundation_specs.registry import SpecRegistry

from foundation_engine.codes import RULES
from foundation_engine.effective import settings_in_force
from foundation_engine.finding import Finding

RETRY = "retry_with_backoff"
BREAKER = "circuit_breaker"
LIMITER = "rate_limiting"
CLIENT = "http_client"


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The node types of one language that these judgements walk over."""

    functions: frozenset[str]
    closures: frozenset[str]
    loops: frozenset[str]
    calls: frozenset[str]
    callee: str
    members: frozenset[str]
    receiver: str
    member: str
    classes: frozenset[str]
    selves: frozenset[str]


_GRAMMARS: Mapping[LanguageId, _Grammar] = {
    LanguageId.PYTHON: _Grammar(
        functions=frozenset({"function_definition"}),
        closures=frozenset({"lambda", "function_definition"}),
        loops=frozenset({"for_statement", "while_statement", "list_comprehension", "set_comprehension",
                         "dictionary_comprehension", "generator_expression"}),
        calls=frozenset({"call"}),
        callee="function",
        members=frozenset({"attribute"}),
        receiver="object",
        member="attribute",
        classes=frozenset({"class_definition"}),
        selves=frozenset({"self", "cls"}),
    ),
    LanguageId.GO: _Grammar(
        functions=frozenset({"function_declaration", "method_declaration"}),
        closures=frozenset({"func_literal"}),
        loops=frozenset({"for_statement"}),
        calls=frozenset({"call_expression"}),
        callee="function",
        members=frozenset({"selector_expression"}),
        receiver="operand",
        member="field",
        classes=frozenset(),
        selves=frozenset(),
    ),
    LanguageId.RUST: _Grammar(
        functions=frozenset({"function_item"}),
        closures=frozenset({"closure_expression", "async_block"}),
        loops=frozenset({"for_expression", "while_expression", "loop_expression"}),
        calls=frozenset({"call_expression"}),
        callee="function",
        members=frozenset({"field_expression"}),
        receiver="value",
        member="field",
        classes=frozenset({"impl_item"}),
        selves=frozenset({"self"}),
    ),
    LanguageId.RUBY: _Grammar(
        functions=frozenset({"method", "singleton_method"}),
        closures=frozenset({"block", "do_block", "lambda"}),
        loops=frozenset({"while", "until", "for"}),
        calls=frozenset({"call"}),
        callee="method",
        members=frozenset(),
        receiver="receiver",
        member="method",
        classes=frozenset({"class", "module"}),
        selves=frozenset({"self"}),
    ),
}  # fmt: skip

_GOVERNING = frozenset(
    {OccurrenceForm.DECORATOR, OccurrenceForm.ANNOTATION, OccurrenceForm.MACRO, OccurrenceForm.BLOCK}
)
_FUNCTIONS = frozenset({TargetKind.FUNCTION, TargetKind.METHOD, TargetKind.ASYNC_FUNCTION})
# Functions that run once per process, or only in tests, or whose business is to make things.
_MAKES_ONCE = re.compile(
    r"(?i)^(?:_?main|run_main|set_?up|__init__|init|initialize|new\w*|(?:build|create|make)_?\w*"
    r"|test\w*|bench\w*|example\w*|\w*_test|\w*fixture\w*)$"
)


def check_surroundings(
    occurrences: Sequence[Occurrence], tree: SyntaxTree, registry: SpecRegistry
) -> Iterator[Finding]:
    """Every requirement of the occurrences that the code around them breaks."""
    if not occurrences:
        return
    document = _Document(tree, occurrences, registry)
    for judge in (_generators, _nested_retries, _retried_breakers, _made_per_call, _clients_per_attempt):
        yield from judge(document)


def excused(finding: Finding, tree: SyntaxTree) -> bool:
    """True for a finding about one occurrence that the code around it answers.

    A process whose exit status is not checked is a finding only where its result is dropped: whoever keeps the result
    has most likely asked for that in order to read it.
    """
    if finding.code != "process_execution/exit-status-ignored":
        return False
    anchor = int(finding.data.get("anchor", finding.range.start))
    node = tree.root.descendant_for_byte_range(anchor, finding.range.end)
    while node is not None and node.type not in _GRAMMARS[tree.language].calls:
        node = node.parent
    holder = node.parent if node is not None else None
    if holder is not None and holder.type in {"await", "await_expression", "try_expression"}:
        holder = holder.parent
    return holder is None or holder.type != "expression_statement"


class _Document:
    """The document with its occurrences by what they govern."""

    def __init__(self, tree: SyntaxTree, occurrences: Sequence[Occurrence], registry: SpecRegistry) -> None:
        self.tree = tree
        self.occurrences = occurrences
        self.registry = registry
        self.grammar = _GRAMMARS[tree.language]

    def of(self, pattern_id: str) -> Iterator[Occurrence]:
        """The occurrences of one pattern, in source order."""
        return (o for o in self.occurrences if o.pattern_id == pattern_id)

    def body(self, occurrence: Occurrence) -> SyntaxNode | None:
        """The node of the function or block that an occurrence governs, or None."""
        target = occurrence.target
        if target is None or occurrence.form not in _GOVERNING:
            return None
        return self.tree.root.descendant_for_byte_range(target.range.start, target.range.end)

    def function(self, occurrence: Occurrence) -> SyntaxNode | None:
        """The function definition that an occurrence governs, below its decorators and attributes, or None."""
        node = self.body(occurrence)
        if node is None:
            return None
        return next((n for n in _walk(node) if n.type in self.grammar.functions), None)

    def enclosing_function(self, place: ByteRange) -> SyntaxNode | None:
        """The innermost named function around a place, or None at the top level."""
        node = self.tree.root.descendant_for_byte_range(place.start, place.end)
        while node is not None and node.type not in self.grammar.functions:
            node = node.parent
        return node

    def enclosing_class(self, node: SyntaxNode) -> int | None:
        """The id of the class around a node, or None."""
        current = node.parent
        while current is not None:
            if current.type in self.grammar.classes:
                return current.id
            current = current.parent
        return None

    def name_of(self, function: SyntaxNode) -> str:
        """The name of a function definition."""
        name = function.child_by_field_name("name")
        return self.tree.source(name) if name is not None else ""

    def calls_in(self, node: SyntaxNode) -> Iterator[tuple[SyntaxNode, str, bool]]:
        """Each call in `node` by a plain name, or by a method name on the object itself: node, name, on itself."""
        grammar = self.grammar
        for call in _walk(node):
            if call.type not in grammar.calls:
                continue
            callee = call.child_by_field_name(grammar.callee)
            if callee is None:
                continue
            if self.tree.language is LanguageId.RUBY:
                receiver = call.child_by_field_name("receiver")
                if receiver is None or receiver.type in grammar.selves:
                    yield call, self.tree.source(callee), True
            elif callee.type == "identifier":
                yield call, self.tree.source(callee), False
            elif callee.type in grammar.members:
                receiver = callee.child_by_field_name(grammar.receiver)
                member = callee.child_by_field_name(grammar.member)
                if receiver is not None and member is not None and self._itself(receiver, call):
                    yield call, self.tree.source(member), True

    def _itself(self, receiver: SyntaxNode, call: SyntaxNode) -> bool:
        if self.tree.source(receiver) in self.grammar.selves:
            return True
        if self.tree.language is not LanguageId.GO or receiver.type != "identifier":
            return False
        method = call.parent
        while method is not None and method.type not in self.grammar.functions:
            method = method.parent
        holder = method.child_by_field_name("receiver") if method is not None else None
        return holder is not None and any(
            n.type == "identifier" and self.tree.source(n) == self.tree.source(receiver)
            for n in _walk(holder)
        )


def _walk(node: SyntaxNode) -> Iterator[SyntaxNode]:
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(current.children))


def _span(node: SyntaxNode) -> ByteRange:
    return ByteRange(node.start_byte, node.end_byte)


def _finding(
    occurrence: Occurrence,
    rule: str,
    message: str,
    advice: str,
    related: tuple[tuple[ByteRange, str], ...] = (),
    severity: Severity | None = None,
    place: ByteRange | None = None,
) -> Finding:
    return Finding(
        code=f"{occurrence.pattern_id}/{rule}",
        severity=severity or RULES[rule].severity,
        message=message,
        range=place or occurrence.name_range,
        help=advice,
        pattern_id=occurrence.pattern_id,
        related=related,
        data={"anchor": occurrence.range.start},
    )


def _generators(document: _Document) -> Iterator[Finding]:
    """A retry on a generator function: the call only makes the generator, the body runs afterwards."""
    if document.tree.language is not LanguageId.PYTHON:
        return
    for occurrence in document.of(RETRY):
        if occurrence.form is not OccurrenceForm.DECORATOR:
            continue
        function = document.function(occurrence)
        body = function.child_by_field_name("body") if function is not None else None
        if function is None or body is None or _decorators_below(occurrence, function):
            continue
        if b"yield" not in document.tree.text[body.start_byte : body.end_byte]:
            continue
        found = next(_yields(body), None)
        if found is not None:
            yield _finding(
                occurrence,
                "retried-generator",
                f"`{document.name_of(function)}` is a generator: its body runs after the retry has returned",
                "retry a function that returns a list, or the step inside the generator that may fail",
                ((_span(found), "the function yields here"),),
            )


def _decorators_below(occurrence: Occurrence, function: SyntaxNode) -> bool:
    """True when another decorator stands between this one and the function, and may consume the generator."""
    holder = function.parent
    if holder is None or holder.type != "decorated_definition":
        return False
    return any(d.type == "decorator" and d.start_byte > occurrence.range.start for d in holder.children)


def _yields(body: SyntaxNode) -> Iterator[SyntaxNode]:
    pending = [body]
    while pending:
        node = pending.pop()
        if node.type == "yield" and node.is_named:
            yield node
        if node.type not in {"function_definition", "lambda", "class_definition"}:
            pending.extend(reversed(node.children))


def _nested_retries(document: _Document) -> Iterator[Finding]:
    """A retry inside what another retry repeats: written there, stacked on it, or reached by a call."""
    retries = [o for o in document.of(RETRY) if o.form in _GOVERNING and not o.malformed]
    functions: dict[str, list[tuple[Occurrence, int | None]]] = {}
    bodies: list[tuple[Occurrence, SyntaxNode]] = []
    for occurrence in retries:
        body = document.body(occurrence)
        if body is None:
            continue
        bodies.append((occurrence, body))
        target = occurrence.target
        if target is not None and target.kind in _FUNCTIONS:
            functions.setdefault(target.name, []).append((occurrence, document.enclosing_class(body)))
    named = {name.encode(): name for name in functions}
    reported: set[tuple[int, int]] = set()
    for outer, body in bodies:
        last = max(body.end_byte, outer.target.range.end if outer.target is not None else 0)
        for inner in document.of(RETRY):
            if inner is outer or inner.malformed or not outer.range.start <= inner.range.start <= last:
                continue
            if not _stacked(inner, outer) and (
                not _within(inner.range, outer, body) or _inside_own_scope(document, inner, outer)
            ):
                continue
            if (key := (outer.range.start, inner.range.start)) not in reported and _executes(inner):
                reported.add(key)
                yield _nested(inner, outer, inner.name_range)
        owner = document.enclosing_class(body)
        target = outer.target
        # Reading every call of a long body is dear; most bodies name no other retried function at all.
        words = set(_WORDS.findall(document.tree.text, body.start_byte, body.end_byte))
        if not any(
            target is None or name != target.name for name in (named[word] for word in words & named.keys())
        ):
            continue
        for call, name, on_itself in document.calls_in(body):
            candidates = functions.get(name, [])
            if len(candidates) != 1 or (target is not None and name == target.name):
                continue
            inner, inner_class = candidates[0]
            if on_itself != (inner_class is not None) and document.tree.language is not LanguageId.GO:
                continue
            if on_itself and inner_class != owner:
                continue
            if (key := (outer.range.start, call.start_byte)) not in reported:
                reported.add(key)
                yield _nested(
                    inner, outer, ByteRange(call.start_byte, _callee_end(document, call)), anchor=outer
                )


_WORDS = re.compile(rb"[\w\x80-\xff]+")


def _stacked(inner: Occurrence, outer: Occurrence) -> bool:
    """True when both govern the same function."""
    return inner.target is not None and outer.target is not None and inner.target.range == outer.target.range


def _within(place: ByteRange, outer: Occurrence, body: SyntaxNode) -> bool:
    return body.start_byte <= place.start and place.end <= body.end_byte and place != outer.range


def _executes(occurrence: Occurrence) -> bool:
    """False for what only builds a policy; that is no retry yet."""
    return occurrence.form is not OccurrenceForm.CONSTRUCTOR or not occurrence.spelled.endswith("Policy")


def _inside_own_scope(document: _Document, inner: Occurrence, outer: Occurrence) -> bool:
    """True when the inner retry governs a function that is only defined inside the outer one, and may never run."""
    if inner.target is None or outer.target is None or inner.target.kind not in _FUNCTIONS:
        return False
    return inner.target.range != outer.target.range and document.function(inner) != document.function(outer)


def _callee_end(document: _Document, call: SyntaxNode) -> int:
    callee = call.child_by_field_name(document.grammar.callee)
    return callee.end_byte if callee is not None else call.end_byte


def _nested(
    inner: Occurrence, outer: Occurrence, place: ByteRange, anchor: Occurrence | None = None
) -> Finding:
    name = inner.target.name if inner.target is not None and inner.target.name else "this"
    message = (
        f"`{name}` retries by itself, so the attempts multiply"
        if anchor is not None
        else "this retry is inside another one, so the attempts multiply"
    )
    return _finding(
        anchor or inner,
        "nested-retry",
        message,
        "keep one of the two retries",
        ((outer.name_range if anchor is None else inner.name_range, "the other retry"),),
        place=place,
    )


def _retried_breakers(document: _Document) -> Iterator[Finding]:
    """A retry of what a breaker refuses, where the library's refusal is an ordinary error (not in our runtimes)."""
    breakers: dict[str, list[tuple[Occurrence, int | None]]] = {}
    for occurrence in document.of(BREAKER):
        target, body = occurrence.target, document.body(occurrence)
        if (
            occurrence.dialect == "provide"
            and target is not None
            and target.kind in _FUNCTIONS
            and body is not None
        ):
            breakers.setdefault(target.name, []).append((occurrence, document.enclosing_class(body)))
    if not breakers:
        return
    for retry in document.of(RETRY):
        body = document.body(retry)
        if body is None or not _retries_runtime_error(document, retry):
            continue
        name = retry.target.name if retry.target is not None else ""
        for breaker, _ in breakers.get(name, []):
            same = (
                breaker.target is not None
                and retry.target is not None
                and breaker.target.range == retry.target.range
            )
            if same and retry.range.start < breaker.range.start:
                yield _open_circuit(retry, breaker, retry.name_range)
        owner = document.enclosing_class(body)
        for call, called, on_itself in document.calls_in(body):
            candidates = breakers.get(called, [])
            if len(candidates) != 1 or called == name:
                continue
            breaker, breaker_class = candidates[0]
            if on_itself == (breaker_class is not None) and (not on_itself or breaker_class == owner):
                yield _open_circuit(retry, breaker, ByteRange(call.start_byte, _callee_end(document, call)))


def _open_circuit(retry: Occurrence, breaker: Occurrence, place: ByteRange) -> Finding:
    return _finding(
        retry,
        "retried-open-circuit",
        "an open circuit raises RuntimeError here, which this retry waits for and tries again",
        "name the retried errors without RuntimeError, or put the breaker outside the retry",
        ((breaker.name_range, "the circuit breaker"),),
        place=place,
    )


def _retries_runtime_error(document: _Document, retry: Occurrence) -> bool:
    spec = document.registry.get(RETRY)
    if retry.dialect != "provide" or spec is None:
        return False
    setting = settings_in_force(retry, spec).get("retryable")
    if setting is None or not setting.known:
        return False
    names = set(setting.value or ())
    return not names or bool(names & {"Exception", "BaseException", "RuntimeError"})


_PER_CALL = {
    BREAKER: (
        "breaker-per-call",
        "circuit breaker",
        "counts failures only until it returns, so it never opens",
    ),
    LIMITER: ("limiter-per-call", "limiter", "starts full every time, so it never limits"),
}


def _made_per_call(document: _Document) -> Iterator[Finding]:
    """A breaker or limiter that one call makes, uses and drops."""
    for pattern_id, (rule, noun, consequence) in _PER_CALL.items():
        for occurrence in document.of(pattern_id):
            if occurrence.form is not OccurrenceForm.CONSTRUCTOR:
                continue
            function = document.enclosing_function(occurrence.range)
            if function is None or _MAKES_ONCE.match(document.name_of(function)):
                continue
            if _dropped(document, occurrence, function):
                yield _finding(
                    occurrence,
                    rule,
                    f"this {noun} is made anew by every call of `{document.name_of(function)}` and {consequence}",
                    "make it once, beside the function or in the object, and use that one",
                )


def _dropped(document: _Document, occurrence: Occurrence, function: SyntaxNode) -> bool:
    """True when the value made here is bound to one local name that is only ever called upon, once per call."""
    target = occurrence.target
    if target is None or target.kind is not TargetKind.ASSIGNMENT or not re.fullmatch(r"\w+", target.name):
        return False
    if not (function.start_byte <= target.range.start and target.range.end <= function.end_byte):
        return False
    place = target.name_range or target.range
    uses = 0
    for node in _walk(function):
        if node.type not in {"identifier", "constant"} or document.tree.source(node) != target.name:
            continue
        if place.start <= node.start_byte < place.end:
            continue
        if not _called_upon(document, node, function):
            return False
        uses += 1
    return uses > 0 and not _in_closure(document, occurrence.range, function)


def _called_upon(document: _Document, node: SyntaxNode, function: SyntaxNode) -> bool:
    """True when `node` is the receiver of a method call that stands in the function itself and in no loop."""
    parent = node.parent
    grammar = document.grammar
    if parent is None:
        return False
    if document.tree.language is LanguageId.RUBY:
        call: SyntaxNode | None = parent if parent.type in grammar.calls else None
        receiver = parent.child_by_field_name("receiver")
    else:
        call = parent.parent if parent.type in grammar.members else None
        receiver = parent.child_by_field_name(grammar.receiver) if parent.type in grammar.members else None
    if call is None or call.type not in grammar.calls or receiver != node:
        return False
    below, current = call, call.parent
    while current is not None and current != function:
        if current.type in grammar.closures:
            return False
        # A loop's condition is where one call waits for its permit; a loop's body uses the thing many times.
        if current.type in grammar.loops and current.child_by_field_name("condition") != below:
            return False
        below, current = current, current.parent
    return True


def _in_closure(document: _Document, place: ByteRange, function: SyntaxNode) -> bool:
    node = document.tree.root.descendant_for_byte_range(place.start, place.end)
    while node is not None and node != function:
        if node.type in document.grammar.closures:
            return True
        node = node.parent
    return False


def _clients_per_attempt(document: _Document) -> Iterator[Finding]:
    """A client made inside what a retry repeats: every attempt opens its connections anew."""
    retries = [(o, body) for o in document.of(RETRY) if (body := document.body(o)) is not None]
    for occurrence in document.of(CLIENT):
        if occurrence.form not in {
            OccurrenceForm.CONSTRUCTOR,
            OccurrenceForm.CONTEXT_MANAGER,
            OccurrenceForm.CALL,
        }:
            continue
        for retry, body in retries:
            if _within(occurrence.range, retry, body) and occurrence.range.start >= body.start_byte:
                yield _finding(
                    occurrence,
                    "client-per-attempt",
                    "every attempt of the retry makes a new client and opens its connections anew",
                    "make the client once, outside what is retried",
                    ((retry.name_range, "the retry"),),
                )
                break
