"""The corpus: what is run of a release, and whose fault each error is.

A cause is what one would change to repair it. So a function that is wrong is one cause, wherever it was called from;
and where a function rightly refuses what it is given, each caller that gives it something wrong is a cause of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from .capturing import attempt, command, coroutine, get, get_async, plain, post, script, task

Sample = tuple[str, Callable[[], None]]
"""Name of a cause, and what runs into it."""


def samples(shop: SimpleNamespace) -> Iterator[Sample]:
    """Return everything that is run of a release."""
    for part in (_wrong_helpers, _wrong_callers, _lookalikes, _wrapped, _recursion, _concurrent, _tasks, _made):
        yield from part(shop)
    for part in (_values, _database, _pages, _answers, _same_function):
        yield from part(shop)


def _wrong_helpers(shop: SimpleNamespace) -> Iterator[Sample]:
    orders, prices = shop.orders, shop.prices
    order = {"lines": [{"quantity": 1}]}
    for way in (
        get("/show_total/3/"),
        get("/show_total/4/"),
        get("/show_receipt/5/"),
        get_async("/total_async/6/"),
        get("/log_exception/7/"),
        get("/api/totals/8/"),
        plain(orders.summary, order),
        task(shop.tasks.nightly, 3),
        command(shop.commands.Report),
    ):
        yield "total without a price", way
    for way in (
        plain(prices.import_prices, ["1", "2,5"]),
        plain(prices.import_rates, ["eur=1", "usd=1,1"]),
        get("/change_amount/4/"),
        get("/change_amount/5/"),
        post("/api/items/", {"sku": "nut-1", "amount": "3,1"}),
        task(shop.tasks.import_prices, ["7,5"]),
        command(shop.commands.Rates),
    ):
        yield "amount with a comma", way
    for way in (
        get("/product/2/"),
        get("/product/3/"),
        get("/api/product/4/"),
        plain(prices.category_path, "!", "nuts"),
        task(shop.tasks.product, "?!"),
    ):
        yield "slug of signs", way
    for way in (
        plain(prices.delivery_price, 1.0, 2.0),
        plain(prices.nearest, 1.0, [3.0, 4.0]),
        plain(prices.route_length, [5.0, 6.5]),
        script(prices.distance, 1.5, 7.0),
    ):
        yield "distance to the north", way
    for way in (plain(orders.average_of, {"lines": []}), script(orders.average_of, {"lines": []})):
        yield "average of nothing", way
    depots = shop.depots
    for day in ("Sunday", "Monday"):
        for function in (depots.deliver, depots.collect, depots.plan, depots.is_open):
            yield "calendar of depots empty", plain(function, day)
        yield "calendar of depots empty", get(f"/deliver/{len(day)}/")
        for function in (depots.price_in, depots.bill_in, depots.rate_of):
            yield "rates not imported", plain(function, day[:3])
        yield "rates not imported", task(shop.tasks.convert, day[:3])
        for function in (depots.label, depots.stamp, depots.printer):
            yield "printer not connected", plain(function, day)


def _wrong_callers(shop: SimpleNamespace) -> Iterator[Sample]:
    orders = shop.orders
    for number in (3, 17):
        yield "refund asks for another order", get(f"/refund/{number}/")
        yield "refund asks for another order", task(shop.tasks.refund, number)
        yield "cancel asks for another order", get(f"/cancel/{number}/")
        yield "cancel asks for another order", task(shop.tasks.cancel, number)
        yield "reprint asks for another order", plain(orders.reprint, number)
        yield "address is never set", get(f"/ship/{number}/")
        yield "address is never set", task(shop.tasks.ship, number)
        yield "tax number is never set", get(f"/bill/{number}/")
        yield "tax number is never set", plain(orders.bill, {})
        yield "refund below zero", plain(orders.refund_amount, {"id": number}, 5)
        yield "refund below zero", script(orders.refund_amount, {"id": number}, 6)
        yield "voucher below zero", plain(orders.voucher_amount, number)
        yield "voucher below zero", script(orders.voucher_amount, number)
    for way in (plain, script):
        yield "flag of the banner misspelt", way(orders.banner)
        yield "flag of the search box misspelt", way(orders.search_box)


def _lookalikes(shop: SimpleNamespace) -> Iterator[Sample]:
    """Different bugs that say the same."""
    orders = shop.orders
    nobody = {"customer": None, "courier": None, "depot": None}
    for way in (plain, script):
        yield "order without a customer", way(orders.customer_label, nobody)
        yield "order without a courier", way(orders.courier_label, nobody)
        yield "order without a depot", way(orders.depot_label, nobody)
        yield "no tax", way(orders.with_tax, 3, None)
        yield "no shipping", way(orders.with_shipping, 3, None)
        yield "first export of nothing", way(orders.export_1, {"lines": []})
        yield "second export of nothing", way(orders.export_2, {"parcels": []})
    for number in (3, 4):
        yield "order without a customer", get(f"/show_customer/{number}/")
        yield "order without a courier", get(f"/show_courier/{number}/")


def _wrapped(shop: SimpleNamespace) -> Iterator[Sample]:
    payments, orders = shop.payments, shop.orders
    for number in (3, 17):
        yield "the bank is away", plain(payments.checkout, number, 1)
        yield "the bank is away", plain(payments.charge, number, 1)
        yield "the bank is away", get(f"/pay/{number}/")
        yield "account without a card", plain(payments.checkout_saved, number, {"tokens": {}})
        yield "account without a card", plain(payments.charge_saved, number, {"tokens": {}})
        yield "account without a card", get(f"/pay_saved/{number}/")
        yield "stock unknown", plain(orders.stock_of, f"nut-{number}", {})
        yield "stock unknown", script(orders.stock_of, f"bolt-{number}", {})
        yield "order without lines", plain(orders.load, {"id": number})
        yield "order without lines", script(orders.load, {"id": number, "day": 3})
        yield "day that is no number", plain(orders.load, {"id": number, "lines": [], "day": f"{number}th"})
        yield "handler of bookings broken", plain(payments.post, {"id": number})
        yield "handler of bookings broken", plain(payments.post, {"id": number, "amount": 3, "parts": 0})
        yield "handler of bookings broken", script(payments.post, {"id": number, "amount": None, "parts": 1})
    for way in (
        plain(payments.settle, 1),
        plain(payments.balance, 1),
        task(shop.tasks.charge, 4),
        task(shop.tasks.settle, 1),
        command(shop.commands.Balance),
    ):
        yield "the bank is away", way
    for number in (7, 8):
        yield "booking beyond the ledger", plain(payments.book, number)
        yield "booking beyond the ledger", script(payments.book, number)
        yield "cancelling beyond the ledger", plain(payments.unbook, number)
        yield "cancelling beyond the ledger", script(payments.unbook, number)


def _recursion(shop: SimpleNamespace) -> Iterator[Sample]:
    trees = shop.trees
    for depth in (0, 1, 2, 30, 200):
        yield "leaf without a weight", plain(trees.walk, trees.nested(depth))
    yield "leaf without a weight", get("/tree/12/")
    yield "leaf without a weight", task(shop.tasks.weigh, 5)
    yield "leaf without a weight", plain(trees.weight_of, {})
    circle: dict[str, Any] = {}
    circle["parent"] = circle
    for padding in range(4):
        yield "circle of categories", _deeper(plain(trees.depth_of, circle), padding)
        yield "circle of headings", _deeper(plain(trees.heading, circle), padding)
    yield "circle of headings", plain(trees.path_of, circle)
    for depth in (0, 1, 4, 40):
        yield "division in an expression", plain(trees.evaluate, trees.expression(depth))
    yield "division in an expression", plain(trees.term, trees.expression(3)["term"])


def _deeper(run: Callable[[], None], padding: int) -> Callable[[], None]:
    """Run with some frames of somebody else's above, so that endless recursion ends elsewhere."""

    def deeper() -> None:
        run() if padding == 0 else _deeper(run, padding - 1)()

    return deeper


def _concurrent(shop: SimpleNamespace) -> Iterator[Sample]:
    quotes = shop.quotes
    for way in (
        coroutine(quotes.quote, "bolt"),
        coroutine(quotes.fetch_price, "screw"),
        coroutine(quotes.quote_all, "nut", "bolt"),
        coroutine(quotes.quote_group, "screw"),
        plain(quotes.quote_now, "bolt"),
        task(shop.tasks.quote, "washer"),
        get_async("/quote/3/"),
        get("/quote/4/"),
        get_async("/quote_all/5/"),
        get_async("/quote_group/2/"),
        get_async("/quote_group/3/"),
    ):
        yield "sku without a price", way
    for way in (
        coroutine(quotes.stock_group, "nut"),
        coroutine(quotes.stock_group, "nut", "bolt"),
        coroutine(quotes.fetch_stock, "nut"),
        get_async("/stock_group/2/"),
        get_async("/stock_group/3/"),
    ):
        yield "no stock to add to", way
    for way in (
        plain(quotes.audit, "ann"),
        coroutine(quotes.audit_async, "bob"),
        plain(quotes.audit_both, "cem"),
        plain(quotes.audit_pool, "dee"),
        lambda: quotes.audit_thread("eve"),
        task(shop.tasks.audit, "fay"),
        get("/audit/3/"),
        get_async("/audit/4/"),
        get_async("/audit_async/5/"),
        get("/audit_async/6/"),
    ):
        yield "name that is no bytes", way


def _tasks(shop: SimpleNamespace) -> Iterator[Sample]:
    tasks = shop.tasks
    for number in (3, 17):
        chained = tasks.double.s(number) | tasks.refund.s()
        yield "refund asks for another order", lambda chained=chained: chained.apply()
    last = tasks.charge.max_retries  # the attempts before it end in a retry, which is no error
    for number in range(3, 8):
        yield "the bank is away", attempt(tasks.charge, last, number)
        yield "the bank is away", attempt(tasks.settle, last, 1)


def _made(shop: SimpleNamespace) -> Iterator[Sample]:
    """Generated code, and names that are made up."""
    made, values = shop.made, shop.values
    for number in (3, 17):
        order = {"net": number, "gross": 0}
        yield "margin of nothing", plain(made.run_rule, "margin", order)
        yield "margin of nothing, from a file", plain(made.run_rule_from_file, "margin", order)
        yield "margin of nothing", get(f"/rule/{number}/")
        yield "pick beyond the end", plain(made.pick, [number])
        yield "draw beyond the end", plain(made.draw, [number])
        yield "call of a made-up name", plain(made.call_named, number)
        yield "job of a made-up class", plain(made.fail_job, number)
        yield "parcel's default", plain(values.Parcel, f"nut-{number}")
        yield "parcel's default", get(f"/parcel/{number}/")
        yield "shelf's converter", plain(values.Shelf, f"A9{number}")
        yield "shelf's converter", script(values.Shelf, f"A8{number}")


def _values(shop: SimpleNamespace) -> Iterator[Sample]:
    values = shop.values
    for word in ("a", "b1"):
        yield "row too short", plain(values.read_row, [word])
        yield "row too short", script(values.read_row, [word, word])
        yield "row made wrong", plain(values.new_row, word)
        yield "row made wrong", script(values.new_row, word)
        yield "rows without a rank", plain(values.ranked, [{"name": word}])
        yield "rows without a rank", script(values.ranked, [{"name": word, "rank": 1}, {}])
        yield "column of words", plain(values.column, ["1", word])
        yield "column of words", script(values.column, [word])
        yield "rows without a code", plain(values.index, [{word: 1}])
        yield "rows without a code", script(values.index, [{word: 1}])
        yield "price that is no number", plain(values.cheapest, [f"nut;{word}"])
        yield "price that is no number", plain(values.sum_of, ["nut;1", f"bolt;{word}"])
        yield "price that is no number", plain(values.as_lines, [f"nut;{word}"])
    yield "price that is no number", command(shop.commands.Prices)


def _database(shop: SimpleNamespace) -> Iterator[Sample]:
    rows = shop.rows
    for number in (3, 17):
        rows.Group.objects.get_or_create(name=f"member {number}")
        rows.Group.objects.get_or_create(name=f"member {number}b")
        yield "member twice", plain(rows.register, f"member {number}")
        yield "member twice", get(f"/register/{number}/")
        yield "member twice", task(shop.tasks.register, f"member {number}")
        yield "renamed to one that is there", plain(rows.rename, f"member {number}", f"member {number}b")
        yield "joined to none", plain(rows.join, f"nobody {number}")
        yield "left more than one", plain(rows.leave, "member")
        yield "key that is no number", plain(rows.by_key, f"key {number}")
        yield "column misspelt", plain(rows.members, f"member {number}")
        yield "report without a table", plain(rows.report, f"of_{number}")


def _pages(shop: SimpleNamespace) -> Iterator[Sample]:
    render = shop.pages.render
    for word in ("cheap", "dear"):
        yield "weight of an empty basket", plain(render, "basket.html")
        yield "weight of an empty basket", plain(lambda word=word: render("mail.html", to=word))
        yield "euros of a word", plain(lambda word=word: render("bill.html", amount=word))
        yield "euros of a word", plain(lambda word=word: render("offer.html", amount=word))
        yield "template broken", plain(render, "broken.html")
        yield "template with an odd filter", plain(render, "odd.html")
        yield "template missing", plain(render, f"{word}.html")
    yield "weight of an empty basket", get("/basket/3/")
    yield "euros of a word", get("/offer/3/")


def _answers(shop: SimpleNamespace) -> Iterator[Sample]:
    """Responses of 4xx and 5xx, and lines of the log."""
    for number in (3, 17):
        yield "forbidden", get(f"/forbidden/{number}/")
        yield "missing", get(f"/missing/{number}/")
        yield "member not found", get(f"/shown/{number}0/")
        yield "member not found", get(f"/api/shown/{number}0/")
        yield "away", get(f"/away/{number}/")
        yield "taken", get(f"/taken/{number}/")
        yield "too many items", get(f"/api/strict/{number}/")
        yield "scanner", get(f"/wp-admin/{number}.php")
        yield "scanner", get(f"/.env{number}")
        yield "printer away", get(f"/log_line/{number}/")
        yield "parcel not scanned", get(f"/log_text/{number}/")
        yield "item without a number", post("/api/items/", {"sku": f"nut{number}", "amount": "3"})
        yield "item refused", post("/api/items/", {"sku": f"nut-{number}"})
        yield "nothing to do", command(shop.commands.Refuse)


def _same_function(shop: SimpleNamespace) -> Iterator[Sample]:
    """Two bugs of one class in one function: nothing but lines or messages tells them apart."""
    orders = shop.orders
    for number in (3, 17):
        yield "conversion without a weight", plain(orders.convert, {"unit": number})
        yield "conversion without a unit", plain(orders.convert, {"weight": number})
        yield "begin that is no number", plain(orders.schedule, {"begins": f"{number} h"})
        yield "end that is no number", plain(orders.schedule, {"begins": number, "ends": f"{number} h"})
