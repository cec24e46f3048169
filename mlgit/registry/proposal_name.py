"""What the branch of a proposal is called."""

from __future__ import annotations

PREFIX = "mlgit-promote/"
#: Of a change of the rules; no model is called so, and no other branch can stand beside it.
RULES = f"{PREFIX}registry.policy"


def proposal_name(folder: str, kind: str, pointer: str, number: int, uid: str) -> str:
    """`mlgit-promote/churn/production/v5-b3c94f0e`.

    Args:
        folder: The model's folder; what git forbids in the name of a branch becomes a dot.
        kind: `alias` or `stage`.
        pointer: The alias's file without its ending, or the stage.
        number: The version; 0 where an alias is to be taken away.
        uid: Its uid.
    """
    where = f"stage.{pointer.lower()}" if kind == "stage" else pointer
    return f"{PREFIX}{folder}/{where}/v{number}-{uid[:8]}".replace("~", ".")
