"""Streamed responses: over when their last byte was sent, the client went away, or their source broke."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from django.http import HttpResponseBase

Ended = Callable[[BaseException | None], None]


def watch(response: HttpResponseBase, ended: Ended) -> None:
    """Call `ended` when a stream is over, with the exception that broke it, if any; it may be called more than once.

    Servers close a response after its last byte or when the client is gone, but not all do so when its source raises.
    A file that the server sends itself is left as it is.
    """
    stream: Any = response
    if getattr(stream, "file_to_stream", None) is None:
        content = stream.streaming_content
        stream.streaming_content = _watched_async(content, ended) if stream.is_async else _watched(content, ended)
    stream._resource_closers.append(lambda: ended(None))


def _watched(content: Iterator[bytes], ended: Ended) -> Iterator[bytes]:
    try:
        yield from content
    except Exception as error:
        ended(error)
        raise


async def _watched_async(content: AsyncIterator[bytes], ended: Ended) -> AsyncIterator[bytes]:
    try:
        async for part in content:
            yield part
    except Exception as error:
        ended(error)
        raise
