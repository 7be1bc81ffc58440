"""`SecurityMonitor`: what code can ask about the request it answers, in the process that answers it. Needs no Django.

It looks at the one request and counts its client's requests in this process; what many requests say together, over all
processes, the platform's own watch finds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from monitoring.address import FORWARDED_FOR
from monitoring.journal.faces import surroundings
from monitoring.recording import patterns, scrub
from monitoring.recording.asgi.request import Meta
from monitoring.recording.client import address_of

MOST_CLIENTS = 10_000
"""Clients that are counted; beyond them those are forgotten that came longest ago."""
_MINUTE = 60.0
_MESSAGES = {
    "sql": "The request looks like an injection of SQL.",
    "script": "The request looks like an injection of a script (XSS).",
    "command": "The request looks like an injection of a command.",
    "template": "The request looks like an injection into a template.",
    "traversal": "The request looks like a path traversal.",
    "tool": "The client calls itself a scanner.",
}


class SecurityMonitor:
    """Says what is wrong with a request.

    Args:
        max_requests_per_minute: From so many requests of one client within a minute on, the next one is an issue.
        clock: Seconds that only grow.

    Attributes:
        max_requests_per_minute: May be changed at any time.
    """

    def __init__(self, max_requests_per_minute: int = 100, *, clock: Callable[[], float] = monotonic) -> None:
        self.max_requests_per_minute = max_requests_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    async def check_security(self, request: Any, context: Any = None) -> dict[str, Any]:
        """Look at a request. It reads neither body nor user, waits for nothing, and never raises.

        Args:
            request: Of Django, Starlette or FastAPI, or a scope of ASGI.
            context: Where the request has no address: a dict or object with `ip_address`, `client_ip` or `client`.

        Returns:
            `issues_found`, how many, and `issues`: each with its `type` (`rate_limit`, `sql`, `script`, `command`,
            `template`, `traversal`, `tool`), a `message`, a `confidence` from 0 to 1 and, of patterns, where it was
            (`where`) and what matched (`fragment`, scrubbed).
        """
        try:
            issues = self._issues(request, context)
        except Exception:  # the request is more important than what is said of it
            issues = []
        return {"issues_found": len(issues), "issues": issues}

    def _issues(self, request: Any, context: Any) -> list[dict[str, Any]]:
        meta, path = _read(request)
        client = address_of(meta.get("REMOTE_ADDR"), meta.get(FORWARDED_FOR)) or surroundings.read(context).get(
            "client", ""
        )
        issues: list[dict[str, Any]] = []
        if client and (count := self._count(client)) > self.max_requests_per_minute:
            message = f"More than {self.max_requests_per_minute} requests within a minute."
            confidence = round(1 - self.max_requests_per_minute / (2 * count), 2)
            issues.append({"type": "rate_limit", "message": message, "confidence": confidence})
        texts = (path, str(meta.get("QUERY_STRING") or ""), str(meta.get("HTTP_USER_AGENT") or ""))
        if patterns.worth(*texts):
            issues += [_told(hit) for hit in patterns.hits(*texts)]
        return issues

    def _count(self, client: str) -> int:
        """Count a request; return how many there were within a minute, one more than the limit at most."""
        now = self._clock()
        with self._lock:
            times = self._seen.setdefault(client, deque())
            self._seen.move_to_end(client)
            times.append(now)
            while times[0] <= now - _MINUTE or len(times) > max(0, self.max_requests_per_minute) + 1:
                times.popleft()
            if len(self._seen) > MOST_CLIENTS:
                self._seen.popitem(last=False)
            return len(times)


def _read(request: Any) -> tuple[Mapping[str, Any], str]:
    """Return what stands in a request as WSGI has it, and its path."""
    if isinstance(request, Mapping):
        return Meta(dict(request)), str(request.get("path", ""))
    if (meta := getattr(request, "META", None)) is not None:
        return meta, str(request.path)
    scope = request.scope
    return Meta(scope), str(scope.get("path", ""))


def _told(hit: patterns.Hit) -> dict[str, Any]:
    return {
        "type": hit.kind,
        "message": _MESSAGES[hit.kind],
        "confidence": round(hit.weight, 2),
        "where": hit.where,
        "fragment": scrub.text(hit.fragment, patterns.MAX_FRAGMENT),
    }
