"""Writes `tests/shm/seeds/edges.json`: one hostile case for each way of breaking the protocol that we know.

`python tests/shm/make_seeds.py --update`. Cases that the fuzzer finds are kept beside it.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from foundation_shm import layout

from tests.shm.attack import SHAPE, SLOTS, Case, hello, random_case, request

SEEDS = Path(__file__).with_name("seeds")


def named_cases() -> dict[str, Case]:
    """What a hostile or broken client does, by name."""
    start: Case = [["hello", hello().hex()]]
    go: Case = [["submit", 0], ["await", 0]]
    inline = SHAPE.slot(0) + layout.SLOT_INLINE
    field_values = {
        "bad_magic": {"magic": 1},
        "bad_version": {"version": 7},
        "bad_checksum": {"checksum": 1},
        "payload_past_the_slot": {"payload_size": 2**32 - 1},
        "empty_payload": {"payload_size": 0},
        "unknown_dtype": {"dtype": 200},
        "nine_dimensions": {"ndim": 9},
        "shape_product_overflows": {"ndim": 2, "shape0": 2**33, "shape1": 2**33},
        "huge_shape": {"shape0": 2**64 - 1, "data_size": 2**64 - 4},
        "offset_past_the_region": {"data_offset": 2**63},
        "offset_wraps": {"data_offset": 2**64 - 64, "data_size": 16},
        "offset_in_the_header": {"data_offset": 0},
        "offset_in_another_slot": {"data_offset": SHAPE.slot(1) + layout.SLOT_INLINE},
        "offset_in_the_response": {"data_offset": SHAPE.slot(0) + layout.SLOT_RESPONSE},
        "unaligned_offset": {"data_offset": inline + 4},
        "too_many_inputs": {"input_count": 33},
        "more_inputs_than_bytes": {"input_count": 2},
        "padding": {"padding": 1},
    }
    cases = {name: [*start, *request(0, fields=fields), *go] for name, fields in field_values.items()}
    controls = {
        "reply_over_the_input": {"reply_offset": inline},
        "reply_past_the_region": {"reply_offset": SHAPE.region_size - 64, "reply_capacity": 65},
        "reply_wraps": {"reply_offset": 2**64 - 64, "reply_capacity": 128},
        "reply_in_the_ring": {"reply_offset": layout.REGION_RING, "reply_capacity": 64},
        "reply_unaligned": {"reply_offset": inline + 1025},
        "unknown_opcode": {"opcode": 77},
        "wrong_data_checksum": {"flags": 1, "data_crc": 1},
        "cancelled_before_it_ran": {"cancel": 1},
        "submitted_in_state_done": {"state": 4},
        "submitted_in_state_free": {"state": 0},
        "no_room_for_the_answer": {"reply_capacity": 0},
    }
    cases |= {name: [*start, *request(0, control=control), *go] for name, control in controls.items()}
    cases |= {
        "unterminated_model_id": [*start, *request(0, b"x" * 64), *go],
        "model_id_not_utf8": [*start, *request(0, b"\xff\xfe"), *go],
        "dies_with_a_slot_held": [*start, *request(0, b"slow"), ["submit", 0]],
        "dies_in_a_stream": [*start, *request(0, b"endless", control={"flags": 2}), *go],
        "never_takes_the_part": [
            *start,
            *request(0, b"big", control={"reply_capacity": 0}),
            *go,
            ["pause", 5],
        ],
        "submits_twice": [*start, *request(0, b"slow"), ["submit", 0, 0, 0]],
        "continues_what_runs": [
            *start,
            *request(0, b"slow"),
            ["submit", 0],
            ["pause", 5],
            ["poke", SHAPE.slot(0), struct.pack("<I", 3).hex()],
            ["submit", 0],
        ],
        "ring_names_no_slot": [*start, ["submit", SLOTS]],
        "ring_names_a_huge_slot": [*start, ["submit", 2**32 - 1]],
        "tail_runs_ahead": [*start, ["tail", SLOTS + 1]],
        "tail_runs_back": [*start, ["tail", 2**32 - 1]],
        "floods_the_doorbell": [*start, ["bell", 20_000]],
        "scribbles_after_submission": [
            *start,
            *request(0, b"slow"),
            ["submit", 0],
            ["poke", SHAPE.slot(0) + layout.SLOT_CONTROL, "ff" * 3000],
            ["await", 0],
        ],
        "scribbles_over_the_region_header": [*start, ["poke", 0, "ff" * 512], ["bell", 1]],
        "clears_the_parked_flag": [*start, ["poke", layout.REGION_PARKED, "00000000"], *request(0), *go],
        "hello_with_another_magic": [["hello", "00" * 64]],
        "hello_in_pieces_that_never_end": [["hello", hello()[:63].hex()], ["pause", 5]],
        "hello_from_the_future": [
            ["hello", layout.HELLO.pack(layout.MAGIC, 2, 9, 1, 4, 4096, 65536, b"x").hex()]
        ],
        "hello_for_all_memory": [
            ["hello", layout.HELLO.pack(layout.MAGIC, 1, 1, 1, 2**32 - 1, 2**32 - 1, 2**64 - 1, b"x").hex()]
        ],
        "hello_with_an_unknown_transport": [["hello", hello(9).hex()]],
        "frame_of_a_terabyte": [
            ["hello", hello(2).hex()],
            ["send", layout.FRAME.pack(layout.MAGIC, 1, 1, 0, 0, 2**40, 96, 0, 0).hex()],
        ],
        "frame_with_a_huge_message": [
            ["hello", hello(2).hex()],
            ["send", layout.FRAME.pack(layout.MAGIC, 1, 1, 0, 0, 0, 2**32 - 1, 0, 0).hex()],
        ],
        "frame_that_continues_nothing": [
            ["hello", hello(2).hex()],
            ["send", layout.FRAME.pack(layout.MAGIC, 3, 0, 0, 0, 0, 0, 0, 0).hex()],
        ],
        "frame_with_another_magic": [["hello", hello(2).hex()], ["send", "00" * 64]],
        "frame_without_a_message": [
            ["hello", hello(2).hex()],
            ["send", layout.FRAME.pack(layout.MAGIC, 1, 1, 0, 0, 0, 0, 0, 0).hex()],
        ],
    }
    return cases


def files() -> dict[str, str]:
    """File name to contents: the named cases, and a fixed draw from the fuzzer's own."""
    rng = random.Random(20250914)
    drawn = {f"drawn_{n:03}": random_case(rng) for n in range(150)}
    return {
        "edges.json": json.dumps(named_cases(), indent=0) + "\n",
        "drawn.json": json.dumps(drawn, separators=(",", ":")) + "\n",
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: make_seeds.py --update")
    SEEDS.mkdir(exist_ok=True)
    for file_name, text in files().items():
        (SEEDS / file_name).write_text(text)
