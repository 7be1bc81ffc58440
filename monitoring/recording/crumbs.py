"""Breadcrumbs: what a request or task logged and asked of databases lately, told when it fails.

Of a query its statement is told, with marks where its parameters were; parameters never are.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from .context import current
from .recorder import SWALLOWED, recorder

_MAX_TEXT = 500
QUERY = "query"


def leave(level: str, source: str, text: str) -> None:
    """Leave one in the running request or task; outside of both there is nobody to tell."""
    try:
        context = current.get()
        if context is None:
            return
        if context.crumbs is None:
            context.crumbs = deque(maxlen=recorder.config.breadcrumbs)
        context.crumbs.append((time.time_ns(), level, source, text[:_MAX_TEXT]))
    except SWALLOWED:
        recorder.failed()


def watch_queries(connection: Any = None, **_: Any) -> None:
    """Leave one for each query of a database connection; called when it is made."""
    if recorder.enabled and recorder.config.capture_logs and _query not in connection.execute_wrappers:
        connection.execute_wrappers.append(_query)


def _query(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    if isinstance(sql, str):
        leave(QUERY, context["connection"].alias, sql)
    return execute(sql, params, many, context)
