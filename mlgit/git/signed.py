"""Whose ssh signature a commit carries, told from a list of names and keys."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit import process
from mlgit.git.oid import COMMIT

if TYPE_CHECKING:
    from mlgit.git.objects import Objects
    from mlgit.git.oid import Oid

# Certificates and options of an allowed-signers line are no keys: they would let others in.
_KEY = re.compile(r"(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+")
_HEADER = b"gpgsig "
_WHO = "key-"  # names are patterns to ssh-keygen, so that it is never given ours


def is_signed(objects: Objects, commit: Oid) -> bool:
    """Whether a commit carries a signature, good or bad.

    Raises:
        NotFound, Damaged: The commit cannot be read.
    """
    return _taken_apart(objects.read(commit)[1])[1] != b""


def signer_of(objects: Objects, commit: Oid, keys: Sequence[tuple[str, str]]) -> str | None:
    """Who of `keys` (name, public key) has signed a commit; None where nobody of them has.

    Raises:
        NotFound, Damaged: The commit cannot be read.
        process.CommandFailed: There is no `ssh-keygen`.
    """
    kind, data = objects.read(commit)
    payload, signature = _taken_apart(data)
    if kind != COMMIT or not signature.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        return None
    with tempfile.TemporaryDirectory(prefix="mlgit-verify-") as folder:
        allowed, signed = Path(folder, "allowed"), Path(folder, "signature")
        found = [_KEY.match(key) for _, key in keys]
        lines = [f'{_WHO}{at} namespaces="git" {key[0]}\n' for at, key in enumerate(found) if key]
        allowed.write_text("".join(lines), "utf-8")
        signed.write_bytes(signature)
        number = _number(["-f", str(allowed), "-s", str(signed)], payload)
    return None if number is None else keys[number][0]


def _number(files: list[str], payload: bytes) -> int | None:
    """Which key it is, once the signature is good for the payload."""
    found = process.run(["ssh-keygen", "-Y", "find-principals", *files], check=False)
    who = found.stdout.decode("ascii", "replace").split("\n")[0].partition(",")[0].strip()
    if found.returncode or not re.fullmatch(rf"{_WHO}\d+", who):
        return None
    argv = ["ssh-keygen", "-Y", "verify", "-n", "git", "-I", who, *files]
    done = process.run(argv, stdin=payload, check=False)
    return None if done.returncode else int(who.removeprefix(_WHO))


def _taken_apart(data: bytes) -> tuple[bytes, bytes]:
    """What was signed, and the signature; that is empty where there is none."""
    head, gap, message = data.partition(b"\n\n")
    kept: list[bytes] = []
    signature: list[bytes] = []
    inside = False
    for line in head.split(b"\n"):
        inside = line.startswith(_HEADER) or (inside and line.startswith(b" "))
        if inside:
            signature.append(line.removeprefix(_HEADER) if not signature else line[1:])
        else:
            kept.append(line)
    return b"\n".join(kept) + gap + message, b"\n".join([*signature, b""]) if signature else b""
