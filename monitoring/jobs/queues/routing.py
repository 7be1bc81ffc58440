"""Which binding takes which routing key, as AMQP's topic exchanges have it."""

from __future__ import annotations

import re

_MAX_LENGTH = 200


def matches(bound: str, routing_key: str) -> bool:
    """Say whether a binding takes a routing key; the word `*` stands for one word of it, `#` for any number."""
    if bound == routing_key:
        return True
    if "*" not in bound and "#" not in bound:
        return False
    words = [{"*": r"[^.]+", "#": r".*"}.get(word) or re.escape(word) for word in bound[:_MAX_LENGTH].split(".")]
    return re.fullmatch(r"\.".join(words), routing_key[:_MAX_LENGTH]) is not None
