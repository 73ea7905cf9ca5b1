"""The byte vectors, and the agreement of PROTOCOL.md, the code and the four clients."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from foundation_shm import crc, layout
from foundation_shm.layout import LayoutError, TensorDescriptor
from foundation_shm.ring import Arena
from hypothesis import given
from hypothesis import strategies as st

from tests.shm import make_vectors
from tests.shm.conftest import CLIENTS, ROOT

VECTORS = ROOT / "shm" / "vectors"
PROTOCOL = (ROOT / "shm" / "PROTOCOL.md").read_text()


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def descriptors(tensors: list[dict[str, Any]]) -> tuple[TensorDescriptor, ...]:
    return tuple(
        TensorDescriptor(t["dtype"], tuple(t["shape"]), t["data_offset"], t["data_size"]) for t in tensors
    )


def test_the_vectors_are_what_their_generator_writes() -> None:
    assert {path.name: path.read_text() for path in VECTORS.iterdir()} == make_vectors.files()


@pytest.mark.parametrize("case", load("requests.json"), ids=lambda c: c["name"])
def test_requests(case: dict[str, Any]) -> None:
    request = layout.Request(int(case["request_id"]), case["model_id"], descriptors(case["inputs"]))
    assert layout.encode_request(request).hex() == case["hex"]
    assert layout.decode_request(bytes.fromhex(case["hex"])) == request


@pytest.mark.parametrize("case", load("invalid_requests.json"), ids=lambda c: c["name"])
def test_invalid_requests(case: dict[str, Any]) -> None:
    with pytest.raises(LayoutError) as caught:
        layout.decode_request(bytes.fromhex(case["hex"]))
    assert caught.value.status == case["status"]
    assert caught.value.message


@pytest.mark.parametrize("case", load("responses.json"), ids=lambda c: c["name"])
def test_responses(case: dict[str, Any]) -> None:
    fields = {k: case[k] for k in ("status", "flags", "error", "needed", "model_ns", "data_crc")}
    response = layout.Response(int(case["request_id"]), outputs=descriptors(case["outputs"]), **fields)
    assert layout.encode_response(response).hex() == case["hex"]
    assert layout.decode_response(bytes.fromhex(case["hex"])) == response


@pytest.mark.parametrize("case", load("invalid_responses.json"), ids=lambda c: c["name"])
def test_invalid_responses(case: dict[str, Any]) -> None:
    with pytest.raises(LayoutError):
        layout.decode_response(bytes.fromhex(case["hex"]))


def test_envelopes() -> None:
    v = load("envelopes.json")
    hello, control, frame = v["hello"], v["control"], v["frame"]
    assert layout.HELLO.pack(layout.MAGIC, 1, 1, 1, 64, 8192, 64 << 20, b"go").hex() == hello["hex"]
    fields = ("opcode", "flags", "timeout_ns", "reply_offset", "reply_capacity", "data_crc")
    assert layout.CONTROL.pack(*(control[f] for f in fields), 0).hex() == control["hex"]
    fields = ("kind", "opcode", "flags", "timeout_ns", "data_size", "message_size", "data_crc")
    assert layout.FRAME.pack(layout.MAGIC, *(frame[f] for f in fields), 0).hex() == frame["hex"]
    welcome = layout.WELCOME.unpack(bytes.fromhex(v["welcome"]["hex"]))
    assert welcome[4:7] == (64, 16384, 68157440)
    assert crc.crc32(v["crc32"]["text"].encode(), 0) == v["crc32"]["value"]


@given(st.binary(max_size=400))
def test_decoders_refuse_junk_with_their_own_error(junk: bytes) -> None:
    for decode in (layout.decode_request, layout.decode_response):
        with pytest.raises(LayoutError):
            decode(junk)


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_the_fast_checksum_is_the_standard_one(data: bytes, start: int) -> None:
    assert crc.crc32(data, start) == crc32(data, start)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 900)), max_size=60))
def test_the_arena_never_gives_a_byte_twice(steps: list[tuple[bool, int]]) -> None:
    arena = Arena(4096, 4096 + 8192)
    taken: list[tuple[int, int]] = []
    for allocate, size in steps:
        if allocate:
            offset = arena.allocate(size)
            if offset is not None:
                assert 4096 <= offset <= offset + size <= 4096 + 8192
                assert offset % 64 == 0
                assert all(offset + size <= o or o + s <= offset for o, s in taken)
                taken.append((offset, size))
        elif taken:
            arena.release(*taken.pop(size % len(taken)))
    for block in taken:
        arena.release(*block)
    assert arena.free_bytes == 8192
    assert arena.allocate(8192) == 4096


def tables() -> dict[str, dict[str, int]]:
    """PROTOCOL.md's tables of names and values, by the title of their first column."""
    found: dict[str, dict[str, int]] = {}
    title = ""
    for line in PROTOCOL.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            title = ""
        elif not title:
            title = cells[0]
        elif len(cells) > 1 and re.fullmatch(r"0x[0-9A-Fa-f]+|\d+", cells[1]):
            found.setdefault(title, {})[cells[0]] = int(cells[1], 0)
    return found


def test_the_constants_are_the_documents() -> None:
    found = tables()
    assert len(found["name"]) == 6 + 7 + 8
    for name, value in found["name"].items():
        assert getattr(layout, name) == value, name
    enumerations = {
        "dtype": layout.DType,
        "opcode": layout.Opcode,
        "request flag": layout.RequestFlag,
        "response flag": layout.ResponseFlag,
        "transport": layout.Transport,
        "frame kind": layout.FrameKind,
        "server state": layout.ServerState,
        "status": layout.Status,
        "state": layout.State,
    }
    for title, enumeration in enumerations.items():
        assert found[title] == {member.name: member.value for member in enumeration}, title


def structure_sizes() -> dict[str, int]:
    """The size that PROTOCOL.md states in words for each structure."""
    return {
        name: int(size) for name, size in re.findall(r"^([A-Za-z ]+), (\d+) bytes", PROTOCOL, re.MULTILINE)
    }


def test_the_sizes_are_the_documents() -> None:
    assert structure_sizes() == {
        "HELLO": layout.HELLO.size,
        "WELCOME": layout.WELCOME.size,
        "SHMHeader": layout.HEADER_SIZE,
        "TensorDescriptor": layout.DESCRIPTOR_SIZE,
        "Control block": layout.CONTROL.size,
    }


SOURCES = {
    "go": (CLIENTS / "go" / "layout.go", r"\b{camel}\b\s*(?:uint32)?\s*=\s*(0x[0-9A-Fa-f]+|\d+)"),
    "rust": (CLIENTS / "rust" / "src" / "layout.rs", r"\b{upper}: \w+ = (0x[0-9A-Fa-f_]+|\d+)"),
    "ruby": (
        CLIENTS / "ruby" / "lib" / "foundation" / "shm" / "layout.rb",
        r"\b{upper} = (0x[0-9A-Fa-f]+|\d+)",
    ),
}
# Offsets that only the server or only people use.
NOT_IN_CLIENTS = {"REGION_SERVER_STATE", "SLOT_REQUEST"}


@pytest.mark.parametrize("language", SOURCES)
def test_the_clients_use_the_documents_constants(language: str) -> None:
    path, pattern = SOURCES[language]
    source = path.read_text()
    for name, value in tables()["name"].items():
        if name in NOT_IN_CLIENTS:
            continue
        camel = name.lower().split("_")[0] + "".join(part.title() for part in name.lower().split("_")[1:])
        camel = re.sub("Us$", "US", re.sub("Id", "ID", camel))
        match = re.search(pattern.format(camel=camel, upper=name), source)
        assert match, f"{path.name} does not define {name}"
        assert int(match[1].replace("_", ""), 0) == value, name


NATIVE = {
    "go": ["go", "test", "./..."],
    "rust": ["cargo", "test", "--quiet", "-j2"],
    "ruby": ["ruby", "-Ilib", "test/test_vectors.rb"],
}


@pytest.mark.parametrize("language", NATIVE)
def test_the_clients_own_tests_pass(language: str) -> None:
    import os

    environment = {**os.environ}
    environment.setdefault("CARGO_TARGET_DIR", str(ROOT / ".cache" / "cargo-target"))
    environment["PATH"] += ":/usr/local/go/bin"
    done = subprocess.run(
        NATIVE[language], cwd=CLIENTS / language, capture_output=True, text=True, timeout=900, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_clients_are_plain_source() -> None:
    go = "\n".join(path.read_text() for path in (CLIENTS / "go").glob("*.go"))
    assert 'import "C"' not in go
    assert not list(Path(CLIENTS / "ruby").rglob("*.so"))
    assert "require" not in (CLIENTS / "go" / "go.mod").read_text()
