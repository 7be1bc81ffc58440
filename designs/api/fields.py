"""Fields that more than one part of the interface has."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from designs import part_numbers
from designs.models import Clearance, Membership, Organization
from designs.models.design import PART_NUMBER_LENGTH

CLEARANCES = {level.name.lower(): level for level in Clearance}


class ClearanceField(serializers.ChoiceField):
    """A clearance by its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(CLEARANCES), **kwargs)

    def to_internal_value(self, data: Any) -> Clearance:
        """Return the level of a name."""
        return CLEARANCES[super().to_internal_value(data)]

    def to_representation(self, value: Any) -> str:
        """Return the name of a level."""
        return Clearance(value).name.lower()


class PartNumberField(serializers.CharField):
    """A part number as it is kept; empty for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=PART_NUMBER_LENGTH,
            allow_blank=True,
            allow_null=True,
            help_text="Once in an organization; kept in upper case.",
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> Any:
        """Return the part number in its normal form, which may be longer than what was typed."""
        number = part_numbers.normal(super().to_internal_value(data))
        if number is not None and len(number) > PART_NUMBER_LENGTH:
            self.fail("max_length", max_length=PART_NUMBER_LENGTH)
        return number

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return the part number, or None for none: an empty text would be one that can be given out once."""
        return super().run_validation(data) or None

    def run_validators(self, value: Any) -> None:
        """Validate what there is."""
        if value is not None:
            super().run_validators(value)


class OwnOrganizationField(serializers.PrimaryKeyRelatedField[Organization]):
    """An organization of which the user is a member; others look as if they did not exist."""

    queryset = Organization.objects.all()

    def get_queryset(self) -> Any:
        """Return the user's organizations."""
        mine = Membership.objects.filter(user_id=self.context["request"].user.pk)
        return Organization.objects.filter(pk__in=mine.values("organization_id"))
