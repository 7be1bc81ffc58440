"""Tasks, which retry, chain, and run into the same bugs as views."""

from __future__ import annotations

from typing import Any

from celery import Celery
from shop import depots, orders, payments, prices, quotes, rows, trees, values

app = Celery("shop", broker="memory://", set_as_current=False)
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


def task(**options: Any) -> Any:
    return app.task(**options)


@task(name="shop.nightly")
def nightly(count: int) -> list[float]:
    found = [{"lines": [{"sku": f"nut-{one}", "quantity": one}]} for one in range(count)]
    return [orders.total_of(order) for order in found]


@task(name="shop.refund")
def refund(number: int) -> None:
    orders.refund(number)


@task(name="shop.cancel")
def cancel(number: int) -> None:
    orders.cancel(number)


@task(name="shop.ship")
def ship(number: int) -> None:
    orders.ship({"id": number})


@task(name="shop.import_prices")
def import_prices(lines: list[str]) -> list[int]:
    return prices.import_prices(lines)


@task(
    name="shop.charge",
    autoretry_for=(payments.PaymentError,),
    retry_backoff=False,
    default_retry_delay=0,
    retry_jitter=False,
    max_retries=2,
)
def charge(number: int) -> None:
    payments.charge(number, 1)


@task(name="shop.settle", bind=True, max_retries=2, default_retry_delay=0)
def settle(self: Any, port: int) -> None:
    try:
        payments.settle(port)
    except OSError as error:
        raise self.retry(exc=error) from error


@task(name="shop.weigh")
def weigh(depth: int) -> int:
    return trees.walk(trees.nested(depth))


@task(name="shop.quote")
def quote(sku: str) -> int:
    return quotes.quote_now(sku)


@task(name="shop.audit")
def audit(name: str) -> str:
    return quotes.audit_pool(name)


@task(name="shop.convert")
def convert(currency: str) -> float:
    return depots.bill_in(currency)


@task(name="shop.register")
def register(name: str) -> None:
    rows.register(name)


@task(name="shop.double")
def double(number: int) -> int:
    return number * 2


@task(name="shop.sum_up")
def sum_up(number: int) -> float:
    return values.sum_of([f"nut {number}"])


@task(name="shop.product")
def product(name: str) -> str:
    return prices.product_path(name)
