"""Porting for an editor: run the worker, place its files, never overwrite."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from foundation_grammars.language import language_of
from foundation_specs.model import LanguageId
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from foundation_lsp.from_lsp import path_of
from foundation_lsp.hover_text import LANGUAGE_NAMES
from foundation_lsp.to_lsp import new_files, uri_of

if TYPE_CHECKING:
    from foundation_lsp.server import FoundationServer

# A worker that has been told to stop gets this long to stop what it started.
_GRACE_SECONDS = 5.0
# The build file that makes a folder part of a project; inside one, a port needs none of its own.
_MODULES = {LanguageId.GO: "go.mod", LanguageId.RUST: "Cargo.toml"}


class PortingError(JsonRpcException):
    """Why there is no port, in words for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(message, types.LSPErrorCodes.RequestFailed.value)


async def port_command(
    ls: FoundationServer, argument: dict[str, Any], token: int | str | None
) -> dict[str, Any]:
    """`foundation.port`: `{uri, position?, target, verify?, directory?}` to the files, the verdict and its evidence.

    `directory` in the answer is the URI under which the files belong. Nothing is written. Verifying compiles and runs
    code, which is done in a trusted workspace only.
    """
    uri, target = _document_and_target(argument)
    position: Any = argument.get("position")
    row: Any = cast("dict[str, Any]", position).get("line") if isinstance(position, dict) else None
    line = row + 1 if isinstance(row, int) else None
    verify = bool(argument.get("verify", ls.session.options.port_verify))
    result = await _ported(ls, uri, target, line, verify=verify, token=token)
    asked: Any = argument.get("directory")
    directory = _directory(ls, uri, target, str(asked) if asked else None)
    result["directory"] = uri_of(str(directory))
    result["files"] = _to_write(result, directory, target)
    return result


async def generate_command(ls: FoundationServer, argument: dict[str, Any]) -> None:
    """`foundation.generate`: the code action for clients that cannot resolve one; the edit is sent to the client."""
    edit = await generated_edit(ls, argument)
    answer = await ls.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, "Generate equivalent"))
    if not answer.applied:
        raise PortingError(f"the editor did not make the files: {answer.failure_reason or 'no reason given'}")


async def generated_edit(ls: FoundationServer, data: dict[str, Any]) -> types.WorkspaceEdit:
    """The edit that makes the ported files; tells the user the verdict.

    Raises:
        PortingError: there is nothing to port, or a file that would be made exists.
    """
    uri, target = _document_and_target({**data, "target": data.get("generate")})
    line: Any = data.get("line")
    try:
        asked = line if isinstance(line, int) else None
        result = await _ported(ls, uri, target, asked, verify=ls.session.options.port_verify)
        directory = _directory(ls, uri, target, None)
        files = [(directory / f["path"], f["text"]) for f in _to_write(result, directory, target)]
        existing = [str(path) for path, _ in files if path.exists()]
        if existing:
            raise PortingError(f"{', '.join(existing)} exists already; move it away first")
    except PortingError as error:
        ls.show(f"foundation-lsp: {error}", types.MessageType.Error)
        raise
    passed = result["verdict"] == "passed" and not result["holes"]
    ls.show(
        f"{LANGUAGE_NAMES[target]} port: {result['summary']}",
        types.MessageType.Info if passed else types.MessageType.Warning,
    )
    return new_files([(uri_of(str(path)), text) for path, text in files], ls.session.client)


def _document_and_target(argument: dict[str, Any]) -> tuple[str, LanguageId]:
    uri, target = argument.get("uri"), argument.get("target")
    known = {language.value: language for language in LanguageId}
    if not isinstance(uri, str) or target not in known:
        raise JsonRpcInvalidParams(f"expected a uri and a target, one of {', '.join(known)}")
    return uri, known[target]


def _to_write(result: dict[str, Any], directory: Path, target: LanguageId) -> list[dict[str, Any]]:
    """The files of a port that belong into a directory: without a build file where there is one already."""
    build_file = _MODULES.get(target, "")
    within = bool(build_file) and any(
        (folder / build_file).is_file() for folder in (directory, *directory.parents)
    )
    files: list[dict[str, Any]] = result["files"]
    return [f for f in files if not (within and f["role"] == "module")]


def _directory(ls: FoundationServer, uri: str, target: LanguageId, asked: str | None) -> Path:
    """Where ported files belong: where the editor says, in the target's sibling folder, or beside the source."""
    path = path_of(uri)
    if path is None:
        raise PortingError("save the file first: generated code is placed beside it")
    root = ls.session.root_of(path) or path.parent
    wished = asked if asked is not None else ls.session.options.port_directory
    if wished:
        directory = Path(os.path.normpath(root / wished))
        if asked is None and not directory.is_relative_to(root):
            raise PortingError(f"port.outputDirectory {wished!r} lies outside the workspace folder {root}")
        return directory
    # A repository with one folder per language gets the port into the folder of the target.
    beside = path.parent
    for parent in path.parents:
        sibling = parent.parent / target.value
        if language_named(parent.name) is not None and sibling.is_dir() and parent.is_relative_to(root):
            beside = sibling / path.parent.relative_to(parent)
            break
    # A Go package and a Rust crate are a folder of their own; what else lies there is another package.
    return beside / path.stem if target in _MODULES else beside


def language_named(name: str) -> LanguageId | None:
    """The language that a folder is named after, or None."""
    return next((language for language in LanguageId if language.value == name), None)


async def _ported(
    ls: FoundationServer,
    uri: str,
    target: LanguageId,
    line: int | None,
    *,
    verify: bool,
    token: int | str | None = None,
) -> dict[str, Any]:
    document = ls.session.documents.get(uri)
    path = path_of(uri)
    if path is None:
        raise PortingError("save the file first: generated code is placed beside it")
    if document is not None:
        text, source = document.snapshot.text.decode("utf-8", "replace"), document.snapshot.language
    else:
        try:
            text, source = path.read_text("utf-8"), language_of(path)
        except (OSError, UnicodeDecodeError) as error:
            raise PortingError(f"cannot read {path}: {error}") from error
    if source is None or source is target:
        raise PortingError(f"{path.name} cannot be ported to {LANGUAGE_NAMES[target]}")
    settings = ls.session.settings(path)
    request = {
        "path": str(path),
        "text": text,
        "source": source.value,
        "target": target.value,
        "line": line,
        "go_module": settings.go_module,
        "python": settings.interpreter,
        "verify": verify and ls.session.options.trusted,
        "distrusted": verify and not ls.session.options.trusted,
    }
    title = f"Generating the {LANGUAGE_NAMES[target]} equivalent"
    async with ls.work.shown(title, token) as step:
        return await run_worker(request, step)


async def run_worker(request: dict[str, Any], step: Callable[[str], None]) -> dict[str, Any]:
    """The worker's result; cancelling stops the worker and what it runs.

    Raises:
        PortingError: the code cannot be ported, or the worker ended without a result.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        # -P: a folder `foundation_lsp` in the workspace, our working directory, must not take the place of ours.
        "-P",
        "-m",
        "foundation_lsp.port_worker",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise PortingError("the worker has no pipes")
    errors = asyncio.ensure_future(process.stderr.read())
    try:
        process.stdin.write(json.dumps(request).encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.drain()
        process.stdin.close()
        async for line in process.stdout:
            message: dict[str, Any] = json.loads(line)
            if "step" in message:
                step(message["step"])
            elif "error" in message:
                raise PortingError(message["error"])
            else:
                return message["result"]
        said = (await errors).decode("utf-8", "replace").strip().splitlines()
        raise PortingError(f"porting ended without a result: {said[-1] if said else 'no message'}")
    finally:
        await asyncio.shield(asyncio.ensure_future(_stop(process)))
        errors.cancel()


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Wait for the worker, which has said all it had to say, or tell it to stop; then make sure."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
