"""Who may scrape `/metrics`: who has the scrape token, an admin's token, or an address in an allowed network."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from monitoring import address
from monitoring.conf import get_config

SCRAPER = "scraper"
"""What authenticated a request that carries the scrape token."""


class ScrapeTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <METRICS_TOKEN>`; other tokens are left to other authentication classes."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Return nobody, authenticated as the scraper."""
        scheme, _, given = get_authorization_header(request).partition(b" ")
        token = get_config().metrics_token
        if not token or scheme.lower() != b"bearer":
            return None
        # Digests have one length, and comparing them takes as long for a good guess as for a bad one.
        right = hmac.compare_digest(hashlib.sha256(given.strip()).digest(), hashlib.sha256(token.encode()).digest())
        return (AnonymousUser(), SCRAPER) if right else None

    def authenticate_header(self, _request: Request) -> str:
        """Return the challenge of a 401."""
        return "Bearer"


class MayScrape(BasePermission):
    """Scrapers by token, staff, and whoever comes from an allowed network."""

    message = "This is for scrapers and staff members."

    def has_permission(self, request: Request, _view: APIView) -> bool:
        """Return whether the request may read metrics.

        Raises:
            PermissionDenied: The peer's network is allowed, but the peer is a proxy that nobody declared as trusted:
                its own address says nothing of the client's.
        """
        if request.auth is not None:
            return request.auth == SCRAPER or bool(getattr(request.user, "is_staff", False))
        config = get_config()
        allowed, proxies = address.networks(config.metrics_allowed_networks), address.networks(config.trusted_proxies)
        peer = address.peer_of(request.META)
        if address.is_forwarded(request.META) and not address.is_in(peer, proxies):
            if address.is_in(peer, allowed):
                raise PermissionDenied("The request was forwarded by a proxy that TRUSTED_PROXIES does not name.")
            return False
        return address.is_in(address.client_of(request.META, proxies), allowed)
