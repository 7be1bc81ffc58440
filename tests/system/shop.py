"""Another project that uses Enginel: made by `django-admin startproject`, from what our guide says and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from launcher.ports import free_port
from launcher.processes import die_with_parent

from .platform import ROOT

GUIDE = ROOT / "docs" / "install-in-your-project.md"

_APP = {
    "orders/__init__.py": "",
    "orders/tasks.py": """
from celery import shared_task

from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor


@shared_task
@PerformanceMonitor.track_duration("packing")
def pack(number):
    MetricsCollector.increment_counter("orders_total")
    if number == 13:
        raise ValueError("no thirteenth floor")
""",
    "orders/views.py": """
from django.http import JsonResponse
from orders.tasks import pack


def take(request):
    pack.delay(int(request.GET.get("number", 1)))
    return JsonResponse({"taken": True}, status=202)


def broken(request):
    raise RuntimeError("on purpose")
""",
    "shop/urls.py": """
from django.views.decorators.csrf import csrf_exempt
from orders.views import broken, take

urlpatterns += [path("orders/", csrf_exempt(take)), path("orders/broken/", broken)]
""",
    "shop/settings.py": """
INSTALLED_APPS += ["orders"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
CELERY_TASK_ALWAYS_EAGER = "TASKS_AT_ONCE" in os.environ
""",
}
_POSTGRESQL = """
from urllib.parse import urlsplit

_url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.lstrip("/"),
        "USER": _url.username,
        "PASSWORD": _url.password,
        "HOST": _url.hostname,
        "PORT": _url.port,
    }
}
"""


def guide() -> dict[str, str]:
    """Read the files the guide tells to write or to add to, by the comment each begins with."""
    blocks = re.findall(r"^```python\n# (.+?)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    told: dict[str, str] = {}
    for name, text in blocks:
        told[name] = told.get(name, "") + text
    return told


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout, without a network."""
    command = [str(Path(sys.executable).with_name("uv")), "build", "--wheel", "--offline", "--quiet"]
    subprocess.run([*command, "--out-dir", str(folder)], cwd=ROOT, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@dataclass
class Shop:
    """The project, its environment, and its processes."""

    folder: Path
    redis_url: str
    database_url: str
    token: str = ""
    port: int = field(default_factory=free_port)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def environment(self) -> dict[str, str]:
        """An environment in which nothing points to this checkout."""
        ours = ("PYTHON", "DJANGO", "ENGINEL", "PYTEST", "COVERAGE", "MONITORING", "CELERY")
        settings = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        settings |= {"REDIS_URL": self.redis_url, "DATABASE_URL": self.database_url, "OPENBLAS_NUM_THREADS": "1"}
        return settings

    def install(self, wheel: Path) -> None:
        """Make an environment that has this one's packages and the wheel, but not the checkout."""
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.folder / "venv")], check=True)
        (mine,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        theirs = [path for path in sys.path if path.endswith("site-packages")]
        (mine / "others.pth").write_text("\n".join(theirs) + "\n")
        uv = Path(sys.executable).with_name("uv")
        command = [str(uv), "pip", "install", "--quiet", "--offline", "--no-deps", "--no-cache"]
        subprocess.run([*command, "--python", self.python, str(wheel)], check=True)

    def create(self) -> None:
        """Create the project as the guide says, and an app with a view and a task."""
        self.run("-m", "django", "startproject", "shop", ".")
        told = guide()
        for name in ("shop/settings.py", "shop/urls.py", "shop/celery.py", "shop/__init__.py", "tests/test_orders.py"):
            self._append(name, told.pop(name))
        on_sqlite = told.pop("shop/settings.py on SQLite")
        assert not told, "the guide has files that nobody checks"
        self._append("shop/settings.py", _POSTGRESQL if self.database_url else on_sqlite)
        for name, text in _APP.items():
            self._append(name, text)

    def _append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(text)

    def run(self, *arguments: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run the project's Python to its end."""
        ran = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=self.environment() | extra,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert not check or ran.returncode == 0, f"{arguments}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def start(self) -> None:
        """Start web, a worker for both queues, and beat."""
        queues = ("--queues", "celery,monitoring", "--pool", "threads", "--concurrency", "16")
        self._start("web", "gunicorn", "shop.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "2")
        self._start("worker", "celery", "--app", "shop", "worker", "--loglevel", "WARNING", *queues)
        self._start("beat", "celery", "--app", "shop", "beat", "--loglevel", "WARNING", "--pidfile=")

    def _start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.python, "-m", *arguments],
                cwd=self.folder,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - nothing between fork and exec takes a lock
            )
        self._processes.append(process)

    def stop(self) -> None:
        """Stop what was started, and what that started."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def secret(self, name: str) -> str:
        """The administrator's token, as a client asks for it."""
        del name
        return self.token
