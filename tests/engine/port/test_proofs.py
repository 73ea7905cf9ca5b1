"""A position is only taken for granted where it exists: what shrinks, moves or has two names is asked for."""

# ruff: noqa: E501 - a body stands on one line.
from __future__ import annotations

import textwrap
from collections.abc import Callable

import pytest
from foundation_engine.port import port
from foundation_engine.port.request import PortRequest
from foundation_specs.model import LanguageId


def ruby(source: str) -> str:
    candidate = port(PortRequest("proofs.py", source, LanguageId.PYTHON, LanguageId.RUBY))
    assert not candidate.holes, candidate.holes
    return next(f.text for f in candidate.files if f.role == "source")


PROVEN = [
    ("for i in range(len(xs)):\n    n += xs[i]", "n += xs[i]"),
    ("if xs:\n    n = xs[0] + xs[-1]", "n = xs[0] + xs[-1] unless xs.empty?"),
    ("while n < len(xs) and xs[n] > 0:\n    n += 1", "n < xs.length && xs[n] > 0"),
    ("m = len(xs)\nwhile n < m:\n    k += xs[n]\n    n += 1", "k += xs[n]"),
    ("for i, x in enumerate(xs):\n    if i >= 2:\n        n += xs[i - 2]", "xs[i - 2]"),
    (
        "low, high = 0, 0\nlow = 0\nhigh = len(xs)\nwhile low < high:\n    m = (low + high) // 2\n    if xs[m] < 3:\n        low = m + 1\n    else:\n        high = m",
        "xs[m] < 3",
    ),
    ("while xs:\n    n += xs.pop()", "n += xs.pop"),
    ("ys = [0] * (len(xs) + 1)\nfor i in range(len(xs)):\n    ys[i + 1] = ys[i]", "ys[i + 1] = ys[i]"),
    ("ys = sorted(xs)\nfor i in range(len(xs)):\n    n += ys[i]", "n += ys[i]"),
    ("xs[k] = 1\nn = xs[k]", "n = xs[k]"),
    ("if len(xs) < 2:\n    return 0\nn = xs[1]", "n = xs[1]"),
    ("for i in range(len(xs) - 1, -1, -1):\n    n += xs[i]", "n += xs[i]"),
    ("n = sum(xs[i] for i in range(len(xs)))", "xs[i]"),
    ("if len(text) > 3:\n    n = ord(text[3])", "text[3].ord"),
    ("n = len(text[1:3])", "text[1...3] || ''"),
    ("if text.startswith('ab'):\n    n = len(text[2:])", "text[2..].length"),
    (
        "ms = [0]\nfor i, x in enumerate(xs, 1):\n    ms.append(ms[i - 1] + x)\nn = ms[-1]",
        "ms << ms[i - 1] + x",
    ),
    ("ms = [0]\nfor i in range(len(xs)):\n    ms.append(ms[i] + xs[i])\nn = ms[-1]", "ms << ms[i] + xs[i]"),
    ("ms = [0]\nfor x in xs:\n    ms.append(x)\nn = ms[len(xs)]", "n = ms[xs.length]"),
    (
        "before = list(range(len(text) + 1))\nfor x in xs:\n    now = [x]\n    for i, y in enumerate(text, 1):\n        now.append(before[i] + ord(y))\n    before = now\nn = before[-1]",
        "now << before[i] + y",
    ),
    ("if len(xs) > 1:\n    n = xs.pop() + xs.pop()", "n = xs.pop + xs.pop if"),
    (
        "ms = [0] * len(xs)\n\ndef at(i: int) -> int:\n    if i < 0 or i >= len(ms):\n        return 0\n    return xs[i]\n\nn = at(k)",
        "xs[i]",
    ),
    ("n = text.find('a')\nif n >= 0:\n    k = ord(text[n])", "k = text[n].ord if n"),
    (
        "while k >= 0:\n    k = text.find('a', k)\n    if k == -1:\n        break\n    n += ord(text[k])\n    k += 1",
        "text[k].ord",
    ),
]

ASKED = [
    ("for i in range(len(xs)):\n    n += xs[i]\n    ys.pop()", "xs.fetch(i)"),
    ("for i in range(len(xs)):\n    xs = xs[1:]\n    n += xs[i]", "xs.fetch(i)"),
    ("if xs and xs.pop() > 0:\n    n = xs[0]", "xs.fetch(0)"),
    ("for i in range(k, len(xs)):\n    n += xs[i]", "xs.fetch(i)"),
    ("while n < len(xs):\n    n += 1\n    n += xs[n]", "xs.fetch(n)"),
    ("while n < len(xs):\n    n -= 1\n    k += xs[n]", "xs.fetch(n)"),
    ("if xs or ys:\n    n = xs[0]", "xs.fetch(0)"),
    ("try:\n    n = xs[k]\nexcept IndexError:\n    n = xs[k]", "    n = xs.fetch(k)\n"),
    ("for i in range(len(xs)):\n    if i > 3:\n        i = k\n    n += xs[i]", "xs.fetch(i"),
    ("if xs:\n    shrink(xs)\n    n = xs[0]", "xs.fetch(0)"),
    ("for i, x in enumerate(ys):\n    n += xs[i]", "xs.fetch(i)"),
    ("for i in range(5):\n    if i < len(xs):\n        break\n    n += xs[i]", "xs.fetch(i)"),
    ("def drop() -> None:\n    xs.pop()\n\nif xs:\n    drop()\n    n = xs[0]", "xs.fetch(0)"),
    ("grid = [xs]\nif grid[0]:\n    grid[0] = ys\n    n = grid[0][0]", "grid[0].fetch(0)"),
    ("m = 0\nfor i in range(len(xs)):\n    m = i\nxs.clear()\nn = [7][m]", "[7].fetch(m)"),
    ("n = int(10 / len(xs))", "divide"),
    ("for x in xs:\n    k -= 1\nif k >= 0:\n    pass\nn = len(text[k:])", "slice_of"),
    (
        "ms = [0]\nfor x in xs:\n    if x > 2:\n        continue\n    ms.append(x)\nn = ms[len(xs)]",
        "ms.fetch(xs.length)",
    ),
    (
        "ms = [0]\nfor x in xs:\n    ms.append(x)\n    if x > 2:\n        break\nn = ms[len(xs)]",
        "ms.fetch(xs.length)",
    ),
    (
        "ms = [0]\nws = ms\nfor x in xs:\n    ms.append(x)\n    ws.pop()\nn = ms[len(xs)]",
        "ms.fetch(xs.length)",
    ),
    ("ms = [0]\nfor i, x in enumerate(xs):\n    ms.append(x)\n    shrink(ms)\n    n += ms[i]", "ms.fetch(i)"),
    ("ms = [0]\nfor i, x in enumerate(xs):\n    n += ms[i + 1]\n    ms.append(x)", "ms.fetch(i + 1)"),
    ("if len(xs) > 1:\n    n = xs.pop() + xs.pop() + xs.pop()", "raise(IndexError"),
    ("ws = xs\nif len(xs) > 1:\n    n = ws.pop() + xs[1]", "xs.fetch(1)"),
    (
        "ms = [0] * len(xs)\n\ndef at(i: int) -> int:\n    if i < 0 or i >= len(ms):\n        return 0\n    return xs[i]\n\nms.append(1)\nn = at(k)",
        "xs.fetch(i)",
    ),
    (
        "ms = [0] * len(xs)\n\ndef at(i: int) -> int:\n    if i < 0 or i >= len(ms):\n        return 0\n    return xs[i]\n\nms = [1, 2]\nn = at(k)",
        "xs.fetch(i)",
    ),
    (
        "ms = [0] * len(xs)\n\ndef at(i: int) -> int:\n    if i < 0 or i >= len(ms):\n        return 0\n    return xs[i]\n\nn = sum(map(at, ys))\nkeep = at\nn += keep(k)",
        "xs.fetch(i)",
    ),
    ("n = text.find('a')\nif n > -2:\n    k = ord(text[n])", "char_at"),
    ("n = (text + 'b').find('b')\nif n >= 0:\n    k = ord(text[n])", "char_at"),
    ("n = text.find('a')\nif n >= 0:\n    text = text[1:]\n    k = ord(text[n])", "char_at"),
]


def source(body: str) -> str:
    head = "def shrink(items: list[int]) -> None:\n    items.clear()\n\n\n"
    head += "def f(xs: list[int], ys: list[int], text: str, k: int) -> int:\n    n = 0\n"
    return head + textwrap.indent(body, "    ") + "\n    return n + k\n"


@pytest.mark.parametrize(("body", "says"), PROVEN, ids=[b for b, _ in PROVEN])
def test_a_position_that_exists_is_not_asked_for(body: str, says: str) -> None:
    assert says in ruby(source(body))


@pytest.mark.parametrize(("body", "says"), ASKED, ids=[b for b, _ in ASKED])
def test_a_position_that_may_not_exist_is_asked_for(body: str, says: str) -> None:
    assert says in ruby(source(body))


def test_what_is_proven_is_so(ports_whole: Callable[..., None]) -> None:
    bodies = [b for b, _ in [*PROVEN, *ASKED] if "while xs" not in b]
    text = source("pass").partition("def f(")[0]
    for i, body in enumerate(bodies):
        text += f"def f{i}(" + source(body).partition("def f(")[2] + "\n\n"
    ports_whole("proofs.py", text, LanguageId.RUBY, differential=30, cases=600)
