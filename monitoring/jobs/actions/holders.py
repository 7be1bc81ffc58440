"""Which workers hold a task: running, taken and about to run, or kept for later."""

from __future__ import annotations

from .kind import Site

HELD = ("active", "reserved", "scheduled")


def holders(task_id: str, site: Site) -> dict[str, str]:
    """Ask every worker that lives; return `active`, `reserved` or `scheduled` by node, for those that hold it.

    A solo worker does not answer while it runs a task; what it runs stands in its heartbeat.
    """
    answers = site.remote.ask(site.alive, "query_task", ids=[task_id])
    found: dict[str, str] = {}
    for node in site.alive:
        answer = answers.get(node)
        if isinstance(answer, dict):
            state = (answer.get(task_id) or [None])[0]
            if state in HELD:
                found[node] = str(state)
        elif any(str(task.get("id")) == task_id for task in site.workers[node].state.get("active") or ()):
            found[node] = "active"
    return found
