"""A client that breaks the protocol on purpose: cases as data, run against a server.

A case is a list of steps: `["hello", hex]` connects and sends those bytes, `["poke", offset, hex]` writes into
the region, `["submit", slot...]` puts slots on the ring, `["tail", n]` stores the ring's tail, `["bell", n]`
rings the doorbell, `["send", hex]` sends bytes, `["await", slot]` waits for the slot's state to change,
`["pause", ms]` does nothing. The connection is closed at the end.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from foundation_shm import layout
from foundation_shm.layout import State, TensorDescriptor

Case = list[list[Any]]

SLOTS, INLINE, DATA = 4, 4096, 65536
SHAPE = layout.RegionShape.of(SLOTS, INLINE, DATA)
MODELS = ("echo", "double", "count", "endless", "big", "fail", "small", "batched", "missing")
EDGES = (0, 1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1)
WIDE_EDGES = (*EDGES, 2**32, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 64)


def hello(transport: int = 1) -> bytes:
    return layout.HELLO.pack(layout.MAGIC, 1, 1, transport, SLOTS, INLINE, DATA, b"attacker")


def run_case(endpoint: str, case: Case, patience: float = 0.05) -> None:
    """Run a case; that the server hangs up is an expected outcome."""
    with contextlib.suppress(OSError), Attacker(endpoint) as attacker:
        for step, *arguments in case:
            attacker.do(step, arguments, patience)


class Attacker:
    """One connection; it is closed without a farewell."""

    def __init__(self, endpoint: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(5)
        self._endpoint = endpoint
        self._connected = False
        self._region: mmap.mmap | None = None
        self._tail = 0

    def __enter__(self) -> Attacker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._region is not None:
            self._region.close()
        self._socket.close()

    def do(self, step: str, arguments: list[Any], patience: float) -> None:
        if step == "hello":
            self._hello(bytes.fromhex(arguments[0]))
        elif step == "send":
            self._connect()
            self._socket.sendall(bytes.fromhex(arguments[0]))
        elif step == "bell":
            self._socket.sendall(b"\1" * arguments[0])
        elif step == "pause":
            time.sleep(arguments[0] / 1000)
        elif self._region is not None:
            self._touch(self._region, step, arguments, patience)

    def _connect(self) -> None:
        if not self._connected:
            self._socket.connect(self._endpoint)
            self._connected = True

    def _hello(self, data: bytes) -> None:
        self._connect()
        self._socket.sendall(data)
        if len(data) < layout.HELLO.size:
            return
        welcome, fds, _, _ = socket.recv_fds(self._socket, layout.WELCOME.size, 1)
        for fd in fds:
            if len(welcome) == layout.WELCOME.size and os.fstat(fd).st_size >= SHAPE.region_size:
                self._region = mmap.mmap(fd, os.fstat(fd).st_size)
            # A hostile client would try this; the seals must refuse it.
            with contextlib.suppress(PermissionError):
                os.ftruncate(fd, 0)
                raise AssertionError("the region could be shrunk")
            os.close(fd)

    def _touch(self, region: mmap.mmap, step: str, arguments: list[Any], patience: float) -> None:
        if step == "poke":
            offset, data = arguments[0], bytes.fromhex(arguments[1])
            if offset + len(data) <= len(region):
                region[offset : offset + len(data)] = data
        elif step == "submit":
            for slot in arguments:
                at = layout.REGION_RING + 4 * (self._tail % SLOTS)
                region[at : at + 4] = struct.pack("<I", slot)
                self._tail = (self._tail + 1) % 2**32
                region[layout.REGION_SUBMIT_TAIL : layout.REGION_SUBMIT_TAIL + 4] = struct.pack(
                    "<I", self._tail
                )
            if region[layout.REGION_PARKED]:
                self._socket.sendall(b"\1")
        elif step == "tail":
            region[layout.REGION_SUBMIT_TAIL : layout.REGION_SUBMIT_TAIL + 4] = struct.pack(
                "<I", arguments[0]
            )
            self._socket.sendall(b"\1")
        elif step == "await":
            at = SHAPE.slot(arguments[0])
            before = region[at]
            give_up = time.monotonic() + patience
            while region[at] == before and time.monotonic() < give_up:
                time.sleep(0)
        else:
            raise ValueError(f"unknown step {step}")


# Making cases


def request(
    slot: int,
    model: bytes = b"echo",
    *,
    fields: dict[str, int] | None = None,
    tensors: list[TensorDescriptor] | None = None,
    control: dict[str, int] | None = None,
    fix_checksum: bool = True,
) -> Case:
    """The steps that write a request into a slot; `fields` and `control` override what is normally there."""
    f, c = fields or {}, control or {}
    inline = SHAPE.slot(slot) + layout.SLOT_INLINE
    if tensors is None:
        tensors = [TensorDescriptor(layout.DType.FLOAT32, (4,), inline, 16)]
    encoded = [bytearray(_descriptor(t)) for t in tensors]
    for descriptor in encoded[:1]:
        for name, (form, at) in DESCRIPTOR_FIELDS.items():
            if name in f:
                struct.pack_into(form, descriptor, at, f[name])
    payload = model.ljust(64, b"\0")[:64] + struct.pack(
        "<II", f.get("input_count", len(tensors)), f.get("padding", 0)
    )
    payload += b"".join(encoded)
    header = layout.HEADER.pack(
        f.get("magic", layout.MAGIC),
        f.get("version", layout.VERSION),
        f.get("request_id", 1),
        f.get("payload_size", len(payload)),
        f.get("checksum", crc32(payload) if fix_checksum else 0),
    )
    block = layout.CONTROL.pack(
        c.get("opcode", layout.Opcode.INFER),
        c.get("flags", 0),
        c.get("timeout_ns", 0),
        c.get("reply_offset", inline + 1024),
        c.get("reply_capacity", INLINE - 1024),
        c.get("data_crc", 0),
        c.get("reserved", 0),
    )
    base = SHAPE.slot(slot)
    state = c.get("state", State.SUBMITTED)
    return [
        ["poke", base + layout.SLOT_CONTROL, (block + header + payload)[:3000].hex()],
        ["poke", base + layout.SLOT_CANCEL, struct.pack("<I", c.get("cancel", 0)).hex()],
        ["poke", base, struct.pack("<I", state).hex()],
    ]


DESCRIPTOR_FIELDS = {
    "dtype": ("<I", 0),
    "ndim": ("<I", 4),
    "shape0": ("<Q", 8),
    "shape1": ("<Q", 16),
    "shape7": ("<Q", 64),
    "data_offset": ("<Q", 72),
    "data_size": ("<Q", 80),
}


def _descriptor(t: TensorDescriptor) -> bytes:
    shape = (*t.shape, *[0] * (8 - len(t.shape)))[:8]
    return layout.DESCRIPTOR.pack(t.dtype, min(len(t.shape), 8), *shape, t.data_offset, t.data_size)


def random_case(rng: random.Random, models: Sequence[str] = MODELS) -> Case:
    """A case near the protocol's edges: a valid conversation with something wrong in it."""
    kind = rng.choice(
        (
            "fields",
            "fields",
            "fields",
            "control",
            "tensors",
            "bytes",
            "ring",
            "states",
            "scribble",
            "hello",
            "frame",
        )
    )
    slot = rng.randrange(SLOTS)
    model = rng.choice(models).encode()
    start: Case = [["hello", hello().hex()]]
    if kind == "fields":
        names = [
            *DESCRIPTOR_FIELDS,
            "input_count",
            "padding",
            "magic",
            "version",
            "request_id",
            "payload_size",
        ]
        chosen = {name: rng.choice(WIDE_EDGES) for name in rng.sample(names, rng.randint(1, 3))}
        narrow = {
            n: v
            if n in {"request_id", "shape0", "shape1", "shape7", "data_offset", "data_size"}
            else v % 2**32
            for n, v in chosen.items()
        }
        if rng.random() < 0.1:
            narrow["checksum"] = rng.getrandbits(32)
        return [*start, *request(slot, model, fields=narrow), ["submit", slot], ["await", slot]]
    if kind == "control":
        names64, names32 = (
            ("timeout_ns", "reply_offset", "reply_capacity"),
            ("opcode", "flags", "data_crc", "reserved", "cancel"),
        )
        control = {n: rng.choice(WIDE_EDGES) for n in rng.sample(names64, rng.randint(0, 3))}
        control |= {n: rng.choice(EDGES) % 2**32 for n in rng.sample(names32, rng.randint(0, 3))}
        return [
            *start,
            *request(slot, model, control=control),
            ["submit", slot],
            ["await", slot],
            ["submit", slot],
            ["await", slot],
        ]
    if kind == "tensors":
        inline = SHAPE.slot(slot) + layout.SLOT_INLINE
        places = (
            inline,
            inline + 64,
            SHAPE.data_offset,
            SHAPE.data_offset + 64,
            SHAPE.region_size - 64,
            SHAPE.region_size,
            0,
            layout.REGION_SLOTS,
        )
        tensors = [
            TensorDescriptor(
                rng.randint(0, 14),
                tuple(rng.choice((0, 1, 2, 4, 16, 1000)) for _ in range(rng.randint(0, 8))),
                rng.choice(places),
                rng.choice((0, 1, 16, 64, 128, 4096, 2**63)),
            )
            for _ in range(rng.randint(0, 32))
        ]
        if rng.random() < 0.6:
            tensors = [t for t in tensors if t.dtype in layout.ITEM_SIZE]
            tensors = [TensorDescriptor(t.dtype, t.shape, t.data_offset, _size(t)) for t in tensors]
        return [*start, *request(slot, model, tensors=tensors), ["submit", slot], ["await", slot]]
    if kind == "bytes":
        poke = request(slot, model)[0]
        data = bytearray.fromhex(poke[2])
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] = rng.getrandbits(8)
        return [
            *start,
            *request(slot, model),
            ["poke", poke[1], bytes(data).hex()],
            ["submit", slot],
            ["await", slot],
        ]
    if kind == "ring":
        steps: Case = [*start, *request(slot, model)]
        for _ in range(rng.randint(1, 4)):
            steps.append(
                rng.choice(
                    [
                        ["submit", rng.choice(EDGES) % 2**32],
                        ["tail", rng.choice(EDGES) % 2**32],
                        ["bell", rng.randint(1, 300)],
                        ["submit", slot, slot],
                        ["submit", slot],
                    ]
                )
            )
        return steps
    if kind == "states":
        steps = list(start)
        for _ in range(rng.randint(1, 5)):
            steps += request(
                slot,
                model,
                control={"state": rng.choice((0, 1, 2, 3, 4, 5, 255)), "flags": rng.choice((0, 2, 3))},
            )
            steps += [["submit", slot], ["await", slot]]
        return steps
    if kind == "scribble":
        noise = rng.randbytes(rng.randint(1, 4000)).hex()
        at = rng.choice(
            (
                0,
                layout.REGION_PARKED,
                layout.REGION_RING,
                SHAPE.slot(slot),
                SHAPE.slot(slot) + layout.SLOT_REQUEST,
                SHAPE.slot(slot) + layout.SLOT_RESPONSE,
            )
        )
        return [
            *start,
            *request(slot, model),
            ["submit", slot],
            ["poke", at, noise],
            ["bell", 1],
            ["await", slot],
        ]
    if kind == "hello":
        data = bytearray(hello(rng.choice((0, 1, 2, 3))))
        for _ in range(rng.randint(0, 3)):
            struct.pack_into("<I", data, rng.randrange(0, 8) * 4, rng.choice(EDGES) % 2**32)
        return [["hello", bytes(data[: rng.choice((64, 64, 64, 0, 1, 63))]).hex()], ["bell", 3]]
    return _random_frames(rng, model)


def _random_frames(rng: random.Random, model: bytes) -> Case:
    steps: Case = [["hello", hello(2).hex()]]
    for _ in range(rng.randint(1, 3)):
        tensors = [TensorDescriptor(layout.DType.FLOAT32, (4,), rng.choice((0, 0, 0, 64, 2**63)), 16)]
        message = layout.encode_message(1, layout.encode_request_payload(model.decode(), tensors))
        values = [
            layout.MAGIC,
            rng.choice((1, 1, 1, 0, 2, 3, 9)),
            rng.choice((1, 1, 2, 3, 4, 99)),
            rng.choice((0, 1, 2, 3)),
            rng.choice((0, 1, 2**64 - 1)),
            64,
            len(message),
            0,
            0,
        ]
        if rng.random() < 0.4:
            at = rng.choice((0, 5, 6))
            values[at] = rng.choice(WIDE_EDGES if at == 5 else EDGES) % (2**64 if at == 5 else 2**32)
        data = bytearray(layout.FRAME.pack(*values) + message + bytes(64))
        for _ in range(rng.choice((0, 0, 1, 4))):
            data[rng.randrange(len(data))] = rng.getrandbits(8)
        steps.append(
            ["send", bytes(data[: rng.choice((len(data), len(data), rng.randrange(len(data))))]).hex()]
        )
    return [*steps, ["pause", 1]]


def _size(t: TensorDescriptor) -> int:
    size = layout.ITEM_SIZE[t.dtype]
    for dimension in t.shape:
        size *= dimension
    return size % 2**64
