"""Quotes, in coroutines, tasks of the event loop, and threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

PRICES = {"nut": 2}


async def fetch_price(sku: str) -> int:
    await asyncio.sleep(0)
    return PRICES[sku]


async def fetch_stock(sku: str) -> Any:
    await asyncio.sleep(0)
    return None + len(sku)  # type: ignore[operator]


async def quote(sku: str) -> int:
    return await fetch_price(sku) * 2


async def quote_all(*skus: str) -> list[int]:
    return list(await asyncio.gather(*(fetch_price(sku) for sku in skus)))


async def quote_group(*skus: str) -> None:
    async with asyncio.TaskGroup() as group:
        for sku in skus:
            group.create_task(fetch_price(sku))


async def stock_group(*skus: str) -> None:
    async with asyncio.TaskGroup() as group:
        for sku in skus:
            group.create_task(fetch_stock(sku))


def quote_now(sku: str) -> int:
    return int(async_to_sync(fetch_price)(sku))


def audit(name: str) -> str:
    return name.decode()  # type: ignore[attr-defined, no-any-return]


async def audit_async(name: str) -> str:
    return await sync_to_async(audit)(name)


def audit_both(name: str) -> str:
    return str(async_to_sync(audit_async)(name))


def audit_pool(name: str) -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(audit, name).result()


def audit_thread(name: str) -> None:
    thread = threading.Thread(target=audit, args=(name,))
    thread.start()
    thread.join()
