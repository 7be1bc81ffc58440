"""Users, designs and series from before there were organizations get one, and lose it again on the way back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.faults.conftest import database

__all__ = ["database"]
pytestmark = pytest.mark.usefixtures("database")

BEFORE, AFTER = "0001_initial", "0004_organization_required"


@pytest.fixture
def migrate() -> Iterator[Callable[[str], Apps]]:
    """Migrate to a state, and return its models."""

    def to(name: str) -> Apps:
        executor = MigrationExecutor(connection)
        executor.migrate([("designs", name)])
        return executor.loader.project_state([("designs", name)]).apps

    yield to
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("designs"))


def add(apps: Apps, model: str, **values: Any) -> Any:
    return apps.get_model("designs", model).objects.create(**values)


def design(apps: Apps, owner: Any, size: int = 1, **values: Any) -> Any:
    return add(apps, "Design", owner=owner, name="x", format="step", size=size, sha256="0" * 64, **values)


def owned(apps: Apps, model: str, field: str) -> dict[Any, Any]:
    """Whose each row is."""
    return dict(apps.get_model("designs", model).objects.values_list("pk", field))


def test_there_and_back_and_there_again(migrate):
    """One story, since each step rebuilds tables: rows get organizations, lose them, and get them again."""
    old = migrate(BEFORE)
    anna, ben = (add(old, "User", username=name) for name in ("anna", "ben"))
    series, namesake = (add(old, "Series", owner=user, name="S") for user in (anna, ben))
    mine = [design(old, anna, series=series, revision=n) for n in (1, 2)]
    huge = design(old, ben, size=30 * 10**9)

    new = migrate(AFTER)

    organizations, members = new.get_model("designs", "Organization"), new.get_model("designs", "Membership")
    annas, bens = (organizations.objects.get(personal_of_id=user.pk) for user in (anna, ben))
    assert (annas.name, organizations.objects.count()) == ("anna", 2)
    assert set(members.objects.values_list("organization", "user", "role")) == {
        (annas.pk, anna.pk, "OWNER"),
        (bens.pk, ben.pk, "OWNER"),
    }
    personal = {mine[0].pk: annas.pk, mine[1].pk: annas.pk, huge.pk: bens.pk}
    assert owned(new, "Design", "organization_id") == personal
    assert owned(new, "Series", "organization_id") == {series.pk: annas.pk, namesake.pk: bens.pk}
    assert (annas.storage_quota, bens.storage_quota) == (10 * 10**9, 40 * 10**9)

    acme, other = (add(new, "Organization", name=name) for name in ("Acme", "Other"))
    for user, role in ((anna, "VIEWER"), (ben, "OWNER")):
        add(new, "Membership", organization=acme, user_id=user.pk, role=role)
    orphan, forsaken = (design(new, None, organization=one) for one in (acme, other))
    for name, home in (("S", acme), ("S", other), ("S (2)", other)):
        add(new, "Series", owner_id=ben.pk, name=name, organization=home)

    old = migrate(BEFORE)

    assert owned(old, "Design", "owner__username") == {
        **dict.fromkeys([one.pk for one in mine], "anna"),
        huge.pk: "ben",
        orphan.pk: "ben",  # who owns the organization
        forsaken.pk: "anna",  # somebody, since nobody is left there
    }
    names = sorted(old.get_model("designs", "Series").objects.values_list("owner__username", "name"))
    assert names == [("anna", "S"), ("ben", "S"), ("ben", "S (2)"), ("ben", "S (3)"), ("ben", "S (4)")]

    new = migrate(AFTER)

    assert new.get_model("designs", "Membership").objects.count() == 2
    homes = owned(new, "Design", "organization__personal_of__username")
    assert (homes[mine[0].pk], homes[huge.pk], homes[orphan.pk]) == ("anna", "ben", "ben")
