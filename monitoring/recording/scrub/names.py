"""Names whose values do not leave the process: secrets and personal data, and what the operator adds to them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache

from monitoring.conf import get_config

FILTERED = "[filtered]"
"""Stands where something was taken out."""
_LONGEST = 200
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAKS = re.compile(r"[^a-z0-9]+")
_DENIED = re.compile(
    r"""
    pass_?(?:word|wort|wd|phrase|code|key) | pwd | (?:^|_)pw(?:_|\d?$)
    | (?:^|_)(?<!band_)(?<!first_)(?<!high_)(?<!last_)(?<!low_)(?<!multi_)(?<!second_)(?<!single_)pass\d?$
    | secret(?!ar) | token(?!i[sz]) | credential | cookie | session | sessid
    | csrf | xsrf | private | signature | jwt | (?<!un)auth(?!or(?!i[sz]))
    | (?:api|access|account|encryption|master|shared|signing|ssh|storage)_?key
    | (?:activation|backup|invite|one_?time|recovery|reset|security|verification)_?code
    | (?:^|_)(?:bearer|otp|totp|sid|cvc|dob|iban|pin_?code|ssn)(?:_|$)
    | card_?n | card_?holder | credit_?card | cvv | passport | birth_?(?:da|pl) | (?:national|tax)_?id(?:_|$)
    | email | (?:^|_)e_mail | (?<!micro)(?<!head)phone(?!me|ti)
    """,
    re.VERBOSE,
)

_ABOUT = re.compile(
    r"_(?:age|attempts|backends?|consent|count|enabled|engine|expires|expires_(?:at|in)|expiry|field|ip|length|lifetime"
    r"|limit|middleware|policy|required|retries|size|timeouts?|ttl|type|validators|verified|version)"
    r"(?:_(?:ms|s|seconds|minutes|hours|days))?$"
)
_FILE = re.compile(r"\.(?:css|go|html?|java|jsx?|php|pyc?|rb|rs|sh|sql|tsx?)$")
"""Names of what is said about secrets, and of files, which hold none themselves."""


def denied(name: str) -> bool:
    """Whether what stands under a name is not to leave the process.

    Args:
        name: Of a key, header, parameter, variable or field; its case, humps and separators make no difference.
    """
    return _denied(name if len(name) <= _LONGEST else name[:_LONGEST] + name[-_LONGEST:], _added())


def _added() -> tuple[str, ...]:
    """Return the operator's names and patterns; none while the settings cannot be read."""
    try:
        return get_config().scrub_keys
    except Exception:
        return ()


@lru_cache(maxsize=5_000)
def _denied(name: str, added: tuple[str, ...]) -> bool:
    plain = _plain(name)
    if _DENIED.search(plain) and not _ABOUT.search(plain) and not _FILE.search(name):
        return True
    last = _plain(re.split(r"[.\[]", name.rstrip("]"))[-1])
    return any(fnmatchcase(one, _pattern(key)) for key in added for one in {plain, last})


def _plain(name: str) -> str:
    """Return a name in lower case with its words separated by underscores: `X-ApiKey` is `x_api_key`."""
    return _BREAKS.sub("_", _HUMPS.sub("_", name).lower()).strip("_")


@lru_cache(maxsize=200)
def _pattern(key: str) -> str:
    """Return a name or pattern of the settings in the form that names are compared in."""
    return "*".join(_plain_part(part) for part in key.split("*"))


def _plain_part(part: str) -> str:
    return _BREAKS.sub("_", _HUMPS.sub("_", part).lower())
