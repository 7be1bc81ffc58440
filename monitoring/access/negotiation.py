"""Content negotiation for clients that ask for what we do not have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyClient(BaseContentNegotiation):
    """Answers in JSON whatever the client asks for: some load balancers ask for nothing but text."""

    def select_parser(self, _request: Request, parsers: Iterable[Any]) -> Any:
        """Take the only parser."""
        return next(iter(parsers))

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Take the only renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
