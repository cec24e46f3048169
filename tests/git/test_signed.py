"""A signature is somebody's only where the key is listed and the commit is the one signed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlgit.git.repository import Repository
from mlgit.git.signed import is_signed, signer_of
from tests.git.places import commit
from tests.support.repos import git

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")


def new_key(path: Path) -> str:
    """Make a key pair; the public one."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(argv, check=True)
    return path.with_suffix(".pub").read_text()


@pytest.fixture
def signed(repo: Path, tmp_path: Path) -> tuple[Repository, bytes, str]:
    """A commit signed by ada's key, and that key."""
    key = new_key(tmp_path / "ada")
    text = "[commit]\n\tgpgSign = yes\n[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = "
    (tmp_path / "home/.gitconfig").write_text(f"{text}{tmp_path / 'ada'}\n")
    commit(repo, {"a": b"1"})
    tip = git(repo, "rev-parse", "mlgit").stdout.strip().encode()
    return Repository.discover(repo), tip, key


def test_the_one_whose_key_it_is(signed: tuple[Repository, bytes, str], tmp_path: Path) -> None:
    repository, tip, key = signed
    bea = new_key(tmp_path / "bea")
    assert is_signed(repository.objects, tip)
    assert signer_of(repository.objects, tip, [("bea", bea), ("ada, *", key)]) == "ada, *"
    assert signer_of(repository.objects, tip, [("bea", bea)]) is None
    assert signer_of(repository.objects, tip, []) is None


@pytest.mark.parametrize("before", ["cert-authority ", "* ", "x\nkey-0 ", 'namespaces="file" '])
def test_only_keys_are_keys(signed: tuple[Repository, bytes, str], before: str) -> None:
    repository, tip, key = signed
    assert signer_of(repository.objects, tip, [("eve", before + key)]) is None


def test_a_signature_on_another_commit_is_nobodys(signed: tuple[Repository, bytes, str]) -> None:
    repository, tip, key = signed
    data = repository.objects.read(tip)[1].replace(b"Ada Tester", b"Bea Tester")
    [forged] = repository.objects.write([(1, data)])
    assert is_signed(repository.objects, forged)
    assert signer_of(repository.objects, forged, [("ada", key)]) is None


def test_no_signature_is_nobodys(repo: Path) -> None:
    repository = Repository.discover(repo)
    tip = git(repo, "rev-parse", "main").stdout.strip().encode()
    assert not is_signed(repository.objects, tip)
    assert signer_of(repository.objects, tip, [("ada", "ssh-ed25519 AAAA")]) is None
