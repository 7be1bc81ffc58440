"""One reading at a time: scrapers that come together, or again at once, are answered with the same.

However many scrapers there are, a process reads the database once in `METRICS_CACHE_SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from prometheus_client import Metric

from .formats import Families, Format, compress

WAIT_SECONDS = 10.0
"""How long a scraper waits for the reading that another one began; Prometheus itself gives up after ten seconds."""


class BusyError(Exception):
    """The reading that is going on takes too long."""


class Answers:
    """What was read last, and its text in the formats it was asked for.

    Args:
        read: Reads the families.
    """

    def __init__(self, read: Callable[[], Sequence[Metric]]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._families: Families | None = None
        self._texts: dict[tuple[str, bool], bytes] = {}
        self._read_at = 0.0

    def text(self, form: Format, *, compressed: bool, lifetime: float) -> bytes:
        """Return the text of the families.

        Args:
            form: In which format.
            compressed: Whether by gzip.
            lifetime: Seconds for which one reading answers everybody.

        Raises:
            BusyError: Somebody else is reading, for too long.
        """
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise BusyError
        try:
            now = time.monotonic()
            if self._families is None or now - self._read_at >= lifetime:
                self._families, self._texts = Families(self._read()), {}
                self._read_at = now
            return self._text(self._families, form, compressed=compressed)
        finally:
            self._lock.release()

    def _text(self, families: Families, form: Format, *, compressed: bool) -> bytes:
        key = (form.content_type, compressed)
        if key not in self._texts:
            plain = (form.content_type, False)
            self._texts.setdefault(plain, form.write(families))
            if compressed:
                self._texts[key] = compress(self._texts[plain])
        return self._texts[key]

    def forget(self) -> None:
        """Read anew for the next scraper."""
        with self._lock:
            self._families = None
