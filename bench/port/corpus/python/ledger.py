"""A small ledger in text files: balances are kept whole, also when the machine stops in the middle of a write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foundation.errors import ValidationError
from foundation.files import atomic_write


class InsufficientFunds(ValidationError):
    """An account cannot pay."""

    def __init__(self, account: str, missing: int) -> None:
        super().__init__(f"{account} is {missing} short")
        self.account = account
        self.missing = missing


@dataclass(frozen=True)
class Entry:
    """One line of an account's history."""

    day: int
    text: str
    cents: int


def read_balances(path: str) -> dict[str, int]:
    """Balances by account, from lines `account=cents`; a file that does not exist is an empty ledger."""
    file = Path(path)
    if not file.exists():
        return {}
    balances: dict[str, int] = {}
    for line in file.read_text().splitlines():
        if not line.strip():
            continue
        account, separator, cents = line.partition("=")
        if not separator:
            raise ValidationError(f"broken line: {line}")
        balances[account.strip()] = int(cents)
    return balances


def write_balances(path: str, balances: dict[str, int]) -> None:
    """Write all balances, accounts in order; the old file is kept as a backup."""
    text = "".join(f"{account}={balances[account]}\n" for account in sorted(balances))
    atomic_write(path, text, backup=True)


def transfer(path: str, source: str, target: str, cents: int) -> int:
    """Move money from one account to the other; what is left in the first."""
    if cents <= 0:
        raise ValidationError("nothing to move")
    balances = read_balances(path)
    if source not in balances:
        raise ValidationError(f"no account {source}")
    left = balances[source] - cents
    if left < 0:
        raise InsufficientFunds(source, -left)
    balances[source] = left
    balances[target] = balances.get(target, 0) + cents
    write_balances(path, balances)
    return left


def append_entry(path: str, entry: Entry) -> int:
    """Add a line to a history file; how many lines it has now."""
    try:
        history = Path(path).read_text()
    except FileNotFoundError:
        history = ""
    lines = history.splitlines()
    lines.append(f"{entry.day:04d} {entry.cents:>8} {entry.text}")
    atomic_write(path, "\n".join(lines) + "\n", create_parents=True)
    return len(lines)


def render_statement(account: str, entries: list[Entry], path: str) -> str:
    """Write a statement with a running balance; its last line."""
    balance = 0
    lines = [f"Statement of {account}", "-" * 24]
    for entry in sorted(entries, key=lambda e: e.day):
        balance += entry.cents
        lines.append(f"{entry.day:>3} {entry.text:<12}{entry.cents / 100:>8.2f}")
    lines.append(f"Balance {balance / 100:.2f}")
    atomic_write(path, "\n".join(lines), durable=False)
    return lines[-1]


def rotate(path: str, keep: int) -> list[str]:
    """Shift `path.1` to `path.2` and so on, and the file itself to `path.1`; the names that exist afterwards."""
    names = [f"{path}.{i}" for i in range(keep, 0, -1)]
    for older, newer in zip(names, [*names[1:], path]):
        if Path(newer).exists():
            atomic_write(older, Path(newer).read_text())
            Path(newer).unlink()
    return [name for name in [path, *reversed(names)] if Path(name).exists()]
