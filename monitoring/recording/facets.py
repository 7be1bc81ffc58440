"""What may be recorded of a request. A middleware records all of it, or the documented facets one by one."""

from __future__ import annotations

from typing import Final

PERFORMANCE: Final = 1
"""How long it took; a sample and a warning where that was long."""
METRICS: Final = 2
"""That it was: requests in all, by status, by endpoint, and their histogram."""
ERRORS: Final = 4
"""The exception or the answer of 4xx or 5xx that it ended with."""
LINES: Final = 8
"""A line in the log."""
ANSWERS: Final = 16
"""Nothing: that the middleware answers what nobody handled. Under ASGI alone; Django has handlers for it."""
PROTECTION: Final = 32
"""Nothing: that the middleware refuses who is blocked or throttled. Under ASGI alone."""
NO_BUSINESS: Final = 64
"""Less: no business events of the request."""
NO_AUDIT: Final = 128
"""Less: no audit events of the request."""
USUAL: Final = PERFORMANCE | METRICS | ERRORS
"""What the combined middleware records. Lines are for who asks for them: they cost more than all the rest."""

ONLY: Final = {PERFORMANCE | METRICS: 0, PERFORMANCE: 1, METRICS: 2}
"""How the event of a request says which of the two it is for: 0 for both."""
EXCEPT_PERFORMANCE, EXCEPT_METRICS = ONLY[METRICS], ONLY[PERFORMANCE]
FOR: Final = 3
"""These bits of `only` say who an event is for."""
FAILED: Final = 4
"""This one, that it failed whatever its status: it is the answer to an exception that nobody handled."""
