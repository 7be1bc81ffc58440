"""Views, sync and async, each of which runs into somebody's bug or into its own."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from shop import depots, made, orders, pages, payments, prices, quotes, rows, trees, values

logger = logging.getLogger("shop.views")


def order(request: HttpRequest, number: int) -> dict[str, Any]:
    return {"id": number, "lines": [{"sku": "nut", "quantity": number}], "customer": None, "courier": None}


def show_total(request: HttpRequest, number: int) -> HttpResponse:
    return JsonResponse({"total": orders.total_of(order(request, number))})


def show_receipt(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(orders.receipt(order(request, number)))


def show_customer(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(orders.customer_label(order(request, number)))


def show_courier(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(orders.courier_label(order(request, number)))


def refund(request: HttpRequest, number: int) -> HttpResponse:
    return JsonResponse(orders.refund(number))


def cancel(request: HttpRequest, number: int) -> HttpResponse:
    return JsonResponse(orders.cancel(number))


def ship(request: HttpRequest, number: int) -> HttpResponse:
    orders.ship(order(request, number))
    return HttpResponse()


def bill(request: HttpRequest, number: int) -> HttpResponse:
    orders.bill(order(request, number))
    return HttpResponse()


def change_amount(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(prices.form_amount({"amount": f"{number},50"}))


def pay(request: HttpRequest, number: int) -> HttpResponse:
    payments.checkout(number, 1)
    return HttpResponse()


def pay_saved(request: HttpRequest, number: int) -> HttpResponse:
    payments.checkout_saved(number, {"tokens": {}})
    return HttpResponse()


def tree(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(trees.walk(trees.nested(number)))


def rule(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(made.run_rule("margin", {"net": number, "gross": 0}))


def parcel(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(values.Parcel(f"nut-{number}"))


def basket(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(pages.render("basket.html"))


def offer(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(pages.render("offer.html", amount="cheap"))


def register(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(rows.register(f"member {number}"))


def product(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(prices.product_path("!" * number))


def forbidden(request: HttpRequest, number: int) -> HttpResponse:
    raise PermissionDenied(f"order {number} is not yours")


def missing(request: HttpRequest, number: int) -> HttpResponse:
    raise Http404(f"no order {number}")


def shown(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(rows.shown(f"member {number}"))


def deliver(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(depots.deliver(f"day {number}"))


def away(request: HttpRequest, number: int) -> HttpResponse:
    return JsonResponse({"retry": number}, status=503)


def taken(request: HttpRequest, number: int) -> HttpResponse:
    return JsonResponse({"order": number}, status=409)


def audit(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(quotes.audit(f"auditor {number}"))


async def audit_async(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(await quotes.audit_async(f"auditor {number}"))


async def quote(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(await quotes.quote(f"bolt-{number}"))


async def quote_all(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(await quotes.quote_all("nut", f"bolt-{number}"))


async def quote_group(request: HttpRequest, number: int) -> HttpResponse:
    await quotes.quote_group("nut", *(f"bolt-{one}" for one in range(number)))
    return HttpResponse()


async def stock_group(request: HttpRequest, number: int) -> HttpResponse:
    await quotes.stock_group(*(f"bolt-{one}" for one in range(number)))
    return HttpResponse()


async def total_async(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse(orders.total_of(order(request, number)))


def log_line(request: HttpRequest, number: int) -> HttpResponse:
    logger.error("the printer of depot %s does not answer", number)
    return HttpResponse()


def log_text(request: HttpRequest, number: int) -> HttpResponse:
    logger.error(f"parcel {number} was not scanned")  # noqa: G004
    return HttpResponse()


def log_exception(request: HttpRequest, number: int) -> HttpResponse:
    try:
        orders.total_of(order(request, number))
    except KeyError:
        logger.exception("no total for order %s", number)
    return HttpResponse()
