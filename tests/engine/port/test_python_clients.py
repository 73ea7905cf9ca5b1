"""Requests of requests and httpx, and commands of subprocess: what they are lowered to, and that ports do the same."""

from pathlib import Path
from textwrap import dedent

import pytest
from foundation_engine.port import ir, port
from foundation_engine.port.front.python import lower_module
from foundation_engine.port.request import PortRequest
from foundation_engine.verify import Verdict, VerifyOptions, verify
from foundation_specs.model import LanguageId

SOURCE = dedent('''
    """Clients of other services."""

    import subprocess

    import httpx
    import requests
    from requests.exceptions import HTTPError, RequestException


    class Unavailable(Exception):
        """The service did not answer."""


    class Jobs:
        """A client of the job service."""

        def __init__(self, base_url: str) -> None:
            self.base_url = base_url
            self.session = requests.Session()

        def waiting(self, queue: str) -> int:
            response = self.session.get(f"{self.base_url}/queues/{queue}", timeout=5)
            if response.status_code == 404:
                return 0
            response.raise_for_status()
            return len(response.text.split(","))


    def page(base_url: str, number: int) -> str:
        response = requests.get(f"{base_url}/pages", params={"n": number}, timeout=2.5)
        response.raise_for_status()
        return response.text.strip()


    def healthy(base_url: str) -> bool:
        try:
            return requests.get(f"{base_url}/health", timeout=1).ok
        except RequestException:
            return False


    def remove(base_url: str, key: int) -> bool:
        try:
            requests.delete(f"{base_url}/keys/{key}", timeout=5).raise_for_status()
        except HTTPError as e:
            if e.response.status_code == 404:
                return False
            raise Unavailable(f"cannot remove {key}") from e
        return True


    async def state(base_url: str) -> str:
        async with httpx.AsyncClient(timeout=2.0) as client:
            response = await client.get(f"{base_url}/state")
        return response.text.upper()


    def branch() -> str:
        try:
            done = subprocess.run(["git", "branch"], capture_output=True, text=True, check=True)
        except subprocess.CalledProcessError as e:
            return f"failed with {e.returncode}"
        return done.stdout.strip()


    def tags(remote: str) -> list[str]:
        done = subprocess.run(["git", "ls-remote", remote], capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable(done.stderr.strip())
        return [line for line in done.stdout.split("\\n") if line]


    def version() -> str:
        return subprocess.check_output(["git", "--version"], text=True).strip()
''')


def reasons(text: str) -> list[str]:
    """Why parts of a module are not ported."""
    module = lower_module(text, "m")
    return [n.reason for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.Hole)]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clients") / "services.py"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_ports_send_and_run_the_same(source: Path, target: LanguageId) -> None:
    candidate = port(PortRequest(str(source), SOURCE, LanguageId.PYTHON, target))
    assert not candidate.holes, candidate.holes
    report = verify(candidate, VerifyOptions(cases=5, differential=0))
    assert report.agreed, report
    assert report.verdict is not Verdict.FAILED


def test_functions_share_a_client_that_is_made_alike() -> None:
    module = lower_module(SOURCE, "services")
    clients = [d for d in module.definitions if isinstance(d, ir.Constant)]
    # Those of `page`, which raises by itself, `healthy` and `remove`; the others are made for an object or a block.
    assert [c.name for c in clients] == ["http_client", "http_client_2", "http_client_3"]
    made = clients[0].value
    assert isinstance(made, ir.PatternNew)
    assert "raise_for_status" not in made.arguments
    assert ir.same(made.arguments["timeout"], ir.Lit(2.5, type=ir.FLOAT))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("subprocess.run('ls | wc', shell=True, capture_output=True, text=True)", "not a list of words"),
        ("subprocess.run(['ls'])", "output is not captured"),
        ("subprocess.run(['ls'], capture_output=True)", "output is bytes"),
        ("requests.get(url, timeout=(3, 10))", "float"),
        ("requests.get(url, auth=('u', 'p'))", "the argument auth"),
        ("requests.post(url, data={'a': 'b'})", "a body that is not text or bytes"),
    ],
)
def test_what_has_no_counterpart_is_declined(line: str, reason: str) -> None:
    (why,) = reasons(f"import subprocess\nimport requests\n\ndef f(url: str) -> None:\n    {line}\n")
    assert reason in why


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("except FileNotFoundError:", "not found, apart from one that fails"),
        ("except subprocess.CalledProcessError:", "not of one that takes too long"),
    ],
)
def test_handlers_that_tell_more_apart_than_the_runtime_are_declined(handler: str, reason: str) -> None:
    text = dedent(f"""
        import subprocess

        def f() -> str:
            try:
                return subprocess.check_output(["git"], text=True, timeout=3)
            {handler}
                return ""
    """)
    (why,) = reasons(text)
    assert reason in why


def test_every_error_of_requests_is_also_that_of_a_body_that_is_no_json() -> None:
    text = dedent("""
        import requests

        def f(url: str) -> bool:
            try:
                response = requests.get(url, timeout=1)
                data = response.json()
            except requests.RequestException:
                return False
            return True
    """)
    assert not reasons(text)
    module = lower_module(text, "m")
    handlers = [n for d in module.definitions for n in ir.walk(d) if isinstance(n, ir.Handler)]
    assert handlers[0].classes == ["NetworkError", "TimeoutError", "HttpError", "ValueError"]
    around_more = text.replace("response.json()", "int(response.json()['n'])")
    assert "may raise a ValueError" in reasons(around_more)[0]
