"""What can go wrong."""


class WarehouseError(Exception):
    """Base of the warehouse's errors."""


class OutOfStock(WarehouseError):
    """Not enough items."""

    def __init__(self, sku: str, missing: int) -> None:
        super().__init__(f"{sku}: {missing} missing")
        self.sku = sku
        self.missing = missing
