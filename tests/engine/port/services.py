"""What services of a working team use of Python: functions that are run in Python and in the targets."""

from __future__ import annotations


def changed(name: str, count: int, ratio: float) -> list[str]:
    return [
        f"{name}: {count:+d}",
        f"{count:+}|{count:+6d}|{count:<+6d}|{count:+06d}",
        f"{count:+,}|{count:>+12,d}|{count:,}",
        f"{ratio:+.1f}%|{ratio:+8.2f}|{ratio:+08.2f}|{ratio:+,.2f}|{ratio:.1%}|{ratio:+.0%}",
        f"{name:*<8}|{name:.>8}|{name:-^9}|{count:*>8}|{count:^8}|{count:0>5}",
        f"{ratio:^12.2f}|{ratio:_>12.1f}|{ratio:<9.1f}|{ratio:<+9.1f}|{count:>05d}|{count:<05d}",
    ]


def table(rows: dict[str, int], titles: list[str]) -> list[str]:
    width = max((len(name) for name in rows), default=0)
    out = [f"{name:<{width}} {count:>{max(4, width)}}" for name, count in rows.items()]
    return out + [f"{title:>{width + 2}}" for title in titles] + [f"{'=':=^{len(rows)}}"]


def in_width(text: str, width: int) -> str:
    return f"[{text:{width}}|{text:>{width}}]"
