"""Static files that a platform of this run has collected, for the others: compressing them takes seconds.

`bin/up` looks itself whether they are those that it would collect, as it does on every start but the first.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


class Statics:
    """A folder that the test workers of one run share."""

    folder: Path | None = None

    def lend(self, state: Path) -> None:
        """Give a platform that never started what another has collected."""
        target = state / "static"
        if self.folder is not None and self.folder.exists() and not target.exists():
            state.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copytree(self.folder, target)

    def keep(self, state: Path) -> None:
        """Keep what a platform has collected, unless another one was faster."""
        if self.folder is None or self.folder.exists():
            return
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as half:
            copied = shutil.copytree(state / "static", Path(half) / "static")
            try:
                Path(copied).rename(self.folder)
            except OSError:
                if not self.folder.exists():
                    raise


statics = Statics()
