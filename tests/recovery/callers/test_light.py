"""What code imports to be recovered costs little, and needs no Django project."""

from __future__ import annotations

import os
import subprocess
import sys


def test_it_is_imported_without_a_project_and_without_what_only_one_needs() -> None:
    code = "import monitoring.recovery, sys; heavy = {'celery', 'django.db.models', 'numpy', 'rest_framework'}"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-c", f"{code}; print(sorted(heavy & set(sys.modules)))"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
