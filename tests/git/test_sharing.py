"""In a shared repository colleagues can use what we write; elsewhere the umask decides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgit.git.repository import Repository
from mlgit.git.sharing import shared_mode
from tests.git.places import commit
from tests.support.repos import git


@pytest.fixture(autouse=True)
def private_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def modes(repo: Path) -> dict[str, int]:
    """Permission bits of what a commit has written."""
    packs = list((repo / ".git/objects/pack").iterdir())
    named = {path.suffix: path for path in packs}
    named["ref"] = repo / ".git/refs/heads/mlgit"
    named["log"] = repo / ".git/logs/refs/heads/mlgit"
    return {name: path.stat().st_mode & 0o777 for name, path in named.items()}


@pytest.mark.parametrize(
    ("value", "objects", "others"),
    [
        (None, 0o400, 0o600),
        ("umask", 0o400, 0o600),
        ("group", 0o440, 0o660),
        ("true", 0o440, 0o660),
        ("world", 0o444, 0o664),
        ("0640", 0o440, 0o640),
        ("nonsense", 0o400, 0o600),
        ("09", 0o400, 0o600),
    ],
)
def test_files_get_the_bits_of_the_setting(
    repo: Path, value: str | None, objects: int, others: int
) -> None:
    if value is not None:
        with (repo / ".git/config").open("a") as file:
            file.write(f"[core]\n\tsharedRepository = {value}\n")
    commit(repo, {"a": b"1"})
    assert modes(repo) == {".pack": objects, ".idx": objects, "ref": others, "log": others}
    with Repository.discover(repo) as repository:
        repository.objects.write([(3, b"loose")])
        assert shared_mode(repository.config) == (others & 0o666 if others != 0o600 else 0)
    loose = next(
        path for path in (repo / ".git/objects").glob("??/*") if path.stat().st_uid == os.getuid()
    )
    assert loose.exists()
    if value in {"nonsense", "09"}:  # git itself would refuse to read the setting
        config = repo / ".git/config"
        config.write_text(config.read_text().replace(f"sharedRepository = {value}", ""))
    assert git(repo, "fsck").returncode == 0


def test_new_folders_keep_the_group(repo: Path) -> None:
    git(repo, "config", "core.sharedRepository", "group", check=True)
    with Repository.discover(repo) as repository:
        (oid,) = repository.objects.write([(3, b"in a folder of its own")])
    folder = repo / ".git/objects" / oid[:2].decode()
    assert folder.stat().st_mode & 0o7777 == 0o2770
    assert next(folder.iterdir()).stat().st_mode & 0o777 == 0o440
