"""The real git-lfs client and mlgit read what the other has sent, on the same strict server."""

from __future__ import annotations

import io
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.pointer import pointer_of
from mlgit.artifacts.remotes.lfs import open_lfs
from mlgit.artifacts.remotes.lfs_access import GitHost
from mlgit.artifacts.remotes.lfs_address import endpoint_of_git
from tests.support.lfs import lfs_server
from tests.support.repos import git

DATA = b"weights " * 4_000
DIGEST = sha256(DATA).hexdigest()

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed"),
]


def lfs_of_git(repo: Path, *args: str, data: bytes = b"") -> bytes:
    argv = ["git", "-C", str(repo), "lfs", *args]
    return subprocess.run(argv, input=data, capture_output=True, check=True, timeout=60).stdout


def test_each_reads_what_the_other_has_sent(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "http")
    ours, theirs = tmp_path / "ours", b"theirs " * 1000
    ours.write_bytes(DATA)
    name = sha256(theirs).hexdigest()
    with lfs_server() as lfs:
        sizes = {DIGEST: len(DATA), name: len(theirs)}
        host = GitHost(lambda _: endpoint_of_git(lfs.url), lambda one: sizes.get(one, 0))
        remote = open_lfs("main", "lfs:origin", host)
        git(repo, "remote", "add", "origin", lfs.url, check=True)
        remote.put(DIGEST, ours)
        assert lfs_of_git(repo, "smudge", data=pointer_of(DIGEST, len(DATA))) == DATA

        assert lfs_of_git(repo, "clean", data=theirs) == pointer_of(name, len(theirs))
        lfs_of_git(repo, "push", "--object-id", "origin", name)
        target = io.BytesIO()
        remote.get(name, target)
        assert target.getvalue() == theirs
