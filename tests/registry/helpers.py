"""What tests of the registry ask of a store."""

from __future__ import annotations

from mlgit.records.model_version import ModelVersion
from mlgit.registry import versions
from mlgit.store.store import Store
from tests.support.repos import git

MANIFEST = "sha256:" + "2c" * 32


def registered(
    store: Store, name: str = "churn", *, run: str = "", author: str = ""
) -> ModelVersion:
    """One more version of a model, of nothing in particular."""
    request = versions.Request(run=run, manifest=MANIFEST, author=author)
    return versions.register(store, name, request)


def log(store: Store, *args: str) -> list[str]:
    """Lines of `git log` of the branch, newest first."""
    work_tree = store.home.work_tree
    assert work_tree is not None
    return git(work_tree, "log", *args, "mlgit", check=True).stdout.splitlines()


def written(store: Store, path: str, text: str) -> None:
    """A file as a person writes it on the branch, past all rules."""
    with store.change("by hand") as change:
        change.put(path, text.encode())
