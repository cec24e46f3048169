"""The public half of the key that the user signs with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.config import Config


def public_key(config: Config) -> str:
    """`ssh-ed25519 AAAA…`; "" where the user signs with no ssh key, or its file is not there."""
    if (config.of_user("gpg", "format") or "").lower() != "ssh":
        return ""
    said = (config.of_user("user", "signingkey") or "").removeprefix("key::")
    if not said or said.startswith(("ssh-", "ecdsa-", "sk-")):
        return said
    path = Path(said).expanduser()
    for one in (path, path.with_name(f"{path.name}.pub")):
        try:
            text = one.read_text("utf-8")
        except (OSError, ValueError):
            continue
        if "PRIVATE KEY" not in text:
            return " ".join(text.split()[:2])
    return ""
