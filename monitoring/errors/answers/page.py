"""The page for browsers: one file, made of text alone.

Its style is allowed by its own policy and nothing else is, so that it looks the same wherever it is served. Under a
stricter policy of the project it is unstyled, and can still be read.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template

from .shown import Shown

_NOWHERE, _BROKEN = 404, 500
_STYLE = """
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText;
  font: 1.0625rem/1.6 system-ui, sans-serif }
main { max-width: 34rem; padding: 2rem 1.5rem; box-sizing: border-box }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
.known { padding: .75rem 1rem; border-inline-start: .25rem solid currentColor }
.small { font-size: .9375rem }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""`Content-Security-Policy` of the page."""

_PAGE = Template(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>$title</h1>
<p>$text</p>
$known$identity</main>
</body>
</html>
""")
_KNOWN = Template("""<p class="known">We know of this problem, as <strong>$bug_id</strong>, and are working on it.</p>
""")
_NAMED = Template("""<p class="known">We know of this as <strong>$bug_id</strong>.</p>
""")
_REPORTED = """<p>The problem has been reported. You need not do anything.</p>
"""
_IDENTITY = Template("""<p class="small">If you write to us about it, please say: <code>$error_id</code></p>
""")
CONSTANT = _PAGE.substitute(title="Something went wrong", text="Please try again later.", known="", identity="")
"""The page where even the other one cannot be made."""


def render(status: int, title: str, text: str, what: Shown) -> str:
    """Return the page.

    Args:
        status: Of the answer.
        title: What stands above the text.
        text: What visitors are told of it.
        what: Its id and bug, as far as there are any.
    """
    return _PAGE.substitute(
        title=escape(title),
        text=escape(text),
        known=_known(status, what),
        identity=_IDENTITY.substitute(error_id=escape(what.error_id)) if what.error_id else "",
    )


def _known(status: int, what: Shown) -> str:
    """Return what is said of its bug: nothing at an address that does not exist, where nobody works on anything."""
    if status == _NOWHERE:
        return ""
    if what.bug_id:
        return (_KNOWN if status >= _BROKEN else _NAMED).substitute(bug_id=escape(what.bug_id))
    return _REPORTED if what.error_id and status >= _BROKEN else ""
