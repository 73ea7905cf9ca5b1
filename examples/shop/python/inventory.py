"""Stock levels, kept by the warehouse's HTTP service."""

from dataclasses import dataclass

from foundation.errors import NetworkError
from foundation.http import HttpClient
from foundation.resilience import circuit_breaker, retry

WAREHOUSE = "http://warehouse.internal"
ATTEMPTS = 4


@dataclass(frozen=True)
class Stock:
    """How many pieces of one article lie in the warehouse."""

    sku: str
    quantity: int


@retry(NetworkError, max_attempts=ATTEMPTS, base_delay=500)
def fetch_stock(client: HttpClient, sku: str) -> Stock:
    """Ask the warehouse how many pieces of an article it has."""
    body = client.get(f"/stock/{sku}").json()
    return Stock(sku=sku, quantity=int(body["quantity"]))


@circuit_breaker(failure_treshold=3, recovery_timeout=30)
def reserve(client: HttpClient, sku: str, quantity: int) -> str:
    """Reserve pieces of an article; returns the reservation's number."""
    body = client.post("/reservations", json={"sku": sku, "quantity": quantity}).json()
    return str(body["id"])


def open_client() -> HttpClient:
    """The client that the whole service shares."""
    return HttpClient(base_url=WAREHOUSE, timeout=5.0, max_attempts=3)
