"""What would stop the platform from starting, found before anything is started and said in one line each."""

import os
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from launcher.console import Refusal
from launcher.ports import why_not_bindable
from launcher.redis_protocol import RedisAddress, RedisUnavailable, ping

_POSTGRES = frozenset({"postgres", "postgresql"})
_MOST = 1000
_SWITCH = frozenset({"true", "false", "1", "0", "yes", "no", "on", "off"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Options:
    """What the environment asks for."""

    host: str
    port: int
    flower_port: int
    database_url: str
    redis_url: str

    @classmethod
    def from_environment(cls) -> "Options":
        """Read and check the environment variables of `bin/up`."""
        for name in ("WEB_CONCURRENCY", "WEB_THREADS"):
            _check_count(name)
        _check_switch("FLOWER_ENABLE_EVENTS")
        return cls(
            host=os.environ.get("HOST") or "127.0.0.1",
            port=_port_from("PORT", 8000),
            flower_port=_port_from("FLOWER_PORT", 5555),
            database_url=os.environ.get("DATABASE_URL", ""),
            redis_url=os.environ.get("REDIS_URL", ""),
        )

    @property
    def embedded(self) -> bool:
        """Whether this is the default for one machine: own SQLite, own Redis, reachable from here alone."""
        return not self.database_url and not self.redis_url and self.host in _LOOPBACK

    @property
    def visible_host(self) -> str:
        """The host to print in a URL that a person can open on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"[{host}]" if ":" in host else host

    @property
    def flower_url(self) -> str:
        """Where a person on this machine finds Flower."""
        return f"http://{self.visible_host}:{self.flower_port}/"


def check(options: Options) -> None:
    """Check ports, database and Redis.

    Raises:
        Refusal: with the first thing that is wrong.
    """
    if options.port == options.flower_port:
        raise Refusal(f"PORT and FLOWER_PORT are both {options.port}")
    _check_port("PORT", options.host, options.port)
    _check_port("FLOWER_PORT", options.host, options.flower_port)
    if options.database_url:
        _check_database(options.database_url)
    if options.redis_url:
        _check_redis(options.redis_url)


def _port_from(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Refusal(f"{name} must be a port number from 1 to 65535, not '{text}'")
    return int(text)


def _check_count(name: str) -> None:
    """Check a number that gunicorn's configuration reads."""
    text = os.environ.get(name) or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise Refusal(f"{name} must be a whole number from 1 to {_MOST}, not '{text}'")


def _check_switch(name: str) -> None:
    """Check a setting that is on or off."""
    text = os.environ.get(name) or "false"
    if text.lower() not in _SWITCH:
        raise Refusal(f"{name} must be true or false, not '{text}'")


def _check_port(name: str, host: str, port: int) -> None:
    reason = why_not_bindable(host, port)
    if reason == "address already in use":
        raise Refusal(f"port {port} on {host} is in use; stop what listens there or set {name} to another port")
    if reason:
        raise Refusal(f"cannot listen on {host}:{port}: {reason} (HOST, {name})")


def _check_database(url: str) -> None:
    """Find a server that is down or a wrong host; what a wrong password does is known once Django connects."""
    parts = _split("DATABASE_URL", url)
    if parts.scheme not in {*_POSTGRES, "sqlite"}:
        raise Refusal("DATABASE_URL must begin with postgres:// or sqlite:///")
    if parts.scheme == "sqlite" or not parts.hostname or "%2f" in parts.hostname.lower():
        return
    address = (parts.hostname, parts.port or 5432)
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Refusal(f"cannot reach the database at {address[0]}:{address[1]} (DATABASE_URL): {reason}") from error


def _check_redis(url: str) -> None:
    _split("REDIS_URL", url)
    try:
        address = RedisAddress.from_url(url)
    except ValueError as error:
        raise Refusal(f"REDIS_URL: {error}") from error
    try:
        ping(address, seconds=5)
    except RedisUnavailable as problem:
        raise Refusal(f"cannot use the Redis at {address} (REDIS_URL): {problem}") from problem


def _split(name: str, url: str) -> SplitResult:
    """Split a URL without ever repeating it: it may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        # The library's own words hold the part that it took for a port, which can be half a password.
        raise Refusal(f"{name} is not a URL; in a password, write / : @ # and % as %2F %3A %40 %23 and %25") from error
    return parts
