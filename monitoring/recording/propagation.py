"""To whom the running trace is told: those who are plainly inside, and those whom the operator names.

An id of ours that a stranger keeps tells him which of our calls belong together, and what he sends back would be taken
for a part of our traces. So it is told by the name of the host alone, without asking anybody for its address.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import ip_address
from time import time_ns
from urllib.parse import urlsplit

from . import keeping, w3c
from .context import Context, current
from .recorder import recorder

_INSIDE = (".local", ".localhost", ".internal", ".intranet", ".lan", ".corp", ".home.arpa", ".svc", ".consul")
"""Endings of names that no public name server knows."""
ANYBODY = "*"
REQUEST_ID = "X-Request-ID"
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)


def settle(url: str) -> Context | None:
    """Decide whether the running trace is kept, if whoever is about to be asked is told of it.

    Args:
        url: Where a request is about to be sent.

    Returns:
        What runs, or None where nothing does or a stranger is asked.
    """
    context = current.get()
    if context is None or not is_told(_host(url), recorder.config.trace_hosts):
        return None
    keeping.decide(context, time_ns())
    return context


def headers_for(url: str) -> dict[str, str]:
    """Return the headers by which whoever is asked continues the running trace; none for a stranger.

    A request's id goes along where its client chose one, so that it names the same request in all services.

    Args:
        url: Where a request is about to be sent.

    Example:
        >>> await httpx_client.get(url, headers=headers_for(url))
    """
    context = settle(url)
    if context is None:
        return {}
    told = {w3c.HEADER: context.traceparent}
    if context.request_id != context.trace_id:
        told[REQUEST_ID] = context.request_id
    return told


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # whoever sends it will say so
        return ""


@lru_cache(maxsize=1_000)
def is_told(host: str, named: tuple[str, ...]) -> bool:
    """Whether a host is told of traces.

    Args:
        host: Its name or address, in lower case.
        named: Whom the operator names: hosts, `.example.org` for all below one, or `*` for anybody.
    """
    host = unicodedata.normalize("NFKC", host).replace("\u3002", ".")  # as clients read it
    if not host:
        return False
    if ANYBODY in named or any(host == one or (one.startswith(".") and host.endswith(one)) for one in named):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        if _NUMBER.fullmatch(host):  # an address in one number, which may be anybody's
            return False
        return "." not in host.rstrip(".") or host.rstrip(".").endswith(_INSIDE)
    return address.is_private and not address.is_unspecified
