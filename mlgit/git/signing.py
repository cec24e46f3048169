"""Commit signatures, when the user asks for them in a config of their own.

The repository's config is not asked: a program that it names would be run for whoever opens it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.errors import Unsupported
from mlgit.git.identity import identity

if TYPE_CHECKING:
    from dulwich.objects import Commit

    from mlgit.git.config import Config

_PATIENCE = 120.0  # seconds: a person may have to type a passphrase


def sign(commit: Commit, config: Config) -> None:
    """Put the user's signature into a commit.

    Raises:
        Unsupported: The signing program is missing or failed, or the kind of key is not known.
    """
    payload = commit.as_raw_string()
    kind = (config.of_user("gpg", "format") or "openpgp").lower()
    try:
        commit.gpgsig = (
            _by_ssh(payload, config) if kind == "ssh" else _by_gpg(payload, config, kind)
        )
    except process.CommandFailed as error:
        raise Unsupported(
            f"the commit could not be signed: {error.message}",
            "make sure that `git commit -S` works, or turn signing off: "
            "git config --global commit.gpgsign false",
        ) from error


def _by_gpg(payload: bytes, config: Config, kind: str) -> bytes:
    program = config.of_user(f"gpg.{kind}", "program") or config.of_user("gpg", "program")
    program = program or ("gpgsm" if kind == "x509" else "gpg")
    name, email = identity(config, "committer")
    key = config.of_user("user", "signingkey") or f"{name} <{email}>"
    argv = [program, "--status-fd=2", "-bsau", key]
    return process.run(argv, stdin=payload, timeout=_PATIENCE).stdout.rstrip(b"\n")


def _by_ssh(payload: bytes, config: Config) -> bytes:
    program = config.of_user("gpg.ssh", "program") or "ssh-keygen"
    key = config.of_user("user", "signingkey") or ""
    with tempfile.TemporaryDirectory(prefix="mlgit-sign-") as folder:
        message = Path(folder, "commit")
        message.write_bytes(payload)
        argv = [program, "-Y", "sign", "-n", "git", "-f", _key_file(key, folder), str(message)]
        process.run(argv, timeout=_PATIENCE)
        return Path(folder, "commit.sig").read_bytes().rstrip(b"\n")


def _key_file(key: str, folder: str) -> str:
    """The file that holds the key; a key that is written out in the config is put into one."""
    literal = key.removeprefix("key::")
    if literal == key and not key.startswith("ssh-"):
        return os.path.expanduser(key)  # noqa: PTH111
    path = Path(folder, "key.pub")
    path.write_text(f"{literal}\n", "utf-8")
    return str(path)
