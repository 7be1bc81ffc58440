"""What an error says of the request it happened in: taken cheaply where it happens, described on the flusher's thread.

Only attributes that are already there are read, by duck typing: neither the body nor the user nor the session is asked
for, which would change what the view sees. The client's address is not told here: whose it is depends on proxies.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import UUID

from msgspec import Struct

from . import scrub
from .raised.reading import is_from_signal

_MAX_URL, _MAX_REFERER, _MAX_PATH, _MAX_AGENT, _MAX_HEADER, _MAX_QUERY = 2_000, 1_000, 500, 500, 500, 8_000
_MAX_BODY, _MAX_READ, _MAX_FIELDS = 4_000, 16_384, 50
_FORM = "application/x-www-form-urlencoded"
_TAKEN = (
    "HTTP_HOST",
    "SERVER_NAME",
    "QUERY_STRING",
    "HTTP_USER_AGENT",
    "HTTP_REFERER",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
)
_PARSED = "_enginel_parsed"
# Who the client is: personal data that is told once, by the address that is believed.
_ADDRESSES = frozenset(
    {
        "FORWARDED",
        "VIA",
        "FROM",
        "CLIENT_IP",
        "TRUE_CLIENT_IP",
        "X_FORWARDED_FOR",
        "X_ORIGINAL_FORWARDED_FOR",
        "X_REAL_IP",
        "X_CLIENT_IP",
        "X_CLUSTER_CLIENT_IP",
        "X_ENVOY_EXTERNAL_ADDRESS",
        "X_AZURE_CLIENTIP",
        "CF_CONNECTING_IP",
        "CF_CONNECTING_IPV6",
        "FASTLY_CLIENT_IP",
    }
)
# Read and scrubbed on their own.
_TOLD = frozenset({"HOST", "USER_AGENT", "REFERER"})
_IN_QUERIES = frozenset({"key", "sig", "code"})
"""Names that say little elsewhere, but in the query of a URL are those of API keys, signatures and OAuth's codes."""


class Captured(Struct, frozen=True, gc=False):
    """What was taken of a request: texts and small parts that nobody changes any more, unread.

    Attributes:
        method: Of the request.
        path: With its script's prefix.
        scheme: `http` or `https`, as the server knows it.
        meta: Texts of `META`, in the order in which they are taken.
        parts: The converted parts of the path by their names in the route.
        headers: All headers, if they are recorded.
        form: Fields of a form that the view read, if bodies are recorded.
        parsed: What a framework made of a body of JSON, if bodies are recorded.
        body: The beginning of a body that the view read, if bodies are recorded.
        length: Bytes of that body in all.
    """

    method: Any
    path: Any
    scheme: Any
    meta: tuple[Any, ...]
    parts: Mapping[str, Any]
    headers: tuple[tuple[Any, Any], ...] = ()
    form: tuple[tuple[Any, Any], ...] | None = None
    parsed: Any = None
    body: bytes | None = None
    length: int = 0


def keep_parsed(request: Any) -> None:
    """Remember what REST framework parsed of a body, of which it leaves no text behind; never parses it.

    Args:
        request: REST framework's, around Django's.
    """
    try:
        vars(request._request)[_PARSED] = vars(request)["_full_data"]
    except Exception:  # another kind of request, or a body that nobody asked for
        return


def capture(request: Any, *, headers: bool = False, body: bool = False) -> Captured | None:
    """Take what `describe` needs of a request; runs on the caller's thread, never raises.

    Args:
        request: Django's, or whatever has `method`, `path` and `META`.
        headers: Whether to take the headers (`MONITORING["RECORD_HEADERS"]`).
        body: Whether to take the body, as far as the view has read it (`MONITORING["RECORD_BODY"]`).

    Returns:
        Parts that hold no reference to the request; None where there is nothing to take.
    """
    try:
        get = request.META.get
        parts = getattr(getattr(request, "resolver_match", None), "kwargs", None) or {}
        more = _more(request, headers=headers, body=body) if headers or body else {}
        taken = tuple([get(key) for key in _TAKEN])
        return Captured(request.method, request.path, getattr(request, "scheme", ""), taken, parts, **more)
    except Exception as error:  # the error is more important than what is said of its request
        if is_from_signal(error):
            raise
        return None


def _more(request: Any, *, headers: bool, body: bool) -> dict[str, Any]:
    """Take what is off by default."""
    more: dict[str, Any] = {}
    if headers:
        more["headers"] = tuple((key[5:], text) for key, text in request.META.items() if key.startswith("HTTP_"))
    if not body:
        return more
    state = vars(request)
    form, read, parsed = state.get("_post"), state.get("_body"), state.get(_PARSED)
    if form:
        more["form"] = tuple((key, tuple(form.getlist(key)[:_MAX_FIELDS])) for key in list(form)[:_MAX_FIELDS])
    elif type(parsed) in (dict, list):
        more["parsed"] = parsed
    elif isinstance(read, bytes):
        more["body"], more["length"] = read[:_MAX_READ], len(read)
    return more


def path_of(request: Any) -> str:
    """Return the path of a request, bounded, without the parts that its route gives a denied name."""
    match = getattr(request, "resolver_match", None)
    return _path(_text(request.path), getattr(match, "kwargs", None) or {})[:_MAX_PATH]


def describe(captured: Captured | None) -> dict[str, Any]:
    """Describe a request without secrets, as plain JSON of bounded size. Never raises.

    Args:
        captured: What was taken of it.

    Returns:
        `method`, `scheme`, `host`, `path`, `url`, `query`, `user_agent`, `referer`, `content_type`, `content_length`,
        `headers` and `body`; what is empty is left out.
    """
    if captured is None:
        return {}
    try:
        return {key: told for key, told in _described(captured).items() if told not in ("", None, {}, ())}
    except Exception:  # whatever a client managed to send
        return {"problem": "its description failed"}


def _described(captured: Captured) -> dict[str, Any]:
    sent, server, query, agent, referer, kind, length = (_text(one) for one in captured.meta)
    path = scrub.text(_path(_text(captured.path), captured.parts), _MAX_PATH)
    host = scrub.text(sent or server, 255)
    scheme, asked = scrub.clean(_text(captured.scheme), 10), _query(query)
    encoded = "&".join(f"{quote(name, safe='')}={quote(one, safe='[]')}" for name, one in asked)
    address = f"{scheme or 'http'}://{host}{path}{'?' if encoded else ''}{encoded}"
    described = {
        "method": scrub.clean(_text(captured.method), 20),
        "scheme": scheme,
        "host": host,
        "path": path,
        "url": address[:_MAX_URL],
        "query": _grouped(asked),
        "user_agent": scrub.text(agent, _MAX_AGENT),
        "referer": _referer(referer),
        "content_type": scrub.text(kind, 200),
        "content_length": int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None,
        "headers": _headers(captured.headers),
    }
    if captured.form is not None or captured.parsed is not None or captured.body is not None:
        described["body"] = _body(captured, kind.partition(";")[0].strip().lower())
    return described


def _text(item: Any) -> str:
    return item if isinstance(item, str) else ""


def _path(path: str, parts: Mapping[str, Any]) -> str:
    """Return a path; those of its parts that the route gives a denied name, such as `<str:token>`, are filtered."""
    for name, part in list(parts.items()):
        if type(part) in (str, int, UUID) and part != "" and scrub.denied(str(name)):
            path = path.replace(str(part), scrub.FILTERED)
    return path


def _query(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query, scrubbed by their names and contents."""
    asked = parse_qsl(query[:_MAX_QUERY], keep_blank_values=True)[:_MAX_FIELDS]
    return [(scrub.text(name, 100), _parameter(name, one)) for name, one in asked]


def _parameter(name: str, one: str) -> str:
    hidden = scrub.denied(name) or name.lower() in _IN_QUERIES
    return scrub.FILTERED if hidden and one else scrub.text(one, 500)


def _grouped(asked: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return parameters by name: the value, or a list where there are several."""
    found: dict[str, list[str]] = {}
    for name, one in asked:
        found.setdefault(name, []).append(one)
    return {name: several[0] if len(several) == 1 else several for name, several in found.items()}


def _referer(referer: str) -> str:
    """Return the page the request came from, scrubbed like its own address."""
    page, _, query = referer.partition("#")[0].partition("?")
    asked = "&".join(f"{quote(name, safe='')}={quote(one, safe='[]')}" for name, one in _query(query))
    return f"{scrub.text(page, _MAX_PATH)}{'?' if asked else ''}{asked}"[:_MAX_REFERER]


def _headers(headers: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Return headers by their names as people write them; secret and personal ones are filtered."""
    told: dict[str, str] = {}
    for key, one in list(headers)[:100]:
        name = _text(key)
        if name in _TOLD:
            continue
        hidden = name in _ADDRESSES or scrub.denied(name)
        told[scrub.text(name.replace("_", "-").title(), 100)] = (
            scrub.FILTERED if hidden else scrub.text(_text(one), _MAX_HEADER)
        )
    return told


def _body(captured: Captured, kind: str) -> Any:
    """Return a body by its fields where it has some, else only how long it is and of what kind."""
    if captured.form is not None:
        pairs = [(_text(key), one) for key, several in captured.form for one in several]
        return _bounded(_grouped(pairs))
    if captured.parsed is not None:
        return _bounded(captured.parsed)
    body = captured.body or b""
    if captured.length <= len(body):
        if kind == _FORM:
            return _bounded(_grouped(_query(body.decode("utf-8", "replace"))))
        if kind == "application/json" or kind.endswith("+json"):
            try:
                return _bounded(json.loads(body))
            except (ValueError, RecursionError):
                pass
    return f"<{captured.length} bytes of {scrub.text(kind, 100) or 'unknown type'}>"


def _bounded(fields: Any) -> Any:
    """Return fields as scrubbed JSON; one that is longer than what is kept, as the beginning of its text."""
    scrubbed = scrub.value(fields)
    text = json.dumps(scrubbed, ensure_ascii=False)
    return scrubbed if len(text) <= _MAX_BODY else text[:_MAX_BODY]
