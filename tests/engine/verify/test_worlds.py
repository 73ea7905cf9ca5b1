"""Functions that look at files, the environment, commands and servers are recorded and verified in worlds."""

import dataclasses
from pathlib import Path
from textwrap import dedent

import pytest
from foundation_engine.port import lower, port, precision
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_engine.verify.cases import Case, Plan, plans
from foundation_engine.verify.recorders import record_python
from foundation_specs.model import LanguageId

SECOND = 1_000_000_000
SOURCE = dedent('''
    """A shop's nightly jobs."""

    import os
    from pathlib import Path
    from typing import Protocol

    from foundation.errors import NetworkError, ProcessError
    from foundation.files import atomic_write
    from foundation.http import HttpClient
    from foundation.process import run_process
    from foundation.resilience import circuit_breaker, rate_limit


    class Bank(Protocol):
        """Knows rates."""

        def rate(self, currency: str) -> int: ...


    def region() -> str:
        """The region from the environment."""
        return os.environ.get("SHOP_REGION", "eu").lower()


    def count(path: str) -> int:
        """Count up in a file."""
        number = 0
        if Path(path).exists():
            number = int(Path(path).read_text().strip() or "0")
        atomic_write(path, f"{number + 1}\\n", backup=True)
        return number + 1


    def revision(short: bool) -> str:
        """The commit that is checked out."""
        try:
            text = run_process(["git", "rev-parse", "HEAD"], timeout=10).stdout.strip()
        except ProcessError:
            return "none"
        return text[:7] if short else text


    def status(client: HttpClient, name: str) -> str:
        """What a service says of itself."""
        print(f"asking {name}")
        return client.get(f"/status/{name}").text.strip()


    @circuit_breaker(failure_threshold=2, recovery_timeout=5)
    def rate(bank: Bank, currency: str) -> int:
        """A rate; the bank is spared after two failures."""
        return bank.rate(currency.upper())


    @rate_limit(limit=2, period=10.0)
    def export(day: int) -> int:
        """Two exports in ten seconds."""
        return day * 2
''')


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("worlds") / "jobs.py"
    path.write_text(SOURCE)
    return path


def record(source: Path, *planned: Plan) -> list[Case]:
    cases, problem = record_python(str(source), planned)
    assert problem == ""
    return cases


def failing_bank(*outcomes: dict[str, object]) -> dict[str, object]:
    return {"fake": {"name": "Bank", "methods": {"rate": list(outcomes)}}}


def test_environment_is_set_for_one_call_alone(source: Path) -> None:
    given = record(
        source, Plan("region", (), world={"env": {"SHOP_REGION": "US"}}), Plan("region", (), world={})
    )
    assert [c.steps[0] for c in given] == [{"value": "us"}, {"value": "eu"}]


def test_files_before_and_after(source: Path) -> None:
    (case,) = record(source, Plan("count", ("n.txt",), world={"files": {"n.txt": "41"}}))
    assert case.steps == ({"value": 42},)
    assert case.world_after is not None
    assert case.world_after["files"] == {"n.txt": "42\n", "n.txt.bak": "41"}


def test_commands_answer_in_turn_and_no_real_command_runs(source: Path) -> None:
    world = {"commands": {"git": [{"stdout": "abcdefghij\n"}, {"exit": 1}]}}
    first, real = record(
        source, Plan("revision", (True,), repeat=2, world=world), Plan("revision", (True,), world={"env": {}})
    )
    assert [s["value"] for s in first.steps] == ["abcdefg", "none"]
    assert first.world_after is not None
    assert first.world_after["commands"] == [["git", "rev-parse", "HEAD"]] * 2
    # git itself is installed here and would have answered.
    assert real.steps == ({"value": "none"},)


def test_server_is_asked_and_its_address_is_kept_out_of_the_case(source: Path) -> None:
    client = {"made": ["HttpClient", {"base_url": "{server}", "max_attempts": 2}]}
    world = {"http": [{"status": 503}, {"status": 200, "body": " fine\n"}]}
    (case,) = record(source, Plan("status", (client, "api"), world=world))
    assert case.steps == ({"value": "fine"},)
    assert case.world_after is not None
    assert [r["path"] for r in case.world_after["requests"]] == ["/status/api", "/status/api"]
    assert case.world_after["stdout"] == "asking api\n"
    assert len(case.sleeps) == 1


def test_time_passes_between_calls_of_a_breaker_that_every_case_gets_anew(source: Path) -> None:
    bank = failing_bank({"error": "NetworkError"}, {"error": "NetworkError"}, {"value": 7})
    still = Plan("rate", (bank, "eur"), repeat=3, fresh=True)
    later = dataclasses.replace(still, advance=5 * SECOND)
    for plan, last in ((still, "CircuitOpenError"), (later, 7), (still, "CircuitOpenError")):
        (case,) = record(source, plan)
        assert [s.get("error", s.get("value")) for s in case.steps] == ["NetworkError", "NetworkError", last]
    both = record(source, still, later)
    assert both[1].steps[2] == {"value": 7}


def test_a_result_that_names_the_working_directory_is_no_case(tmp_path: Path) -> None:
    path = tmp_path / "here.py"
    path.write_text("import os\n\n\ndef here() -> str:\n    return os.getcwd()\n")
    cases, problem = record_python(str(path), [Plan("here", (), world={})])
    assert cases == []
    assert "names the working directory" in problem


def test_a_path_that_pathlib_writes_otherwise_is_no_case(tmp_path: Path) -> None:
    path = tmp_path / "paths.py"
    path.write_text(
        "from pathlib import Path\n\n\n"
        "def shown(path: Path) -> str:\n    return str(path)\n\n\n"
        "def made(text: str) -> str:\n"
        "    try:\n        return str(Path(text))\n    except Exception:\n        return 'no path'\n"
    )
    planned = [Plan(name, (text,)) for name in ("shown", "made") for text in ("a/b", "a//b", "a/", "", ".")]
    cases, _ = record_python(str(path), planned)
    assert [(c.plan.function, c.plan.args[0]) for c in cases] == [
        ("shown", "a/b"), ("shown", "."), ("made", "a/b"), ("made", "."),
    ]  # fmt: skip


def test_worlds_are_planned_for_functions_that_look_around(source: Path) -> None:
    request = PortRequest(str(source), SOURCE, LanguageId.PYTHON, LanguageId.GO)
    module = lower(request)
    assert module is not None
    names = {f.name for _, f in module.functions()}
    by_function: dict[str, list[Plan]] = {}
    for plan in plans(module, names, 1, 30):
        by_function.setdefault(plan.function, []).append(plan)
    keys = {name: {k for p in mine for k in p.world or ()} for name, mine in by_function.items()}
    assert keys == {
        "region": {"env"}, "count": {"files"}, "revision": {"commands"}, "status": {"http"}, "rate": set(),
        "export": set(),
    }  # fmt: skip
    assert all(".." not in p.args[0] and not p.args[0].startswith("/") for p in by_function["count"])
    for name in ("rate", "export"):
        assert all(p.fresh for p in by_function[name])
        assert any(p.repeat > 2 and p.advance for p in by_function[name])


@pytest.mark.slow
@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY])
def test_a_port_is_verified_in_worlds_and_a_wrong_one_is_found(source: Path, target: LanguageId) -> None:
    candidate = port(PortRequest(str(source), SOURCE, LanguageId.PYTHON, target))
    assert candidate.holes == ()
    options = VerifyOptions(cases=8, differential=12, use_cache=False)
    report = verify(candidate, options)
    assert report.verdict is Verdict.PASSED, report.results

    def changed(old: str, new: str) -> Verdict:
        files = tuple(
            dataclasses.replace(f, text=f.text.replace(old, new)) if f.role == "source" else f
            for f in candidate.files
        )
        assert files != candidate.files
        return verify(dataclasses.replace(candidate, files=files), options).verdict

    # A request to another place, which only the server sees.
    assert changed("/status/", "/state/") is Verdict.FAILED


def test_confidence_is_that_of_the_least_certain_construct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "TABLE", tmp_path / "precision.json")
    measured = [precision.Measured("go", ["op:int.add"], True, "passed") for _ in range(30)]
    measured += [
        precision.Measured("go", ["op:int.add", "op:str.title"], i % 2 == 0, "passed", i == 1)
        for i in range(10)
    ]
    precision.write_table(measured)
    sure = precision.precision({"op:int.add"}, "go")
    unsure = precision.precision({"op:int.add", "op:str.title"}, "go")
    never = precision.precision({"op:unknown"}, "go")
    assert sure is not None
    assert unsure is not None
    assert never is not None
    overall = 36 / 42
    assert unsure.confidence == round((5 + 10 * overall) / 20, 3)
    assert "op:str.title: 5 of 10" in unsure.basis
    assert unsure.confidence < sure.confidence
    assert never.confidence == round(overall, 3)
    assert never.basis == "not run; 35 of 40 measured ports to go were right"
    assert precision.precision({"op:int.add"}, "rust") is None
    held = precision.verified("go")
    assert held is not None
    assert held.confidence == round(40 / 42, 3)
