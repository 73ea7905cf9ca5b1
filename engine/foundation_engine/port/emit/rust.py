"""The Rust emitter: an analysed module becomes safe Rust with owned values and explicit failure."""

from __future__ import annotations
