"""Retries that raise the last error itself when every attempt failed, as most libraries do, where ours wraps it."""

from __future__ import annotations

from foundation_engine.port import ir
from foundation_engine.port.simplify import names_taken


def raises_last_errors(module: ir.Module) -> bool:
    """Whether every retry of the module that governs a function raises the last error itself."""
    retries = [p for _, f in module.functions() for p in f.patterns if p.pattern_id == "retry_with_backoff"]
    return bool(retries) and all(p.last_error for p in retries)


def raise_last_errors(module: ir.Module) -> None:
    """Make functions whose retries raise the last error do so in the port; state it where that is not possible."""
    for _, f in module.functions():
        uses = [p for p in f.patterns if p.last_error]
        if not uses:
            continue
        if f.patterns[-1] is uses[-1] and len(uses) == 1 and _is_plain(f):
            f.patterns.pop()
            f.body = _unwrapped(f, uses[0])
        else:
            module.differ(ir.WRAPS_THE_LAST_ERROR)


def _is_plain(f: ir.Function) -> bool:
    """Whether the body means the same as a block that runs again, which sees what was assigned the time before."""
    given = {p.name for p in f.params}
    return not f.is_async and not any(isinstance(n, ir.VarTarget) and n.id in given for n in ir.walk(f))


def _unwrapped(f: ir.Function, use: ir.PatternUse) -> list[ir.Stmt]:
    taken = names_taken(f)
    name = next(n for n in ("exhausted", "gave_up", "retries_exhausted") if n not in taken)
    held = ir.Name(name, type=ir.NamedT("MaxRetriesExceeded"))
    cause = ir.Intrinsic("error.cause", [held], type=ir.ERROR)
    call = ir.PatternCall(use.pattern_id, None, use.arguments, f.body, type=f.result, line=use.line)
    run: ir.Stmt = ir.ExprStmt(call, line=f.line) if f.result == ir.NONE else ir.Return(call, line=f.line)
    handler = ir.Handler(["MaxRetriesExceeded"], name, [ir.Raise(cause, line=f.line)], line=f.line)
    return [ir.Try([run], [handler], [], [], line=f.line)]
