"""Which of Apprise's services are used, and how: those that send over a network that the guard of `outbound` watches.

Importing Apprise takes a tenth of a second and it is an optional extra, so that happens when one is asked for.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from monitoring.outbound.quiet import quiet

REFUSED = frozenset(
    {
        "blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows",  # this very machine
        "aprs", "growl", "mqtt", "mqtts", "rsyslog", "smpp", "smpps",  # sockets or threads of their own kind
        "vapid",  # keys in files of this machine
    }
)  # fmt: skip
"""Schemas that are not used."""
_FILES = frozenset({"attach", "keyfile", "pgp", "pgpkey", "subfile", "template"})
"""Arguments that name files of this machine, which would be sent somewhere."""
_CONNECT_SECONDS, _READ_SECONDS = 3.05, 8.0
MISSING = "The package apprise is not installed; install enginel[apprise]"


class NoServiceError(ValueError):
    """A URL stands for no service that is used.

    Args:
        message: Why, without the URL.
    """


def service(url: str) -> Any:
    """Return the service that a URL stands for.

    Raises:
        NoServiceError: There is none, or it is not used.
    """
    schema = schema_of(url)
    if schema in REFUSED:
        raise NoServiceError(f"{schema}:// is not used: it does not send over a network that is watched")
    try:
        from apprise import Apprise, plugins
    except ImportError:
        raise NoServiceError(MISSING) from None
    with quiet():
        try:
            parsed: Any = plugins.url_to_dict(url, secure_logging=True)  # type: ignore[no-untyped-call]
        except Exception:  # of parsers of a hundred services
            parsed = None
        if not parsed:
            raise NoServiceError(f"{schema}:// with what follows is no URL that Apprise knows")
        if parsed.get("schema") in REFUSED:
            raise NoServiceError(f"{parsed['schema']}:// is not used: it does not send over a network that is watched")
        if named := _FILES & {str(name).lower() for name in parsed.get("qsd") or {}}:
            raise NoServiceError(f"the argument {min(named)} names a file, which is not sent")
        found = Apprise.instantiate({**parsed, "asset": _asset()}, asset=_asset(), suppress_exceptions=True)
    if found is None or not found.enabled:
        raise NoServiceError(f"{schema}:// with what follows is no service that Apprise can use here")
    # What the URL says of them is not believed: it could be forever.
    found.socket_connect_timeout, found.socket_read_timeout = _CONNECT_SECONDS, _READ_SECONDS
    return found


def schema_of(url: str) -> str:
    """Return how a URL begins, which is no secret."""
    return url.partition("://")[0].lower()[:30]


def host_of(url: str) -> str:
    """Return the host of a URL of the web, which is no secret; in one of Apprise it may be a token."""
    try:
        return (urlsplit(url).hostname or "") if schema_of(url) in ("http", "https") else ""
    except ValueError:
        return ""


@cache
def _asset() -> Any:
    """Return what all services share: nothing is stored, made or loaded besides."""
    from apprise import AppriseAsset, PersistentStoreMode

    return AppriseAsset(
        app_id="Enginel",
        app_desc="Enginel",
        app_url="",
        async_mode=False,
        pgp_autogen=False,
        pem_autogen=False,
        secure_logging=True,
        interpret_escapes=False,
        interpret_emojis=False,
        storage_mode=PersistentStoreMode.MEMORY,
        allow_templates=False,
    )
