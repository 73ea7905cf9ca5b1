"""Writes `shm/vectors/*.json`, the byte vectors that the tests of all four languages read.

The bytes are spelled out here with `struct` alone, from the tables of PROTOCOL.md, so that a mistake in
`foundation_shm.layout` cannot hide in its own vectors. `python tests/shm/make_vectors.py --update`
rewrites the files; a test fails when they differ.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).resolve().parents[2] / "shm" / "vectors"
MAGIC, VERSION = 0xF0C01234, 1

Tensor = dict[str, Any]


def header(request_id: int, payload: bytes, **changes: int) -> bytes:
    fields = {"magic": MAGIC, "version": VERSION, "size": len(payload), "crc": zlib.crc32(payload), **changes}
    return struct.pack(
        "<IIQII", fields["magic"], fields["version"], request_id, fields["size"], fields["crc"]
    )


def descriptor(tensor: Tensor) -> bytes:
    shape = tensor["shape"]
    return struct.pack(
        "<II8QQQ",
        tensor["dtype"],
        tensor.get("ndim", len(shape)),
        *(shape + [0] * (8 - len(shape))),
        tensor["data_offset"],
        tensor["data_size"],
    )


def tensor(dtype: int, shape: list[int], offset: int, size: int, **more: int) -> Tensor:
    return {"dtype": dtype, "shape": shape, "data_offset": offset, "data_size": size, **more}


def request_payload(model: bytes, inputs: list[Tensor], count: int | None = None, pad: int = 0) -> bytes:
    number = len(inputs) if count is None else count
    return model.ljust(64, b"\0") + struct.pack("<II", number, pad) + b"".join(map(descriptor, inputs))


def response_payload(fields: dict[str, Any]) -> bytes:
    error = fields["error"].encode()
    return (
        struct.pack(
            "<IIIIQQII",
            fields["status"],
            fields["flags"],
            fields.get("count", len(fields["outputs"])),
            len(error),
            fields["needed"],
            fields["model_ns"],
            fields["data_crc"],
            0,
        )
        + b"".join(map(descriptor, fields["outputs"]))
        + error
    )


def requests() -> list[dict[str, Any]]:
    cases = [
        ("no_inputs", 1, "ping", []),
        ("one_float32", 42, "sentiment", [tensor(1, [1, 256], 0x3000, 1024)]),
        ("scalar_int64", 7, "m", [tensor(8, [], 0x3000, 8)]),
        ("eight_dimensions", 2**64 - 1, "wide", [tensor(9, [1, 2, 1, 2, 1, 2, 1, 2], 64, 16)]),
        ("zero_size", 3, "empty", [tensor(2, [0, 5], 128, 0)]),
        ("two_inputs", 9, "pair", [tensor(4, [3], 0x40, 6), tensor(10, [2, 2], 0x80, 4)]),
        ("utf8_model_id", 10, "modèle-é", [tensor(5, [1], 0, 1)]),
        ("longest_model_id", 11, "x" * 63, []),
        ("most_inputs", 12, "many", [tensor(1, [1], 64 * i, 4) for i in range(32)]),
    ]
    return [
        {
            "name": name,
            "request_id": str(request_id),
            "model_id": model,
            "inputs": inputs,
            "hex": (
                header(request_id, request_payload(model.encode(), inputs))
                + request_payload(model.encode(), inputs)
            ).hex(),
        }
        for name, request_id, model, inputs in cases
    ]


def invalid_requests() -> list[dict[str, Any]]:
    good = [tensor(1, [4], 0, 16)]
    plain = request_payload(b"m", good)

    def whole(payload: bytes, **changes: int) -> bytes:
        return header(1, payload, **changes) + payload

    bad = {
        "bad_magic": (whole(plain, magic=0xDEADBEEF), 1),
        "bad_version": (whole(plain, version=2), 2),
        "bad_checksum": (whole(plain, crc=1), 3),
        "payload_size_too_small": (whole(plain, size=10), 4),
        "payload_size_past_end": (whole(plain, size=len(plain) + 88), 4),
        "payload_size_huge": (whole(plain, size=2**32 - 1), 4),
        "truncated_header": (whole(plain)[:20], 4),
        "model_id_unterminated": (whole(request_payload(b"x" * 64, good)), 4),
        "model_id_bytes_after_nul": (whole(request_payload(b"m\0junk", good)), 4),
        "model_id_not_utf8": (whole(request_payload(b"\xff\xfe", good)), 4),
        "padding_not_zero": (whole(request_payload(b"m", good, pad=1)), 4),
        "input_count_too_large": (whole(request_payload(b"m", good, count=33)), 4),
        "input_count_does_not_fit": (whole(request_payload(b"m", good, count=2)), 4),
        "unknown_dtype": (whole(request_payload(b"m", [tensor(99, [4], 0, 16)])), 5),
        "ndim_too_large": (whole(request_payload(b"m", [tensor(1, [4], 0, 16, ndim=9)])), 5),
        "shape_past_ndim": (whole(request_payload(b"m", [tensor(1, [4, 7], 0, 16, ndim=1)])), 5),
        "data_size_mismatch": (whole(request_payload(b"m", [tensor(1, [4], 0, 12)])), 5),
        "shape_overflows_64_bits": (
            whole(request_payload(b"m", [tensor(1, [2**32, 2**32], 0, 0)])),
            5,
        ),
        "item_size_overflows_64_bits": (whole(request_payload(b"m", [tensor(2, [2**61], 0, 0)])), 5),
    }
    return [{"name": name, "hex": data.hex(), "status": status} for name, (data, status) in bad.items()]


def responses() -> list[dict[str, Any]]:
    base: dict[str, Any] = {
        "request_id": "42",
        "status": 0,
        "flags": 0,
        "outputs": [],
        "error": "",
        "needed": 0,
        "model_ns": 0,
        "data_crc": 0,
    }
    cases = [
        {"name": "ok", **base, "outputs": [tensor(1, [1, 2], 0x3400, 8)], "needed": 8, "model_ns": 15000},
        {
            "name": "ok_checked",
            **base,
            "flags": 1,
            "outputs": [tensor(9, [4], 64, 4)],
            "data_crc": 0xCBF43926,
        },
        {"name": "part_of_a_stream", **base, "flags": 2, "outputs": [tensor(8, [1], 64, 8)], "needed": 8},
        {"name": "needs_space", **base, "status": 11, "flags": 2, "needed": 1 << 20},
        {"name": "unknown_model", **base, "status": 6, "error": "no model 'x' is registered; known: é"},
        {"name": "overloaded", **base, "request_id": str(2**64 - 1), "status": 8, "error": "busy"},
        {
            "name": "two_outputs",
            **base,
            "outputs": [tensor(1, [2], 0, 8), tensor(10, [1], 64, 1)],
            "needed": 65,
        },
    ]
    for case in cases:
        payload = response_payload(case)
        case["hex"] = (header(int(case["request_id"]), payload) + payload).hex()
    return cases


def invalid_responses() -> list[dict[str, Any]]:
    base: dict[str, Any] = {"status": 0, "flags": 0, "error": "", "needed": 0, "model_ns": 0, "data_crc": 0}
    good = response_payload({**base, "outputs": [tensor(1, [2], 64, 8)]})
    bad = {
        "bad_magic": header(1, good, magic=1) + good,
        "bad_version": header(1, good, version=9) + good,
        "bad_checksum": header(1, good, crc=7) + good,
        "payload_size_past_end": header(1, good, size=len(good) + 1) + good,
        "truncated": (header(1, good) + good)[:40],
    }
    for name, fields in {
        "output_count_does_not_fit": {**base, "outputs": [tensor(1, [2], 64, 8)], "count": 2},
        "output_count_huge": {**base, "outputs": [], "count": 2**32 - 1},
        "unknown_dtype": {**base, "outputs": [tensor(0, [2], 64, 8)]},
        "shape_overflows_64_bits": {**base, "outputs": [tensor(1, [2**63, 2], 64, 0)]},
        "data_size_mismatch": {**base, "outputs": [tensor(8, [2], 64, 8)]},
        "ndim_too_large": {**base, "outputs": [tensor(1, [2], 64, 8, ndim=200)]},
    }.items():
        payload = response_payload(fields)
        bad[name] = header(1, payload) + payload
    return [{"name": name, "hex": data.hex()} for name, data in bad.items()]


def envelopes() -> dict[str, Any]:
    hello = struct.pack("<IIIIIIQ24s8x", MAGIC, 1, 1, 1, 64, 8192, 64 << 20, b"go")
    welcome = struct.pack(
        "<IIIIIIQQQQQ64s",
        MAGIC,
        1,
        0,
        1,
        64,
        16384,
        68157440,
        4096,
        1052672,
        0x1122334455667788,
        4 << 30,
        b"",
    )
    refusal = struct.pack(
        "<IIIIIIQQQQQ64s", MAGIC, 1, 17, 1, 0, 0, 0, 0, 0, 5, 0, b"256 clients are connected"
    )
    control = struct.pack("<IIQQQII", 1, 3, 1_500_000_000, 0x3400, 7168, 0xCBF43926, 0)
    frame = struct.pack("<IIIIQQIIQ16x", MAGIC, 1, 1, 1, 1_500_000_000, 1024, 184, 0xCBF43926, 0)
    return {
        "hello": {
            "version_min": 1,
            "version_max": 1,
            "transport": 1,
            "slot_count": 64,
            "inline_size": 8192,
            "data_size": 64 << 20,
            "client_name": "go",
            "hex": hello.hex(),
        },
        "welcome": {
            "version": 1,
            "status": 0,
            "transport": 1,
            "slot_count": 64,
            "slot_stride": 16384,
            "region_size": 68157440,
            "slots_offset": 4096,
            "data_offset": 1052672,
            "instance": str(0x1122334455667788),
            "max_region": 4 << 30,
            "text": "",
            "hex": welcome.hex(),
        },
        "refusal": {"status": 17, "text": "256 clients are connected", "hex": refusal.hex()},
        "control": {
            "opcode": 1,
            "flags": 3,
            "timeout_ns": 1_500_000_000,
            "reply_offset": 0x3400,
            "reply_capacity": 7168,
            "data_crc": 0xCBF43926,
            "hex": control.hex(),
        },
        "frame": {
            "kind": 1,
            "opcode": 1,
            "flags": 1,
            "timeout_ns": 1_500_000_000,
            "data_size": 1024,
            "message_size": 184,
            "data_crc": 0xCBF43926,
            "hex": frame.hex(),
        },
        "crc32": {"text": "123456789", "value": 0xCBF43926},
    }


def files() -> dict[str, str]:
    """File name to contents."""
    parts: dict[str, Any] = {
        "requests.json": requests(),
        "invalid_requests.json": invalid_requests(),
        "responses.json": responses(),
        "invalid_responses.json": invalid_responses(),
        "envelopes.json": envelopes(),
    }
    return {name: json.dumps(value, indent=1, ensure_ascii=False) + "\n" for name, value in parts.items()}


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: make_vectors.py --update")
    for file_name, text in files().items():
        (VECTORS / file_name).write_text(text)
