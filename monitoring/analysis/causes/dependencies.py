"""What an error says of the dependency it came of: by what code told, else by the classes that were raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DATABASE, REDIS, BROKER, MAIL, NETWORK, DISK = "database", "redis", "broker", "mail", "network", "disk"
_MODULES = {
    "psycopg": DATABASE,
    "psycopg2": DATABASE,
    "psycopg_pool": DATABASE,
    "sqlite3": DATABASE,
    "MySQLdb": DATABASE,
    "redis": REDIS,
    "kombu": BROKER,
    "amqp": BROKER,
    "smtplib": MAIL,
    "requests": NETWORK,
    "urllib3": NETWORK,
    "httpx": NETWORK,
    "aiohttp": NETWORK,
    "socket": NETWORK,
    "ssl": NETWORK,
}
"""Which dependency raises the exceptions of a package, as health calls its components where it has them."""
_OF_CODE = frozenset(
    {
        "IntegrityError",
        "DataError",
        "ProgrammingError",
        "NotSupportedError",
        "InvalidURL",
        "InvalidSchema",
        "MissingSchema",
    }
    | {"ResponseError", "InvalidJSONError", "JSONDecodeError"}
)
"""Classes by which a dependency says that it was asked wrongly: it did not fail."""
_DJANGO = frozenset({"django.db.utils.OperationalError", "django.db.utils.InterfaceError"})
_OF_THE_SYSTEM = frozenset(
    {"ConnectionRefusedError", "ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError"}
)
"""Classes that the operating system raises itself; a plain `ConnectionError` is what code makes of anything."""


def of_error(context: Any, chain: Any, exception_type: str) -> str:
    """Return the dependency that an error came of; empty where nothing points to one.

    Args:
        context: What was said of the error; `dependency` is what code had entered.
        chain: Its exceptions, first the one that was caught; the last one is the root.
        exception_type: Qualified class of the first, where nothing else is kept.
    """
    if isinstance(context, Mapping) and isinstance(told := context.get("dependency"), str) and told:
        return told[:200]
    types = [(exception_type, []), *_types(chain)]
    found = [name for kind, bases in reversed(types) if (name := of_type(kind, bases))]
    # At the root of a driver's error there often is the operating system's, which knows no more than the network.
    return next((name for name in found if name != NETWORK), found[0] if found else "")


def of_type(exception_type: str, bases: Sequence[str] = ()) -> str:
    """Return the dependency that raises a class when it fails; empty for any other class.

    Args:
        exception_type: Qualified name of the class.
        bases: Those of what it inherits from: a driver's many classes are told apart by them.
    """
    module, _, name = exception_type.rpartition(".")
    if not _OF_CODE.isdisjoint({name, *(base.rpartition(".")[2] for base in bases)}):
        return ""
    if exception_type in _DJANGO:
        return DATABASE
    if not module or module == "builtins":
        return NETWORK if name in _OF_THE_SYSTEM else ""
    return _MODULES.get(module.partition(".")[0], "")


def _types(chain: Any) -> Sequence[tuple[str, list[str]]]:
    parts = [part for part in chain if isinstance(part, Mapping)] if isinstance(chain, list) else []
    return [(str(part.get("type", "")), _texts(part.get("mro"))) for part in parts]


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
