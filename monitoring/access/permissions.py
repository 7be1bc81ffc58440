"""Who may read what the platform knows."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsAdmin(BasePermission):
    """Staff members alone."""

    message = "This is for staff members."

    def has_permission(self, request: Request, _view: APIView) -> bool:
        """Return whether the user is on the staff; user models without `is_staff` have none."""
        return bool(getattr(request.user, "is_staff", False))
