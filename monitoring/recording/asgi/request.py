"""A request as its scope tells of it: what context, errors and protection look at, each worked out when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from monitoring.recording.raised.reading import ask

from . import routes

Scope = dict[str, Any]
_PLAIN = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
_PREFIX = "HTTP_"
_MOST_NAMES = 500
_USER_KEYS = ("pk", "id", "identity", "username", "display_name")


class Meta(Mapping[str, Any]):
    """The scope in the form of WSGI's environment. A header is looked for when it is asked for.

    Args:
        scope: Of the request.
    """

    __slots__ = ("_headers", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        given = scope["headers"]
        self._headers: dict[bytes, bytes] = dict(given)
        if len(self._headers) != len(given):
            self._headers = _joined(given)

    def get(self, key: str, default: Any = None) -> Any:
        """Return what stands under a key, or the default."""
        name = _NAMES.get(key)
        if name is None:
            name = _name_of(key)
        if name:
            found = self._headers.get(name)
            return default if found is None else found.decode("latin-1")
        read = _OTHERS.get(key)
        return default if read is None else read(self._scope)

    def __getitem__(self, key: str) -> Any:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        name = (_NAMES.get(key) or _name_of(key)) if isinstance(key, str) else b""
        return name in self._headers if name else key in _OTHERS

    def __iter__(self) -> Iterator[str]:
        yield from _OTHERS
        for name in self._headers:
            plain = name.decode("latin-1").upper().replace("-", "_")
            yield plain if plain in _PLAIN else f"{_PREFIX}{plain}"

    def __len__(self) -> int:
        return len(_OTHERS) + len(self._headers)


def _name_of(key: str) -> bytes:
    """Return the name of a header as it stands in scopes; empty for what is none."""
    is_header = key.startswith(_PREFIX) or key in _PLAIN
    name = key.removeprefix(_PREFIX).replace("_", "-").lower().encode("latin-1", "replace") if is_header else b""
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[key] = name
    return name


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name; those that came more than once in one, as servers join them."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b", " + value if name in found else value
    return found


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0] or "")


_NAMES: dict[str, bytes] = {}
_OTHERS: dict[str, Callable[[Scope], str]] = {
    "REMOTE_ADDR": _peer,
    "QUERY_STRING": lambda scope: bytes(scope.get("query_string") or b"").decode("latin-1"),
    "SERVER_NAME": lambda scope: str((scope.get("server") or ("",))[0]),
    "SCRIPT_NAME": lambda scope: str(scope.get("root_path") or ""),
}


class Match(NamedTuple):
    """What answers a request.

    Attributes:
        route: Its pattern, such as `/videos/{video_id}`.
        kwargs: Parts of the path by their names.
    """

    route: str
    kwargs: dict[str, Any]


class User(NamedTuple):
    """Whose request it is.

    Attributes:
        pk: Key or name.
        is_staff: Whether it is known to be a staff member.
    """

    pk: str
    is_staff: bool


class AsgiRequest:
    """One request of an ASGI application.

    Args:
        scope: As the server made it; frameworks add to it.

    Attributes:
        scope: It.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self._meta: Meta | None = None
        self._root: str = scope.get("root_path", "")

    @property
    def method(self) -> str:
        """Its method; of a websocket the word."""
        return str(self.scope.get("method") or "WEBSOCKET")

    @property
    def path_info(self) -> str:
        """Its path without what the server says is the application's root."""
        return self.path.removeprefix(self._root) if self._root else self.path

    @property
    def scheme(self) -> str:
        """Such as `https`, as the server knows it."""
        return str(self.scope.get("scheme", ""))

    @property
    def META(self) -> Meta:  # noqa: N802  # as Django calls it
        """Headers and addresses in WSGI's form."""
        if self._meta is None:
            self._meta = Meta(self.scope)
        return self._meta

    @property
    def resolver_match(self) -> Match | None:
        """What answers it, as far as the framework has said yet; None where no route did."""
        found = routes.matched(self.scope)
        return Match(found, self.scope.get("path_params") or {}) if found else None

    @property
    def known_user(self) -> User | None:
        """Who the scope says the user is: an object as Starlette's, or a key; nobody is loaded."""
        user = self.scope.get("user")
        if user is None or getattr(user, "is_authenticated", True) is False:
            return None
        if isinstance(user, str | int):
            return User(str(user), is_staff=False)
        for name in _USER_KEYS:
            key = ask(getattr, user, name, None, otherwise=None)  # Starlette's own have no identity, and raise
            if key not in (None, ""):
                return User(str(key), bool(ask(getattr, user, "is_staff", False, otherwise=False)))
        return None
