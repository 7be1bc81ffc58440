"""Who may read what the platform knows."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from . import signals


class IsAdmin(BasePermission):
    """Staff members alone."""

    message = "This is for staff members."

    def has_permission(self, request: Request, _view: APIView) -> bool:
        """Return whether the user is on the staff; user models without `is_staff` have none."""
        allowed = bool(getattr(request.user, "is_staff", False))
        if not allowed and getattr(request.user, "is_authenticated", False):
            signals.access_denied.send_robust(type(self), request=request, user=request.user)
        return allowed
