"""Fuzz the shared-memory server with broken clients: `python bench/shm_fuzz.py --seconds 600`.

Structured cases (valid conversations with something wrong in them) run against a server in its own process,
while a well-behaved client checks that it still gets right answers. Fails when the server dies, stalls, leaks
descriptors or memory, or answers the good client wrongly; the case is then written to `--save`, where it
becomes a seed that the tests replay.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from foundation_shm import Client  # noqa: E402 - the repository's root is put on the path first, for tests.shm

from tests.shm.attack import MODELS, Case, random_case, run_case  # noqa: E402 - as above
from tests.shm.conftest import Testee  # noqa: E402 - as above


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    parser.add_argument("--save", type=Path, default=ROOT / "tests" / "shm" / "seeds")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="fshm-") as folder:
        endpoint = f"{folder}/e.sock"
        log = Path(folder) / "log"
        with log.open("wb") as stderr:
            server = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "shm" / "model_server.py"), endpoint],
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        presser = Testee("python", [sys.executable, str(ROOT / "tests" / "shm" / "python_testee.py")])
        try:
            assert server.stdout is not None
            server.stdout.readline()
            failure = fuzz(endpoint, server, presser, rng, options.seconds, options.save)
        finally:
            presser.process.kill()
            presser.close()
            server.terminate()
            code = server.wait(20)
        dropped = log.read_text(errors="replace").count("broke the protocol")
        if "Traceback" in log.read_text(errors="replace"):
            failure = failure or "the server wrote a traceback:\n" + log.read_text(errors="replace")[-3000:]
    print(f"seed {options.seed}; {dropped} connections dropped for breaking the protocol; exit code {code}")
    print(failure or "no crash, no stall, no leak, no wrong answer")
    return 1 if failure or code else 0


def fuzz(
    endpoint: str,
    server: subprocess.Popen[bytes],
    presser: Testee,
    rng: random.Random,
    seconds: float,
    save: Path,
) -> str | None:
    """Run random cases for so long; what went wrong, or `None`."""
    good = Client(endpoint, timeout=20.0)
    good.ping()
    # Meanwhile others keep the server's threads busy, so that hostile clients meet more than one of them.
    presser.ask("open", endpoint=endpoint)
    presser.send("hammer", model="long", threads=4, seconds=seconds, size=8)
    until = time.monotonic() + seconds
    recent: list[Case] = []
    cases = good_calls = 0
    baseline = (0, 0)
    while time.monotonic() < until:
        case = random_case(rng, (*MODELS, "long"))
        recent = [*recent[-19:], case]
        try:
            run_case(endpoint, case, patience=0.02)
        except AssertionError as error:
            return _keep(save, recent, str(error))
        cases += 1
        if server.poll() is not None:
            return _keep(save, recent, f"the server died with code {server.returncode}")
        if cases % 10 == 0:
            data = rng.randbytes(rng.choice((8, 500, 9000)))
            try:
                answer = good.infer("echo", data)[0].data
            except Exception as error:  # noqa: BLE001 - whatever the good client meets is the finding
                return _keep(save, recent, f"the good client got {type(error).__name__}: {error}")
            if answer != data:
                return _keep(save, recent, "the good client got a wrong answer")
            good_calls += 1
        if cases == 2000:
            baseline = _usage(server.pid)
        if cases > 2000 and cases % 500 == 0:
            files, kilobytes = _usage(server.pid)
            if files > baseline[0] + 20:
                return _keep(save, recent, f"descriptors grew from {baseline[0]} to {files}")
            if kilobytes > baseline[1] + 200_000:
                return _keep(save, recent, f"memory grew from {baseline[1]} to {kilobytes} KiB")
    tally = presser.receive()
    if tally["wrong"] or tally["errors"] or not tally["ok"]:
        return _keep(save, recent, f"those who kept the server busy were answered so: {tally}")
    model = good.status()["models"]["long"]
    if seconds > 10 and model["most_parallel"] < 2:
        return f"no two runs of a model were at the same time: {model}"
    print(f"{tally['ok']} calls of the model that runs {model['most_parallel']} times at a time, all right")
    files, kilobytes = _usage(server.pid)
    print(f"{cases} cases in {seconds:g} s, {good_calls} calls of the good client, all right")
    print(f"server: {files} descriptors ({baseline[0]} after 2000 cases), {kilobytes} KiB ({baseline[1]})")
    good.close()
    return None


def _usage(pid: int) -> tuple[int, int]:
    """`(open descriptors, resident KiB)` of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(resident.split()[1])


def _keep(save: Path, cases: list[Case], reason: str) -> str:
    save.mkdir(parents=True, exist_ok=True)
    path = save / f"found-{time.time_ns()}.json"
    path.write_text(json.dumps({"reason": reason, "cases": cases}, indent=1) + "\n")
    return f"{reason}\nthe last cases are in {path}"


if __name__ == "__main__":
    sys.exit(main())
