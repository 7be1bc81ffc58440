"""What the guide says of errors and roles is what the code does."""

import re
from pathlib import Path

from designs.models import Role
from tests.designs.test_exceptions import STATUSES

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "designs.md").read_text()


def test_the_table_of_errors_is_the_one_of_the_code():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| `(\w+)` \|", GUIDE, re.MULTILINE)

    assert rows == [(kind.__name__, str(status), kind.default_code) for kind, status in STATUSES.items()]


def test_the_table_of_roles_names_them_all():
    assert f"| {' | '.join(reversed(Role.values))} |" in GUIDE
