"""Python's standard library beside the builtins: iteration, numbers, texts, paths and output."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front import _python_prelude as prelude
from foundation_engine.port.front import _python_times as times
from foundation_engine.port.front._python_names import ADDRESS, PATH
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_Maker = Callable[["ExpressionLowerer", ast.Call], ir.Expr]

COLOURS = "What a command prints has no colours, and no form of its own for JSON."


def _op(name: str, args: list[ir.Expr], t: Type, raises: str = "") -> ir.Intrinsic:
    return ir.Intrinsic(name, args, raises, type=t)


def _int(value: int) -> ir.Expr:
    return ir.Lit(value, type=ir.INT)


def _refuse(e: ast.Call) -> Unsupported:
    return Unsupported("a call with these arguments", ast.unparse(e), e.lineno)


def _given(e: ast.Call, names: tuple[str, ...], least: int) -> dict[str, ast.expr]:
    """Arguments by name; raises Unsupported for others, and when fewer than the first `least` are there."""
    given = dict(zip(names, e.args, strict=False))
    if len(e.args) > len(names) or any(isinstance(a, ast.Starred) for a in e.args):
        raise _refuse(e)
    for k in e.keywords:
        if k.arg is None or k.arg not in names or k.arg in given:
            raise _refuse(e)
        given[k.arg] = k.value
    if not set(names[:least]) <= set(given):
        raise _refuse(e)
    return given


def code(
    low: ExpressionLowerer, at: ast.expr, text: str, want: Type | None = None, **parts: ast.expr
) -> ir.Expr:
    """What a line of Python means, in which names stand for parts of the source."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return parts.get(node.id, node)

    made = Fill().visit(ast.parse(text, mode="eval").body)
    for sub in ast.walk(made):
        if isinstance(sub, ast.expr | ast.arg | ast.keyword) and not hasattr(sub, "lineno"):
            ast.copy_location(sub, at)
    return low.expr(made, want)


def _list(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    return low.as_list(low.iterable(node))


# itertools


def _chain(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    from foundation_engine.port.front._python_expr import join

    if e.keywords or not e.args or any(isinstance(a, ast.Starred) for a in e.args):
        raise _refuse(e)
    out = _list(low, e.args[0])
    for node in e.args[1:]:
        more = _list(low, node)
        t = join(out.type, more.type)
        out = _op("list.concat", [low.coerce(out, t), low.coerce(more, t)], t)
    return out


def _flattened(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable",), 1)
    return code(low, e, "[item for part in given for item in part]", given=given["iterable"])


def _product(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    nodes = list(e.args)
    for k in e.keywords:
        if k.arg != "repeat" or not isinstance(k.value, ast.Constant) or not isinstance(k.value.value, int):
            raise _refuse(e)
        nodes *= k.value.value
    if len(nodes) not in (2, 3) or any(isinstance(n, ast.Starred) for n in nodes):
        raise Unsupported("a product of so many sequences", ast.unparse(e), e.lineno)
    for node in nodes:
        low.require_pure(low.expr(node))
    names = ("first", "second", "third")[: len(nodes)]
    loops = " ".join(f"for {n} in given_{n}" for n in names)
    parts = {f"given_{n}": node for n, node in zip(names, nodes, strict=True)}
    return code(low, e, f"[({', '.join(names)}) {loops}]", None, **parts)


def _combinations(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable", "r"), 2)
    count = low.expr(given["r"])
    items = _list(low, given["iterable"])
    fixed = {2: "pairs_of", 3: "triples_of"}.get(count.value) if isinstance(count, ir.Lit) else None
    if fixed is not None:
        return prelude.call(low, fixed, items)
    return prelude.call(low, "chosen", items, low.coerce(count, ir.INT))


def _permutations(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable", "r"), 1)
    items = _list(low, given["iterable"])
    if "r" not in given:
        return prelude.call(low, "orders", items)
    return prelude.call(low, "arranged", items, low.coerce(low.expr(given["r"]), ir.INT))


def _accumulate(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    items = _list(low, _given(e, ("iterable",), 1)["iterable"])
    if items.type not in (ir.ListT(ir.INT), ir.ListT(ir.FLOAT)):
        raise Unsupported(f"running totals of {ir.type_text(items.type)}", ast.unparse(e), e.lineno)
    return prelude.call(low, "running_totals", items)


def _pairwise(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return prelude.call(low, "adjacent", _list(low, _given(e, ("iterable",), 1)["iterable"]))


def _islice(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.keywords or len(e.args) not in (2, 3):
        raise _refuse(e)
    bounds = [low.lower_bound(low.expr(a)) for a in e.args[1:]]
    if any(b is None or b < 0 for b in bounds):
        raise Unsupported("islice with bounds that may be below zero", ast.unparse(e), e.lineno)
    low_high = "[start:stop]" if len(e.args) == 3 else "[:stop]"
    parts = {"given": e.args[0], "stop": e.args[-1], "start": e.args[1]}
    return code(low, e, f"list(given){low_high}", None, **parts)


def _zip_longest(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if len(e.args) == 1 and isinstance(e.args[0], ast.Starred) and len(e.keywords) == 1:
        rows, fill = _list(low, e.args[0].value), low.expr(e.keywords[0].value)
        texts = rows.type == ir.ListT(ir.STR)
        return prelude.call(low, "filled_text_columns" if texts else "filled_columns", rows, fill)
    given = _given(e, ("first", "second", "fillvalue"), 2)
    if "fillvalue" not in given:
        raise Unsupported("zip_longest without a value to fill with", ast.unparse(e), e.lineno)
    fill = low.expr(given["fillvalue"])
    return prelude.call(
        low, "filled_pairs", _list(low, given["first"]), _list(low, given["second"]), fill, fill
    )


def cycled(low: ExpressionLowerer, nodes: list[ast.expr]) -> list[ir.Expr] | None:
    """The operands of `zip` where one goes round for as long as the other lasts; None where none does."""
    round_, other = nodes if len(nodes) == 2 else (nodes[0], nodes[0])
    for first, second in ((round_, other), (other, round_)):
        if (
            not (isinstance(first, ast.Call) and low.stdlib_name(first.func) == "itertools.cycle")
            or len(nodes) != 2
        ):
            continue
        lasting = low.expr(second)
        if not isinstance(lasting, ir.Name) or not isinstance(lasting.type, ir.ListT | ir.P):
            raise Unsupported("a sequence that goes round beside this one", ast.unparse(first), first.lineno)
        items = _list(low, _given(first, ("iterable",), 1)["iterable"])
        length = code(low, first, "len(given)", given=second)
        made = prelude.call(low, "repeated", items, length)
        return [made, low.iterable(second)] if first is round_ else [low.iterable(second), made]
    return None


def _groupby(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable", "key"), 1)
    items = _list(low, given["iterable"])
    low.require_pure(items)
    keys = items
    if "key" in given:
        keys = low.as_list(code(low, e, "list(map(key, given))", key=given["key"], given=given["iterable"]))
    return prelude.call(low, "grouped", items, keys)


def _may_fail(e: ir.Expr) -> bool:
    calls = (ir.Call, ir.MethodCall, ir.New, ir.PatternOp, ir.PatternCall)
    return any(isinstance(n, calls) or (isinstance(n, ir.Intrinsic) and bool(n.raises)) for n in ir.walk(e))


def _while(name: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("predicate", "iterable"), 2)
        items = _list(low, given["iterable"])
        low.require_pure(items)
        tests = code(
            low, e, "list(map(predicate, given))", predicate=given["predicate"], given=given["iterable"]
        )
        if not isinstance(tests, ir.Comp) or tests.type != ir.ListT(ir.BOOL) or _may_fail(tests.elem):
            # All items are tested, which only the items behind the first may show.
            raise Unsupported("a test of items that may fail", ast.unparse(e), e.lineno)
        return prelude.call(low, name, items, tests)

    return make


def _repeat(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("object", "times"), 2)
    return code(low, e, "[given] * times", given=given["object"], times=given["times"])


def _partial(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """A function of the module with its first arguments given, which must be literals."""
    f = e.args[0] if e.args else e
    signature = low.scope.functions.get(f.id) if isinstance(f, ast.Name) else None
    if signature is None or e.keywords or not all(isinstance(a, ast.Constant) for a in e.args[1:]):
        raise Unsupported("functools.partial of this kind", ast.unparse(e), e.lineno)
    assert isinstance(f, ast.Name)  # noqa: S101 - it was looked up by its name.
    rest = signature.params[len(e.args) - 1 :]
    params = [ir.Param(p.name, p.type) for p in rest]
    given = [low.coerce(low.expr(a), p.type) for a, p in zip(e.args[1:], signature.params, strict=False)]
    t = ir.FuncT(tuple(p.type for p in signature.params), signature.result)
    call = ir.Call(
        ir.Name(f.id, type=t), [*given, *(ir.Name(p.name, type=p.type) for p in rest)], type=signature.result
    )
    made = ir.FuncT(tuple(p.type for p in rest), signature.result, raises=False, context=False)
    return ir.Lambda(params, call, type=made)


# Numbers


def _prod(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable", "start"), 1)
    items = _list(low, given["iterable"])
    if items.type not in (ir.ListT(ir.INT), ir.ListT(ir.FLOAT)):
        raise Unsupported(f"a product of {ir.type_text(items.type)}", ast.unparse(e), e.lineno)
    assert isinstance(items.type, ir.ListT)  # noqa: S101 - tested above.
    start = low.expr(given["start"]) if "start" in given else _int(1)
    low.scope.differ(
        "Integers have 64 bits: a result beyond them wraps or stops, where Python's integers grow."
    )
    return prelude.call(low, "product_of", items, low.coerce(start, items.type.elem))


def _of_integers(name: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        if e.keywords or len(e.args) != 2:
            raise _refuse(e)
        return prelude.call(low, name, *(low.coerce(low.expr(a), ir.INT) for a in e.args))

    return make


def _angle(factor: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("x",), 1)
        x = low.coerce(low.expr(given["x"]), ir.FLOAT)
        pi, half = _op("math.pi", [], ir.FLOAT), ir.Lit(180.0, type=ir.FLOAT)
        parts: list[ir.Expr] = [half, pi] if factor == "degrees" else [pi, half]
        return _op("float.mul", [x, _op("float.div", parts, ir.FLOAT)], ir.FLOAT)

    return make


def _infinite(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    x = low.coerce(low.expr(_given(e, ("x",), 1)["x"]), ir.FLOAT)
    return _op("eq", [_op("float.abs", [x], ir.FLOAT), _op("math.inf", [], ir.FLOAT)], ir.BOOL)


def _finite(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    x = low.coerce(low.expr(_given(e, ("x",), 1)["x"]), ir.FLOAT)
    return _op("lt", [_op("float.abs", [x], ir.FLOAT), _op("math.inf", [], ir.FLOAT)], ir.BOOL)


def _not_a_number(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    x = low.coerce(low.expr(_given(e, ("x",), 1)["x"]), ir.FLOAT)
    return _op("float.is_nan", [x], ir.BOOL)


def _bisect(name: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("a", "x"), 2)
        items = _list(low, given["a"])
        assert isinstance(items.type, ir.ListT)  # noqa: S101 - what as_list gives.
        if items.type.elem not in (ir.INT, ir.FLOAT, ir.STR):
            raise Unsupported(f"a place among {ir.type_text(items.type)}", ast.unparse(e), e.lineno)
        item = low.expr(given["x"])
        if item.type == ir.FLOAT and items.type.elem == ir.INT:
            raise Unsupported("a place of a float among integers", ast.unparse(e), e.lineno)
        return prelude.call(low, name, items, low.coerce(item, items.type.elem))

    return make


def _reduced(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`reduce` with an operation that has a name of its own, or a lambda that says it."""
    if e.keywords or len(e.args) not in (2, 3):
        raise _refuse(e)
    f = e.args[0]
    text = low.stdlib_name(f) or ""
    match f:
        case ast.Lambda(
            args=ast.arguments(args=[ast.arg(arg=a), ast.arg(arg=b)]),
            body=ast.BinOp(left=ast.Name(id=x), op=op, right=ast.Name(id=y)),
        ) if (a, b) == (x, y):
            text = {"Mult": "operator.mul", "Add": "operator.add"}.get(type(op).__name__, "")
        case _:
            pass
    items = _list(low, e.args[1])
    if items.type not in (ir.ListT(ir.INT), ir.ListT(ir.FLOAT)) or text not in (
        "operator.mul",
        "operator.add",
    ):
        raise Unsupported("functools.reduce", ast.unparse(e), e.lineno)
    if len(e.args) == 2:
        return prelude.call(low, "product_of_some" if text == "operator.mul" else "sum_of_some", items)
    if text == "operator.add":
        return code(low, e, "sum(given, start)", given=e.args[1], start=e.args[2])
    made = ast.copy_location(ast.Call(e.func, e.args[1:], []), e)
    return _prod(low, made)


def _close(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("a", "b", "rel_tol", "abs_tol"), 2)
    limits = {"rel_tol": 1e-09, "abs_tol": 0.0}
    values = [
        low.coerce(low.expr(given[n]), ir.FLOAT) if n in given else ir.Lit(limits[n], type=ir.FLOAT)
        for n in ("a", "b", "rel_tol", "abs_tol")
    ]
    return prelude.call(low, "close_numbers", *values)


# Texts


def _dedent(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return prelude.call(low, "dedented", low.coerce(low.expr(_given(e, ("text",), 1)["text"]), ir.STR))


def _quote(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("string", "safe"), 1)
    safe = low.expr(given["safe"]) if "safe" in given else ir.Lit("/", type=ir.STR)
    text = low.coerce(low.expr(given["string"]), ir.STR)
    return prelude.call(low, "quoted_url", text, low.coerce(safe, ir.STR))


def text_method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr | None:
    """A method of a text that comes along as a function, or None for another."""
    text = low.coerce(obj, ir.STR)
    match name:
        case "center":
            given = _given(e, ("width", "fillchar"), 1)
            fill = low.expr(given["fillchar"]) if "fillchar" in given else ir.Lit(" ", type=ir.STR)
            width = low.coerce(low.expr(given["width"]), ir.INT)
            return prelude.call(low, "centered", text, width, low.coerce(fill, ir.STR))
        case "expandtabs":
            given = _given(e, ("tabsize",), 0)
            size = low.expr(given["tabsize"]) if "tabsize" in given else _int(8)
            return prelude.call(low, "expanded_tabs", text, low.coerce(size, ir.INT))
        case "isascii" if not e.args and not e.keywords:
            low.require_pure(obj)
            assert isinstance(e.func, ast.Attribute)  # noqa: S101 - it is a method.
            return code(low, e, "all(ord(c) < 128 for c in given)", given=e.func.value)
        case "translate":
            table = low.expr(_given(e, ("table",), 1)["table"])
            if table.type != ir.DictT(ir.STR, ir.STR):
                raise Unsupported("a translation by this table", ast.unparse(e), e.lineno)
            return prelude.call(low, "translated", text, table)
        case _:
            return None


def _known(e: ir.Expr) -> str | None:
    """The text that an expression always is, None where that is not known."""
    match e:
        case ir.Lit(value=str() as text):
            return text
        case ir.Intrinsic(op="str.reversed", args=[inner]) if (text := _known(inner)) is not None:
            return text[::-1]
        case ir.Intrinsic(op="str.concat", args=[left, right]):
            first, second = _known(left), _known(right)
            return None if first is None or second is None else first + second
        case _:
            return None


def _maketrans(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("x", "y", "z"), 1)
    if len(given) == 1:
        table = low.expr(given["x"])
        keys = table.items if isinstance(table, ir.DictLit) else []
        if table.type == ir.DictT(ir.STR, ir.STR) and all(
            isinstance(k, ir.Lit) and len(k.value) == 1 for k, _ in keys
        ):
            return table
        raise Unsupported("a translation of this kind", ast.unparse(e), e.lineno)
    texts = [low.coerce(low.expr(given[n]), ir.STR) if n in given else ir.Lit("", type=ir.STR) for n in "xyz"]
    known = [_known(t) for t in texts]
    if None not in known:
        source, target, removed = (text or "" for text in known)
        if len(source) != len(target):
            raise Unsupported("a translation between texts of different lengths", ast.unparse(e), e.lineno)
        table_of = {**dict(zip(source, target, strict=True)), **dict.fromkeys(removed, "")}
        items: list[tuple[ir.Expr, ir.Expr]] = [
            (ir.Lit(k, type=ir.STR), ir.Lit(v, type=ir.STR)) for k, v in table_of.items()
        ]
        return ir.DictLit(items, type=ir.DictT(ir.STR, ir.STR))
    return prelude.call(low, "translation", *texts)


def _fromkeys(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("iterable", "value"), 2)
    value = low.expr(given["value"])
    if not isinstance(value, ir.Lit) and not isinstance(value.type, ir.P):
        # One value is under every key.
        raise Unsupported("one object under several keys", ast.unparse(e), e.lineno)
    return code(low, e, "{key: value for key in given}", given=given["iterable"], value=given["value"])


def distinct(low: ExpressionLowerer, e: ast.Call) -> ir.Expr | None:
    """`list(dict.fromkeys(items))`, the items in order and each once; None for another call of `list`."""
    match e.args:
        case [
            ast.Call(
                func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[items], keywords=[]
            )
        ]:
            return prelude.call(low, "distinct", _list(low, items))
        case _:
            return None


def transposed(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """`zip(*rows)`."""
    rows = _list(low, node)
    if rows.type == ir.ListT(ir.STR):
        return prelude.call(low, "text_columns", rows)
    if not (isinstance(rows.type, ir.ListT) and isinstance(rows.type.elem, ir.ListT)):
        raise Unsupported(f"columns of {ir.type_text(rows.type)}", ast.unparse(node), node.lineno)
    return prelude.call(low, "columns", rows)


def most_common(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`counter.most_common(n)`."""
    assert isinstance(e.func, ast.Attribute)  # noqa: S101 - it is a method.
    given = _given(e, ("n",), 0)
    ranked = "sorted(given.items(), key=lambda pair: pair[1], reverse=True)"
    n = given.get("n")
    if n is None:
        return code(low, e, ranked, given=e.func.value)
    bound = low.lower_bound(low.expr(n))
    count = "count" if bound is not None and bound >= 0 else "max(count, 0)"
    return code(low, e, f"{ranked}[:{count}]", given=e.func.value, count=n)


# Output


def printed(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`print`, to either stream, with other separators and ends."""
    from foundation_engine.port.front._python_calls import formattable

    given = {k.arg: k.value for k in e.keywords}
    if set(given) - {"sep", "end", "file", "flush"} or any(isinstance(a, ast.Starred) for a in e.args):
        raise Unsupported("print with options", ast.unparse(e), e.lineno)
    texts: dict[str, str] = {"sep": " ", "end": "\n"}
    for name in texts:
        node = given.get(name)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts[name] = node.value
        elif node is not None and not (isinstance(node, ast.Constant) and node.value is None):
            raise Unsupported(f"print with a computed {name}", ast.unparse(e), e.lineno)
    stream = low.stdlib_name(given["file"]) if "file" in given else "sys.stdout"
    if stream not in ("sys.stdout", "sys.stderr"):
        raise Unsupported("print to a file", ast.unparse(e), e.lineno)
    parts: list[ir.FormatPart] = []
    for i, a in enumerate(e.args):
        if i:
            parts.append(ir.FormatPart(texts["sep"]))
        value = formattable(low, low.expr(a))
        known = isinstance(value, ir.Lit) and isinstance(value.value, str)
        parts.append(ir.FormatPart(str(value.value)) if known else ir.FormatPart(value=value))  # type: ignore[union-attr]
    return _written(parts, texts["end"], stream == "sys.stderr", e)


def _written(parts: list[ir.FormatPart], end: str, error: bool, e: ast.Call) -> ir.Expr:
    if end.endswith("\n"):
        name = "print.error" if error else "print"
        end = end[:-1]
    elif error:
        raise Unsupported("a part of a line to the standard error", ast.unparse(e), e.lineno)
    else:
        name = "print.part"
    if end:
        parts = [*parts, ir.FormatPart(end)]
    parts = [
        q for p in parts for q in (p.value.parts if isinstance(p.value, ir.Format) and not p.spec else [p])
    ]
    return _op(name, [ir.Format(parts, type=ir.STR)], ir.NONE)


def _echo(mark: str, error: bool) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        from foundation_engine.port.front._python_calls import formattable

        given = _given(e, ("message",), 1)
        low.scope.differ(COLOURS)
        value = formattable(low, low.expr(given["message"]))
        return _written([ir.FormatPart(f"{mark} "), ir.FormatPart(value=value)], "\n", error, e)

    return make


def _out(error: bool) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        from foundation_engine.port.front._python_calls import formattable

        known = ("message", "color", "bold", "dim", "nl", "newline", "json_key", "prefix", "fg", "err")
        given = _given(e, known, 1)
        if {"fg", "err"} & set(given):
            raise _refuse(e)
        low.scope.differ(COLOURS)
        parts = [ir.FormatPart(value=formattable(low, low.expr(given["message"])))]
        if "prefix" in given:
            before = low.coerce(low.expr(given["prefix"]), ir.STR)
            if not (isinstance(before, ir.Lit) and before.value):
                raise Unsupported("a computed prefix of output", ast.unparse(e), e.lineno)
            parts = [ir.FormatPart(f"{before.value} "), *parts]
        line = given.get("nl") or given.get("newline")
        if line is not None and not (isinstance(line, ast.Constant) and isinstance(line.value, bool)):
            raise _refuse(e)
        end = "" if isinstance(line, ast.Constant) and line.value is False else "\n"
        return _written(parts, end, error, e)

    return make


# Paths and files


def path_attribute(low: ExpressionLowerer, obj: ir.Expr, name: str) -> ir.Expr | None:
    """An attribute of a path, which is a text here, or None for one that this port does not know."""
    helpers = {"name": "path_name", "suffix": "path_suffix", "parent": "path_parent", "parts": "path_parts"}
    if name == "stem":
        low.require_pure(obj)
        whole, ending = prelude.call(low, "path_name", obj), prelude.call(low, "path_suffix", obj)
        return _op("str.removesuffix", [whole, ending], ir.STR)
    if name not in helpers:
        return None
    made = prelude.call(low, helpers[name], obj)
    made.type = PATH if name == "parent" else made.type
    return made


def variable(low: ExpressionLowerer, node: ast.expr) -> ir.Expr:
    """`os.environ[name]`."""
    return prelude.call(low, "required_variable", low.coerce(low.expr(node), ir.STR))


WRITTEN = "A file is written as UTF-8 as it is; Python writes line feeds as the system has them."
IN_ORDER = "What is in a folder comes in the order of names, which Python leaves to the file system."


def _path(e: ir.Expr) -> ir.Expr:
    """A text that is a path."""
    e.type = PATH
    return e


def _paths(e: ir.Expr) -> ir.Expr:
    """A list of paths."""
    e.type = ir.ListT(PATH)
    return e


def path_method(low: ExpressionLowerer, e: ast.Call, obj: ir.Expr, name: str) -> ir.Expr | None:
    """A method of a path, or None for one that this port does not know."""
    match name:
        case "is_file" | "is_dir" if not e.args and not e.keywords:
            return _op(f"file.{name}", [obj], ir.BOOL)
        case "mkdir":
            given = _given(e, ("mode", "parents", "exist_ok"), 0)
            told = {k: isinstance(v, ast.Constant) and v.value is True for k, v in given.items()}
            if "mode" in given or not all(isinstance(v, ast.Constant) for v in given.values()):
                raise Unsupported("mkdir with a mode, or with computed options", ast.unparse(e), e.lineno)
            if told.get("parents") and told.get("exist_ok"):
                return _op("file.make_folders", [obj], ir.NONE, "OSError")
            if told.get("parents"):
                return prelude.call(low, "make_new_folders", obj)
            if told.get("exist_ok"):
                return prelude.call(low, "make_folder_once", obj)
            return _op("file.make_folder", [obj], ir.NONE, "OSError")
        case "iterdir" if not e.args and not e.keywords:
            low.scope.differ(IN_ORDER)
            return _paths(prelude.call(low, "paths_in", obj))
        case "glob" | "rglob":
            pattern = low.expr(_given(e, ("pattern",), 1)["pattern"])
            text = str(pattern.value) if isinstance(pattern, ir.Lit) else ""
            if name == "glob" and text.startswith("**/"):
                name, text = "rglob", text.removeprefix("**/")
            start, star, ending = text.partition("*")
            if not star or set(text) & set("/[]?") or "*" in ending or (start and name == "rglob"):
                raise Unsupported(
                    "a search for paths by another pattern than one `*` before or in a name",
                    ast.unparse(e),
                    e.lineno,
                )
            low.scope.differ(IN_ORDER)
            first, last = ir.Lit(start, type=ir.STR), ir.Lit(ending, type=ir.STR)
            if name == "rglob":
                return _paths(prelude.call(low, "paths_below", obj, last))
            return _paths(
                prelude.call(low, "paths_like", obj, first, last)
                if start
                else prelude.call(low, "paths_ending", obj, last)
            )
        case "relative_to":
            base = low.coerce(low.expr(_given(e, ("other",), 1)["other"]), ir.STR)
            return _path(prelude.call(low, "relative_path", obj, base))
        case "with_name" if len(e.args) == 1 and not e.keywords:
            folder = _path(prelude.call(low, "path_parent", obj))
            return _op("path.join", [folder, low.coerce(low.expr(e.args[0]), ir.STR)], PATH)
        case "rename" | "replace" if len(e.args) == 1 and not e.keywords:
            target = low.coerce(low.expr(e.args[0]), ir.STR)
            return _op("file.rename", [obj, target], ir.NONE, "OSError")
        case "write_text":
            given = _given(e, ("data", "encoding"), 1)
            low.scope.differ(WRITTEN)
            return _op(
                "file.write_text", [obj, low.coerce(low.expr(given["data"]), ir.STR)], ir.NONE, "OSError"
            )
        case "joinpath" if e.args and not e.keywords:
            joined = obj
            for a in e.args:
                joined = _op("path.join", [joined, low.coerce(low.expr(a), ir.STR)], PATH)
            return joined
        case "expanduser" if not e.args and not e.keywords:
            low.scope.differ("The folder of a user whose name follows `~` is not known.")
            made = prelude.call(low, "expanded_home", obj)
            made.type = PATH
            return made
        case "is_absolute" if not e.args:
            return _op("str.startswith", [obj, ir.Lit("/", type=ir.STR)], ir.BOOL)
        case "with_suffix" if len(e.args) == 1 and not e.keywords:
            ending = low.expr(e.args[0])
            text = str(ending.value) if isinstance(ending, ir.Lit) else "?"
            if text and (not text.startswith(".") or text == "." or "/" in text):
                raise Unsupported("with_suffix of another ending", ast.unparse(e), e.lineno)
            made = prelude.call(low, "path_with_suffix", obj, ending)
            made.type = PATH
            return made
        case "unlink":
            given = _given(e, ("missing_ok",), 0)
            node = given.get("missing_ok")
            if isinstance(node, ast.Constant) and node.value is True:
                return _op("file.discard", [obj], ir.NONE, "OSError")
            return None
        case _:
            return None


def _of_path(name: str, t: Type) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        at = low.coerce(low.expr(_given(e, ("path",), 1)["path"]), ir.STR)
        return prelude.call(low, name, at) if name in prelude.SOURCES else _op(name, [at], t)

    return make


def _base_name(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    at = low.coerce(low.expr(_given(e, ("path",), 1)["path"]), ir.STR)
    low.require_pure(at)
    last = _op("str.rpartition", [at, ir.Lit("/", type=ir.STR)], ir.TupleT((ir.STR, ir.STR, ir.STR)))
    return _op("tuple.index", [last, _int(2)], ir.STR)


def _join_paths(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.keywords or len(e.args) < 2 or any(isinstance(a, ast.Starred) for a in e.args):
        raise _refuse(e)
    out = low.coerce(low.expr(e.args[0]), ir.STR)
    for a in e.args[1:]:
        out = prelude.call(low, "joined_path", out, low.coerce(low.expr(a), ir.STR))
    return out


def _surroundings(name: str, raises: str) -> _Maker:
    def make(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        if e.args or e.keywords:
            raise _refuse(e)
        return _op(name, [], PATH, raises)

    return make


def _on_files(name: str, count: int = 2) -> _Maker:
    """An operation on files that gives nothing."""

    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("first", "second")[:count], count)
        args = [low.coerce(low.expr(v), ir.STR) for v in given.values()]
        return _op(name, args, ir.NONE, "OSError")

    return make


def _into(name: str) -> _Maker:
    """A copy or a move, whose target may be a folder."""

    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("src", "dst"), 2)
        return prelude.call(low, name, *(low.coerce(low.expr(v), ir.STR) for v in given.values()))

    return make


def _rmtree(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("path", "ignore_errors"), 1)
    at = low.coerce(low.expr(given["path"]), ir.STR)
    node = given.get("ignore_errors")
    if node is None or (isinstance(node, ast.Constant) and node.value is False):
        return _op("file.remove_tree", [at], ir.NONE, "OSError")
    if isinstance(node, ast.Constant) and node.value is True:
        return prelude.call(low, "remove_tree_quietly", at)
    raise Unsupported("rmtree with computed options", ast.unparse(e), e.lineno)


def _lines(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return prelude.call(low, "lines_of", low.expr(e.args[0]))


def _stored(name: str) -> _Maker:
    """What is written to an open file, at once."""

    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        low.scope.differ(WRITTEN)
        return _op(name, [low.coerce(low.expr(a), ir.STR) for a in e.args], ir.NONE, "OSError")

    return make


def _listed(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    at = low.coerce(low.expr(_given(e, ("path",), 1)["path"]), ir.STR)
    low.scope.differ(IN_ORDER)
    return _op("file.list", [at], ir.ListT(ir.STR), "OSError")


def _size(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return _op(
        "file.size", [low.coerce(low.expr(_given(e, ("path",), 1)["path"]), ir.STR)], ir.INT, "OSError"
    )


def _which(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return _op(
        "path.which", [low.coerce(low.expr(_given(e, ("cmd",), 1)["cmd"]), ir.STR)], ir.OptionalT(ir.STR)
    )


def _system(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.args or e.keywords:
        raise _refuse(e)
    return _op("platform.system", [], ir.STR)


# JSON


def laid_out(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    """`json.dumps` with an indent, with sorted keys, or with other separators."""
    from foundation_engine.port.front import _python_any as mixed

    given = {k.arg: k.value for k in e.keywords}
    told: dict[str, object] = {"indent": None, "sort_keys": False, "separators": None, "ensure_ascii": True}
    for name, node in given.items():
        if name == "default":
            reason = "json.dumps with a default; turn other values into texts before"
            raise Unsupported(reason, ast.unparse(e), e.lineno)
        try:
            told[name or "**"] = ast.literal_eval(node)
        except ValueError:
            reason = f"json.dumps with a computed {name}"
            raise Unsupported(reason, ast.unparse(e), e.lineno) from None
    indent = told["indent"]
    if set(told) - {"indent", "sort_keys", "separators", "ensure_ascii"} or told["ensure_ascii"] is not True:
        raise Unsupported("json.dumps with these options", ast.unparse(e), e.lineno)
    if indent is not None and not (isinstance(indent, int) and indent >= 0):
        raise Unsupported("json.dumps with an indent that is no number", ast.unparse(e), e.lineno)
    comma, colon = ("," if indent is not None else ", "), ": "
    match told["separators"]:
        case (str() as comma, str() as colon):
            pass
        case None:
            pass
        case _:
            raise _refuse(e)
    value = mixed.of(low, low.expr(e.args[0], ir.ANY))
    name = "json_of_sorted" if told["sort_keys"] is True else "json_of"
    step = -1 if indent is None else indent
    texts = [ir.Lit(comma, type=ir.STR), ir.Lit(colon, type=ir.STR)]
    return prelude.call(low, name, value, *texts, _int(step), _int(0))


# Digests, and bytes as texts

_ALGORITHMS = frozenset({"md5", "sha1", "sha256", "sha512"})


def digest(low: ExpressionLowerer, e: ast.Call) -> ir.Expr | None:
    """The digits of a digest that `hashlib` or `hmac` makes at once; None for another call."""
    func = e.func
    if not isinstance(func, ast.Attribute) or func.attr != "hexdigest" or e.args or e.keywords:
        return None
    made = func.value
    if not isinstance(made, ast.Call):
        return None
    name = low.stdlib_name(made.func) or ""
    if name.startswith("hashlib.") and name.removeprefix("hashlib.") in _ALGORITHMS:
        given = [made.args[0]] if len(made.args) == 1 else []
        algorithm, op = name.removeprefix("hashlib."), "hash.hex"
    elif name == "hmac.new":
        options = _given(made, ("key", "msg", "digestmod"), 3)
        given = [options["key"], options["msg"]]
        named = options["digestmod"]
        told = low.stdlib_name(named) or ""
        algorithm = str(named.value) if isinstance(named, ast.Constant) else told.removeprefix("hashlib.")
        op = "hmac.hex"
    else:
        return None
    if not given or algorithm not in _ALGORITHMS:
        raise Unsupported(
            "a digest that is not made at once, of bytes, by md5, sha1, sha256 or sha512",
            ast.unparse(e),
            e.lineno,
        )
    values = [low.coerce(low.expr(g), ir.BYTES) for g in given]
    return _op(op, [ir.Lit(algorithm, type=ir.STR), *values], ir.STR)


def _same_digest(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if len(e.args) != 2 or e.keywords:
        raise _refuse(e)
    left, right = (low.expr(a) for a in e.args)
    if left.type != ir.STR or right.type != ir.STR:
        raise Unsupported("compare_digest of something else than texts", ast.unparse(e), e.lineno)
    low.scope.differ(
        "hmac.compare_digest is an ordinary comparison: it takes less time for texts that differ early, and compares"
        " texts beyond ASCII, for which Python raises TypeError."
    )
    return _op("eq", [left, right], ir.BOOL)


def encoded_text(low: ExpressionLowerer, e: ast.Call) -> ir.Expr | None:
    """`base64.b64encode(data).decode()`, a text; None for another call."""
    match e.func:
        case ast.Attribute(value=ast.Call(func=func, args=[data], keywords=[]), attr="decode"):
            pass
        case _:
            return None
    ops = {"base64.b64encode": "base64.encode", "base64.urlsafe_b64encode": "base64.encode_url"}
    op = ops.get(low.stdlib_name(func) or "")
    if op is None:
        return None
    return _op(op, [low.coerce(low.expr(data), ir.BYTES)], ir.STR)


# Addresses


def _address(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    text = low.coerce(low.expr(_given(e, ("url",), 1)["url"]), ir.STR)
    low.scope.differ(
        "An address is taken as it is; Python drops line ends and tabs in it, and refuses odd brackets."
    )
    if isinstance(text, ir.Name):
        return ir.Name(text.id, type=ADDRESS, line=text.line)
    text.type = ADDRESS
    return text


def address_part(low: ExpressionLowerer, obj: ir.Expr, name: str) -> ir.Expr | None:
    """An attribute of what `urlparse` gives; None for another."""
    parts = {
        "scheme": "url_scheme",
        "netloc": "url_host",
        "path": "url_path",
        "query": "url_query",
        "fragment": "url_fragment",
    }
    if obj.type is not ADDRESS or name not in parts:
        return None
    return prelude.call(
        low, parts[name], ir.Name(obj.id, type=ir.STR) if isinstance(obj, ir.Name) else _text(obj)
    )


def _text(e: ir.Expr) -> ir.Expr:
    e.type = ir.STR
    return e


def _quote_plus(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    return prelude.call(low, "quoted_form", low.coerce(low.expr(_given(e, ("string",), 1)["string"]), ir.STR))


def _urlencode(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("query",), 1)
    table = low.expr(given["query"])
    if isinstance(table.type, ir.DictT) and table.type.key == ir.STR and table.type.value in (ir.STR, ir.INT):
        return prelude.call(low, "form_of", table)
    raise Unsupported(f"a query of {ir.type_text(table.type)}", ast.unparse(e), e.lineno)


def _row(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    row, ends = low.expr(e.args[0], ir.ListT(ir.STR)), low.expr(e.args[1])
    if row.type != ir.ListT(ir.STR):
        raise Unsupported(f"a row of a table of {ir.type_text(row.type)}", "", e.lineno)
    return prelude.call(low, "table_row", row, ends)


def _make_folders(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    given = _given(e, ("name", "exist_ok"), 2)
    node = given["exist_ok"]
    if not (isinstance(node, ast.Constant) and node.value is True):
        raise _refuse(e)
    return _op("file.make_folders", [low.coerce(low.expr(given["name"]), ir.STR)], ir.NONE, "OSError")


# Heaps: lists whose items stand as `heapq` puts them, by the same comparisons.


def _heap(name: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        heap = low.expr(_given(e, ("heap",), 1)["heap"])
        elem = heap.type.elem if isinstance(heap.type, ir.ListT) else ir.NONE
        if isinstance(elem, ir.NamedT) and low.order_fields(elem.name):
            return prelude.call(low, name, heap)
        for part in elem.elems if isinstance(elem, ir.TupleT) else (elem,):
            if part not in (ir.INT, ir.FLOAT, ir.STR):
                raise Unsupported(f"a heap of {ir.type_text(part)}", ast.unparse(e), e.lineno)
        return prelude.call(low, name, heap)

    return make


def _least(order: str) -> _Maker:
    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("n", "iterable"), 2)
        return code(low, e, f"sorted(given{order})[:max(n, 0)]", n=given["n"], given=given["iterable"])

    return make


# Tables


TABLES = (
    "A row of a table with more or fewer values than there are names raises ValueError, where Python keeps None for"
    " what is missing; a carriage return alone ends a row."
)


def _table(name: str) -> _Maker:
    """`csv.reader` and `csv.DictReader` of a text or an open file, read whole."""

    def make(low: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        given = _given(e, ("csvfile", "delimiter"), 1)
        match given["csvfile"]:
            case ast.Call(func=func, args=[text], keywords=[]) if low.stdlib_name(func) in (
                "io.StringIO",
                "<lines>",
            ):
                pass
            case _:
                reason = "a table of something else than an open file or io.StringIO(text)"
                raise Unsupported(reason, ast.unparse(e), e.lineno)
        mark = low.expr(given["delimiter"]) if "delimiter" in given else ir.Lit(",", type=ir.STR)
        if mark.type == ir.CHAR or not isinstance(mark, ir.Name | ir.Lit):
            raise _refuse(e)
        low.check_read_once(e)
        low.scope.differ(TABLES)
        return prelude.call(low, name, low.coerce(low.expr(text), ir.STR), mark)

    return make


# Clocks and locks


def _clock(name: str) -> _Maker:
    def make(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
        if e.args or e.keywords:
            raise _refuse(e)
        return _op(name, [], ir.FLOAT)

    return make


def _lock(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    if e.args or e.keywords:
        raise _refuse(e)
    return _op("lock.new", [], ir.LOCK)


def _taken_again(_: ExpressionLowerer, e: ast.Call) -> ir.Expr:
    reason = (
        "an RLock that its holder may take again; let what expects the lock be a method of its own, called by"
        " those that take it"
    )
    raise Unsupported(reason, ast.unparse(e), e.lineno)


_FUNCTIONS: Mapping[str, _Maker] = {
    **times.FUNCTIONS, "csv.reader": _table("table_rows"), "csv.DictReader": _table("table_records"),
    "time.time": _clock("clock.wall"), "time.monotonic": _clock("clock.monotonic"),
    "time.perf_counter": _clock("clock.monotonic"), "threading.Lock": _lock, "threading.RLock": _taken_again,
    "<raise_last>": _heap("raise_last"), "<smallest_last>": _heap("smallest_last"), "heapq.heapify": _heap("make_heap"),
    "heapq.nsmallest": _least(""), "heapq.nlargest": _least(", reverse=True"),
    "itertools.chain": _chain, "itertools.chain.from_iterable": _flattened, "itertools.product": _product,
    "itertools.combinations": _combinations, "itertools.permutations": _permutations,
    "itertools.accumulate": _accumulate, "itertools.pairwise": _pairwise, "itertools.islice": _islice,
    "itertools.zip_longest": _zip_longest, "itertools.groupby": _groupby, "itertools.takewhile": _while("held"),
    "itertools.dropwhile": _while("left_over"), "itertools.repeat": _repeat,
    "functools.reduce": _reduced, "functools.partial": _partial,
    "math.prod": _prod, "math.comb": _of_integers("choices"), "math.perm": _of_integers("arrangements"),
    "math.lcm": _of_integers("common_multiple"), "math.degrees": _angle("degrees"), "math.radians": _angle("radians"),
    "math.isclose": _close, "math.isinf": _infinite, "math.isfinite": _finite, "math.isnan": _not_a_number,
    "bisect.bisect_left": _bisect("left_place"), "bisect.bisect": _bisect("right_place"),
    "bisect.bisect_right": _bisect("right_place"),
    "textwrap.dedent": _dedent, "urllib.parse.quote": _quote, "str.maketrans": _maketrans,
    "dict.fromkeys": _fromkeys,
    "<row>": _row,
    "<read>": lambda low, e: low.read_text(e.args[0]), "<lines>": _lines,
    "<write>": _stored("file.write_text"), "<append>": _stored("file.append_text"),
    "urllib.parse.quote_plus": _quote_plus, "urllib.parse.urlencode": _urlencode,
    "urllib.parse.urlparse": _address, "hmac.compare_digest": _same_digest,
    "platform.system": _system, "shutil.which": _which, "shutil.rmtree": _rmtree,
    "shutil.copy": _into("copy_into"), "shutil.copy2": _into("copy_into"), "shutil.copyfile": _on_files("file.copy"),
    "shutil.move": _into("move_into"), "os.rename": _on_files("file.rename"), "os.replace": _on_files("file.rename"),
    "os.mkdir": _on_files("file.make_folder", 1), "os.listdir": _listed, "os.path.getsize": _size,
    "os.path.islink": _of_path("file.is_link", ir.BOOL),
    "os.path.isfile": _of_path("file.is_file", ir.BOOL), "os.path.isdir": _of_path("file.is_dir", ir.BOOL),
    "os.path.splitext": _of_path("split_ending", ir.STR),
    "os.path.dirname": _of_path("folder_of", ir.STR), "os.path.basename": _base_name, "os.path.join": _join_paths,
    "os.getcwd": _surroundings("path.cwd", "OSError"), "pathlib.Path.cwd": _surroundings("path.cwd", "OSError"),
    "pathlib.Path.home": _surroundings("path.home", "RuntimeError"), "os.makedirs": _make_folders,
    "provide.foundation.cli.echo_error": _echo("✗", error=True),
    "provide.foundation.cli.echo_warning": _echo("⚠", error=True),
    "provide.foundation.cli.echo_success": _echo("✓", error=False),
    "provide.foundation.cli.echo_info": _echo("i", error=False),
    "provide.foundation.console.output.pout": _out(error=False),
    "provide.foundation.console.output.perr": _out(error=True),
}  # fmt: skip
_SAME = {
    "provide.foundation.cli.utils": "provide.foundation.cli",
    "provide.foundation.console": "provide.foundation.console.output",
    "provide.foundation": "provide.foundation.console.output",
}


def function(low: ExpressionLowerer, name: str, e: ast.Call) -> ir.Expr | None:
    """A call of a function of the library by its full name, or None for one that this port does not know."""
    module, _, last = name.rpartition(".")
    maker = _FUNCTIONS.get(name) or _FUNCTIONS.get(f"{_SAME.get(module, module)}.{last}")
    return maker(low, e) if maker is not None else None
