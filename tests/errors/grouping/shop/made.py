"""What is made while it runs: rules from texts, classes and functions with names that nobody gave them."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable
from typing import Any

RULES = {"margin": "def rule(order):\n    return order['net'] / order['gross']\n"}


def run_rule(name: str, order: dict[str, Any]) -> Any:
    space: dict[str, Any] = {}
    exec(compile(RULES[name], f"<rule {uuid.uuid4()}>", "exec"), space)
    return space["rule"](order)


def run_rule_from_file(name: str, order: dict[str, Any]) -> Any:
    space: dict[str, Any] = {"__name__": f"rule_{uuid.uuid4().hex}"}
    exec(compile(RULES[name], f"/tmp/{uuid.uuid4().hex}.py", "exec"), space)
    return space["rule"](order)


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """Does not keep the function's name."""

    def traced_call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return traced_call


def retried(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def retried_call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except LookupError:
            return function(*args, **kwargs)

    return retried_call


@traced
@retried
def pick(items: list[int]) -> int:
    return items[10]


@retried
def draw(items: list[int]) -> int:
    return items[-10]


def named(prefix: str) -> Callable[[Any], Any]:
    """Return a function whose name is made up, as some libraries do."""
    name = f"_{prefix}_{uuid.uuid4().hex}"
    space: dict[str, Any] = {"__name__": __name__}
    source = f"def {name}(value):\n    return value.missing\n"
    exec(compile(source, __file__, "exec"), space)
    function: Callable[[Any], Any] = space[name]
    return function


def call_named(value: Any) -> Any:
    return named("wrapped")(value)


def fail_job(job: int) -> None:
    kind = type(f"JobError_{uuid.uuid4().hex}", (RuntimeError,), {})
    raise kind(f"job {job} failed")
