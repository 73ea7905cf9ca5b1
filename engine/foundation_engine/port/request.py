"""The values that go into and come out of a port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from foundation_specs.model import LanguageId

from foundation_engine.port import ir


@dataclass(frozen=True, slots=True)
class PortOptions:
    """Choices of the user that a port, or its verification, depends on.

    `dialect` is the library that patterns are ported onto ("foundation" is our runtime). `go_module` is the module
    path under which the Go runtime is imported; `package` names the generated package or module. `python` is the
    interpreter that runs a Python source, "" for that of its project.
    """

    dialect: str = "foundation"
    go_module: str = "foundation"
    package: str | None = None
    python: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """Another file of the document's package; `module` is the dotted name under which it is imported.

    Of a file that is not `whole`, only what the document needs is ported.
    """

    path: str
    text: str
    module: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class PortRequest:
    """Port one document, or the definition at `line` (1-based) with what it needs, to `target`.

    `files` are the files of its package that it may import from, and `module` is its own dotted name there.
    """

    path: str
    text: str
    source: LanguageId
    target: LanguageId
    line: int | None = None
    options: PortOptions = field(default_factory=PortOptions)
    module: str = ""
    files: tuple[SourceFile, ...] = ()

    def text_of(self, path: str) -> str:
        """The text of one of its files; "" is the document."""
        if path in ("", self.path):
            return self.text
        return next((f.text for f in self.files if f.path == path), "")


@dataclass(frozen=True, slots=True)
class Decline:
    """A construct that the port does not translate: why, and where (1-based line in the source).

    `path` is the file of the package, "" for the document.
    """

    reason: str
    construct: str
    line: int
    source: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class PortedFile:
    """One generated file; `path` is relative to the output directory, `role` is source, test, module or support.

    `origin` is the source file that it was made of, "" for the document or for none.
    """

    path: str
    text: str
    role: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class PortedFunction:
    """One function's correspondence, for reports: names on both sides, lines, holes in it.

    `confidence` is what the measured precision of its constructs says, 0 to 1; None where nothing was measured. `path`
    is the file of the package that it stands in, "" for the document.
    """

    source_name: str
    target_name: str
    line: int
    holes: int
    confidence: float | None = None
    path: str = ""


@dataclass(frozen=True, slots=True)
class PortCandidate:
    """A port that nothing has run yet.

    `holes` are declines that were left as marked holes in `files`. `provenance` maps a generated file to where its
    text came from ("rules", "template:<pattern_id>"). `differences` are plain sentences about semantics that change.
    `confidence` is the least of its functions' before anything was run, and `confidence_basis` says what it rests on.
    `module` is the source as lowered, so that verifying need not read it again.
    """

    request: PortRequest
    files: tuple[PortedFile, ...]
    imports: tuple[str, ...]
    functions: tuple[PortedFunction, ...]
    holes: tuple[Decline, ...]
    provenance: Mapping[str, str]
    differences: tuple[str, ...] = ()
    confidence: float | None = None
    confidence_basis: str = ""
    module: ir.Module | None = field(default=None, compare=False, repr=False)

    @property
    def coverage(self) -> float:
        """The share of functions without a hole, 0 to 1; 1 when there is no function."""
        if not self.functions:
            return 1.0
        return sum(not f.holes for f in self.functions) / len(self.functions)
