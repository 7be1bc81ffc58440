"""Where things lie: the checkout, its virtual environment, and the folder that holds all state."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Refusal

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


@dataclass(frozen=True)
class State:
    """The folder of one running platform, `var/` unless `ENGINEL_VAR` names another."""

    folder: Path

    @classmethod
    def from_environment(cls) -> "State":
        """Find the folder and create it, readable by its owner alone."""
        folder = Path(os.environ.get("ENGINEL_VAR") or ROOT / "var").absolute()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal(f"cannot create {folder}: {error.strerror}") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Refusal(f"cannot write to {folder}")
        return cls(folder)

    @property
    def redis(self) -> Path:
        """The private Redis: its data, its configuration, and its address."""
        return self.folder / "redis"

    @property
    def run(self) -> Path:
        """What is true only while the platform runs."""
        return self.folder / "run"

    @property
    def admin_token(self) -> Path:
        """The API token of the administrator."""
        return self.folder / "admin-token"

    @property
    def admin_password(self) -> Path:
        """The password that was generated for the administrator."""
        return self.folder / "admin-password"

    @property
    def flower_password(self) -> Path:
        """The password that was generated for Flower."""
        return self.folder / "flower-password"


def write_private(path: Path, text: str) -> None:
    """Replace a file at once with one that only its owner can read."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def kept_password(path: Path) -> str:
    """Read a generated password; the first call generates it."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24) + "\n")
    return path.read_text().strip()
