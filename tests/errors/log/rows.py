"""Groups and rows of the log, as the digest leaves them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.errors.groups.models import ErrorGroup, GroupHour
from monitoring.errors.log.models import ErrorLog

FRAMES = [
    ["shop.views", "/srv/shop/views.py", "Basket.post", 41, True],
    ["shop.prices", "/srv/shop/prices.py", "total", 7, True],
]
CHAIN = [
    {
        "type": "shop.errors.PriceError",
        "message": "no price for 17",
        "mro": ["shop.errors.PriceError", "ValueError", "Exception", "BaseException"],
        "link": "",
        "frames": FRAMES,
        "source": {"1": [6, ["def total(basket):", "    return sum(price(item) for item in basket)", ""]]},
        "locals": {"1": {"basket": "[17]"}},
    },
    {
        "type": "KeyError",
        "message": "17",
        "mro": ["KeyError", "LookupError", "Exception", "BaseException"],
        "link": "cause",
        "frames": [["shop.prices", "/srv/shop/prices.py", "price", 12, True]],
        "source": {},
        "locals": {},
    },
]


def make_group(**values: Any) -> ErrorGroup:
    now = datetime.now(UTC)
    known = {
        "service": "shop",
        "title": "PriceError: no price for <id>",
        "error_type": "PriceError",
        "exception_type": "shop.errors.PriceError",
        "severity": "medium",
        "status_code": 500,
        "name": "POST api/basket/",
        "first_seen": now,
        "last_seen": now,
    }
    return ErrorGroup.objects.create(**known | values)


def full(group: ErrorGroup | None = None, *, ago: float = 0, **values: Any) -> ErrorLog:
    """An error that is kept in full; `ago` is in seconds."""
    known = _slim(group, ago) | {
        "exception_type": "shop.errors.PriceError",
        "exception_message": "no price for 17",
        "chain": CHAIN,
        "crumbs": [
            [1_795_000_000_000, "INFO", "shop.views", "basket of 1"],
            [1_795_000_000_500, "query", "", "SELECT"],
        ],
        "context": {"trace_id": "ab" * 16, "user_id": "5", "item": 17},
        "request_data": {"method": "POST", "route": "api/basket/", "query": {"page": "2"}},
        "full_url": "https://shop.example/api/basket/?page=2",
        "user_agent": "curl/8",
        "ip_address": "192.0.2.7",
        "kept": "new",
    }
    return ErrorLog(**known | values)


def slim(group: ErrorGroup | None = None, *, ago: float = 0, **values: Any) -> ErrorLog:
    """An error whose payload was not kept."""
    return ErrorLog(**_slim(group, ago) | {"kept": ""} | values)


def _slim(group: ErrorGroup | None, ago: float) -> dict[str, Any]:
    return {
        "error_id": uuid.uuid4(),
        "created": datetime.now(UTC) - timedelta(seconds=ago),
        "group": group,
        "fingerprint": "0123456789abcdef",
        "service": "shop",
        "error_type": "PriceError",
        "severity": "medium",
        "status_code": 500,
        "name": "POST api/basket/",
        "url_pattern": "api/basket/",
        "method": "POST",
        "user_key": "5",
        "trace_id": "ab" * 16,
    }


def store(*rows: ErrorLog) -> list[ErrorLog]:
    return ErrorLog.objects.bulk_create(rows, batch_size=1000)


def count_hours(group: ErrorGroup, counts: Iterable[tuple[int, int]]) -> None:
    """Count errors of a group: pairs of an hour since the epoch, and a number."""
    GroupHour.objects.bulk_create([GroupHour(group=group, hour=hour, count=count) for hour, count in counts])
