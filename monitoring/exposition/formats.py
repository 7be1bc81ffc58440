"""The two text formats, and which of them a scraper wants."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.http.request import MediaType
from prometheus_client import Metric, exposition
from prometheus_client.openmetrics import exposition as openmetrics

_GZIP_LEVEL = 1


@dataclass(frozen=True)
class Families:
    """Families as prometheus-client wants to be given them: it asks a registry to collect."""

    families: Sequence[Metric]

    def collect(self) -> Iterable[Metric]:
        """Return the families."""
        return self.families


@dataclass(frozen=True)
class Format:
    """A text format.

    Attributes:
        content_type: Its media type.
        write: Writes families in it.
    """

    content_type: str
    write: Callable[[Families], bytes]


PLAIN = Format("text/plain; version=0.0.4; charset=utf-8", exposition.generate_latest)
OPENMETRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", openmetrics.generate_latest)


def wanted(request: HttpRequest) -> Format:
    """Return OpenMetrics to who prefers it by its `Accept` header, plain text to all others."""
    open_quality = _quality(request.accepted_types, "application/openmetrics-text", ("", "1.0.0"))
    plain_quality = _quality(request.accepted_types, "text/plain", ("", "0.0.4"))
    return OPENMETRICS if open_quality and open_quality >= plain_quality else PLAIN


def _quality(accepted: Iterable[MediaType], name: str, versions: Sequence[str]) -> float:
    return max(
        (
            one.quality
            for one in accepted
            if f"{one.main_type}/{one.sub_type}".lower() == name and one.params.get("version", "") in versions
        ),
        default=0.0,
    )


def takes_gzip(request: HttpRequest) -> bool:
    """Whether the answer may be compressed: `Accept-Encoding` names gzip and does not refuse it."""
    for coding in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, quality = coding.replace(" ", "").partition(";q=")
        if name in {"gzip", "*"}:
            return quality.strip("0.") != "" or quality == ""
    return False


def compress(text: bytes) -> bytes:
    """Compress an answer; quickly, as each scrape does it."""
    return gzip.compress(text, _GZIP_LEVEL, mtime=0)
