"""The app of a real worker, for the tests that start one."""

from __future__ import annotations

from enginel.celery import app

__all__ = ["app"]


@app.task(name="shop.sell", acks_late=True)
def sell() -> None:
    """Sell something, which takes no time."""
