"""Does a service that the monitored one depends on answer?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from monitoring import __version__
from monitoring.component import Check, Outcome, Status

_MOST_REDIRECTS = 3


@dataclass(frozen=True)
class Dependency(Check):
    """Sends a GET to `url`, which may hold a secret: neither it nor the answer is ever shown.

    A server error makes it unhealthy, a client error degraded: the service is there, and does not like the question.
    """

    time_limit: float = 5.0
    interval: float = 30.0
    url: str = field(default="", repr=False)

    def run(self) -> Outcome:
        """Ask, follow a few redirects, and leave the body alone."""
        import requests  # only here: it would cost memory in every process that loads its checks

        began = time.monotonic()
        with requests.Session() as session:
            session.max_redirects = _MOST_REDIRECTS
            session.headers["User-Agent"] = f"enginel/{__version__}"
            try:
                with session.get(self.url, timeout=(self.time_limit / 2, self.time_limit), stream=True) as response:
                    status = response.status_code
            except requests.TooManyRedirects:
                return Outcome(Status.UNHEALTHY, f"More than {_MOST_REDIRECTS} redirects")
            except requests.Timeout:
                return Outcome(Status.UNHEALTHY, f"No answer within {self.time_limit:g} s")
            except requests.RequestException as error:
                return Outcome(Status.UNHEALTHY, f"No answer: {type(error).__name__}")
        return verdict(status, time.monotonic() - began)


def verdict(status: int, seconds: float) -> Outcome:
    """Judge the status of an answer that took this many seconds."""
    details = {"status_code": status, "seconds": round(seconds, 3)}
    if status >= 500:
        return Outcome(Status.UNHEALTHY, f"It answers {status}", details)
    if status >= 400:
        return Outcome(Status.DEGRADED, f"It answers {status}", details)
    return Outcome(Status.HEALTHY, "It answers", details)
