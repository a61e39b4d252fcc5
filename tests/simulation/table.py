"""A run's history as a table."""

from simulation.run import Result

ACTOR_CHARS = 18


def table(result: Result) -> str:
    """Time in seconds, actor, action; and the promise that was broken."""
    plan = result.plan
    setting = ", ".join(
        [
            "with Redis" if plan.has_redis else "without Redis",
            f"answers kept for {'their user' if plan.scope_to_user else 'everybody'}",
            f"Lambda's time {plan.timeout_seconds:.0f} s",
            f"{plan.streams_per_process} streams a process",
            f"{plan.requests_per_minute} starts a minute",
        ]
    )
    rows = [f"{at:9.3f}  {actor:{ACTOR_CHARS}}  {action}" for at, actor, action in result.history]
    head = f"{'time':>9}  {'actor':{ACTOR_CHARS}}  action"
    return "\n".join([f"Seed {plan.seed}: {setting}", "", head, *rows, "", f"BROKEN: {result.broken}"])
