"""Payments, through layers that each say in their own words what went wrong."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any


class PaymentError(Exception):
    """A payment failed."""


class CheckoutError(Exception):
    """An order could not be paid."""


def call(port: int) -> None:
    """The bank, which is away."""
    with socket.socket() as connection:
        connection.connect(("127.0.0.1", port))


def token_of(account: dict[str, Any]) -> str:
    secrets = account["tokens"]
    return str(secrets["card"])


def charge(number: int, port: int) -> None:
    try:
        call(port)
    except OSError as error:
        raise PaymentError(f"payment of order {number} failed") from error


def charge_saved(number: int, account: dict[str, Any]) -> None:
    try:
        token_of(account)
    except KeyError as error:
        raise PaymentError(f"payment of order {number} failed") from error


def checkout(number: int, port: int) -> None:
    try:
        charge(number, port)
    except PaymentError as error:
        raise CheckoutError(f"order {number} could not be paid") from error


def checkout_saved(number: int, account: dict[str, Any]) -> None:
    try:
        charge_saved(number, account)
    except PaymentError as error:
        raise CheckoutError(f"order {number} could not be paid") from error


def settle(port: int) -> None:
    call(port)


def balance(port: int) -> None:
    call(port)


@contextlib.contextmanager
def locked(name: str) -> Iterator[str]:
    try:
        yield name
    finally:
        name = ""


def book(number: int) -> int:
    with locked("ledger"):
        return [1, 2, 3][number]


def unbook(number: int) -> int:
    with locked("ledger"), contextlib.suppress(KeyError):
        return (4, 5, 6)[number]


def tidy(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        file.read()


def post(entry: dict[str, Any]) -> None:
    """Its handler is broken, whatever it handles."""
    try:
        entry["amount"] / entry["parts"]
    except (KeyError, ZeroDivisionError, TypeError):
        tidy(f"/nowhere/{entry.get('id')}")
