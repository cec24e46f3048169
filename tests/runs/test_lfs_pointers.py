"""A run whose model is a Git LFS pointer in the work tree has the model, not the pointer."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.pointer import pointer_of
from mlgit.errors import InvalidState
from mlgit.runs import begin
from mlgit.runs.begin import RunRequest
from mlgit.store.store import Store
from tests.support.repos import git

DATA = b"weights " * 40_000
DIGEST = sha256(DATA).hexdigest()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("storage", ["", "elsewhere"])
def test_the_model_is_kept(repo: Path, storage: str) -> None:
    """Wherever git's config says that git-lfs keeps files."""
    if storage:
        git(repo, "config", "lfs.storage", storage, check=True)
    path = repo / ".git" / (storage or "lfs") / "objects" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    (repo / "model.bin").write_bytes(pointer_of(DIGEST, len(DATA)))
    with Store.open(repo) as opened:
        active = begin.start(opened, "churn", RunRequest())
        with pytest.raises(InvalidState, match="Git LFS pointer"):
            active.add_file(repo / "model.bin", "model.bin")
        path.parent.mkdir(parents=True)
        path.write_bytes(DATA)
        entry = active.add_file(repo / "model.bin", "model.bin")
        active.finish()
        assert (entry.sha256, entry.size) == (DIGEST, len(DATA))
        assert ObjectCache(opened.data / "objects").verify(DIGEST)
