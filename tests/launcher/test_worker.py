"""What the workers of `bin/up` get besides Celery."""

import subprocess
import sys

import pytest

_CHILD = """
import launcher.worker
from celery.signals import worker_process_init
worker_process_init.send(sender=None)
bytearray(1 << 30)
try:
    bytearray(2 << 30)
except MemoryError:
    print("refused", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce the limit")
def test_a_process_of_the_pool_gets_two_gibibytes_and_a_memory_error_beyond(
    launcher_environment: dict[str, str],
) -> None:
    said = subprocess.check_output([sys.executable, "-c", _CHILD], env=launcher_environment, text=True, timeout=60)

    assert said == "refused\n"
