"""Orders: sums, refunds, and what is printed on paper."""

from __future__ import annotations

from typing import Any

from shop.checks import flag, require
from shop.values import Money


class OrderMissingError(Exception):
    """No order has this number."""


class OrderInvalidError(Exception):
    """An order cannot be read."""


class StockUnknownError(Exception):
    """Nobody knows how many there are."""


def total_of(order: dict[str, Any]) -> float:
    return float(sum(line["price"] * line["quantity"] for line in order["lines"]))


def average_of(order: dict[str, Any]) -> float:
    lines = order["lines"]
    return float(sum(line["price"] for line in lines) / len(lines))


def customer_label(order: dict[str, Any]) -> str:
    customer = order["customer"]
    return f"To {customer.name}"


def courier_label(order: dict[str, Any]) -> str:
    courier = order["courier"]
    return f"By {courier.name}"


def depot_label(order: dict[str, Any]) -> str:
    depot = order["depot"]
    return f"From {depot.name}"


def with_tax(net: Any, tax: Any) -> Any:
    return net + tax


def with_shipping(net: Any, shipping: Any) -> Any:
    return net + shipping


def summary(order: dict[str, Any]) -> str:
    title = order.get("title", "order")
    return f"{title}: {total_of(order)}"


def receipt(order: dict[str, Any]) -> list[str]:
    head = ["Receipt", "-------"]
    return [*head, summary(order)]


def find(number: int) -> dict[str, Any]:
    """Its callers are to ask for orders that exist."""
    raise OrderMissingError(f"order {number} does not exist")


def refund(number: int) -> dict[str, Any]:
    wanted = number * 100
    return find(wanted)


def cancel(number: int) -> dict[str, Any]:
    wanted = number + 1
    return find(wanted)


def reprint(number: int) -> dict[str, Any]:
    return find(-number)


def ship(order: dict[str, Any]) -> None:
    require(order.get("adress"), "address")


def bill(order: dict[str, Any]) -> None:
    require(order.get("vat"), "tax number")


def refund_amount(order: dict[str, Any], paid: int) -> Money:
    return Money(order["id"] - paid - 10_000)


def voucher_amount(percent: int) -> Money:
    return Money(0 - percent)


def banner() -> bool:
    return flag("bannr")


def search_box() -> bool:
    return flag("serach")


def stock_of(sku: str, stock: dict[str, int]) -> int:
    try:
        return stock[sku]
    except KeyError:
        raise StockUnknownError(f"no stock of {sku}") from None


def _read_lines(raw: dict[str, Any]) -> list[Any]:
    return list(raw["lines"])


def _read_day(raw: dict[str, Any]) -> int:
    return int(raw["day"])


def load(raw: dict[str, Any]) -> tuple[list[Any], int]:
    """Says that an order is invalid, while it handles what is wrong with it."""
    try:
        return _read_lines(raw), _read_day(raw)
    except (KeyError, ValueError):
        raise OrderInvalidError(f"order {raw.get('id')} cannot be read")  # noqa: B904


def convert(row: dict[str, Any]) -> tuple[float, str]:
    """Two bugs in one function: only their lines tell them apart."""
    weight = row["weight"]
    unit = row["unit"]
    return weight, unit


def schedule(row: dict[str, Any]) -> tuple[int, int]:
    """Two more, whose messages differ by the value alone."""
    begins = int(row["begins"])
    ends = int(row["ends"])
    return begins, ends


def export_1(order: dict[str, Any]) -> Any:
    return order["lines"][0]


def export_2(order: dict[str, Any]) -> Any:
    return order["parcels"][0]
