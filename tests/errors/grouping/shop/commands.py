"""Management commands."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from shop import orders, payments, prices, values


class Report(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("\n".join(orders.receipt({"lines": [{"quantity": 2}]})))


class Rates(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        prices.import_rates(["eur=1", "usd=1.1"])


class Balance(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        payments.balance(1)


class Prices(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(values.as_lines(["nut;1", "bolt;a"]))


class Refuse(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("nothing to do for depot 17")
