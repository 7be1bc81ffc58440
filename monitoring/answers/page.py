"""The page for browsers: one file, made of text alone.

Its style is allowed by its own policy and nothing else is, so that it looks the same wherever it is served. Under a
stricter policy of the project it is unstyled, and can still be read.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from string import Template

_STYLE = """
:root { color-scheme: light dark }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText;
  font: 1.0625rem/1.6 system-ui, sans-serif }
main { max-width: 34rem; padding: 2rem 1.5rem; box-sizing: border-box }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
button, select { font: inherit; padding: .5rem .75rem }
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
$more</main>
</body>
</html>
""")
CONSTANT = _PAGE.substitute(title="Something went wrong", text="Please try again later.", more="")
"""The page where nothing is known, or no other one can be made."""


def render(title: str, text: str, more: str = "") -> str:
    """Return the page.

    Args:
        title: What stands above the text.
        text: What visitors are told.
        more: Further paragraphs, as HTML.
    """
    return _PAGE.substitute(title=escape(title), text=escape(text), more=more)
