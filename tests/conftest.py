"""Options that every suite shares."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` rewrites the expected text of marker files; read the difference before you commit it."""
    parser.addoption(
        "--update", action="store_true", default=False, help="rewrite expected text in test files"
    )
