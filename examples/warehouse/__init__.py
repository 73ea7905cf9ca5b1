"""A small warehouse: what it holds, what it costs, and orders."""

from .orders import place

__all__ = ["place"]
