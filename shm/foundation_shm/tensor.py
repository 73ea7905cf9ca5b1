"""Tensors as the protocol sees them: an element type, a shape and contiguous bytes."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from foundation_shm.layout import ITEM_SIZE, DType

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BY_FORMAT: Final[dict[str, DType]] = {
    "f": DType.FLOAT32,
    "d": DType.FLOAT64,
    "e": DType.FLOAT16,
    "b": DType.INT8,
    "h": DType.INT16,
    "i": DType.INT32,
    "q": DType.INT64,
    "l": DType.INT64,
    "B": DType.UINT8,
    "?": DType.BOOL,
    "H": DType.UINT16,
    "I": DType.UINT32,
    "Q": DType.UINT64,
    "L": DType.UINT64,
}
_FORMATS: Final[dict[int, str]] = {
    DType.FLOAT32: "f",
    DType.FLOAT64: "d",
    DType.FLOAT16: "e",
    DType.INT8: "b",
    DType.INT16: "h",
    DType.INT32: "i",
    DType.INT64: "q",
    DType.UINT8: "B",
    DType.BOOL: "?",
    DType.UINT16: "H",
    DType.UINT32: "I",
    DType.UINT64: "Q",
}


class Tensor:
    """`data` is the C-contiguous bytes (a memoryview of format `B`) of `shape` elements of `dtype`."""

    __slots__ = ("data", "dtype", "shape")

    def __init__(self, dtype: int, shape: tuple[int, ...], data: memoryview) -> None:
        self.dtype = dtype
        self.shape = shape
        self.data = data

    def __repr__(self) -> str:
        return f"Tensor({DType(self.dtype).name.lower()}, {list(self.shape)})"

    @classmethod
    def of(
        cls, value: Tensor | ReadableBuffer, dtype: int | None = None, shape: Sequence[int] | None = None
    ) -> Tensor:
        """A tensor over anything with a C-contiguous buffer: numpy arrays, `array.array`, `bytes`.

        Without `dtype` and `shape` they are the buffer's own. Nothing is copied. Raises `TypeError` for a
        buffer that is not contiguous or whose format has no `DType`, `ValueError` for a size that does
        not fit.
        """
        if isinstance(value, Tensor):
            return value
        view = memoryview(value)
        if not view.c_contiguous:
            raise TypeError("the buffer is not C-contiguous; copy it first (numpy.ascontiguousarray)")
        if dtype is None:
            found = _BY_FORMAT.get(view.format.lstrip("<=@"))
            if found is None:
                raise TypeError(f"no dtype for buffer format {view.format!r}; say dtype= and shape=")
            dtype = found
        size = view.nbytes
        if shape is None:
            shape = (view.shape or ()) if view.itemsize == ITEM_SIZE[dtype] else (size // ITEM_SIZE[dtype],)
        shape = tuple(shape)
        if math.prod(shape) * ITEM_SIZE[dtype] != size:
            raise ValueError(
                f"{size} bytes; shape {list(shape)} of {DType(dtype).name.lower()} takes "
                f"{math.prod(shape) * ITEM_SIZE[dtype]}"
            )
        # A view with a zero in its shape cannot be cast; there is nothing in it to lose.
        return cls(dtype, shape, view.cast("B") if size else memoryview(b""))

    def copy_to(self, memory: memoryview, address: int, start: int, end: int) -> None:  # noqa: ARG002 - for subclasses
        """Write the bytes to `memory[start:end]`, which is as long as they are; `memory` begins at `address`."""
        memory[start:end] = self.data

    def tolist(self) -> list[Any]:
        """The elements as a flat list of Python numbers. Raises `TypeError` for bfloat16."""
        form = _FORMATS.get(self.dtype)
        if form is None:
            raise TypeError("Python has no number for bfloat16; read `data`")
        return self.data.cast(form).tolist()  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType, reportUnknownMemberType] - the stubs list formats as literals

    def numpy(self) -> Any:
        """A numpy array over the same bytes (needs numpy). Raises `TypeError` for bfloat16."""
        # numpy is optional: whoever asks for its arrays has it.
        numpy: Any = importlib.import_module("numpy")
        form = _FORMATS.get(self.dtype)
        if form is None:
            raise TypeError("numpy has no bfloat16; read `data`")
        return numpy.frombuffer(self.data, numpy.dtype(form)).reshape(self.shape)
