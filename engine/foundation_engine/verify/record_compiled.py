"""Drive a compiled recorder: plans that look at nothing in one process, each other plan in a process of its own.

A script of its own, run in the limited process, because the recorder that it starts executes the user's code. It
imports nothing of this program.
"""

# pyright: basic
# ruff: noqa: PTH110, PTH118, PTH123
# It starts fast without pathlib; the program that it runs was compiled for this recording.

import contextlib
import json
import os
import subprocess
import sys
import tempfile

import record_world  # pyright: ignore[reportMissingImports] - it stands beside this script.

COMPARED = ("steps", "trace", "after", "state", "skipped")
LARGEST = 20_000  # characters of one recorded case
SECONDS = 10
TURNS = 20  # processes that run the same plans, when the order of a hash map might show


def run(program, plans, seconds=SECONDS):
    """What a process of the recorder says of plans, by index, and what it wrote on standard output."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "seen")
        given = "".join(json.dumps(p) + "\n" for p in plans)
        out = ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [program],
                input=given,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
                env={**os.environ, "FOUNDATION_RECORD_OUT": path},
            )
            out = done.stdout
        seen = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for line in file:
                    with contextlib.suppress(ValueError):
                        found = json.loads(line)
                        seen[found["index"]] = found
        return seen, out


def alone(program, plan, high):
    """One plan in a process of its own, in its world."""
    plan = {**plan, "high": high}
    if plan.get("world") is None:
        seen, _ = run(program, [plan])
        return seen.get(plan["index"])
    with record_world.World(plan["world"]) as world:
        text = json.dumps({k: v for k, v in plan.items() if k != "world"})
        seen, out = run(program, [json.loads(text.replace("{server}", world.server))])
        found = seen.get(plan["index"])
        if found is None or "skipped" in found:
            return found
        found["world_after"] = {**world.after(), "stdout": out}
        text = json.dumps(found)
        if world.root in text:
            return {"index": plan["index"], "skipped": "a path of the world in the result"}
        return json.loads(text.replace(world.server, "{server}")) if world.server else found


def together(program, plans, high):
    """Plans that may share a process; one that ends the process is left out."""
    found = {}
    waiting = [{**p, "high": high} for p in plans]
    while waiting:
        seen, _ = run(program, waiting, 60)
        found.update(seen)
        done = [i for i, p in enumerate(waiting) if p["index"] in seen]
        last = done[-1] if done else -1
        if last + 1 < len(waiting):
            stopped = waiting[last + 1]
            found[stopped["index"]] = {
                "index": stopped["index"],
                "skipped": "the call ended the process, or did not end",
            }
        waiting = waiting[last + 2 :]
    return found


def main():
    request = json.load(sys.stdin)
    program = request["program"]
    plans = [{**p, "index": i} for i, p in enumerate(request["plans"])]
    apart = [p for p in plans if p.get("world") is not None or p.get("fresh")]
    shared = [p for p in plans if not (p.get("world") is not None or p.get("fresh"))]
    seen = together(program, shared, False)
    again = together(program, [p for p in shared if seen[p["index"]].get("sleeps")], True)
    for _ in range(TURNS - 1 if request.get("unordered") else 0):
        for index, other in together(
            program, [p for p in shared if "skipped" not in seen[p["index"]]], False
        ).items():
            if {k: other.get(k) for k in COMPARED} != {k: seen[index].get(k) for k in COMPARED}:
                seen[index] = {"index": index, "skipped": "the result depends on the order of a map"}
    for p in apart:
        found = alone(program, p, False)
        for _ in range(2 if request.get("unordered") else 0):
            if found is None or "skipped" in found:
                break
            other = alone(program, p, False) or {}
            if {k: other.get(k) for k in COMPARED} != {k: found.get(k) for k in COMPARED}:
                found = {"index": p["index"], "skipped": "the result depends on the order of a map"}
                break
        seen[p["index"]] = found or {
            "index": p["index"],
            "skipped": "the call ended the process, or did not end",
        }
        if found and found.get("sleeps"):
            again[p["index"]] = alone(program, p, True) or {}
    for index, found in sorted(seen.items()):
        if found.get("sleeps"):
            high = again.get(index, {})
            if high.get("steps") != found["steps"] or len(high.get("sleeps", ())) != len(found["sleeps"]):
                found = {"index": index, "skipped": "the result depends on randomness"}
            else:
                found["sleeps_high"] = high["sleeps"]
        line = json.dumps(found)
        if len(line) > LARGEST:
            line = json.dumps({"index": index, "skipped": "a result too large to compare in a test"})
        print(line, flush=True)


if __name__ == "__main__":
    main()
