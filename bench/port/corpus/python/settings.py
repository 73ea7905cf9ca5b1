"""Settings of the shop's services, read from files and the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from foundation.config import field, load_config
from foundation.errors import ConfigurationError

DEFAULT_PORT = 8080


@dataclass
class DatabaseSettings:
    """How to reach the database."""

    url: str = "sqlite://"
    pool_size: int = 5
    password: str = field(default="", secret=True)


@dataclass
class ServiceSettings:
    """Everything that a service wants to know when it starts."""

    name: str
    port: int = DEFAULT_PORT
    debug: bool = False
    tags: list[str] = field(default_factory=list)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)


@dataclass
class WorkerSettings:
    """Settings of the background workers."""

    queue: str = "default"
    concurrency: int = 4
    poll_seconds: float = 2.5
    token: str = field(default="", env="QUEUE_TOKEN", secret=True)


@dataclass
class FeatureFlags:
    """What is switched on."""

    new_checkout: bool = False
    fast_search: bool = False
    beta_users: list[str] = field(default_factory=list)


def load_settings() -> ServiceSettings:
    """The service's settings from the environment alone."""
    settings = load_config(ServiceSettings, env_prefix="SHOP")
    if not 1 <= settings.port <= 65_535:
        raise ConfigurationError(f"port {settings.port} is out of range")
    return settings


def database_url(settings_file: str) -> str:
    """The address of the database, from a file that may be overridden by the environment."""
    settings = load_config(ServiceSettings, env_prefix="SHOP", files=[settings_file])
    database = settings.database
    if database.url.startswith("sqlite:"):
        return database.url
    separator = "&" if "?" in database.url else "?"
    return f"{database.url}{separator}pool={database.pool_size}"


def worker_plan(cores: int) -> dict[str, int]:
    """How many workers each queue gets on a machine with so many cores."""
    settings = load_config(WorkerSettings, env_prefix="WORKER")
    queues = [q.strip() for q in settings.queue.split(",") if q.strip()]
    limit = min(settings.concurrency, max(1, cores))
    share, rest = divmod(limit, len(queues))
    return {queue: share + (1 if i < rest else 0) for i, queue in enumerate(queues)}


def has_queue_access() -> bool:
    """Whether there is a token for the queue that looks like one."""
    settings = load_config(WorkerSettings, env_prefix="WORKER")
    return len(settings.token) >= 8 and settings.token.isalnum()


def enabled_features(user: str) -> list[str]:
    """The features that a user sees, by name. Settings that cannot be read switch everything off."""
    try:
        flags = load_config(FeatureFlags, env_prefix="FEATURE", strict=False)
    except ConfigurationError:
        return []
    names: list[str] = []
    if flags.fast_search:
        names.append("fast_search")
    if flags.new_checkout or user in flags.beta_users:
        names.append("new_checkout")
    return sorted(names)


def cache_directory() -> str:
    """Where caches go: what the environment says, or a folder under the home directory."""
    configured = os.environ.get("SHOP_CACHE_DIR")
    if configured:
        return configured
    home = os.getenv("HOME", "/tmp")
    return str(Path(home) / ".cache" / "shop")
