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
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

MAX_TEXT = 2_048
"""Characters of a path, a query or a browser's name that are looked at."""
MAX_FIELDS = 50
MAX_FRAGMENT = 80
FREE_TEXT = 0.4
"""So much of its weight a pattern has in a parameter for free text."""
LEAST = 0.35
"""What says less is not told."""

SQL, SCRIPT, COMMAND, TEMPLATE, TRAVERSAL, TOOL = "sql", "script", "command", "template", "traversal", "tool"


@dataclass(frozen=True)
class Pattern:
    """How something is recognised.

    Attributes:
        kind: Of which attack.
        name: Its own.
        weight: How much it says, from 0 to 1.
        expression: Over texts in lower case.
    """

    kind: str
    name: str
    weight: float
    expression: re.Pattern[str]


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


def _pattern(kind: str, name: str, weight: float, expression: str) -> Pattern:
    return Pattern(kind, name, weight, re.compile(expression))


_S = r"[\s+]{0,9}"
_BREAK = r"['\"\x60]" + _S + r"\)?" + _S
"""A string that is closed, and maybe a bracket with it."""
_STATEMENT = (
    r"(?:(?:drop|alter|create|truncate)\s{1,9}(?:table|database|schema|user|view)|delete\s{1,9}from|insert\s{1,9}into"
    r"|update\s{1,9}\w{1,40}\s{1,9}set|exec(?:ute)?\s{1,9}(?:xp_|sp_|master)|shutdown\b|declare\s{1,9}@"
    r"|waitfor\s{1,9}delay)\b"
)

PATTERNS: tuple[Pattern, ...] = (
    # A string is closed, and a query goes on behind it.
    _pattern(SQL, "sql-union", 0.9, _BREAK + r"union\s{1,9}(?:all\s{1,9})?select\b"),
    _pattern(
        SQL, "sql-union-number", 0.85, r"\A-?\d{1,12}" + _S + r"\)?" + _S + r"union\s{1,9}(?:all\s{1,9})?select\b"
    ),
    _pattern(
        SQL,
        "sql-tautology",
        0.9,
        _BREAK
        + r"(?:or|and|\|\||&&)"
        + _S
        + r"\(?"
        + _S
        + r"(['\"]?)(\w{1,20})\1"
        + _S
        + r"(?:=|like)"
        + _S
        + r"['\"]?\2",
    ),
    _pattern(
        SQL,
        "sql-tautology-number",
        0.85,
        r"\A-?\d{1,12}\)?\s{1,9}(?:or|and)\s{1,9}\(?(\d{1,9})" + _S + r"=" + _S + r"\1\b",
    ),
    _pattern(
        SQL,
        "sql-stacked",
        0.9,
        _BREAK + r";" + _S + _STATEMENT,
    ),
    _pattern(
        SQL,
        "sql-stacked-number",
        0.85,
        r"\A-?\d{1,12}\)?" + _S + r";" + _S + r"" + _STATEMENT,
    ),
    _pattern(SQL, "sql-comment", 0.85, r"\A[\w@. -]{0,40}['\"]\)?" + _S + r"(?:--[\s+-]?\Z|#\Z|/\*\Z)"),
    _pattern(
        SQL,
        "sql-delay",
        0.9,
        r"(?:\A-?\d{1,12}|"
        + _BREAK
        + r")[^a-z]{0,9}(?:(?:and|or|xor|;)\W{0,9})?\W{0,9}(?:select\s{1,9})?\W{0,9}(?:sleep\(\d|pg_sleep\(\d"
        r"|benchmark\(\d|waitfor\s{1,9}delay\b|dbms_pipe\.receive_message)",
    ),
    _pattern(
        SQL,
        "sql-order",
        0.8,
        r"(?:\A\d{1,12}\)?|" + _BREAK + r")\s{0,9}order\s{1,9}by\s{1,9}\d{1,4}" + _S + r"(?:--|#)",
    ),
    _pattern(
        SQL, "sql-subquery", 0.85, r"(?:\A-?\d{1,12}|" + _BREAK + r")\s{0,9}(?:and|or)\b[^=]{0,60}\(\s{0,9}select\b"
    ),
    _pattern(
        SQL,
        "sql-function",
        0.9,
        r"(?:\A-?\d{1,12}|"
        + _BREAK
        + r")\s{0,9}(?:and|or)\b\W{0,9}(?:extractvalue|updatexml|load_file|convert|ascii|substring)\s{0,3}\(",
    ),
    # Markup that breaks out of where it is shown, and runs.
    _pattern(
        SCRIPT,
        "script-break-out",
        0.85,
        r"['\"]" + _S + r"/?>" + _S + r"<(?:script|img|svg|iframe|body|object|embed)\b",
    ),
    _pattern(
        SCRIPT,
        "script-call",
        0.85,
        r"<script[^>]{0,80}>[^<]{0,60}\b(?:alert|prompt|confirm|eval|document\.cookie|document\.location|fetch"
        r"|string\.fromcharcode)\b\W",
    ),
    _pattern(SCRIPT, "script-source", 0.8, r"<script[^>]{0,40}\ssrc\s{0,3}=\s{0,3}['\"]?(?:https?:)?//"),
    _pattern(
        SCRIPT,
        "script-handler",
        0.85,
        r"<\w{1,12}[\s/][^>]{0,80}\bon(?:error|load|click|mouseover|focus|toggle|begin|start"
        r"|animationstart)\s{0,3}=\s{0,3}['\"]?\s{0,3}(?:alert|prompt|confirm|eval|fetch|document|window"
        r"|location|this|top|self)\b",
    ),
    _pattern(
        SCRIPT,
        "script-attribute",
        0.85,
        r"['\"]\s{1,9}(?:autofocus\s{1,9})?on(?:error|load|click|mouseover|focus)\s{0,3}=\s{0,3}['\"]?(?:alert"
        r"|prompt|confirm|eval)\b",
    ),
    _pattern(
        SCRIPT,
        "script-url",
        0.85,
        r"\A['\"\s]{0,9}javascript:[^a-z]{0,9}(?:alert|prompt|confirm|eval|document|fetch)\b",
    ),
    # A command of the shell behind one that was meant.
    _pattern(
        COMMAND,
        "command-file",
        0.9,
        r"(?:;|\||&&|\|\||\x60|\$\(|\n)"
        + _S
        + r"(?:cat|head|tail|more|less|type)\s{1,9}[\w\\./-]{0,40}(?:/etc/|win\.ini|boot\.ini)",
    ),
    _pattern(
        COMMAND,
        "command-run",
        0.85,
        r"(?:\A|[\w.'\"-])"
        + _S
        + r"(?:;|\||&&|\|\|)"
        + _S
        + r"(?:id|whoami|uname(?:\s{1,9}-a)?|ifconfig|ipconfig|netstat(?:\s{1,9}-\w{1,6})?|ls\s{1,9}-\w{1,6}"
        r"|ls\s{1,9}/|dir\s{1,9}c:\\|ping\s{1,9}-[cn]\s{1,9}\d{1,4}\s{1,9}[\w.-]{1,60}|sleep\s{1,9}\d{1,4})"
        + _S
        + r"(?:\Z|;|\||&|#)",
    ),
    _pattern(
        COMMAND,
        "command-substituted",
        0.9,
        r"(?:\$\(|\x60)" + _S + r"(?:id|whoami|uname(?:\s{1,9}-a)?|sleep\s{1,9}\d{1,4}|curl\s{1,9}[^)\x60]{1,80}"
        r"|wget\s{1,9}[^)\x60]{1,80}|nslookup\s{1,9}[^)\x60]{1,80})" + _S + r"(?:\)|\x60)",
    ),
    _pattern(
        COMMAND,
        "command-fetch",
        0.9,
        r"(?:;|\||&&|\n)"
        + _S
        + r"(?:wget|curl)\s{1,9}(?:-\w{1,6}\s{1,9})?(?:https?|ftp)://[^\s;|]{1,120}"
        + _S
        + r"(?:;|\||&&|-o\b|>|\Z)",
    ),
    _pattern(
        COMMAND,
        "command-shell",
        0.9,
        r"(?:;|\||&&|\$\(|\x60)" + _S + r"(?:/bin/)?(?:ba|z|da)?sh\s{1,9}-[ci]\b|nc\s{1,9}-e\s{1,9}/bin/",
    ),
    _pattern(
        COMMAND,
        "php-code",
        0.85,
        r"(?:\A|[=;{])\s{0,9}(?:system|passthru|shell_exec|phpinfo|eval|base64_decode"
        r"|assert)\s{0,3}\(\s{0,3}(?:['\"]|\$_(?:get|post|request)|base64_decode|\)\s{0,3};)",
    ),
    # Expressions that a template engine or a logger would work out.
    _pattern(
        TEMPLATE,
        "jndi",
        0.95,
        r"\$\{(?:\$\{[^}]{0,40}\}|[^}$]{0,40}){0,1}j?(?:ndi)?[^}\s]{0,60}:?(?:ldaps?|rmi|dns|iiop)://",
    ),
    _pattern(
        TEMPLATE,
        "jndi-nested",
        0.9,
        r"\$\{(?:lower|upper|env|sys|:):?[^}]{0,20}\}[^\s]{0,80}(?:ldap|rmi|dns"
        r"|ndi|://)",
    ),
    _pattern(
        TEMPLATE,
        "template-internals",
        0.9,
        r"\{\{[^}]{0,80}(?:__class__|__mro__|__subclasses__|__globals__|__builtins__|config\.items"
        r"|self\._templatereference)",
    ),
    _pattern(
        TEMPLATE,
        "template-arithmetic",
        0.85,
        r"\A(?:\{\{|\$\{|<%=|#\{)\s{0,3}['\"]?\d{1,6}['\"]?\s{0,3}\*\s{0,3}['\"]?\d{1,6}['\"]?\s{0,3}(?:\}\}|\}"
        r"|%>)\Z",
    ),
    _pattern(
        TEMPLATE,
        "template-runtime",
        0.9,
        r"(?:\$\{|%\{|#\{|t\()[^}]{0,80}(?:java\.lang\.(?:runtime|processbuilder)|getruntime|#_memberaccess)",
    ),
    # Out of the folder that was meant.
    _pattern(
        TRAVERSAL,
        "traversal-file",
        0.95,
        r"(?:\.\.[/\\]{1,3}){0,1}\.\.[/\\]{1,4}[\w./\\-]{0,60}(?:etc/(?:passwd|shadow|hosts|group|issue)"
        r"|proc/self|windows[/\\]|winnt[/\\]|win\.ini|boot\.ini|web-inf)",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-disguised",
        0.9,
        r"\.\.(?:%2f|%5c|%c0%af|%c1%9c|;/)|%(?:25)?2e%(?:25)?2e(?:%2f|%5c|[/\\])|\.\.\.\.//|\.\.\.\.\\\\",
    ),
    _pattern(
        TRAVERSAL,
        "traversal-file-absolute",
        0.85,
        r"\A(?:file://)?/{1,3}(?:etc/(?:passwd|shadow|group|issue)|proc/self/(?:environ|cmdline|maps))(?:\x00"
        r"|%00|\Z)",
    ),
    _pattern(TRAVERSAL, "traversal-drive", 0.85, r"\Ac:[/\\]{1,2}(?:windows[/\\]|boot\.ini|winnt)"),
    _pattern(
        TRAVERSAL,
        "traversal-wrapper",
        0.9,
        r"\A(?:php://(?:filter|input)|expect://|data://text/plain|phar://|zip://[^\s]{1,80}#)",
    ),
)
# These are looked for in what has not been decoded: decoding would undo them.
_RAW = re.compile(
    r"(?:\A|[/\\=])(?:\.|%(?:25)?2e){2}(?:%(?:25)?2f|%(?:25)?5c|%c0%af|%c1%9c)|(?:%(?:25)?2e){2}[/\\]|\.\.;/"
    r"|\.\.\.\.//"
)
# What none of the patterns can do without.
_WORTH = re.compile(
    r"['\"<>;|`$\\{}\n\x00]|\.\.|%|(?:php|expect|data|phar|zip|file)://|\d\)?\s{1,9}(?:or|and|union|order"
    r"|having)\s|&&|(?:\A|[=&])/{1,3}(?:etc|proc)/|javascript:[^a-z]{0,9}\w|(?:\A|[=;{])\s{0,9}(?:system"
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

PROBES = re.compile(
    r"/(?:\.env(?:\.\w{1,20})?|\.git/(?:config|head|index)|\.svn/entries|\.hg/|\.aws/credentials|\.ssh/"
    r"|\.ds_store|\.htpasswd|\.htaccess"
    r"|wp-login\.php|xmlrpc\.php|wp-admin(?:/|\Z)|wp-config\.php\S{0,10}|wp-content/plugins/|phpmyadmin(?:/|\Z)"
    r"|pma/|adminer(?:-\d{1,3}\S{0,10})?\.php|phpinfo\.php|info\.php"
    r"|cgi-bin/|actuator/(?:env|heapdump|gateway)|server-status|manager/html|solr/admin|boaform/|hnap1"
    r"|vendor/phpunit/|_ignition/execute-solution|struts2?-"
    r"|shell\.php|c99\.php|r57\.php|config\.php\.bak|backup\.(?:sql|zip|tar\.gz)|dump\.sql|database\.sql|id_rsa"
    r"|web\.config|owa/auth|telescope/requests|eval-stdin\.php)(?:\Z|/|\b)"
)
"""Paths, in lower case, that scanners ask for on every server."""


_ASSET = re.compile(
    r"\.(?:js|mjs|css|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|eot|mp4|webm|webmanifest|txt|pdf)\Z"
)


def is_asset(path: str) -> bool:
    """Whether this is a file that pages ask for by themselves."""
    return _ASSET.search(path[-20:].lower()) is not None


def is_probe(path: str) -> bool:
    """Whether scanners ask for this path on every server."""
    return PROBES.search(path[:MAX_TEXT].lower()) is not None


def worth(path: str, query: str, agent: str) -> bool:
    """Whether a request may have any hit: cheaper than asking for them, and right about nearly all requests."""
    return bool(
        (path and _WORTH.search(path[:MAX_TEXT]))
        or (query and _WORTH.search(unquote_plus(query[:MAX_TEXT])))
        or (agent and (_AGENT.search(agent[:MAX_TEXT].lower()) or "${" in agent[:MAX_TEXT]))
    )


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
        yield from _in_text(unquote_plus(value), "query", free, decode=unquote)
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
