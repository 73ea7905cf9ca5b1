"""Compiled dependencies of Rust ports: built once, in the user's cache, and linked into each verification's folder.

A port is one small crate; what takes long is the runtime and its macros. They are kept per set of dependencies, content
of the runtime and compiler, so that a verification compiles the port alone. Nothing is downloaded.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
from functools import cache
from pathlib import Path

from foundation_specs.model import LanguageId

from foundation_engine.port.engine import runtime_root
from foundation_engine.verify.sandbox import Limits, run

# One build without debug information and without what only helps the next build of the same crate.
ENV = {
    "CARGO_NET_OFFLINE": "true",
    "CARGO_TERM_COLOR": "never",
    "CARGO_INCREMENTAL": "0",
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "CARGO_PROFILE_TEST_DEBUG": "0",
}
_SOURCES = ("*.rs", "Cargo.toml", "Cargo.lock")


def folder() -> Path:
    """Where compiled dependencies are kept: `$XDG_CACHE_HOME/foundation-lsp/cargo`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "foundation-lsp" / "cargo"


@cache
def _runtime_digest(root: Path) -> str:
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(root.rglob(pattern)):
            if "target" not in path.relative_to(root).parts:
                digest.update(str(path.relative_to(root)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def ready(project: Path, compiler: str) -> str:
    """Put the lock file and the compiled dependencies of a crate into its folder; "" or what is missing.

    The crate's manifest is read; a crate without dependencies needs nothing.
    """
    manifest = (project / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r"\[dependencies\]\n(.*?)\n\[", manifest, re.DOTALL)
    if found is None or not found[1].strip():
        return ""
    root = runtime_root(LanguageId.RUST)
    lock = root / "Cargo.lock" if root is not None else None
    if lock is not None and lock.exists():
        shutil.copy(lock, project / "Cargo.lock")
    digest = hashlib.sha256(
        "\n".join([compiler, found[1], _runtime_digest(root) if root is not None else ""]).encode()
    ).hexdigest()[:24]
    place = folder() / digest
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if not (place / "done").exists():
                problem = _build(place, found[1], lock)
                if problem:
                    return problem
                (place / "done").touch()
            # Several verifications may read at once, and nobody removes what is read.
            fcntl.flock(guard, fcntl.LOCK_SH)
            shutil.copytree(place / "target", project / "target", copy_function=_link, dirs_exist_ok=True)
        _prune(place)
    except OSError:
        # A cache that cannot be written or read only costs time.
        return ""
    return ""


def _build(place: Path, dependencies: str, lock: Path | None) -> str:
    """Compile the dependencies with an empty crate; "" or why that is not possible."""
    shutil.rmtree(place / "target", ignore_errors=True)
    (place / "src").mkdir(parents=True, exist_ok=True)
    (place / "src" / "lib.rs").write_text("", encoding="utf-8")
    (place / "Cargo.toml").write_text(
        '[package]\nname = "dependencies"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f"[dependencies]\n{dependencies}\n\n[workspace]\n",
        encoding="utf-8",
    )
    if lock is not None and lock.exists():
        shutil.copy(lock, place / "Cargo.lock")
    done = run(
        ("cargo", "build", "--quiet"),
        place,
        Limits(900.0),
        {**ENV, "CARGO_TARGET_DIR": str(place / "target")},
    )
    if done.code == 0:
        return ""
    if "offline" in done.text or "no matching package" in done.text:
        return f"crates of the port are not on this machine; run: cargo fetch --manifest-path {place / 'Cargo.toml'}"
    return f"the dependencies of the port do not compile: {' '.join(done.text.split())[:400]}"


def _link(source: str, target: str) -> str:
    """A hard link, or a copy where links are not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _prune(used: Path, most: int = 16) -> None:
    """Forget the dependencies that were not used for longest, but for those that somebody builds or reads."""
    os.utime(used)
    places = sorted((p for p in used.parent.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in places[:-most]:
        with contextlib.suppress(OSError), (old / "lock").open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old, ignore_errors=True)
