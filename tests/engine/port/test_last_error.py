"""A retry that raises the last error itself when every attempt failed does so in the port, too."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from foundation_engine.port import port
from foundation_engine.port.ir import WRAPS_THE_LAST_ERROR
from foundation_engine.port.request import PortOptions, PortRequest
from foundation_engine.verify import VerifyOptions, verify
from foundation_engine.verify.report import Verdict
from foundation_specs.model import LanguageId

TENACITY = textwrap.dedent(
    """
    from typing import Protocol

    from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential


    class Store(Protocol):
        def get(self, key: str) -> int: ...


    class NotReady(Exception):
        pass


    @retry(
        stop=stop_after_attempt(4),
        wait=wait_exponential(multiplier=0.5, max=10),
        retry=retry_if_exception_type(NotReady),
        reraise=True,
    )
    def load(store: Store, key: str) -> int:
        return store.get(key)


    @retry(stop=stop_after_attempt(3), reraise=True)
    def doubled(count: int) -> int:
        if count < 0:
            raise NotReady("no")
        return count * 2


    def shown(count: int) -> str:
        try:
            return str(doubled(count))
        except NotReady as e:
            return str(e)
    """
)

RETRIABLE = textwrap.dedent(
    """
    # frozen_string_literal: true

    require 'retriable'

    class NotReady < StandardError; end

    # @param store [#get]
    # @param id [String]
    # @return [Integer]
    def load(store, id)
      Retriable.retriable(on: NotReady, tries: 4) do
        store.get(id)
      end
    end
    """
)


@pytest.mark.parametrize("target", [LanguageId.GO, LanguageId.RUBY, LanguageId.RUST])
def test_what_tenacity_reraises_is_raised(ports_whole: Callable[..., None], target: LanguageId) -> None:
    ports_whole("stores.py", TENACITY, target, differential=20, cases=40)


@pytest.mark.parametrize("dialect", ["cenkalti", "native"])
def test_a_library_that_does_so_itself_is_left_to_it(tmp_path: Path, dialect: str) -> None:
    source = tmp_path / "stores.py"
    text = TENACITY.partition("\n\ndef shown")[0] + "\n"
    source.write_text(text, encoding="utf-8")
    options = PortOptions(dialect=dialect)
    candidate = port(PortRequest(str(source), text, LanguageId.PYTHON, LanguageId.GO, options=options))
    assert not any("MaxRetriesExceeded" in d for d in candidate.differences)
    assert "MaxRetriesExceeded" not in candidate.files[0].text
    report = verify(candidate, VerifyOptions(differential=12, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary


def test_retriable_raises_the_last_error_after_delays_that_grow_by_half(tmp_path: Path) -> None:
    assert shutil.which("ruby"), "the toolchain of Ruby is missing"
    source = tmp_path / "loads.rb"
    source.write_text(RETRIABLE, encoding="utf-8")
    candidate = port(PortRequest(str(source), RETRIABLE, LanguageId.RUBY, LanguageId.PYTHON))
    assert any("multiplies its delay by 1.5" in d for d in candidate.differences)
    report = verify(candidate, VerifyOptions(differential=20, use_cache=False))
    assert report.verdict is Verdict.PASSED, report.summary


def test_a_function_that_changes_its_parameter_keeps_its_decorator() -> None:
    text = TENACITY.replace("    return store.get(key)", "    key = key + '!'\n    return store.get(key)")
    candidate = port(PortRequest("stores.py", text, LanguageId.PYTHON, LanguageId.GO))
    assert WRAPS_THE_LAST_ERROR in candidate.differences
