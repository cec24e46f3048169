"""Random histories: a state machine of Hypothesis run without shrinking, a step being a fetch."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def examine(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Try `examples` histories of at most `steps` steps each."""
    asked = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    run_state_machine_as_test(machine, settings=asked)
