"""Code actions: quick fixes, "fix all", suppressions, and the offers to generate the same code in another language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from foundation_engine.check import check_tree
from foundation_engine.finding import Applicability, Edit, Finding, Fix
from foundation_engine.fix import apply_edits, fixes
from foundation_grammars.occurrence import ByteRange
from foundation_grammars.tree import SyntaxTree, parse
from foundation_specs.model import LanguageId
from lsprotocol import types

from foundation_lsp import bug, commands
from foundation_lsp.analysis import Analysis, check_options
from foundation_lsp.capabilities import FIX_ALL
from foundation_lsp.client import Client
from foundation_lsp.from_lsp import path_of
from foundation_lsp.hover_text import LANGUAGE_NAMES
from foundation_lsp.options import EditorOptions
from foundation_lsp.to_lsp import diagnostic, workspace_edit

_COMMENTS = {LanguageId.PYTHON: "#", LanguageId.RUBY: "#", LanguageId.GO: "//", LanguageId.RUST: "//"}


def actions(
    analysis: Analysis,
    place: ByteRange,
    only: Sequence[str],
    client: Client,
    options: EditorOptions,
) -> list[types.CodeAction | types.Command]:
    """What can be done at a range; `only` are the kinds that the client asks for, empty for all of them."""
    if not client.code_action_literals:
        return []
    made: list[types.CodeAction | types.Command] = []
    touched = [finding for finding in analysis.findings if finding.range.overlaps(place)]
    if _wanted(types.CodeActionKind.QuickFix, only):
        for finding in touched:
            made += bug.guarded(
                f"fixing {finding.code}", lambda f=finding: list(_fix_actions(f, analysis, client)), []
            )
        made += [_suppress_action(finding, analysis, client) for finding in touched]
    if _wanted(FIX_ALL, only):
        made += bug.guarded("fixing all", lambda: list(_fix_all_action(analysis, client)), [])
    if _wanted(types.CodeActionKind.RefactorRewrite, only):
        made += _generate_actions(analysis, place, client, options)
    return made


def _wanted(kind: str, only: Sequence[str]) -> bool:
    """True when the client asks for this kind or for one above it."""
    return not only or any(kind == asked or kind.startswith(f"{asked}.") or asked == "" for asked in only)


def _fix_actions(finding: Finding, analysis: Analysis, client: Client) -> Iterator[types.CodeAction]:
    if analysis.tree is None:
        return
    for fix in fixes(finding, analysis.tree):
        if fix.applicability is not Applicability.DISPLAY:
            yield types.CodeAction(
                title=fix.title,
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[diagnostic(finding, analysis.snapshot, client)],
                is_preferred=fix.preferred or None,
                edit=workspace_edit(fix.edits, analysis.snapshot, client),
            )


def _fix_all_action(analysis: Analysis, client: Client) -> Iterator[types.CodeAction]:
    edits = safe_edits(analysis)
    if edits:
        yield types.CodeAction(
            title="Fix all problems that have a safe fix (foundation)",
            kind=FIX_ALL,
            edit=workspace_edit(edits, analysis.snapshot, client),
        )


def safe_edits(analysis: Analysis) -> list[Edit]:
    """The edits of every safe fix; of two that touch the same place the earlier one is taken."""
    tree = analysis.tree
    if tree is None:
        return []
    taken: list[Edit] = []
    for finding in analysis.findings:
        best: Fix | None = next(
            (f for f in fixes(finding, tree) if f.applicability is Applicability.SAFE), None
        )
        if best is None:
            continue
        fresh = [edit for edit in best.edits if edit not in taken]
        if not any(edit.range.overlaps(other.range) for edit in fresh for other in taken):
            taken += fresh
    return taken


def _suppress_action(finding: Finding, analysis: Analysis, client: Client) -> types.CodeAction:
    action = types.CodeAction(
        title=f"Suppress {finding.code} on this line",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic(finding, analysis.snapshot, client)],
    )
    if client.resolves_edits:
        action.data = {
            "suppress": finding.code,
            "uri": analysis.snapshot.uri,
            "range": [finding.range.start, finding.range.end],
        }
    else:
        edits = suppression_edits(finding, analysis)
        action.edit = workspace_edit(edits, analysis.snapshot, client)
    return action


def suppression_edits(finding: Finding, analysis: Analysis) -> list[Edit]:
    """The edit that silences a finding: at the end of its line, or on a line of its own above.

    Each candidate is tried out, because the end of a line may lie inside a string or a comment of another kind; the
    list is empty when none of them silences the finding.
    """
    tree = analysis.tree
    if tree is None:
        return []
    anchor = int(finding.data.get("anchor", finding.range.start))
    for edit in _suppression_candidates(finding.code, finding.range.start, anchor, analysis, tree.language):
        if _silences(edit, finding, tree, analysis):
            return [edit]
    return []


def _suppression_candidates(
    code: str, start: int, anchor: int, analysis: Analysis, language: LanguageId
) -> Iterable[Edit]:
    snapshot = analysis.snapshot
    comment = _COMMENTS[language]
    for offset in dict.fromkeys((start, anchor)):
        line_start, line_end = snapshot.lines.content(snapshot.text, snapshot.lines.line_at(offset))
        line = snapshot.text[line_start:line_end]
        held = line.find(b"foundation: ignore[")
        closing = line.find(b"]", held) if held >= 0 else -1
        if closing >= 0:
            yield Edit(ByteRange(line_start + closing, line_start + closing), f", {code}")
        trimmed = line_start + len(line.rstrip())
        yield Edit(ByteRange(trimmed, line_end), f"  {comment} foundation: ignore[{code}]")
    line_start, line_end = snapshot.lines.content(snapshot.text, snapshot.lines.line_at(anchor))
    line = snapshot.text[line_start:line_end]
    indent = line[: len(line) - len(line.lstrip())].decode("utf-8", "replace")
    newline = "\r\n" if b"\r\n" in snapshot.text else "\n"
    yield Edit(ByteRange(line_start, line_start), f"{indent}{comment} foundation: ignore[{code}]{newline}")


def _silences(edit: Edit, finding: Finding, tree: SyntaxTree, analysis: Analysis) -> bool:
    text = apply_edits(tree.text, [edit])
    options = check_options(analysis.settings, path_of(analysis.snapshot.uri))
    before = [f.code for f in analysis.findings]
    after = [f.code for f in check_tree(parse(text, tree.language, tree), analysis.registry, options)]
    before.remove(finding.code)
    return sorted(after) == sorted(before) or (finding.code not in after and len(after) < len(before) + 1)


def _generate_actions(
    analysis: Analysis, place: ByteRange, client: Client, options: EditorOptions
) -> Iterator[types.CodeAction]:
    source = analysis.snapshot.language
    governed = [
        o
        for o in analysis.occurrences
        if o.range.overlaps(place) or (o.target is not None and o.target.range.overlaps(place))
    ]
    if not governed or source is None or path_of(analysis.snapshot.uri) is None:
        return
    innermost = min(governed, key=lambda o: o.range.end - o.range.start)
    start = innermost.target.range.start if innermost.target is not None else innermost.range.start
    line = analysis.snapshot.lines.line_at(start) + 1
    from foundation_engine.port import directions  # Importing the engine costs what only this offer needs.

    supported = directions()
    for target in options.port_languages:
        if (source, target) not in supported:
            continue
        data = {"generate": target.value, "uri": analysis.snapshot.uri, "line": line}
        action = types.CodeAction(
            title=f"Generate {LANGUAGE_NAMES[target]} equivalent",
            kind=types.CodeActionKind.RefactorRewrite,
        )
        if client.resolves_edits:
            action.data = data
        elif client.applies_edits:
            action.command = types.Command(action.title, commands.GENERATE, arguments=[data])
        else:
            # Neither a later edit nor one from a command: nothing that this client could do with a generated file.
            continue
        yield action


def with_edit(action: types.CodeAction, edit: types.WorkspaceEdit) -> types.CodeAction:
    """The action, resolved."""
    resolved = types.CodeAction(
        title=action.title,
        kind=action.kind,
        diagnostics=action.diagnostics,
        is_preferred=action.is_preferred,
        data=action.data,
    )
    resolved.edit = edit
    return resolved
