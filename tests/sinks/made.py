"""Records as they come out of the streams."""

from __future__ import annotations

from typing import Any

from monitoring.sinks.records import Record

AT = 1_795_000_000_123
TRACE, SPAN, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "53995c3f42cd8ad8"
ERROR_ID = "0123456789abcdef0123456789abcdef"
IDS = {"trace_id": TRACE, "span_id": SPAN, "request_id": "r-1", "user_id": "7"}


def line(text: str = "The cart is empty", level: int = 30, **fields: Any) -> Record:
    values = {"level": level, "logger": "shop.carts", "text": text, "ids": dict(IDS), "fields": fields}
    return Record("line", "shop", "staging", "1.2", AT, values)


def error(error_id: str = ERROR_ID, **values: Any) -> Record:
    chain = [
        {
            "type": "shop.errors.SoldOut",
            "mro": ["shop.errors.SoldOut", "ValueError", "Exception", "BaseException"],
            "message": "none left",
            "link": "",
            "frames": [
                ["django.core.handlers", "/lib/django/handlers.py", "inner", 55, False],
                ["shop.views", "/app/shop/views.py", "buy", 12, True],
            ],
            "source": {"1": [11, ["def buy(request):", "    raise SoldOut('none left')", ""]]},
            "locals": {"1": {"left": "0"}},
        },
        {
            "type": "KeyError",
            "mro": ["KeyError", "LookupError", "Exception", "BaseException"],
            "message": "'sku'",
            "link": "cause",
            "frames": [["shop.stock", "/app/shop/stock.py", "find", 3, True]],
        },
    ]
    whole = {
        "id": error_id,
        "kind": "exception",
        "name": "POST api/buy/",
        "status": 500,
        "handled": False,
        "chain": chain,
        "context": {**IDS, "order": "o-9"},
        "worker": "shop@web-1",
        "route": "api/buy/",
        "client": "203.0.113.9",
        "user": "7",
        "request": {"method": "POST", "url": "https://shop.example.com/api/buy/", "body": "[Filtered]"},
        "crumbs": [[AT - 5, "WARNING", "shop.stock", "low"]],
        "fingerprint": "f" * 32,
    }
    return Record("error", "shop", "staging", "1.2", AT, {**whole, **values})


def logged() -> Record:
    """An error that is a line of the log, and nothing else."""
    place = ["shop.views", "/app/shop/views.py", "buy", 12, True]
    chain = [{"type": "", "mro": [], "message": "it failed", "link": "", "frames": [place]}]
    return error(kind="log", chain=chain, logger="shop.views", template="it %s", status=0)


def answered(status: int = 404) -> Record:
    return error(kind="response", chain=[], status=status)


def span(of: str = "request", failed: bool = False, **about: Any) -> Record:
    values = {
        "of": of,
        "name": "POST api/buy/" if of == "request" else "billing.example.com",
        "duration": 1_500_000_000,
        "trace": TRACE,
        "span": SPAN,
        "parent": PARENT,
        "status": 500 if failed else 200,
        "failed": failed,
        "about": {"request_id": "r-1", "method": "POST", "path": "/api/buy/", **about},
    }
    return Record("span", "shop", "staging", "1.2", AT, values)


def run(**values: Any) -> Record:
    whole = {
        "id": "t-1",
        "name": "shop.tasks.charge",
        "state": "FAILURE",
        "queue": "payments",
        "worker": "celery@w1",
        "duration": 0.25,
        "wait": 0.5,
        "retries": 0,
        "exception": "Declined",
        "message": "card declined",
        "trace": TRACE,
        "span": SPAN,
        "parent_span": PARENT,
        "request": "r-1",
    }
    return Record("run", "shop", "staging", "1.2", AT, {**whole, **values})
