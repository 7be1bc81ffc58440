"""Python's search for cycles, which a drain is better off without.

A drain makes a million objects that hold each other in no cycle, and drops all of them when it is done. Looking through
them again and again while they pile up took half of its time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def uncollected(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a function run without collections of cycles in this process; they go on when it has dropped its objects."""

    @wraps(function)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if not gc.isenabled():  # somebody else has seen to it, and will end it
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return wrapper
