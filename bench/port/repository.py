"""Files of a public repository that an evaluation reads, from a working tree or from git's history."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout or a bare repository; what is not in its working tree is read from its newest commit."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Repository:
        """The repository at a path, or in the folder `repo` below it."""
        path = path.resolve()
        return cls(path / "repo" if (path / "repo").is_dir() else path)

    @classmethod
    def named(cls, folder: Path, name: str) -> Repository:
        """The repository `owner/name` among those of a folder, whose names end in its own.

        Raises SystemExit, which names what was looked for, when there is none.
        """
        owner, _, last = name.rpartition("/")
        for path in sorted(folder.iterdir()):
            if re.split(r"[+/_]", path.name)[-1] == last and owner in str(path):
                return cls.at(path)
        raise SystemExit(f"{folder}: no checkout of {name}")

    @property
    def commit(self) -> str:
        """The newest commit, "" for a folder that is not in git."""
        done = self._run("rev-parse", "HEAD")
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    def names(self, prefix: str) -> list[str]:
        """The files below a folder."""
        if (self.path / prefix).is_dir():
            found = (p for p in (self.path / prefix).rglob("*") if p.is_file())
            return sorted(p.relative_to(self.path).as_posix() for p in found)
        return self._git("ls-tree", "-r", "--name-only", "HEAD", prefix).decode().splitlines()

    def data(self, name: str) -> bytes | None:
        """A file's bytes, None when there is no such file."""
        if (self.path / name).is_file():
            return (self.path / name).read_bytes()
        done = self._run("show", f"HEAD:{name}")
        return done.stdout if done.returncode == 0 else None

    def text(self, name: str) -> str | None:
        """A file's text, None when there is no such file."""
        data = self.data(name)
        return None if data is None else data.decode()

    def tree(self, scratch: Path) -> Path:
        """A folder that holds all files: the working tree, or `scratch`, into which a bare repository is unpacked."""
        if (self.path / ".git").exists() or not self.commit:
            return self.path
        subprocess.run(
            ["tar", "-x", "-C", str(scratch)], input=self._git("archive", "HEAD"), check=True, timeout=300
        )
        return scratch

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "-C", str(self.path), *arguments], capture_output=True, check=False, timeout=300
        )

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise SystemExit(f"{self.path}: git {' '.join(arguments)} failed: {said}")
        return done.stdout
