"""The policy as people write it: looked at, and put in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgit.errors import InvalidValue
from mlgit.records import layout, schema
from mlgit.registry.sight import decide, sight

if TYPE_CHECKING:
    from mlgit.registry.sight import Sight
    from mlgit.store.change import Change
    from mlgit.store.store import Store


def written_policy(store: Store) -> bytes:
    """`registry/policy.yaml` as it is; empty where there is none."""
    return sight(store).guarded.read(layout.POLICY) or b""


def put_policy(store: Store, data: bytes, reason: str) -> bool:
    """Put a policy in place, in a commit of its own; whether it was another one before.

    Raises:
        InvalidValue: It is not a policy; every problem is named with its line.
    """
    refuse_invalid(data)

    def edit(change: Change, seen: Sight) -> bool:
        if seen.guarded.read(layout.POLICY) == data:
            return False
        change.put(layout.POLICY, data)
        return True

    return decide(store, edit, f"policy: {reason}" if reason else "policy: change the gates")


def refuse_invalid(data: bytes) -> None:
    """Refuse what is not a policy.

    Raises:
        InvalidValue: It is not; every problem is named with its line.
    """
    problems = schema.validate_file("policy", data)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise InvalidValue(
            f"this is not a policy:\n{listed}", "mlgit help gates", count=len(problems)
        )
