"""Alert rules over HTTP: read, make, change, delete and restore them, and see what they would find now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING
from datetime import UTC, datetime
from typing import Any

from django.db import router
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import problem, refusals
from monitoring.access.views import ApiView
from monitoring.alerts.rules import changing, evaluation, forms, validation
from monitoring.alerts.rules.changing import RefusedError
from monitoring.alerts.rules.models import AlertRule, RuleChange, Source
from monitoring.alerts.rules.registry import KINDS
from monitoring.alerts.rules.store import synced
from monitoring.alerts.rules.validation import InvalidRuleError
from monitoring.classification import ErrorSeverity

from .incidents import LabelsField, who

_MAX_ID = 2**63 - 1
_MOST_SAMPLES, _MOST_CHANGES = 100, 100
_UNKNOWN = "There is no such alert rule."


@extend_schema_field({"type": "object", "additionalProperties": True})
class ObjectField(serializers.DictField):
    """A JSON object whose members depend on the kind."""


class RuleSerializer(serializers.ModelSerializer[AlertRule]):
    """What is watched, and what is made of it. What its fields accept, the endpoint of kinds tells."""

    params = ObjectField(required=False, help_text="What the kind is told.")
    filters = ObjectField(required=False, help_text="Lists of patterns by `service`, `environment`, `route`, …")
    severity = serializers.CharField(required=False, help_text=f"One of {', '.join(ErrorSeverity)}.")
    channels = serializers.ListField(child=serializers.CharField(), required=False)
    labels = LabelsField(required=False)

    class Meta:
        model = AlertRule
        fields = ["id", *validation.NAMES, "source", "edited", "changed_at", "changed_by"]
        read_only_fields = ["id", "source", "edited", "changed_at", "changed_by"]


class ChangeSerializer(serializers.ModelSerializer[RuleChange]):
    """What somebody changed of a rule."""

    class Meta:
        model = RuleChange
        fields = ["at", "who", "changes"]
        read_only_fields = fields


class RuleDetailSerializer(RuleSerializer):
    """A rule with the history of its changes."""

    history = serializers.SerializerMethodField(help_text="What people changed, the newest first.")

    class Meta(RuleSerializer.Meta):
        fields = [*RuleSerializer.Meta.fields, "history"]

    @extend_schema_field(ChangeSerializer(many=True))
    def get_history(self, rule: AlertRule) -> Any:
        """Return what people changed."""
        return ChangeSerializer(RuleChange.objects.filter(rule=rule.name)[:_MOST_CHANGES], many=True).data


class ParamSerializer(serializers.Serializer[Any]):
    """One parameter of a kind of rules."""

    name = serializers.CharField()
    form = serializers.CharField(help_text="What it must be.")
    meaning = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    usual = serializers.JSONField(allow_null=True, help_text="What it is unless given.")


class KindSerializer(serializers.Serializer[Any]):
    """One kind of rules."""

    name = serializers.CharField()
    says = serializers.CharField(help_text="What it finds.")
    summary = serializers.CharField(help_text="Its sentence, with labels in braces.")
    params = ParamSerializer(many=True)
    filters = serializers.ListField(child=serializers.CharField(), help_text="By what it can be narrowed.")


class SampleSerializer(serializers.Serializer[Any]):
    """One thing that a rule finds."""

    labels = LabelsField()
    value = serializers.FloatField()
    count = serializers.IntegerField()
    summary = serializers.CharField()
    event = serializers.BooleanField(help_text="Whether it happened once, instead of lasting.")


class FoundSerializer(serializers.Serializer[Any]):
    """What a rule finds at this moment."""

    missing = serializers.BooleanField(help_text="Whether there are no data to judge by.")
    total = serializers.IntegerField()
    samples = SampleSerializer(many=True, help_text="100 at most.")


class KindsView(ApiView):
    """Kinds of rules."""

    @describe(operation_id="alert_rule_kinds", responses={200: KindSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List the kinds of rules, and what each can be told."""
        return Response([_kind(name) for name in sorted(KINDS)])


class RulesView(ApiView):
    """Alert rules."""

    @describe(operation_id="alert_rules", responses={200: RuleSerializer(many=True), **refusals()})
    def get(self, _request: Request) -> Response:
        """List all rules by name, wherever they come from."""
        rows = sorted(synced(), key=lambda row: row.name)
        return Response(RuleSerializer(rows, many=True).data)

    @describe(
        operation_id="create_alert_rule",
        request=RuleSerializer,
        responses={201: RuleDetailSerializer, **refusals(400)},
    )
    def post(self, request: Request) -> Response:
        """Make a rule."""
        values = _object(request)
        return _carried_out(lambda: changing.create(values, who(request), Source.API), 201)


class RuleView(ApiView):
    """One alert rule."""

    @describe(operation_id="alert_rule", responses={200: RuleDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return a rule with its history."""
        return Response(RuleDetailSerializer(_rule(pk)).data)

    @describe(
        operation_id="change_alert_rule",
        request=RuleSerializer(partial=True),
        responses={200: RuleDetailSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change a rule; a builtin one stays changed in upgrades."""
        row, values = _rule(pk), _object(request)
        return _carried_out(lambda: changing.change(row, values, who(request)))

    @describe(operation_id="delete_alert_rule", responses={204: None, **refusals(404, 409)})
    def delete(self, request: Request, pk: int) -> Response:
        """Delete a rule that people made; others can be disabled."""
        row = _rule(pk)
        try:
            changing.delete(row, who(request))
        except RefusedError as error:
            return problem(409, str(error))
        return Response(status=204)


class RestoreRuleView(ApiView):
    """A builtin rule as it ships."""

    @describe(
        operation_id="restore_alert_rule",
        request=None,
        responses={200: RuleDetailSerializer, **refusals(404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Make a builtin rule what it is for everybody else again."""
        row = _rule(pk)
        return _carried_out(lambda: changing.restore(row, who(request)))


class TryRuleView(ApiView):
    """What a rule would find."""

    @describe(
        operation_id="try_alert_rule",
        request=RuleSerializer,
        responses={200: FoundSerializer, **refusals(400)},
    )
    def post(self, request: Request) -> Response:
        """Evaluate a rule once without storing it: nobody is told, and nothing is remembered."""
        try:
            row = AlertRule(**validation.complete({"name": "tried", **_object(request)}))
            rule = validation.rule_of(row)
        except InvalidRuleError as error:
            return _invalid(error)
        found = evaluation.read(rule, datetime.now(UTC))
        samples = [
            {
                "labels": one.labels,
                "value": one.value,
                "count": one.count,
                "summary": one.summary,
                "event": one.event,
            }
            for one in found.samples[:_MOST_SAMPLES]
        ]
        answer = {"missing": found.missing, "total": len(found.samples), "samples": samples}
        return Response(FoundSerializer(answer).data)


def _kind(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    params = [
        {
            "name": param,
            "form": form,
            "meaning": meaning,
            "required": default is MISSING,
            "usual": None if default is MISSING else default,
        }
        for param, form, meaning, default in forms.described(kind.params)
    ]
    return {
        "name": kind.name,
        "says": kind.says,
        "summary": kind.summary,
        "params": params,
        "filters": sorted(kind.filters),
    }


def _object(request: Request) -> dict[str, Any]:
    """Return the body of a request.

    Raises:
        ValidationError: It is no JSON object.
    """
    if not isinstance(request.data, dict):
        raise serializers.ValidationError("Send a JSON object.")
    return dict(request.data)


def _carried_out(do: Callable[[], AlertRule], status: int = 200) -> Response:
    try:
        row = do()
    except InvalidRuleError as error:
        return _invalid(error)
    except RefusedError as error:
        return problem(409, str(error))
    return Response(RuleDetailSerializer(row).data, status=status)


def _invalid(error: InvalidRuleError) -> Response:
    told = {name[:100]: [f"This {text}."] for name, text in list(error.problems.items())[:20]}
    return problem(400, "A parameter is not valid.", told)


def _rule(pk: int) -> AlertRule:
    """Return a rule.

    Raises:
        NotFound: There is none.
    """
    rows = AlertRule.objects.using(router.db_for_write(AlertRule))
    found = rows.filter(pk=pk).first() if pk <= _MAX_ID else None
    if found is None:
        raise NotFound(_UNKNOWN)
    return found
