"""Just enough of the Redis protocol to ask a server whether it lives, before any client library is installed."""

import socket
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit


class RedisUnavailable(Exception):  # noqa: N818
    """The server cannot be reached, or does not accept us. The text says which, and holds no secret."""


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is and how to log in to it."""

    host: str
    port: int
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    encrypted: bool = False

    @classmethod
    def from_url(cls, url: str) -> "RedisAddress":
        """Read a `redis://` or `rediss://` URL.

        Raises:
            ValueError: when it is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise ValueError("expected redis://[[user]:password@]host[:port][/database]")
        path = parts.path.strip("/")
        if path and not path.isdigit():
            raise ValueError(f"the database must be a number, not '{path}'")
        return cls(
            host=parts.hostname,
            port=parts.port or 6379,
            database=int(path or 0),
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            encrypted=parts.scheme == "rediss",
        )

    @property
    def url(self) -> str:
        """The URL of a server with a password; `redis-cli` wants the user's name, which is `default` unless given."""
        return f"redis://{self.username or 'default'}:{self.password}@{self.host}:{self.port}/{self.database}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def ping(address: RedisAddress, seconds: float = 2.0) -> None:
    """Log in and ask for a PONG.

    Raises:
        RedisUnavailable: when there is none.
    """
    login = [address.username, address.password] if address.username else [address.password]
    commands = [["AUTH", *login]] if address.password else []
    ask(address, [*commands, ["SELECT", str(address.database)], ["PING"]], seconds)


def shut_down(address: RedisAddress, seconds: float = 5.0) -> None:
    """Ask a server to save what it has and end; returns when it has closed the connection."""
    try:
        ask(address, [["AUTH", address.password], ["SHUTDOWN"]], seconds)
    except RedisUnavailable:
        return


def ask(address: RedisAddress, commands: list[list[str]], seconds: float) -> None:
    """Send commands one by one and require a simple answer that is no error."""
    try:
        with _connect(address, seconds) as connection, connection.makefile("rb") as answers:
            for command in commands:
                connection.sendall(_encode(command))
                answer = answers.readline().decode("utf-8", "replace").strip()
                if not answer:
                    raise RedisUnavailable("closed the connection")
                if not answer.startswith("+"):
                    raise RedisUnavailable(f"answers '{answer.lstrip('-')}'")
    except OSError as error:
        raise RedisUnavailable(str(error.strerror or error).lower()) from error


def _connect(address: RedisAddress, seconds: float) -> socket.socket:
    plain = socket.create_connection((address.host, address.port), timeout=seconds)
    if not address.encrypted:
        return plain
    return ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)


def _encode(command: list[str]) -> bytes:
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
