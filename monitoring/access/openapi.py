"""How the OpenAPI schema describes our authentication. Importing it is what makes drf-spectacular know."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes `BearerTokenAuthentication`."""

    target_class = "monitoring.access.authentication.BearerTokenAuthentication"
    name = "adminToken"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "Made by `manage.py create_admin_token`."}
