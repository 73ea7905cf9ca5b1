"""The Ruby emitter: an analysed module becomes idiomatic Ruby 3.1 on the Foundation runtime.

Ruby and Python agree on much (unbounded integers, floor division, insertion-ordered hashes, strings of
code points) and differ where it hurts: `0`, `""` and `[]` are truthy, an index out of bounds is `nil`,
and floats are written differently.  Each such place is lowered explicitly, or declined with a reason.
"""

from __future__ import annotations
