"""Reading JSON from strangers: whatever the body is, the answer is a result or a 400."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON that is nested no deeper than Python can follow, and whose texts can be written again."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what a body says.

        Raises:
            ParseError: It is no JSON, nested too deep, or holds half of a character.
        """
        try:
            parsed: dict[str, Any] = super().parse(stream, media_type, parser_context)
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:  # an answer that quotes it could not be sent
            raise ParseError("JSON parse error - it holds half of a surrogate pair") from error
        except RecursionError as error:
            raise ParseError("JSON parse error - it is nested too deep") from error
        return parsed
