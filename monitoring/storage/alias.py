"""A second name for a column, in queries and on instances alike.

A model with `AliasField`s takes its manager from `AliasQuerySet` and inherits `Aliases`: Django looks fields that are
written (`update`, `save(update_fields=…)`) and left out (`only`, `defer`) up among those with a column.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models

_Model = TypeVar("_Model", bound=models.Model)


class AliasField(models.Field):  # type: ignore[type-arg]  # not subscriptable at run time
    """Another name of a field: `filter`, `order_by`, `values`, `create`, `F` and attributes know both.

    In serializers of models it can be read; what writes names the field itself.

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
        """Return the column of the field it stands for, whose values that field prepares."""
        return self._target.get_col(alias, None if output_field is self else output_field)

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


def named(model: type[models.Model], names: Iterable[Any]) -> list[Any]:
    """Return names of fields, those of aliases replaced by what they stand for.

    Args:
        model: Whose fields.
        names: Names, also across relations; anything else is left as it is.
    """
    others = {field.name: field.of for field in model._meta.private_fields if isinstance(field, AliasField)}
    return [others.get(name, name) if isinstance(name, str) else name for name in names]


class AliasQuerySet(models.QuerySet[_Model]):
    """Rows whose aliases can be written and left out as well."""

    def update(self, **values: Any) -> int:
        """Write to the rows, as Django does."""
        return super().update(**dict(zip(named(self.model, values), values.values(), strict=True)))

    def bulk_update(self, objs: Iterable[_Model], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Write some fields of many rows, as Django does."""
        return super().bulk_update(objs, named(self.model, fields), batch_size)

    def only(self, *fields: Any) -> Any:
        """Load these fields alone."""
        return super().only(*named(self.model, fields))

    def defer(self, *fields: Any) -> Any:
        """Load these fields when somebody asks for them; None loads all after all."""
        return super().defer(*named(self.model, fields))


class Aliases(models.Model):
    """Rows that are saved and loaded by aliases as well."""

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Save the row, as Django does."""
        super().save(*args, update_fields=_given(type(self), update_fields), **kwargs)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Load the row again, as Django does."""
        super().refresh_from_db(using, _given(type(self), fields), from_queryset)


def _given(model: type[models.Model], names: Iterable[str] | None) -> list[str] | None:
    return None if names is None else named(model, names)
