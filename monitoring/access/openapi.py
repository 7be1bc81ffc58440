"""How the OpenAPI schema describes our views and our authentication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

_Method = TypeVar("_Method", bound=Callable[..., Any])


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes `BearerTokenAuthentication`; defining it is what makes drf-spectacular know."""

    target_class = "monitoring.access.authentication.BearerTokenAuthentication"
    name = "adminToken"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "Made by `manage.py create_admin_token`."}


def describe(**description: Any) -> Callable[[_Method], _Method]:
    """Describe a method of a view with the arguments of `extend_schema`, whatever the project's schema class is."""

    def decorate(method: _Method) -> _Method:
        method.kwargs = {"schema": AutoSchema}  # type: ignore[attr-defined] # what extend_schema then builds upon
        return extend_schema(**description)(method)

    return decorate
