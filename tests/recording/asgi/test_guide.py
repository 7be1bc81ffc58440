"""The example of the guide works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.recording.asgi.conftest import ask
from tests.recording.recorded import Recorded

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "fastapi.md"


def test_the_examples_answer_as_the_guide_says(recorded: Recorded) -> None:
    first, options, monitor = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    told: dict[str, Any] = {}
    exec(first, told)  # the guide's own
    exec(options, told)
    app = told["app"]
    assert ask(app, "GET", "/videos/7").json() == {"id": 7}
    broken = ask(app, "GET", "/videos/13").json()
    assert (broken["status"], broken["detail"]) == (500, "There was trouble with the database.")
    assert "replica" not in str(broken)
    refused = ask(app, "POST", "/videos")
    assert (refused.status_code, refused.json()["errors"]) == (422, {"email": ["Email cannot be empty"]})
    exec(monitor, told)
    assert told["monitor"].get_performance_stats()["error_requests"] >= 1
