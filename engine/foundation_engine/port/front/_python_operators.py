"""What a class of Python says itself: `a + b`, `a == b`, `a[k] = v`, `for x in a`, `if a` are calls of its methods."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from foundation_engine.port import ir
from foundation_engine.port.front._python_names import dotted
from foundation_engine.port.ir import Type, Unsupported

if TYPE_CHECKING:
    from foundation_engine.port.front._python_expr import ExpressionLowerer

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__",
}  # fmt: skip
# What looks for an item by comparing it with others.
_SEARCHES = frozenset(
    {"list.contains", "list.count", "list.remove", "list.find_or_raise", "list.distinct", "count_each"}
)
# What each method is called elsewhere, as the emitters name it: a class that has such a method besides keeps it.
METHODS = {
    "__add__": "plus", "__sub__": "minus", "__mul__": "times", "__truediv__": "divided_by", "__neg__": "negated",
    "__eq__": "equals", "__getitem__": "item", "__setitem__": "set_item", "__delitem__": "delete_item",
    "__call__": "call", "__iter__": "items", "__bool__": "is_truthy",
}  # fmt: skip


def of_one_class(tree: ast.Module) -> None:
    """`__eq__` of classes that compares objects of the class alone, without the test for others.

    An object is only compared with one of its type, so that the test says nothing. Its hash is of use for sets and
    maps, in which such objects are declined.
    """
    for c in (n for n in tree.body if isinstance(n, ast.ClassDef)):
        f = next((m for m in c.body if isinstance(m, ast.FunctionDef) and m.name == "__eq__"), None)
        if f is None or len(f.args.args) != 2:
            continue
        other = f.args.args[1]
        if _names_class(other.annotation, c.name):
            pass
        elif other.annotation is None or ast.unparse(other.annotation) in ("object", "Any", "'object'"):
            if not _without_test(f, other.arg, c.name):
                continue
            other.annotation = ast.copy_location(ast.Name(c.name, ast.Load()), f)
        else:
            continue
        if f.returns is None:
            f.returns = ast.copy_location(ast.Name("bool", ast.Load()), f)
        c.body = [m for m in c.body if not (isinstance(m, ast.FunctionDef) and m.name == "__hash__")]


def listed_items(tree: ast.Module) -> None:
    """`__iter__` of classes that go through something else, or yield their items, as methods that give a list."""
    for c in (n for n in tree.body if isinstance(n, ast.ClassDef)):
        f = next((m for m in c.body if isinstance(m, ast.FunctionDef) and m.name == "__iter__"), None)
        if f is None or not isinstance(f.returns, ast.Subscript):
            continue
        match f.body:
            case [*_, ast.Expr(value=ast.YieldFrom(value=inner)) as last] if not any(
                isinstance(n, ast.Yield | ast.YieldFrom) for s in f.body[:-1] for n in ast.walk(s)
            ):
                given = ast.Call(ast.Name("iter", ast.Load()), [inner], [])
                f.body[-1] = ast.fix_missing_locations(ast.copy_location(ast.Return(given), last))
            case _:
                pass
        ends = [n for n in ast.walk(f) if isinstance(n, ast.Return)]
        taken = [e.value for e in ends if isinstance(e.value, ast.Call) and dotted(e.value.func) == "iter"]
        if len(taken) != len(ends) or any(len(t.args) != 1 or t.keywords for t in taken):
            continue
        for t in taken:
            t.func = ast.copy_location(ast.Name("list", ast.Load()), t.func)
        f.returns.value = ast.copy_location(ast.Name("list", ast.Load()), f.returns)
        if isinstance(f.returns.slice, ast.Tuple):
            # What a generator is sent and gives at its end, nobody asks for here.
            f.returns.slice = f.returns.slice.elts[0]


def takes_own_class(f: ast.FunctionDef | ast.AsyncFunctionDef, cls: str) -> bool:
    """True for an `__eq__` that is known to be asked about objects of its class alone."""
    return len(f.args.args) == 2 and _names_class(f.args.args[1].annotation, cls)


def _names_class(annotation: ast.expr | None, name: str) -> bool:
    match annotation:
        case ast.Name(id=found) | ast.Constant(value=str() as found):
            return found == name
        case _:
            return False


def _without_test(f: ast.FunctionDef, other: str, cls: str) -> bool:
    """Take the test of the other object's class out of a method; False where it has none."""
    at = 1 if ast.get_docstring(f) is not None else 0
    match f.body[at:]:
        case [
            ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test), body=[ast.Return(value=value)], orelse=[]),
            *rest,
        ]:
            if (
                not rest
                or not _asks(test, other, cls)
                or ast.unparse(value or test) not in ("NotImplemented", "False")
            ):
                return False
            f.body = [*f.body[:at], *rest]
            return True
        case [ast.Return(value=ast.BoolOp(op=ast.And(), values=[test, *rest]) as all_of) as end]:
            if not _asks(test, other, cls):
                return False
            end.value = rest[0] if len(rest) == 1 else all_of
            all_of.values = rest if len(rest) > 1 else all_of.values
            return True
        case _:
            return False


def _asks(test: ast.expr, other: str, cls: str) -> bool:
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=found), asked]):
            return found == other and (dotted(asked) or ast.unparse(asked)) in (
                cls,
                "type(self)",
                "self.__class__",
            )
        case _:
            return False


def _called(low: ExpressionLowerer, obj: ir.Expr, name: str, args: list[ir.Expr]) -> ir.Expr | None:
    """The call of a special method, None where the object has none."""
    t = obj.type
    info = low.scope.classes.get(t.name) if isinstance(t, ir.NamedT) else None
    signature = info.methods.get(name) if info is not None else None
    if info is None or signature is None or len(signature.params) != len(args):
        return None
    given = [low.coerce(a, p.type) for a, p in zip(args, signature.params, strict=True)]
    return ir.MethodCall(obj, name, given, type=signature.result)


def binary(low: ExpressionLowerer, op: ast.operator, left: ir.Expr, right: ir.Expr) -> ir.Expr | None:
    """`left op right` where the class of the left one says what it means."""
    name = _BINARY.get(type(op))
    return _called(low, left, name, [right]) if name is not None else None


def negated(low: ExpressionLowerer, obj: ir.Expr) -> ir.Expr | None:
    """`-obj` where its class says what it means."""
    return _called(low, obj, "__neg__", [])


def item(low: ExpressionLowerer, obj: ir.Expr, key: ast.expr) -> ir.Expr | None:
    """`obj[key]` where its class says what it means."""
    t = obj.type
    known = isinstance(t, ir.NamedT) and t.name in low.scope.classes
    if not known or isinstance(key, ast.Slice) or not _has(low, t, "__getitem__"):
        return None
    return _called(low, obj, "__getitem__", [low.expr(key)])


def put(low: ExpressionLowerer, target: ast.Subscript, value: ast.expr | ir.Expr) -> ir.Expr | None:
    """`obj[key] = value` where the class of the object says what it means."""
    obj = low.expr(target.value)
    if isinstance(target.slice, ast.Slice) or not _has(low, obj.type, "__setitem__"):
        return None
    given = value if isinstance(value, ir.Expr) else low.expr(value)
    return _called(low, obj, "__setitem__", [low.expr(target.slice), given])


def removed(low: ExpressionLowerer, obj: ir.Expr, key: ast.expr) -> ir.Expr | None:
    """`del obj[key]` where the class of the object says what it means."""
    if isinstance(key, ast.Slice) or not _has(low, obj.type, "__delitem__"):
        return None
    return _called(low, obj, "__delitem__", [low.expr(key)])


def items(low: ExpressionLowerer, obj: ir.Expr) -> ir.Expr | None:
    """What going through an object yields, as a list, where its class says it."""
    made = _called(low, obj, "__iter__", []) if _has(low, obj.type, "__iter__") else None
    if made is not None and not isinstance(made.type, ir.ListT):
        raise Unsupported(
            f"iteration over {ir.type_text(obj.type)}, whose __iter__ neither yields nor returns iter(...); "
            "give it a method that returns a list"
        )
    if made is not None:
        low.scope.differ(
            "An object that is gone through gives the list of its items first: what changes it on the way is not seen."
        )
    return made


def truth(low: ExpressionLowerer, obj: ir.Expr) -> ir.Expr | None:
    """`bool(obj)` where its class has a `__bool__`."""
    return _called(low, obj, "__bool__", []) if _has(low, obj.type, "__bool__") else None


def called(low: ExpressionLowerer, obj: ir.Expr, e: ast.Call) -> ir.Expr | None:
    """`obj(...)` where its class says what it means."""
    if not _has(low, obj.type, "__call__"):
        return None
    assert isinstance(obj.type, ir.NamedT)  # noqa: S101 - only classes have methods.
    signature = low.scope.classes[obj.type.name].methods["__call__"]
    return ir.MethodCall(obj, "__call__", low.signed(signature, e), type=signature.result)


def equals(low: ExpressionLowerer, left: ir.Expr, right: ir.Expr, *, negative: bool) -> ir.Expr | None:
    """`left == right` of two objects of one class that says what it means."""
    if not _has(low, left.type, "__eq__"):
        return None
    same = _called(low, left, "__eq__", [right])
    if same is None or same.type != ir.BOOL:
        raise Unsupported(f"equality of {ir.type_text(left.type)}")
    return ir.Not(same, type=ir.BOOL) if negative else same


def value_of(low: ExpressionLowerer, e: ir.Expr, *, shown: bool = False) -> ir.Expr:
    """The value of a member of an enum whose members are texts or integers themselves; any other value as it is.

    `shown` where it has to be one that is written as its value, too.
    """
    info = low.scope.classes.get(e.type.name) if isinstance(e.type, ir.NamedT) else None
    if info is None or info.mixed is None or (shown and not info.shown):
        return e
    return ir.Intrinsic("enum.value", [e], type=info.mixed, line=e.line)


def by_parts(low: ExpressionLowerer, op: ast.cmpop, left: ir.Expr, right: ir.Expr) -> ir.Expr | None:
    """`(a, b) == (c, d)` as `a == c and b == d`, where nothing shows that all of them are read."""
    if not isinstance(left, ir.TupleLit) or not isinstance(right, ir.TupleLit):
        return None
    pairs = [*zip(left.elems, right.elems, strict=True)]
    parts = (ir.Name, ir.Field, ir.Lit)
    if len(pairs) < 2 or not all(
        isinstance(x, parts) and x.type in (ir.INT, ir.STR) for p in pairs for x in p
    ):
        return None
    each = [low.comparison(op, a, b) for a, b in pairs]
    return ir.Bool("and" if isinstance(op, ast.Eq) else "or", each, type=ir.BOOL)


def _has(low: ExpressionLowerer, t: Type, name: str) -> bool:
    return (
        isinstance(t, ir.NamedT) and t.name in low.scope.classes and name in low.scope.classes[t.name].methods
    )


def check(low: ExpressionLowerer, e: ir.Expr) -> None:
    """Raise Unsupported where objects would be compared in another way than their class says: in sets and searches."""
    compared = {n for n, c in low.scope.classes.items() if "__eq__" in c.methods}
    if not compared:
        return
    match e:
        case ir.Intrinsic(op=op, args=[first, *_]) if op in _SEARCHES or op in ("eq", "ne"):
            held = first.type
        case _:
            held = _keys(e.type)
    if held is not None and (found := _inside(low, held, compared, set())):
        raise Unsupported(
            f"a comparison of {found}, which says itself when objects are equal, inside of something else"
        )


def _keys(t: Type) -> Type | None:
    match t:
        case ir.SetT(elem) | ir.DictT(elem, _):
            return elem
        case ir.ListT(elem) | ir.IterT(elem) | ir.OptionalT(elem):
            return _keys(elem)
        case _:
            return None


def _inside(low: ExpressionLowerer, t: Type, compared: set[str], seen: set[str]) -> str:
    """The class with an equality of its own whose objects values of a type hold or are; empty where there is none."""
    match t:
        case ir.NamedT(name) if name in compared:
            return name
        case ir.NamedT(name) if name in low.scope.classes and name not in seen:
            seen.add(name)
            parts = [*low.scope.classes[name].fields.values()]
        case ir.ListT(elem) | ir.SetT(elem) | ir.IterT(elem) | ir.OptionalT(elem):
            parts = [elem]
        case ir.DictT(key, value):
            parts = [key, value]
        case ir.TupleT(elems):
            parts = [*elems]
        case _:
            return ""
    return next(filter(None, (_inside(low, p, compared, seen) for p in parts)), "")
