"""What is used when a repository is set, but nothing to reach it with: bugs wait for their issues, and say why."""

from __future__ import annotations

from typing import NoReturn

from monitoring.conf import Config
from monitoring.error_tracking import ErrorTracking

from .base import Draft, RefusedError

_WHY = "GITHUB_REPO is set, but there is neither a GITHUB_TOKEN nor the command gh."


class Missing:
    """Refuses everything."""

    name = "github"

    def __init__(self, repository: str) -> None:
        self.setup = f"missing {repository}"

    def find(self, _draft: Draft) -> NoReturn:
        """Refuse."""
        raise RefusedError(_WHY)

    def create(self, _draft: Draft) -> NoReturn:
        """Refuse."""
        raise RefusedError(_WHY)

    def comment(self, _key: str, _text: str, _marker: str) -> NoReturn:
        """Refuse."""
        raise RefusedError(_WHY)

    def reopen(self, _key: str) -> NoReturn:
        """Refuse."""
        raise RefusedError(_WHY)


def configured(_config: Config, tracking: ErrorTracking) -> Missing | None:
    """Return it when a repository is set."""
    return Missing(tracking.github_repo) if tracking.github_repo else None
