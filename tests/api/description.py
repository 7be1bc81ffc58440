"""The description of the API, for tests that compare answers with it."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

_generated: list[bytes] = []


def description(api: Client) -> dict[str, Any]:
    """Return the OpenAPI document, a new copy for each caller.

    It is the same for all who may see it and takes long to generate, so each process asks for it once.
    """
    if not _generated:
        _generated.append(api.get("/api/schema/").content)
    return dict(json.loads(_generated[0]))
