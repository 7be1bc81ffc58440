"""A WSGI application without Django that gunicorn serves: it answers with the number of its process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from monitoring.recording import presence
from monitoring.recording.effects import leaving

presence.serve()
leaving.follow()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer, after a moment."""
    del environ
    time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
