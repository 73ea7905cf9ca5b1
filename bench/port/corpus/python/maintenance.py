"""Maintenance commands of the shop: migrations, caches, reports."""

from __future__ import annotations

from collections.abc import Callable

from foundation.cli import App, Exit, register_command
from foundation.errors import NetworkError, ServiceUnavailable, ValidationError, error_boundary
from foundation.resilience import circuit_breaker, retry

MIGRATIONS = {1: "create users", 2: "create orders", 3: "add index on orders", 4: "drop legacy table"}


def parse_size(text: str) -> int:
    """Bytes of `10`, `4k`, `2M` or `1G`."""
    units = {"k": 1024, "m": 1024**2, "g": 1024**3}
    cleaned = text.strip().lower()
    if not cleaned:
        raise ValidationError("no size")
    unit = units.get(cleaned[-1])
    digits = cleaned if unit is None else cleaned[:-1]
    if not digits.isdigit():
        raise ValidationError(f"not a size: {text}")
    return int(digits) * (unit or 1)


@register_command("db.migrate", description="Apply pending migrations", aliases=["m"])
def migrate(current: int, target: int = 4, dry_run: bool = False) -> None:
    """Apply the migrations after the current one."""
    if target not in MIGRATIONS or current > target:
        print(f"cannot migrate from {current} to {target}")
        raise Exit(1)
    pending = [n for n in sorted(MIGRATIONS) if current < n <= target]
    for number in pending:
        prefix = "would apply" if dry_run else "applying"
        print(f"{prefix} {number:03d} {MIGRATIONS[number]}")
    print(f"{len(pending)} migrations")


@register_command("cache.clear", description="Drop cached pages")
def clear_cache(section: list[str], older_than: int = 0) -> None:
    """Drop cached pages of sections."""
    for name in section:
        print(f"cleared {name}" + (f" older than {older_than} days" if older_than else ""))


@register_command("quota", hidden=True)
def quota(used: str, limit: str = "1G") -> None:
    """Say how much of the disk is used."""
    percent = parse_size(used) * 100 / parse_size(limit)
    level = "ok" if percent < 80 else "warning" if percent < 100 else "full"
    print(f"{percent:.1f}% {level}")
    if percent >= 100:
        raise Exit(1)


def run_tool(argv: list[str]) -> int:
    """Run a command of the tool."""
    app = App(name="maintain", version="2.0")
    return app.run(argv)


@circuit_breaker(failure_threshold=1, recovery_timeout=5.0, excluded=(ValidationError,))
def warm_page(fetch: Callable[[str], int], path: str) -> bool:
    """Ask for a page so that it is cached; one failure is enough to stop for five seconds."""
    if not path.startswith("/"):
        raise ValidationError(f"not a path: {path}")
    status = fetch(path)
    if status >= 500:
        raise ServiceUnavailable(f"{path} answered {status}")
    return status < 400


@error_boundary(NetworkError, reraise=False, fallback=None)
@retry(NetworkError, max_attempts=3, base_delay=2.0, max_delay=3.0, jitter=False)
def fetch_report(fetch: Callable[[str], str], name: str) -> dict[str, int] | None:
    """A report `key: number` per line; None when the server stays away."""
    numbers: dict[str, int] = {}
    for line in fetch(f"/reports/{name}").splitlines():
        key, colon, value = line.partition(":")
        if colon and value.strip().isdigit():
            numbers[key.strip()] = int(value)
    return numbers
