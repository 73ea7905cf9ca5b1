"""A deploy tool: tag a release, look at the servers, roll back."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.cli import App, Exit, register_command
from foundation.errors import ProcessError, ProcessTimeoutError, ValidationError
from foundation.process import run_process

ENVIRONMENTS = ("staging", "production")


@dataclass(frozen=True, order=True)
class Version:
    """A release's number."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str) -> Version:
    """Read `v1.2.3` or `1.2.3`."""
    parts = text.strip().removeprefix("v").split(".")
    if len(parts) != 3 or not all(p.isdigit() for p in parts):
        raise ValidationError(f"not a version: {text}")
    return Version(int(parts[0]), int(parts[1]), int(parts[2]))


def current_branch() -> str:
    """The branch that is checked out."""
    return run_process(["git", "rev-parse", "--abbrev-ref", "HEAD"], timeout=10).stdout.strip()


def latest_tag() -> Version | None:
    """The greatest version among the tags, None when there is no release yet."""
    result = run_process(["git", "tag", "--list", "v*"], timeout=10)
    latest: Version | None = None
    for line in result.stdout.splitlines():
        try:
            version = parse_version(line)
        except ValidationError:
            continue
        if latest is None or version > latest:
            latest = version
    return latest


def working_tree_clean() -> bool:
    """Whether there is nothing to commit; also when git is not happy with the folder."""
    result = run_process(["git", "status", "--porcelain"], check=False, timeout=10)
    return result.exit_code == 0 and not result.stdout.strip()


def ping(host: str, attempts: int = 3) -> int:
    """How many attempts it took to reach a host; 0 when it stays silent."""
    for attempt in range(1, attempts + 1):
        try:
            run_process(["ping", "-c", "1", host], timeout=5.0)
            return attempt
        except (ProcessError, ProcessTimeoutError):
            continue
    return 0


def remote_uptime(host: str, user: str = "deploy") -> str:
    """What `uptime` says on a server."""
    try:
        result = run_process(["ssh", f"{user}@{host}", "uptime"], timeout=20, env={"LC_ALL": "C"})
    except ProcessError as error:
        return f"unreachable ({error.exit_code})"
    return " ".join(result.stdout.split())


@register_command("release.tag", description="Tag a release", aliases=["rt"])
def tag_release(version: str, dry_run: bool = False) -> None:
    """Tag the commit that is checked out."""
    number = parse_version(version)
    branch = current_branch()
    if branch != "main":
        print(f"refusing to tag on {branch}")
        raise Exit(1)
    if dry_run:
        print(f"would tag v{number}")
        return
    run_process(["git", "tag", f"v{number}"], timeout=10)
    print(f"tagged v{number}")


@register_command("release.next")
def next_release(part: str = "patch") -> None:
    """Print the number of the next release."""
    latest = latest_tag() or Version(0, 0, 0)
    match part:
        case "major":
            following = Version(latest.major + 1, 0, 0)
        case "minor":
            following = Version(latest.major, latest.minor + 1, 0)
        case "patch":
            following = Version(latest.major, latest.minor, latest.patch + 1)
        case _:
            print(f"unknown part {part}")
            raise Exit(2)
    print(following)


@register_command("rollback", description="Go back to an earlier release")
def rollback(version: str, environment: str = "staging", force: bool = False) -> None:
    """Go back to an earlier release; production needs --force."""
    if environment not in ENVIRONMENTS:
        print(f"environment must be one of {', '.join(ENVIRONMENTS)}")
        raise Exit(2)
    if environment == "production" and not force:
        print("production needs --force")
        raise Exit(1)
    number = parse_version(version)
    result = run_process(["rollback-service", environment, str(number)], check=False, timeout=60)
    if result.exit_code != 0:
        print(f"rollback failed: {result.stderr.strip()}")
        raise Exit(1)
    print(f"{environment} is back at {number}")


def main(argv: list[str]) -> int:
    """Run the tool; the exit code."""
    return App(name="deploy", version="1.4").run(argv)
