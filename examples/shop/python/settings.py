"""The service's settings: defaults, then shop.toml, then the environment."""

from dataclasses import dataclass

from foundation.config import load_config
from foundation.logging import get_logger

log = get_logger("shop.settings", level="info")  # foundation: ignore[structured_logging/unknown-value]


@dataclass(frozen=True)
class Settings:
    """What an operator can change without a release."""

    port: int = 8080
    currency: str = "EUR"
    debug: bool = False


def load() -> Settings:
    """Read the settings and say where they came from."""
    settings = load_config(Settings, env_prefix="SHOP", files=["shop.toml"])
    log.info("settings loaded", port=settings.port, currency=settings.currency)
    return settings
