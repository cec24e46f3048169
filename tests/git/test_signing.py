"""Commits are signed when the user wants that, and by no program that a repository names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mlgit.errors import Unsupported
from tests.git.places import commit
from tests.support.repos import git

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg")


def user_config(tmp_path: Path, text: str) -> None:
    (tmp_path / "home/.gitconfig").write_text(text)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(path)]
    subprocess.run(argv, check=True)
    return path


@needs_ssh
def test_a_commit_signed_by_ssh_is_verified_by_git(repo: Path, tmp_path: Path, key: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ada@example.org {key.with_suffix('.pub').read_text()}")
    user_config(
        tmp_path,
        f"[commit]\n\tgpgSign = true\n[gpg]\n\tformat = ssh\n[user]\n\tsigningkey = {key}\n"
        f'[gpg "ssh"]\n\tallowedSignersFile = {allowed}\n',
    )
    commit(repo, {"a": b"1"}, "signed: é\n\nbody\n")
    verified = git(repo, "verify-commit", "mlgit")
    assert verified.returncode == 0, verified.stderr
    assert git(repo, "log", "-1", "--format=%s", "mlgit").stdout == "signed: é\n"


@needs_ssh
def test_a_key_written_out_in_the_config_is_used(repo: Path, tmp_path: Path, key: Path) -> None:
    program = tmp_path / "agent"  # stands in for an agent that holds the private key
    program.write_text(f'#!/bin/sh\nexec ssh-keygen -Y sign -n git -f {key} "$7"\n')
    program.chmod(0o755)
    public = key.with_suffix(".pub").read_text().strip()
    user_config(
        tmp_path,
        "[commit]\n\tgpgSign = yes\n[gpg]\n\tformat = ssh\n"
        f'[gpg "ssh"]\n\tprogram = {program}\n[user]\n\tsigningkey = key::{public}\n',
    )
    commit(repo, {"a": b"1"})
    assert "-----BEGIN SSH SIGNATURE-----" in git(repo, "cat-file", "-p", "mlgit").stdout


@needs_gpg
def test_a_commit_signed_by_gpg_is_verified_by_git(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("/tmp") / f"mlgit-gpg-{tmp_path.parent.name}-{tmp_path.name}"[:60]
    folder.mkdir(mode=0o700)  # sockets of the agent need a short path
    monkeypatch.setenv("GNUPGHOME", str(folder))
    try:
        user = "Ada Tester <ada@example.org>"
        argv = ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", user, "ed25519", "sign"]
        subprocess.run(argv, check=True, capture_output=True)
        user_config(tmp_path, "[commit]\n\tgpgSign = true\n")
        commit(repo, {"a": b"1"})
        verified = git(repo, "verify-commit", "mlgit")
        assert verified.returncode == 0, verified.stderr
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(folder)


def test_a_program_named_by_the_repository_is_never_run(repo: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {marker}\n")
    evil.chmod(0o755)
    for key in ("gpg.program", "gpg.ssh.program", "gpg.openpgp.program"):
        git(repo, "config", key, str(evil), check=True)
    git(repo, "config", "commit.gpgSign", "true", check=True)
    commit(repo, {"a": b"1"})
    assert "gpgsig" not in git(repo, "cat-file", "-p", "mlgit").stdout
    assert not marker.exists()


def test_a_signature_that_fails_is_no_commit_and_says_the_way_out(
    repo: Path, tmp_path: Path
) -> None:
    commit(repo, {"a": b"1"})
    user_config(tmp_path, "[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = /bin/false\n")
    with pytest.raises(Unsupported) as caught:
        commit(repo, {"a": b"2"})
    assert "commit.gpgsign false" in caught.value.hint
    assert git(repo, "rev-list", "--count", "mlgit").stdout == "2\n"
