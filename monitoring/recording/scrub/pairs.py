"""Names and their values in free text: `password=x`, `'token': 'x'`, `Authorization: Bearer x`, `--api-key x`.

A name is looked for before each separator, and asked for in `names`; where its value ends depends on how it begins.
Each character is looked at a bounded number of times.
"""

from __future__ import annotations

import re

from .names import FILTERED, denied

_PAIR = re.compile(
    r"""
    (?<![\w.-]) (?P<name>[\w.-]{1,200}+) (?:\\{0,3}["'\])]){0,3}+
    [ \t]{0,3}+ (?P<sign>={1,3}+>?|:(?!//|:)=?|%3[AaDd]) [ \t]{0,3}+
    """,
    re.VERBOSE,
)
_OPTION = re.compile(r"--(?P<name>\w[\w.-]{0,100}+)(?P<sign>)(?:\\{0,3}[\"'],[ ]?+(?=\\{0,3}[\"'])|[ \t]++(?=[^\s=-]))")
_TUPLE = re.compile(r"\(b?\\{0,3}[\"'](?P<name>[\w.-]{1,100}+)(?P<sign>)\\{0,3}[\"'],[ ]?+(?!\))")
_NAMED = re.compile(
    r"""
    (\\{0,3}["']) (?:name|key|field) \1 [ ]{0,3}+ : \s{0,3}+ \1 (?P<name>[\w.-]{1,100}+) (?P<sign>) \1 [ ]{0,3}+
    , \s{0,20}+ \1 value \1 [ ]{0,3}+ : \s{0,3}+
    """,
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(?:name|key|type|id)=(\\{0,3}["'])(?P<name>[\w.\[\]-]{1,100}+)(?P<sign>)\1[^<>]{0,200}?\svalue=(?=\1)"""
)
# Of what follows here, the whole is a secret, whatever it is called.
_COMMAND = re.compile(
    r"""
    (?:(?<![\w-]) | (?<=\\[nrt])) (?:
        sshpass \b [^\n;|]{0,100}? (?<=[\s"']) -p (?: \\{0,3}["'],[ ]? | [ ]{1,3}+ )?
      | (?:mysql|mysqladmin|mysqldump|mariadb) \b [^\n;|]{0,200}? (?<=[\s"']) -p (?=[^\s"',\\])
      | redis-cli \b [^\n;|]{0,200}? (?<=[\s"']) -a (?: \\{0,3}["'],[ ]? | [ ]{1,3}+ )
      | curl \b [^\n;|]{0,300}? (?<=[\s"']) (?:-[uU]|--(?:proxy-)?user) (?: \\{0,3}["'],[ ]? | =? | [ ]{1,3}+ )
        (?= \\{0,3}["']? (?: [^\s"':\\]{0,100}+ :[^\s"'] | \[filtered\] ))
      | \w{0,20}? (?:Basic|Digest|Ntlm|Proxy)Auth \( (?:username=)? [bru]? (\\{0,3}["']) [^"'\\\n]{0,100}+ \1,[ ]?
        (?=[bru]?\\{0,3}["'])
    ) (?P<name>) (?P<sign>)
    """,
    re.VERBOSE,
)
_ENCODED = re.compile(r"%22(?P<name>[\w.-]{1,100}+)%22%3[Aa](?:%20|\+)?%22(?P<value>(?:(?!%22)[^\s&\"'<>\\])++)")
_TAG = re.compile(r"<([\w.:-]{1,100}+)(?:\s[^<>]{0,200}+)?>([^<>]{1,2000}+)(?=</)")
_QUOTE = re.compile(r"[bBfFrRuU]{0,2}(\\{0,3})([\"'`])")
_QUOTED = {one: re.compile(rf"(?:[^{one}\\]|\\.|{one}{one})*+", re.DOTALL) for one in "\"'`"}
_ANNOTATION = re.compile(
    r"[A-Za-z][\w.]{0,60}+(?:\[[\w.,| ]{0,60}\])?(?: ?\| ?[\w.\[\]]{1,40}){0,5} ?= ?(?=[bBfFrRuU]{0,2}\\{0,3}[\"'])"
)
_BRACKETS = re.compile(r"[\"'\[\](){}]")
_CALL = re.compile(r"[A-Za-z_][\w.]{0,80}+(?=\()")
# A closing or separating character is part of a value, unless something new begins after it; so is a backslash, unless
# it is that of a line's end in what `repr` made of a text.
_BARE = re.compile(
    r"""(?: [^\s,;&)\]}"'<>\\]
          | \\(?!["']) (?![nrt](?:[A-Z\[({]|[\w.-]{1,60}+[ ]{0,2}[=:]))
          | [,;&)\]}"'<>] (?![\s,;&)\]}"'<>\\]|\Z) (?!["']?[\w.\[\]-]{1,60}+["']?(?:=|:|%3D))
        )++""",
    re.VERBOSE,
)
_SCHEME = re.compile(r"(?:bearer|basic|token|api-?key|jwt|negotiate|ntlm|key)[ \t]++(?=[^\s,;&])", re.IGNORECASE)
_TO_THE_END = re.compile(r"(?:digest|aws4-|oauth|hawk|signature|gss)", re.IGNORECASE)
_LINES = {one: re.compile(rf"(?:\\.|[^\r\n{one}\\]|{one}(?![\s,;)\]}}>]|\Z))++") for one in "\"'`"}
_LINE = re.compile(r"[^\r\n]++")
_NUMBER = re.compile(r"[+(\d][\d \t()./-]{5,30}+")
_SERVICES = frozenset({"auth", "oauth", "session", "sessions"})
_WORDS = re.compile(r"[a-z]{2,20}+ [a-z]{2,20}+(?![\w=:-])")
_PORT = re.compile(r"\d{2,5}(?![\w.-])")
_CLASS = re.compile(
    r"(?:Denied|Error|Exceeded|Exception|Expired|Failed|Failure|Interrupted|Invalid|Mismatch|Missing|NotFound|Required|Warning)\Z"
)
_PLACEHOLDER = re.compile(r"%s|%\(\w{1,60}\)s|\$\d{1,3}|\$?\{[\w.]{0,60}\}")
_NOTHING = re.compile(r"true|false|none|null|nil|undefined|yes|no|on|off", re.IGNORECASE)
_REMARK = re.compile(
    r"""(?: an?|and|are|at|bad|bool|bytes|cannot|can|could|denied|did|does|doesn't|empty|expected|expired|failed|for
    |from|got|has|have|in|incorrect|int|invalid|is|it|malformed|missing|must|no|not|object|of|on|optional|please|rejected
    |required|revoked|should|str|string|that|the|this|to|too|unable|unexpected|unknown|unsupported|value|wants?|was|were
    |will|with|wrong|you|your )[.:!]?""",
    re.IGNORECASE | re.VERBOSE,
)
_NAME = re.compile(r"([\w.-]{1,100}+)(:?)")
_SECOND_WORDS = frozenset({"key", "number", "no", "code", "phrase", "holder", "id", "address"})
_LAST_WORD = re.compile(r"([\w-]{1,30})[ ]\Z")
# What validators of Django and REST framework say.
_SENTENCE = re.compile(
    r"(?:A valid|Ensure|Enter a|Incorrect|Invalid|Must|Not|Passwords?|Required|Select|The (?:two )?password|This|Your)"
    r"(?: [\w'\u2019,-]{1,24}){1,30}\.(?: [A-Z][\w'\u2019-]{0,24}(?: [\w'\u2019,-]{1,24}){1,30}\.)?"
)
_ERROR_DETAIL = re.compile(r"ErrorDetail\(string=|, code='[\w-]{1,40}'\)")
_QUOTED_TEXTS = re.compile(r"'[^']*+'|\"[^\"]*+\"")
# What is seen only as a whole goes first.
_FORMS = (
    (_COMMAND, ("curl", "sshpass", "mysql", "mariadb", "redis-cli", "Auth(")),
    (_NAMED, ("value",)),
    (_ATTRIBUTE, ("value=",)),
    (_PAIR, ("=", ":", "%3")),
    (_OPTION, ("--",)),
    (_TUPLE, ("('", '("', "(b", "(\\")),
)
"""How names and values are joined, and what such texts hold."""


def hide_pairs(text: str, *, quoted_only: bool = False) -> str:
    """Filter the values of denied names.

    Args:
        text: Any.
        quoted_only: Leave values that are no literals: in source code they are expressions.
    """
    shown = text
    for pattern, marks in _FORMS:
        if any(mark in text for mark in marks):
            shown = _hide(shown, pattern, quoted_only=quoted_only)
    if "%22" in shown:
        shown = _ENCODED.sub(_encoded, shown)
    return _TAG.sub(_element, shown) if "</" in shown else shown


def _hide(text: str, pattern: re.Pattern[str], *, quoted_only: bool) -> str:
    """Filter the values of denied names that are joined in one way."""
    parts: list[str] = []
    done = position = 0
    while found := pattern.search(text, position):
        if not _is_secret(text, found):
            position = found.end("name")
            continue
        position = found.end()
        value = _value(text, found, quoted_only=quoted_only)
        if value is not None and value[0] < value[1]:
            parts += (text[done : value[0]], FILTERED)
            done = position = value[1]
    return "".join([*parts, text[done:]]) if parts else text


def _element(found: re.Match[str]) -> str:
    """Filter the text of an element of XML."""
    return found[0][: found.start(2) - found.start()] + FILTERED if denied(found[1]) else found[0]


def _encoded(found: re.Match[str]) -> str:
    """Filter the value of a pair of JSON that stands in an address."""
    return found[0][: -len(found["value"])] + FILTERED if denied(found["name"]) else found[0]


def _is_secret(text: str, found: re.Match[str]) -> bool:
    """Whether the name of a pair is denied, and what stands there is a pair at all."""
    name = found["name"]
    if not name:
        return True
    if name[0] in "nrt" and text[found.start() - 1 : found.start()] == "\\":
        name = name[1:] or name  # in what `repr` made of a text, that is the end of the line before
    if not denied(name) and not (
        name.lower() in _SECOND_WORDS and denied(f"{_word_before(text, found.start())}_{name}")
    ):
        return False
    if found["sign"] != ":":
        return True
    spaced = text[found.end() - 1] != ":"
    if spaced:
        return not _CLASS.search(name) and not (name in _SERVICES and _WORDS.match(text, found.end()))
    is_host = (
        name in _SERVICES
        or "-" in name
        or "." in name
        or text[max(0, found.start() - 2) : found.start()] in ("//", "@")
    )
    return not (is_host and _PORT.match(text, found.end()))


def _word_before(text: str, at: int) -> str:
    """Return the word before a name, as in `API key: x`."""
    found = _LAST_WORD.search(text[max(0, at - 32) : at])
    return found[1] if found else ""


def _value(text: str, found: re.Match[str], *, quoted_only: bool) -> tuple[int, int] | None:
    """Return where the value of a pair begins and ends, or None if it tells nothing."""
    at, name = found.end(), found["name"]
    lowered = name.lower()
    is_header = "auth" in lowered or "cookie" in lowered
    if found["sign"] == ":" and not is_header and (annotation := _ANNOTATION.match(text, at)):
        at = annotation.end()
    if quote := _QUOTE.match(text, at):
        start, end = quote.end(), _end_of_quoted(text, quote)
        return None if _tells_nothing(text[start:end], quoted=True) else (start, end)
    if quoted_only and name:
        return None
    end = _end(text, found, name)
    kept = _tells_nothing(text[at:end], quoted=False)
    if kept or (found["sign"] == ":" and (_REMARK.fullmatch(text[at:end]) or _is_name(text, at, end))):
        return None
    most = 7 if lowered.endswith("tokens") else 3 if lowered == "pass" else 0
    counts = end - at <= most and text[at:end].isdecimal()
    return None if counts else (at, end)


def _is_name(text: str, at: int, end: int) -> bool:
    """Whether what stands behind a name is the next one, as in `KeyError: 'password': token: x`."""
    name = _NAME.fullmatch(text, at, end)
    return name is not None and (bool(name[2]) or text[end : end + 2].lstrip(" ").startswith("=")) and denied(name[1])


def _end_of_quoted(text: str, quote: re.Match[str]) -> int:
    """Return where a quoted text ends; one that is not closed ends with everything."""
    if not quote[1]:
        inner = _QUOTED[quote[2]].match(text, quote.end())
        return inner.end() if inner else quote.end()
    mark = quote[1] + quote[2]
    closing = text.find(mark, quote.end())
    while closing > quote.end() and text.startswith(mark, closing + len(mark)):  # doubled, as SQL writes it in a text
        closing = text.find(mark, closing + 2 * len(mark))
    return len(text) if closing < 0 else closing


def _end(text: str, found: re.Match[str], name: str) -> int:
    """Return where a value that is not quoted ends."""
    at = found.end()
    first = text[at : at + 1]
    if first in ("[", "(", "{"):
        return _end_of_brackets(text, at)
    if first == "<":
        closing = text.find(">", at)
        return len(text) if closing < 0 else closing + 1
    if call := _CALL.match(text, at):
        return _end_of_brackets(text, call.end())
    lowered = name.lower()
    if "cookie" in lowered or ("auth" in lowered and _TO_THE_END.match(text, at)):
        line = _LINES.get(text[found.start() - 1 : found.start()], _LINE).match(text, at)
        return line.end() if line else at
    if "phone" in lowered and (number := _NUMBER.match(text, at)):
        return number.end()
    scheme = _SCHEME.match(text, at)
    bare = _BARE.match(text, scheme.end() if scheme else at)
    return bare.end() if bare else at


def _end_of_brackets(text: str, at: int) -> int:
    """Return where brackets close, those in quotes aside; ones that are not closed end with everything."""
    depth, inside = 0, at
    for found in _BRACKETS.finditer(text, at):
        if found.start() < inside:
            continue
        if found[0] in "\"'":
            inner = _QUOTED[found[0]].match(text, found.end())
            if inner and inner.end() < len(text):
                inside = inner.end() + 1
            continue
        depth += 1 if found[0] in "[({" else -1
        if depth <= 0:
            return found.end()
    return len(text)


def _tells_nothing(value: str, *, quoted: bool) -> bool:
    """Whether a value is empty, a placeholder, or a remark of a form's validation instead of a secret."""
    if not any(one.isalnum() for one in value) or _NOTHING.fullmatch(value) or _PLACEHOLDER.fullmatch(value):
        return True
    if quoted:
        return _SENTENCE.fullmatch(value) is not None
    if not value.startswith("["):
        return False
    said = _QUOTED_TEXTS.findall(plain := _ERROR_DETAIL.sub("", value))
    rest = _QUOTED_TEXTS.sub("", plain)
    return bool(said) and not any(one.isalnum() for one in rest) and all(_SENTENCE.fullmatch(one[1:-1]) for one in said)
