"""An HTTP client whose timeouts recovery may raise, and which honours the circuit that is declared under its name.

It does not try again by itself: whether a request may be repeated, its caller knows. Whom it asks is told the running
trace, unless that is a stranger (see `propagation`), and each call is a span of a trace that is kept.
"""

from __future__ import annotations

import inspect
from typing import Any
from urllib.parse import urlsplit

import requests

from monitoring.recording import propagation, spans, w3c

from .circuits import declared
from .marks import mark
from .timeouts import timeout as seconds_of

_CONNECT_SECONDS = 5.0
_FAILED = 500
_SIGNATURE = inspect.signature(requests.Session.request)


class Session(requests.Session):
    """A `requests.Session` with a named timeout; see `session`."""

    def __init__(self, name: str, default: float, most: float) -> None:
        super().__init__()
        self._name, self._default, self._most = name, default, most
        for prefix in ("https://", "http://"):
            self.mount(prefix, _Adapter())

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """Send a request, as `requests` does; one that names a timeout of its own keeps it.

        Raises:
            CircuitOpenError: The circuit of this name is open: nothing was sent.
            requests.RequestException: It failed.
        """
        given = _SIGNATURE.bind(self, *args, **options)
        if given.arguments.get("timeout") is None:
            seconds = seconds_of(self._name, self._default, most=self._most)
            given.arguments["timeout"] = (min(_CONNECT_SECONDS, seconds), seconds)
        circuit = declared(self._name)
        if circuit is not None:
            with circuit as passage:
                passage.told = True
                response = super().request(*given.args[1:], **given.kwargs)
                if response.status_code >= _FAILED:
                    passage.fail()
                return response
        try:
            return super().request(*given.args[1:], **given.kwargs)
        except Exception as error:
            mark(error, self._name)
            raise

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send one request as a span, also each that a redirect leads to; see `requests`."""
        url, method = request.url or "", request.method or ""
        host = urlsplit(url).hostname or ""
        propagation.settle(url)
        with spans.client(f"{method} {host}", {"dependency": self._name, "method": method, "host": host}) as call:
            response = super().send(request, **options)
            call.status = response.status_code
        return response


class _Adapter(requests.adapters.HTTPAdapter):
    """Tells whom it asks of the running trace; each alone, as a redirect may lead to a stranger."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request; a `traceparent` that the caller has given, or OpenTelemetry, stays as it is."""
        told = {} if w3c.HEADER in request.headers else propagation.headers_for(request.url or "")
        if told:
            request = request.copy()  # the original is what a redirect is made of
            request.headers.update({name: told[name] for name in told if name not in request.headers})
        return super().send(request, *args, **options)


def session(name: str, timeout: float = 5.0, *, most: float | None = None) -> Session:
    """Make a session for one dependency.

    Args:
        name: The dependency's, under which its timeout (and its circuit, if one is declared) is known.
        timeout: Seconds between two bytes of an answer, as long as nothing else was decided.
        most: Seconds beyond which nothing raises it; four times the timeout unless given.

    Raises:
        ValueError: The timeout is not positive, or more than the most.
    """
    most = 4 * timeout if most is None else most
    seconds_of(name, timeout, most=most)
    return Session(name, timeout, most)
