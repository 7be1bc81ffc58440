"""Secrets and personal data that are known by their own form, wherever they stand: tokens, keys, cards, addresses.

Each rule runs only on texts that hold what all of its matches hold, and takes time in proportion to the text's length:
repetitions are bounded or possessive.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error

from .names import FILTERED

_LONG = re.compile(r"(?<![\w.+/=-])[\w.+/=-]{16}")
# In the text that `repr` makes of a text, the n of a line's end stands before what follows.
_EDGE = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt]))"
_TOKENS = re.compile(
    _EDGE
    + r"""(?:
    (?<!-)eyJ[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]*+)?                            # JSON web tokens
    | (?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b                             # AWS
    | gh[opusr]_[A-Za-z0-9]{20,}+ | github_pat_\w{20,}+ | glpat-[\w-]{16,}+ # GitHub, GitLab
    | xox[a-z]-[\w-]{10,}+ | xapp-[\w-]{10,}+                           # Slack
    | hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]{8,}+
    | discord(?:app)?\.com/api/webhooks/[\w/-]{8,}+
    | webhook\.office\.com/[\w@/-]{8,}+
    | (?:[rs]k_(?:live|test)|whsec)_\w{10,}+                            # Stripe
    | AIza[\w-]{30,}+ | ya29\.[\w-]{16,}+                               # Google
    | sk-[\w-]{20,}+ | npm_[A-Za-z0-9]{30,}+ | pypi-[\w-]{16,}+ | dop_v1_[a-f0-9]{32,}+
    | GOCSPX-[\w-]{20,}+ | hv[bs]\.[\w-]{20,}+ | gl(?:cbt|dt|ft|ptt|rt|soat)-[\w-]{16,}+
    | shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32,}+ | dapi[a-f0-9]{32}(?:-\d)?\b   # Shopify, Databricks
    | ATATT3[\w=-]{20,}+ | lin_api_[A-Za-z0-9]{32,}+ | sntry[su]_[\w=+/-]{16,}+
    | SG\.[\w-]{16,}+\.[\w-]{16,}+                                      # SendGrid
    | \d{8,10}:[\w-]{35}(?![\w-])                                       # Telegram
    )""",
    re.VERBOSE,
)
_HASHES = re.compile(
    _EDGE + r"(?:pbkdf2_sha\d{1,3}|argon2|bcrypt(?:_sha256)?|scrypt|md5|sha1)\$[^\s'\",)\\]++"
    r"|\$(?:2[aby]|5|6|argon2\w{1,2}|y)\$[\w./$=,+]{20,}+"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----.*?(?:-----END [A-Z0-9 ]{0,60}-----|\Z)", re.DOTALL
)
_SCHEME_NAMES = ("bearer", "basic", "token", "negotiate", "apikey", "digest")
_SCHEMES = re.compile(rf"{_EDGE}({'|'.join(_SCHEME_NAMES)})[ \t]{{1,3}}([\w.~+/=-]{{8,}}+)", re.IGNORECASE)
_PLAIN_WORD = re.compile(r"[A-Za-z]?[a-z]{0,30}[.:]?|[A-Z]{2,12}[.:]?")
# Of a page's address all before the last @ of its authority; of others, whose passwords are often not escaped, all
# before the last @, unless what follows the colon is a port.
_WEB_USER = re.compile(r"(?<=://)(?!git@)[^\s/?#\"'<>]{1,300}@")
_USER = re.compile(
    r"(?<!http://)(?<!https://)(?<!git://)(?<!ssh://)(?<=://)(?!git@)[^\s/:@?#\"'<>]{0,100}+"
    r"(?::(?!\d{1,5}[/?#,])[^\s\"'<>?]{0,300}@|@)"
)
# Whoever cut a text may have cut a password, and with it the @ behind it.
_CUT_USER = re.compile(r"(?<=://)[^\s/:@?#\"'<>\[\]]{0,100}+:(?!\d{0,5}\Z)[^\s/@?#\"'<>\[\]]{1,300}\Z")
_BARE_USER_INFO = re.compile(
    r"(?<![\w.%+/:-])[\w.%+-]{1,60}+:(?!//)[^\s@:/\"'<>\[\]]{1,100}+@(?!sha\d)(?=[\w.-]{1,100}+[:/])"
)
_ORACLE = re.compile(r"(jdbc:oracle:\w{1,20}:)[^\s/@:\"'<>\[\]]{1,60}+/[^\s\"'<>\[\]]{1,100}@")
_EMAIL = re.compile(
    r"(?<![\w.%+-])(?!(?:celery|git)@)[\w.+-]{1,64}(?:@|%40)(?!\dx\.)(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}(?![\w-])"
)
# Also as `repr` and JSON write what is not in ASCII.
_GAP = r"(?:[ \xa0\u2007\u202f-]|(?:\\{1,2}(?:x[0-9a-f]{2}|u[0-9a-f]{4})){1,3}+)"
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4})")
_CARD = re.compile(
    r"(?:(?<![\w.,-])|(?<=\\[nrt]))"
    rf"(?:(?:3[0-9]|4\d|5[1-5]|2[2-7]|6\d)(?:{_GAP}?\d){{11,17}}|[2-6]\d{{3}}(?:\.\d{{4}}){{3}})(?![\w-]|[.,]\d)"
)
_IBAN = re.compile(
    rf"(?:(?<![\w-])|(?<=\\[nrt]))[A-Z]{{2}}\d{{2}}(?:{_GAP}?[A-Z0-9]{{4}}){{2,7}}(?:{_GAP}?[A-Z0-9]{{1,3}})?(?![\w-])"
)
_DIGITS = re.compile(r"\d{3}")
# Who has the address of such a page may do what its visitor may.
_PAGES = ("reset", "confirm", "activat", "verif", "invit", "magic", "unsubscribe")
_PAGE = re.compile(
    rf"(/[\w-]{{0,30}}(?:{'|'.join(_PAGES)})[\w-]{{0,20}}+(?:/[\w-]{{1,40}}+){{0,2}}?/)([\w:=~-]{{16,300}}+)(?=[^\w.%]|\Z)",
    re.IGNORECASE,
)
_RANDOM = re.compile(r"(?=[A-Za-z]*+\d)(?=\d*+[A-Za-z])[A-Za-z\d]{10}|[a-f\d]{8}-[a-f\d]{4}-")
# What PostgreSQL says of a row that it refuses is the whole row.
_ROW = re.compile(r"(Failing row contains )\((?:.*\)|.*)", re.DOTALL)


def hide_addresses(text: str) -> str:
    """Filter user and password in URLs, users' addresses of e-mail, and what admits to pages of theirs."""
    if "jdbc:oracle:" in text:
        text = _ORACLE.sub(rf"\1{FILTERED}@", text)
    if "://" in text:
        text = _CUT_USER.sub(FILTERED, text)
    if "://" in text and "@" in text:
        text = _WEB_USER.sub(f"{FILTERED}@", _USER.sub(f"{FILTERED}@", text))
    if "@" in text or "%40" in text:
        text = _EMAIL.sub(FILTERED, _BARE_USER_INFO.sub(f"{FILTERED}@", text))
    if "/" in text and any(page in text.lower() for page in _PAGES):
        text = _PAGE.sub(_page, text)
    return text


def hide_blocks(text: str) -> str:
    """Filter what may go over several lines: private keys, and rows that a database refused."""
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(FILTERED, text)
    if "Failing row contains" in text:
        text = _ROW.sub(rf"\1({FILTERED})", text)
    return text


def hide_secrets(text: str) -> str:
    """Filter what is a secret by its form, and numbers of cards and accounts."""
    lowered = text.lower()
    if any(scheme in lowered for scheme in _SCHEME_NAMES):
        text = _SCHEMES.sub(_credentials, text)
    if "$" in text:
        text = _HASHES.sub(FILTERED, text)
    if _LONG.search(text):
        text = _TOKENS.sub(FILTERED, text)
    if _DIGITS.search(text):
        text = _IBAN.sub(_account, _CARD.sub(_card, text))
    return text


def _credentials(found: re.Match[str]) -> str:
    """Filter what follows the name of a scheme, unless it is a word about it: `Basic authentication failed`."""
    kept, told = found[0], found[2]
    if _PLAIN_WORD.fullmatch(told) or (told.endswith("=") and told[:-1].isalpha() and found[1].lower() != "basic"):
        return kept
    if found[1].lower() == "basic" and not _is_basic(told):
        return kept
    if found[1].lower() == "token" and (len(told) < 16 or not any(one.isdigit() for one in told)):
        return kept
    return kept[: found.start(2) - found.start()] + FILTERED


def _is_basic(told: str) -> bool:
    """Whether this is a user and a password in Base64."""
    try:
        return b":" in b64decode(told + "=" * (-len(told) % 4), validate=True)
    except (Error, ValueError):
        return False


def _page(found: re.Match[str]) -> str:
    """Filter a part of a path that nobody has made up, as no word or date is."""
    return found[1] + FILTERED if _RANDOM.search(found[2]) else found[0]


def _card(found: re.Match[str]) -> str:
    digits = [int(one) for one in _ESCAPE.sub("", found[0]) if one.isdigit()]
    doubled = sum(sum(divmod(2 * one, 10)) for one in digits[-2::-2])
    return FILTERED if (sum(digits[-1::-2]) + doubled) % 10 == 0 else found[0]


def _account(found: re.Match[str]) -> str:
    plain = "".join(one for one in _ESCAPE.sub("", found[0]) if one.isalnum())
    number = int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4]))
    return FILTERED if number % 97 == 1 else found[0]
