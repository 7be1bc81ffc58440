"""Reading the options of sinks, and showing their addresses without what must stay secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from .base import OptionsError

_Options = TypeVar("_Options")


def read(options: Mapping[str, Any], kind: type[_Options]) -> _Options:
    """Read options as a struct.

    Raises:
        OptionsError: They do not fit; says which, without repeating values.
    """
    try:
        return msgspec.convert(dict(options), kind)
    except msgspec.ValidationError as error:
        raise OptionsError(f"cannot be used: {error}") from None


def parts(url: str, schemes: tuple[str, ...]) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL.

    Raises:
        OptionsError: It is none of these schemes.
    """
    wrong = OptionsError(f"needs a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        raise wrong from None
    if split.scheme not in schemes or not host:
        raise wrong
    return split.scheme, host, port


def shown(url: str, *, path: bool = True) -> str:
    """Return a URL without user, password and query."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path if path else ''}"
