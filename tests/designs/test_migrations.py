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


def test_what_was_there_is_put_into_organizations(migrate):
    old = migrate(BEFORE)
    anna, ben = (add(old, "User", username=name) for name in ("anna", "ben"))
    series = add(old, "Series", owner=anna, name="S")
    mine = [design(old, anna, series=series, revision=n) for n in (1, 2)]
    huge = design(old, ben, size=30 * 10**9)
    namesake = add(old, "Series", owner=ben, name="S")

    new = migrate(AFTER)

    organization, members = new.get_model("designs", "Organization"), new.get_model("designs", "Membership")
    annas, bens = (organization.objects.get(personal_of_id=user.pk) for user in (anna, ben))
    assert (annas.name, organization.objects.count()) == ("anna", 2)
    assert set(members.objects.values_list("organization", "user", "role")) == {
        (annas.pk, anna.pk, "OWNER"),
        (bens.pk, ben.pk, "OWNER"),
    }
    designs = dict(new.get_model("designs", "Design").objects.values_list("pk", "organization_id"))
    assert designs == {mine[0].pk: annas.pk, mine[1].pk: annas.pk, huge.pk: bens.pk}
    found = dict(new.get_model("designs", "Series").objects.values_list("pk", "organization_id"))
    assert found == {series.pk: annas.pk, namesake.pk: bens.pk}
    assert (annas.storage_quota, bens.storage_quota) == (10 * 10**9, 40 * 10**9)


def test_the_way_back_gives_everything_to_an_owner(migrate):
    new = migrate(AFTER)
    anna, ben = (add(new, "User", username=name) for name in ("anna", "ben"))
    acme, other = (add(new, "Organization", name=name) for name in ("Acme", "Other"))
    for organization, user, role in ((acme, anna, "VIEWER"), (acme, ben, "OWNER")):
        add(new, "Membership", organization=organization, user=user, role=role)
    orphan = design(new, None, organization=acme)
    forsaken = design(new, None, organization=other)
    names = ["S", "S", "S (2)"]
    homes = [acme, other, other]
    for name, home in zip(names, homes, strict=True):
        add(new, "Series", owner=ben, name=name, organization=home)

    old = migrate(BEFORE)

    owners = dict(old.get_model("designs", "Design").objects.values_list("pk", "owner__username"))
    assert owners == {orphan.pk: "ben", forsaken.pk: "anna"}
    left = set(old.get_model("designs", "Series").objects.values_list("owner__username", "name"))
    assert left == {("ben", "S"), ("ben", "S (3)"), ("ben", "S (2)")}


def test_there_and_back_and_there_again(migrate):
    old = migrate(BEFORE)
    one = design(old, add(old, "User", username="anna"))
    migrate(AFTER)
    migrate(BEFORE)

    new = migrate(AFTER)

    assert new.get_model("designs", "Design").objects.get(pk=one.pk).organization.personal_of.username == "anna"
    assert new.get_model("designs", "Membership").objects.count() == 1
