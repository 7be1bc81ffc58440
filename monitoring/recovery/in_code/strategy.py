"""A strategy that the project's own code carries out, as one like all others: planned, watched and explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

from . import calling
from .names import Action, executor_of
from .result import of_success


class CodeStrategy(Strategy):
    """Calls `_execute_<name>` of an `AutoRecoveryExecutor`.

    It is harmless in the sense of `Reach`: it does what code offers for it. There is no way back that Enginel knows.
    """

    reach = Reach.HARMLESS
    success_rate = 0.5
    defaults: ClassVar[Mapping[str, Any]] = {}
    transactional = False

    def plan(self, case: Case, site: Site) -> Plan:  # noqa: ARG002  # all strategies are called alike
        """Look whether there is code for it."""
        if executor_of(self.name) is None:
            raise RefusedError(f"No AutoRecoveryExecutor has the method _execute_{self.name}.")
        return Plan(f"code:{self.name}", {}, f"It would call _execute_{self.name}.")

    def apply(self, order: Order, site: Site) -> Applied:  # noqa: ARG002  # all strategies are called alike
        """Call the code."""
        execute = executor_of(self.name)
        if execute is None:
            raise RefusedError(f"No AutoRecoveryExecutor has the method _execute_{self.name} any more.")
        try:
            found = of_success(calling.call(f"_execute_{self.name}", execute, self._action(order)), self.label)
        except calling.FailedError as error:
            return Applied(str(error), facts={"success": False})
        return Applied(found.message, facts={"success": found.success})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # as above
        """Tell what the code said; of one that was interrupted nobody knows what it did."""
        if applied is None:
            return Seen(effect=False, says="Its process ended meanwhile: whether it did its work is not known.")
        return Seen(effect=applied.facts.get("success") is True, says=applied.says)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG002  # as above
        """Leave it as it is."""
        return "What code of the project did is not taken back."

    def _action(self, order: Order) -> Action:
        case = order.case
        return Action(
            id=str(order.id),
            strategy=self.name,
            error_id=str(case.error_id),
            error_type=case.error_type,
            service=case.service,
            severity=case.severity,
            message=case.message,
            parameters=dict(order.plan.parameters),
            context=dict(case.facts),
        )


def register(name: str) -> None:
    """Add a strategy of this name to those there are."""
    label = name.replace("_", " ").title()
    kind: type[CodeStrategy] = type(label.replace(" ", ""), (CodeStrategy,), {"name": name, "label": label})
    registry.register(kind())
