"""`Authorization: Bearer <token>`, whatever prefix the project's own knox settings give to its tokens."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from . import signals, tokens

_REFUSED = "The token is wrong, expired or revoked."


class BearerTokenAuthentication(BaseAuthentication):
    """Authenticates by token; requests without a Bearer header are left to other authentication classes."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return the user and the stored token.

        Raises:
            AuthenticationFailed: There is a Bearer header, but no valid token in it.
        """
        scheme, *credentials = get_authorization_header(request).split() or [b""]
        if scheme.lower() != self.keyword.lower().encode():
            return None
        if len(credentials) != 1 or not credentials[0].isascii():
            signals.token_refused.send_robust(type(self), request=request, digest="")
            raise AuthenticationFailed("The header must have the form: Authorization: Bearer <token>")
        given = credentials[0].decode("ascii")
        token = tokens.find(given)
        # One answer for all: whoever guesses learns nothing about users.
        if token is None or not token.user.is_active:
            signals.token_refused.send_robust(type(self), request=request, digest=tokens.digest_of(given))
            raise AuthenticationFailed(_REFUSED)
        signals.token_used.send_robust(type(self), request=request, token=token)
        return token.user, token

    def authenticate_header(self, _request: Request) -> str:
        """Return the challenge of a 401."""
        return self.keyword
