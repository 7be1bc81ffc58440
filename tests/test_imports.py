"""What must not be loaded where it costs: NumPy belongs to the processes that drain."""

from __future__ import annotations

import subprocess
import sys

import pytest

WEB = "import django; django.setup(); import enginel.urls, enginel.wsgi"
BEAT = "import django; django.setup(); import tasks.intake, tasks.performance, tasks.retention, tasks.designs"
CLIENT = "import monitoring.recording.recorder, monitoring.recording.decorators, monitoring.recording.metrics"


@pytest.mark.parametrize("code", [WEB, BEAT, CLIENT], ids=["web", "beat", "client"])
def test_numpy_is_not_loaded_by_processes_that_do_not_fold(code: str) -> None:
    program = f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'enginel.settings'; {code}; import sys; "
    program += "print(sorted({'numpy', 'django.db.models'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "numpy" not in result.stdout
    if code == CLIENT:
        assert "django" not in result.stdout
