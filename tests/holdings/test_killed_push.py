"""A push that is killed between the bytes and the branch: the next one ends what it began."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlgit import shared
from mlgit.artifacts.cache import ObjectCache
from mlgit.holdings.remotes import add_remote
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record
from tests.support.repos import git

_KILLED = """
import importlib, os, signal, sys
from pathlib import Path
from mlgit import shared
from mlgit.sharing.remotes import transport_of
from mlgit.store.store import Store

module, name = sys.argv[2:]
def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(importlib.import_module(module), name, killed)
with Store.open(Path(sys.argv[1])) as store:
    shared.push(store, transport_of(store))
"""


@pytest.mark.parametrize(
    ("module", "name", "sent"),
    [
        ("mlgit.artifacts.transfer.upload", "upload", False),
        ("mlgit.holdings.upload", "remember", True),
        ("mlgit.sharing.push", "follows", True),
        ("mlgit.sharing.sync", "planned", True),
    ],
)
def test_the_next_push_goes_on(
    clone: Callable[[str], Store], remote: Path, shelf: Path, module: str, name: str, sent: bool
) -> None:
    store = clone("one")
    add_remote(store, "main", str(shelf))
    first = module.endswith("push")  # the branch is there already: no merge is needed
    if first:
        shared.push(store, transport_of(store))
    before = git(remote, "rev-parse", "-q", "--verify", "mlgit").stdout
    record(store, "9f3c000000000001", {"model.bin": b"weights"})
    place = str(store.home.git_dir)
    child = subprocess.run(
        [sys.executable, "-c", _KILLED, place, module, name], capture_output=True, text=True
    )
    assert child.returncode == -9, child.stderr
    assert git(remote, "rev-parse", "-q", "--verify", "mlgit").stdout == before
    digest = digest_of(b"weights")
    assert ObjectCache(shelf).has(digest) == sent
    outcome = shared.push(store, transport_of(store))
    assert outcome.synced.pushed
    assert bool(outcome.sent) != sent
    assert ObjectCache(shelf).verify(digest)
