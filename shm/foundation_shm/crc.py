"""CRC-32 of messages and tensor data at memory speed.

`zlib.crc32` is the reference. `isal`, when it is installed (the `engine` extra brings it), computes the
same polynomial with carry-less multiplication, more than ten times faster, which matters when a caller
asks for a megabyte to be checked, and five times faster for the payload of an answer.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable

crc32: Callable[..., int]
try:
    crc32 = importlib.import_module("isal.isal_zlib").crc32
except ImportError:
    crc32 = zlib.crc32
