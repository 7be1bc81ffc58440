"""Gives each user an organization of their own, and their designs and series to it; backwards, each an owner again."""

from django.db import migrations
from django.db.models import Case, F, OuterRef, Subquery, Sum, Value, When

BATCH = 1_000


def found(apps, schema_editor):
    User = apps.get_model("designs", "User")
    Organization = apps.get_model("designs", "Organization")
    Membership = apps.get_model("designs", "Membership")
    alias = schema_editor.connection.alias
    users = User.objects.using(alias)
    organizations = Organization.objects.using(alias)

    without = users.filter(personal_organization__isnull=True).values_list("pk", "username")
    organizations.bulk_create(
        [Organization(name=name, personal_of_id=pk) for pk, name in without], batch_size=BATCH
    )
    personal = organizations.filter(personal_of__isnull=False)
    Membership.objects.using(alias).bulk_create(
        [
            Membership(organization_id=pk, user_id=user, role="OWNER")
            for pk, user in personal.values_list("pk", "personal_of_id")
        ],
        batch_size=BATCH,
        ignore_conflicts=True,
    )
    own = organizations.filter(personal_of_id=OuterRef("owner_id")).values("pk")[:1]
    for name in ("Design", "Series"):
        rows = apps.get_model("designs", name).objects.using(alias)
        rows.filter(organization__isnull=True).update(organization_id=Subquery(own))
    # Nobody who was within bounds yesterday is out of them today.
    for organization in personal.annotate(used=Sum("designs__size")).filter(used__gt=F("storage_quota") / 2):
        organization.storage_quota += organization.used
        organization.save(update_fields=["storage_quota"])


def give_to_owners(apps, schema_editor):
    alias = schema_editor.connection.alias
    Membership = apps.get_model("designs", "Membership")
    User = apps.get_model("designs", "User")
    first_user = User.objects.using(alias).order_by("-is_superuser", "pk").values_list("pk", flat=True).first()
    members = (
        Membership.objects.using(alias)
        .filter(organization_id=OuterRef("organization_id"))
        .order_by(Case(When(role="OWNER", then=Value(0)), default=Value(1)), "pk")
        .values("user_id")[:1]
    )
    for name in ("Design", "Series"):
        rows = apps.get_model("designs", name).objects.using(alias)
        rows.filter(owner__isnull=True).update(owner_id=Subquery(members))
        if first_user is not None:
            rows.filter(owner__isnull=True).update(owner_id=first_user)
    _name_apart(apps.get_model("designs", "Series").objects.using(alias))


def _name_apart(series):
    """Number the series that have an owner and a name in common: only their organizations told them apart."""
    taken = set(series.values_list("owner_id", "name"))
    seen = set()
    for one in series.order_by("pk").only("owner_id", "name").iterator():
        if (one.owner_id, one.name) in seen:
            name, number = one.name, 2
            while (one.owner_id, name) in taken:
                suffix = f" ({number})"
                name, number = one.name[: 200 - len(suffix)] + suffix, number + 1
            one.name = name
            one.save(update_fields=["name"])
            taken.add((one.owner_id, name))
        seen.add((one.owner_id, one.name))


class Migration(migrations.Migration):
    dependencies = [("designs", "0002_organizations")]
    operations = [migrations.RunPython(found, give_to_owners)]
