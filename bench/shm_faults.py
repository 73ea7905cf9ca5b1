"""Kill clients and the server at random and count what went wrong: `python bench/shm_faults.py --seconds 600`.

Clients in four languages call a model that journals the id of every request that it runs and sends it back.
Every few hundred milliseconds one client, or the server, is killed without warning and started again. At the
end no answer may be wrong, no call without an outcome, no request run twice, no answered request missing from
the journal, and neither a descriptor, a process nor a file may be left over.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from foundation_shm import Client, ShmError  # noqa: E402 - the repository's root is put on the path first

from tests.shm.conftest import (  # noqa: E402 - as above
    CLIENTS,
    LANGUAGES,
    ServerProcess,
    Testee,
    build_go,
    build_rust,
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fshm-") as folder:
        run = FaultRun(Path(folder), random.Random(options.seed))
        try:
            run.go(options.seconds)
        finally:
            run.end()
        print(f"seed {options.seed}, {options.seconds:g} s")
        return run.report()


class FaultRun:
    """One run; `report` prints its figures."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._rng = rng
        self._endpoint = str(folder / "e.sock")
        self._journal = folder / "journal"
        self._commands = {
            "python": [sys.executable, str(ROOT / "tests" / "shm" / "python_testee.py")],
            "go": build_go(folder / "testee"),
            "rust": build_rust(),
            "ruby": ["ruby", str(CLIENTS / "ruby" / "testee.rb")],
        }
        self._shm_before = _shared_files()
        self._server = ServerProcess(self._endpoint, "--journal", str(self._journal))
        self._testees: dict[str, tuple[Testee, float, int]] = {}
        self._tag = 0
        # Who called what with each tag, for what is found at the end.
        self._callers: dict[int, str] = {}
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.problems: list[str] = []

    def go(self, seconds: float) -> None:
        """Let clients call and kill things for so long, then let everybody finish."""
        until = time.monotonic() + seconds
        for language in LANGUAGES:
            self._start(language)
        while time.monotonic() < until:
            time.sleep(self._rng.uniform(0.05, 0.5))
            victim = self._rng.choice((*LANGUAGES, "server", "nobody", "nobody"))
            if victim == "server":
                self._server.restart()
                self.counts["server kills"] += 1
            elif victim != "nobody":
                testee, _, _ = self._testees.pop(victim)
                testee.process.kill()
                testee.close()
                self.counts["client kills"] += 1
                self._start(victim)
            for language, (testee, due, _) in list(self._testees.items()):
                if time.monotonic() > due:
                    self._collect(language, testee)
                    self._start(language, testee)
        for language, (testee, _, _) in list(self._testees.items()):
            self._collect(language, testee)
        self._testees = {name: (testee, 0, 0) for name, (testee, _, _) in self._testees.items()}
        self._check_leaks()

    def _start(self, language: str, testee: Testee | None = None) -> None:
        """Let a client call for a second or two, with ids that nobody else uses."""
        if testee is None:
            testee = Testee(language, self._commands[language])
        transport = self._rng.choice(("shm", "shm", "shm", "socket"))
        testee.ask("open", endpoint=self._endpoint, transport=transport, connect_timeout=10.0)
        self._tag += 1
        length = self._rng.uniform(0.5, 2.0)
        size = self._rng.choice((8, 1024, 1024, 40_000))
        model = self._rng.choice(("record", "record_long"))
        self._callers[self._tag] = f"{language} over {transport} to {model}"
        testee.send(
            "hammer",
            model=model,
            threads=self._rng.choice((1, 2, 4)),
            seconds=length,
            size=size,
            tag=self._tag,
        )
        self._testees[language] = (testee, time.monotonic() + length, self._tag)

    def _collect(self, language: str, testee: Testee) -> None:
        try:
            tally = testee.receive(90)
        except AssertionError as error:
            self.problems.append(f"{language}: calls without an outcome: {error}")
            return
        if "ok" not in tally:
            self.problems.append(f"{language}: {tally}")
            return
        self.counts["right answers"] += tally["ok"]
        self.counts["wrong answers"] += tally["wrong"]
        self.errors.update(tally["errors"])

    def _check_leaks(self) -> None:
        """With all clients closed, the server holds what it held when it was fresh."""
        for testee, _, _ in self._testees.values():
            testee.ask("close")
        fresh = ServerProcess(self._endpoint + "2", "--journal", str(self._journal))
        with Client(self._endpoint + "2", transport="socket") as client:
            # A server that has answered has everything open that it keeps open; one descriptor is this client's.
            client.ping()
            expected = fresh.descriptors() - 1
        fresh.stop()
        give_up = time.monotonic() + 10
        while self._server.descriptors() > expected and time.monotonic() < give_up:
            time.sleep(0.02)
        with Client(self._endpoint, transport="socket") as client, contextlib.suppress(ShmError):
            status = client.status()
            left = [c for c in status["clients"] if c["transport"] == "shm"]
            if left:
                self.problems.append(f"the server still has {left}")
            depth = sum(model["queue_depth"] for model in status["models"].values())
            if depth:
                self.problems.append(f"{depth} requests are still queued")
        self.counts["descriptors of the server at the end"] = self._server.descriptors()
        if self._server.descriptors() > expected + 1:
            self.problems.append(
                f"the server has {self._server.descriptors()} descriptors; a fresh one {expected}"
            )

    def end(self) -> None:
        """End every process that was started."""
        for testee, _, _ in self._testees.values():
            testee.close()
        code = self._server.stop()
        if code:
            self.problems.append(f"the server ended with code {code}")

    def report(self) -> int:
        """Print the figures; 1 when anything is wrong."""
        data = self._journal.read_bytes()
        ran = Counter(struct.unpack(f"<{len(data) // 8}Q", data[: len(data) // 8 * 8]))
        twice = sum(1 for number in ran.values() if number > 1)
        if twice:
            whose = {self._callers[number >> 48] for number, times in ran.items() if times > 1}
            self.problems.append(f"{twice} requests ran more than once: {', '.join(sorted(whose))}")
        if len(ran) < self.counts["right answers"]:
            self.problems.append(f"{self.counts['right answers']} answers, but only {len(ran)} requests ran")
        if self.counts["wrong answers"]:
            self.problems.append(f"{self.counts['wrong answers']} wrong answers")
        unexpected = set(self.errors) - {"CONNECTION_LOST", "CONNECT"}
        if unexpected:
            self.problems.append(f"unexpected errors: { {name: self.errors[name] for name in unexpected} }")
        if _shared_files() - self._shm_before:
            self.problems.append(f"files left in /dev/shm: {_shared_files() - self._shm_before}")
        for name, number in sorted(self.counts.items()):
            print(f"{name:40} {number:>10}")
        print(f"{'requests that ran':40} {len(ran):>10}")
        print(f"{'requests that ran twice':40} {twice:>10}")
        for name, number in sorted(self.errors.items()):
            print(f"{'calls told ' + name:40} {number:>10}")
        for problem in self.problems:
            print(f"PROBLEM: {problem}")
        print("no lost, duplicated or mixed-up answer, nothing left over" if not self.problems else "FAILED")
        return 1 if self.problems else 0


def _shared_files() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


if __name__ == "__main__":
    sys.exit(main())
