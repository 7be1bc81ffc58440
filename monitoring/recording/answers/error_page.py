"""The page about an error: what is said of its id and its bug, beside what every page says."""

from __future__ import annotations

from html import escape
from string import Template

from monitoring.answers import page

from .shown import Shown

_NOWHERE, _BROKEN = 404, 500
_KNOWN = Template("""<p class="known">We know of this problem, as <strong>$bug_id</strong>, and are working on it.</p>
""")
_NAMED = Template("""<p class="known">We know of this as <strong>$bug_id</strong>.</p>
""")
_REPORTED = """<p>The problem has been reported. You need not do anything.</p>
"""
_IDENTITY = Template("""<p class="small">If you write to us about it, please say: <code>$error_id</code></p>
""")


def render(status: int, title: str, text: str, what: Shown) -> str:
    """Return the page.

    Args:
        status: Of the answer.
        title: What stands above the text.
        text: What visitors are told of it.
        what: Its id and bug, as far as there are any.
    """
    identity = _IDENTITY.substitute(error_id=escape(what.error_id)) if what.error_id else ""
    return page.render(title, text, _known(status, what) + identity)


def _known(status: int, what: Shown) -> str:
    """Return what is said of its bug: nothing at an address that does not exist, where nobody works on anything."""
    if status == _NOWHERE:
        return ""
    if what.bug_id:
        return (_KNOWN if status >= _BROKEN else _NAMED).substitute(bug_id=escape(what.bug_id))
    return _REPORTED if what.error_id and status >= _BROKEN else ""
