"""What the shop asks of its database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.shortcuts import get_object_or_404


def register(name: str) -> Any:
    with transaction.atomic():
        return Group.objects.create(name=name)


def rename(old: str, new: str) -> None:
    with transaction.atomic():
        Group.objects.filter(name=old).update(name=new)


def join(name: str) -> Any:
    found = Group.objects.get(name=name)
    return found.pk


def leave(name: str) -> Any:
    return Group.objects.get(name__startswith=name)


def by_key(key: Any) -> Any:
    return Group.objects.filter(pk=key).first()


def members(name: str) -> int:
    return Group.objects.filter(membrs__name=name).count()


def report(name: str) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM report_{name}")
        return cursor.fetchone()


def shown(name: str) -> Any:
    return get_object_or_404(Group, name=name)
