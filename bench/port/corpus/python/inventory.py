"""Stock levels and prices, kept by the warehouse's HTTP service."""

from __future__ import annotations

from dataclasses import dataclass

from foundation.errors import HttpStatusError, NetworkError, ValidationError
from foundation.http import HttpClient
from foundation.resilience import retry

MAX_PAGE = 20


class SkuNotFound(ValidationError):
    """The warehouse does not know the article."""


@dataclass(frozen=True)
class StockLevel:
    """How many pieces of one article lie in the warehouse, and how many of them are promised."""

    sku: str
    on_hand: int
    reserved: int = 0

    @property
    def available(self) -> int:
        """What can still be sold."""
        return max(0, self.on_hand - self.reserved)


@dataclass
class SyncResult:
    """What became of a list of price changes."""

    updated: int = 0
    rejected: list[str] | None = None


def normalize_sku(sku: str) -> str:
    """Article numbers are written in capitals without blanks."""
    cleaned = sku.strip().upper()
    if not cleaned or not cleaned[0].isalpha():
        raise ValidationError(f"not an article number: {sku!r}")
    return cleaned


def fetch_stock(client: HttpClient, sku: str) -> StockLevel:
    """Ask the warehouse how many pieces of an article it has."""
    number = normalize_sku(sku)
    try:
        response = client.get(f"/stock/{number}")
    except HttpStatusError as error:
        if error.status == 404:
            raise SkuNotFound(f"unknown article {number}") from error
        raise
    body = response.json()
    return StockLevel(number, int(body["on_hand"]), int(body.get("reserved", 0)))


def list_low_stock(client: HttpClient, threshold: int) -> list[str]:
    """The articles that have to be ordered again, by name; pages are read until one is empty."""
    found: list[str] = []
    page = 1
    while page <= MAX_PAGE:
        items = client.get("/stock", params={"page": page}).json()
        if not items:
            break
        for item in items:
            if item["on_hand"] < threshold:
                found.append(str(item["sku"]))
        page += 1
    return sorted(found)


def create_reservation(client: HttpClient, sku: str, quantity: int) -> str:
    """Reserve pieces of an article; the number of the reservation."""
    if quantity < 1:
        raise ValidationError("quantity must be positive")
    response = client.post("/reservations", json={"sku": normalize_sku(sku), "quantity": quantity})
    if response.status == 202:
        return "pending"
    return str(response.json()["id"])


def release_reservation(client: HttpClient, reservation_id: str) -> bool:
    """Give reserved pieces back. False when the reservation is already gone."""
    try:
        client.delete(f"/reservations/{reservation_id}")
    except HttpStatusError as error:
        if error.status in (404, 410):
            return False
        raise
    return True


def sync_prices(client: HttpClient, prices: dict[str, int]) -> SyncResult:
    """Send new prices one by one; a price that is refused does not stop the others."""
    result = SyncResult(rejected=[])
    for sku, cents in prices.items():
        try:
            client.put(f"/prices/{sku}", json={"cents": cents})
            result.updated += 1
        except HttpStatusError:
            result.rejected.append(sku)
    return result


@retry(NetworkError, max_attempts=3, base_delay=0.5, jitter=False)
def health(client: HttpClient, path: str = "/health") -> str:
    """The first word of the service's answer, in lower case."""
    text = client.get(path, headers={"accept": "text/plain"}).text
    words = text.split()
    return words[0].lower() if words else "unknown"
