"""A registry with a policy, and proposals made of it."""

from __future__ import annotations

from typing import Any

import mlgit
from mlgit.git.commits import new_commit
from mlgit.git.edits import apply_edits
from mlgit.git.oid import COMMIT, Oid
from mlgit.git.tree import Edit
from mlgit.records import layout
from mlgit.records.approval import Approval, dump_approval
from mlgit.records.pointer import dump_alias
from mlgit.registry import aliases, catalogue, versions
from mlgit.registry.gate.judge import judge
from mlgit.registry.gate.verdict import Copies, Question, Verdict
from mlgit.registry.sight import Sight, sight
from mlgit.registry.source import request_of
from mlgit.store.store import Store
from tests.registry.helpers import written

PATH = "registry/models/churn/aliases/production.yaml"
HELD = Copies(1, 10, 2)


def version(store: Store, metrics: dict[str, float], **more: Any) -> int:
    """A version of a run with these metrics; its number."""
    with mlgit.start_run() as run:
        mlgit.log_metrics(metrics)
        mlgit.log_text("weights", "model.txt")
    request = request_of(sight(store), f"runs:/{run.info.run_id}")._replace(**more)
    return versions.register(store, "churn", request).number


def policy(store: Store, gate: str, kind: str = "aliases", name: str = "production") -> None:
    """A policy with one gate; `gate` is lines of YAML."""
    lines = "".join(f"        {line}\n" for line in gate.strip().splitlines())
    written(
        store, "registry/policy.yaml", f"models:\n  churn:\n    {kind}:\n      {name}:\n{lines}"
    )


def commit(store: Store, edits: dict[str, Edit], *parents: Oid) -> Oid:
    """A commit with these changes on top of the first parent (the branch's tip) that no ref has."""
    objects = store.repository.objects
    parents = parents or (store.snapshot().commit,)
    tree, made = apply_edits(objects, objects.commit(parents[0]).tree, edits)
    raw = new_commit(tree, parents, "promote: churn", store.repository.config)
    return objects.write([*made, (COMMIT, raw)])[-1]


def promoted(store: Store, number: int, name: str = "production", **more: Any) -> dict[str, Edit]:
    """The change of a file with which a version gets an alias."""
    seen: Sight = sight(store)
    model = catalogue.model(seen.data, "churn")
    found = catalogue.version(seen.data, model.folder, number)
    alias = aliases.decided(seen, model, name, found, "better", store.writer)._replace(**more)
    return {aliases.path_of(model, name): dump_alias(alias)}


def asked(store: Store, head: Oid, **more: Any) -> Verdict:
    """What the gate says of a commit on top of the branch."""
    tip = store.snapshot().commit
    question = Question(store.repository.objects, tip, head, tip, **more)
    return judge(question)


def reasons(verdict: Verdict) -> dict[str, tuple[str, str]]:
    """Rule -> outcome and reason."""
    return {one.rule: (one.outcome, one.reason) for one in verdict.results}


def approved(store: Store, proposal: str, head: Oid, by: str, verdict: str = "approve") -> None:
    """Somebody's word on a proposal, on the branch."""
    tree = store.repository.objects.commit(head).tree.decode()
    word = Approval(proposal, tree, verdict, 1_795_421_691_123, by)
    path = layout.approval_path(layout.folder_name(proposal), layout.folder_name(by))
    written(store, path, dump_approval(word).decode())
