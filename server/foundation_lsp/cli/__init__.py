"""The command line: one parser, commands that are imported when they are used, and the exit codes.

Nothing here imports the protocol libraries: a lint must start in a fraction of the time that they take to load.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from foundation_lsp.cli.console import UsageError, fail

OK, FINDINGS, ERROR = 0, 1, 2
INTERRUPTED = 128 + signal.SIGINT
PIPE_CLOSED = 128 + signal.SIGPIPE
# What a write to a full disk, a full quota or a broken device fails with.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

# Each command's module and what it does, so that `--help` imports none of them.
COMMANDS = {
    "lint": ("foundation_lsp.cli.lint", "check source files and report findings"),
    "port": (
        "foundation_lsp.cli.port",
        "port files or a definition to another language, and verify the result",
    ),
    "verify": ("foundation_lsp.cli.verify", "compile, run and compare a port that exists already"),
    "conform": ("foundation_lsp.cli.conform", "run the conformance suite against the runtimes"),
    "spec": ("foundation_lsp.cli.spec", "list, show and validate pattern specs"),
    "doctor": ("foundation_lsp.cli.doctor", "say which toolchains are here and what is missing"),
    "engine": ("foundation_lsp.cli.engine", "serve models over shared memory"),
}

_EPILOG = """exit codes: 0 success or nothing found, 1 findings or a failed check, 2 usage or internal error,
130 interrupted. `foundation-lsp COMMAND --help` tells each command's own."""


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser; only the module of `command` is imported, the others are listed by name and help."""
    parser = argparse.ArgumentParser(
        prog="foundation-lsp",
        description="Recognise, check, fix, port and verify infrastructure patterns in Python, Go, Rust and Ruby.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    server = parser.add_argument_group("language server")
    mode = server.add_mutually_exclusive_group()
    mode.add_argument("--stdio", action="store_true", help="serve an editor on standard input and output")
    mode.add_argument(
        "--tcp",
        metavar="HOST:PORT",
        help="serve editors on a socket; a loopback address unless --allow-remote",
    )
    server.add_argument(
        "--allow-remote", action="store_true", help="let --tcp listen on an address that others can reach"
    )
    server.add_argument("--log-file", metavar="FILE", help="write the server's log there")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, (module, summary) in COMMANDS.items():
        if name == command:
            importlib.import_module(module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    return parser


def _command_in(argv: Sequence[str]) -> str | None:
    """The command that the arguments name: the first word that is no option nor an option's value."""
    skip = False
    for argument in argv:
        if skip:
            skip = False
        elif argument in {"--tcp", "--log-file"}:
            skip = True
        elif not argument.startswith("-"):
            return argument if argument in COMMANDS else None
    return None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code instead of leaving the process, except for `--help`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    try:
        return _run(arguments)
    except UsageError as error:
        fail(str(error))
        return ERROR
    except KeyboardInterrupt:
        fail("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left, as `| head` does.
        _drop_output()
        return PIPE_CLOSED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ERROR
    except OSError as error:
        # A write to standard output names no file; any other error of the system that comes here is a defect of ours.
        if error.errno not in _NO_ROOM or error.filename is not None:
            return _defect(error)
        _drop_output()
        fail(f"the output cannot be written: {error.strerror}")
        return ERROR
    except Exception as error:  # noqa: BLE001 - the last fence: a defect of ours must read as one, with exit code 2.
        return _defect(error)


def _defect(error: Exception) -> int:
    fail(f"internal error: {type(error).__name__}: {error}")
    if os.environ.get("FOUNDATION_LSP_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    else:
        sys.stderr.write("Set FOUNDATION_LSP_TRACEBACK=1 to see where, and please report it.\n")
    return ERROR


def _open_missing_streams() -> None:
    """Let the standard streams that the caller closed (`>&-`) lead nowhere; Python leaves None in their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open for as long as we run; pathlib starts slowly.


def _drop_output() -> None:
    """Send standard output nowhere: Python flushes it once more at exit, which would fail again."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.close(devnull)


def _run(arguments: list[str]) -> int:
    command = _command_in(arguments)
    parser = build_parser(command)
    options = parser.parse_args(arguments)
    if options.version:
        # The package's metadata takes longer to read than all that is needed to parse these arguments.
        from importlib.metadata import version

        sys.stdout.write(f"foundation-lsp {version('foundation-lsp')}\n")
        return OK
    if options.stdio or options.tcp:
        if command is not None:
            raise UsageError("--stdio and --tcp start the server; they take no command")
        return _serve(options)
    if command is None:
        parser.print_help(sys.stderr)
        return ERROR
    module: ModuleType = importlib.import_module(COMMANDS[command][0])
    code = module.run(options)
    sys.stdout.flush()
    return int(code)


def _serve(options: argparse.Namespace) -> int:
    from pathlib import Path

    from foundation_lsp import serve

    log_file = Path(options.log_file) if options.log_file else None
    if options.stdio:
        return serve.serve_stdio(log_file)
    host, separator, port = options.tcp.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--tcp {options.tcp}: expected HOST:PORT, such as 127.0.0.1:7777")
    try:
        return serve.serve_tcp(
            host.strip("[]"), int(port), allow_remote=options.allow_remote, log_file=log_file
        )
    except serve.RemoteAddressError as error:
        raise UsageError(f"--tcp {options.tcp}: {error} (--allow-remote)") from error
    except OSError as error:
        raise UsageError(f"--tcp {options.tcp}: {error.strerror or error}") from error
