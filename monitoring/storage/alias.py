"""A second name for a column, in queries and on instances alike."""

from __future__ import annotations

from typing import Any

from django.db import models


class AliasField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """Another name of a field: `filter`, `order_by`, `values`, `create` and attributes know both.

    Args:
        of: Name of the field that it stands for; it has the column.
    """

    def __init__(self, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(**{**kwargs, "editable": False, "null": True, "blank": True})

    def deconstruct(self) -> Any:
        """Return how migrations write it down."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {"of": self.of} | {key: kwargs[key] for key in kwargs if key == "verbose_name"}

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        """Join a model without a column of its own."""
        del private_only
        super().contribute_to_class(cls, name, private_only=True)
        self.column = None
        self.concrete = False
        setattr(cls, name, self)

    def get_attname_column(self) -> Any:
        """Return the attribute's name, and that there is no column."""
        return self.get_attname(), None

    @property
    def _target(self) -> Any:
        return self.model._meta.get_field(self.of)

    def get_col(self, alias: str, output_field: Any = None) -> Any:
        """Return the column of the field it stands for."""
        return self._target.get_col(alias, output_field)

    def get_lookup(self, lookup_name: str) -> Any:
        """Return a lookup of the field it stands for."""
        return self._target.get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        """Return a transform of the field it stands for."""
        return self._target.get_transform(lookup_name)

    def __get__(self, instance: models.Model | None, owner: Any = None) -> Any:
        """Return the value of the field it stands for."""
        return self if instance is None else getattr(instance, self.of)

    def __set__(self, instance: models.Model, value: Any) -> None:
        """Set the field it stands for."""
        setattr(instance, self.of, value)
