r"""What requests of attackers look like: injection, traversal, and the paths and tools of scanners. Pure functions.

A pattern asks for the grammar of an attack, not for words: `SELECT` in a search, `O'Brien` or `../` in a relative link
are nobody's attack; a quote that is closed and goes on with `UNION SELECT` is one. What stands in a parameter for free
text (a search, a comment, a query) says less than half as much, as people write about code there.

Every repetition in an expression is bounded and none stands inside of another one, and texts are bounded: what a
request costs does not depend on what it says. Texts are looked at as they came, decoded once and decoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import unquote, unquote_plus

from .attacks import PATTERNS, PROBES, TEMPLATE, TOOL, TRAVERSAL
from .scrub import FILTERED, denied

MAX_TEXT = 2_048
"""Characters of a path, a query or a browser's name that are looked at."""
MAX_FIELDS = 50
MAX_FRAGMENT = 80
FREE_TEXT = 0.4
"""So much of its weight a pattern has in a parameter for free text."""
LEAST = 0.35
"""What says less is not told."""


@dataclass(frozen=True)
class Hit:
    """A pattern that was found.

    Attributes:
        kind: Of which attack.
        name: Of the pattern.
        weight: How much it says here.
        where: `path`, `query` or `agent`.
        fragment: What matched, bounded; neither scrubbed nor decoded any further.
    """

    kind: str
    name: str
    weight: float
    where: str
    fragment: str


# These are looked for in what has not been decoded: decoding would undo them.
_RAW = re.compile(
    r"(?:\A|[/\\=])(?:\.|%(?:25)?2e){2}(?:%(?:25)?2f|%(?:25)?5c|%c0%af|%c1%9c)|(?:%(?:25)?2e){2}[/\\]|\.\.;/"
    r"|\.\.\.\.//"
)
# What none of the patterns can do without.
_WORTH = re.compile(
    r"['\"<>;|`$\\{}\n\x00]|\.\.|%|(?:php|expect|data|phar|zip|file)://|\d\)?\s{1,9}(?:or|and|union|order"
    r"|having)\s|&&|&\s{0,3}ping\s|sleep\(\d|(?:\A|[=&])/{1,3}(?:etc|proc)/|javascript:[^a-z]{0,9}\w|(?:\A|[=;{])\s{0,9}(?:system"
    r"|passthru|shell_exec|phpinfo|eval|assert)\(|(?:\A|=)c:/",
    re.IGNORECASE,
)
_AGENT = re.compile(
    r"\b(?:sqlmap|nikto|nuclei|masscan|zgrab|dirbuster|gobuster|feroxbuster|wpscan|acunetix|nessus|openvas|w3af"
    r"|havij|arachni|fuzz faster u fool|ffuf|zaproxy|commix)\b"
)
_COMMENT = re.compile(r"/\*[^*]{0,40}\*/")
_FREE = frozenset(
    (  # noqa: SIM905  # words are read more easily than a column of them
        "q query search s term text body comment content code message title description markdown md snippet"
        " filter sql prompt note notes keyword keywords expression"
    ).split()
)

_ASSET = re.compile(
    r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|mp4|webm|webmanifest|txt|pdf)\Z"
)


def is_asset(path: str) -> bool:
    """Whether this is a file that pages ask for by themselves."""
    return _ASSET.search(path[-20:].lower()) is not None


# Most requests consist of these alone, which no pattern is made of.
_PLAIN_PATH = re.compile(r"/(?!etc/|proc/)(?:[\w-]|/(?!/)|\.(?!\.))*", re.ASCII)
_PLAIN_QUERY = re.compile(r"[\w=&,-]*", re.ASCII)


def is_probe(path: str) -> bool:
    """Whether scanners ask for this path on every server."""
    return PROBES.search(path[:MAX_TEXT].lower()) is not None


def worth(path: str, query: str, agent: str) -> bool:
    """Whether a request may have any hit: cheaper than asking for them, and right about nearly all requests."""
    return (
        (_PLAIN_PATH.fullmatch(path) is None and _WORTH.search(path[:MAX_TEXT]) is not None)
        or (_PLAIN_QUERY.fullmatch(query) is None and _WORTH.search(unquote_plus(query[:MAX_TEXT])) is not None)
        or _is_tool(agent[:MAX_TEXT])
    )


@lru_cache(maxsize=1_000)
def _is_tool(agent: str) -> bool:
    """Whether a browser's name may have a hit; the same few come again and again."""
    return "${" in agent or _AGENT.search(agent.lower()) is not None


def hits(path: str, query: str, agent: str) -> list[Hit]:
    """Return what a request has of attacks, of each kind the weightiest hit.

    Args:
        path: As the server has it.
        query: As it came, without its question mark.
        agent: The browser's name.
    """
    found: dict[str, Hit] = {}
    for hit in _all(path[:MAX_TEXT], query[:MAX_TEXT], agent[:MAX_TEXT]):
        if hit.weight >= LEAST and (hit.kind not in found or hit.weight > found[hit.kind].weight):
            found[hit.kind] = hit
    return list(found.values())


def _all(path: str, query: str, agent: str) -> Iterator[Hit]:
    if match := _RAW.search(path.lower()):
        yield Hit(TRAVERSAL, "traversal-encoded", 0.9, "path", match[0])
    yield from _in_text(path, "path", 1.0, decode=unquote)
    for number, field in enumerate(query.split("&")):
        if number == MAX_FIELDS:
            break
        name, _, value = field.partition("=")
        if not value:
            name, value = "", name
        free = FREE_TEXT if unquote_plus(name).rpartition("[")[0].lower() in _FREE or name.lower() in _FREE else 1.0
        if match := _RAW.search(value.lower()):
            # A relative link, encoded as forms do it, is no attack; one that was encoded twice is.
            weight = 0.9 if "%25" in match[0] or "%c" in match[0] else 0.0
            yield Hit(TRAVERSAL, "traversal-encoded", weight * free, "query", match[0])
        for hit in _in_text(unquote_plus(value), "query", free, decode=unquote):
            yield replace(hit, fragment=FILTERED) if denied(name) else hit
    lowered = agent.lower()
    if match := _AGENT.search(lowered):
        yield Hit(TOOL, "scanner-tool", 0.9, "agent", match[0])
    for pattern in PATTERNS:
        if pattern.kind == TEMPLATE and "${" in lowered and (match := pattern.expression.search(lowered)):
            yield Hit(TEMPLATE, pattern.name, pattern.weight, "agent", match[0][:MAX_FRAGMENT])


def _in_text(text: str, where: str, share: float, decode: object) -> Iterator[Hit]:
    again = decode(text) if callable(decode) and "%" in text else text
    for one in dict.fromkeys((text, again)):
        lowered = _COMMENT.sub(" ", one.lower()) if "/*" in one else one.lower()
        for pattern in PATTERNS:
            match = pattern.expression.search(lowered)
            if match:
                yield Hit(pattern.kind, pattern.name, pattern.weight * share, where, match[0][:MAX_FRAGMENT])
