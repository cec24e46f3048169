"""Who a commit is by: environment, then config, then a fallback that always works."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgit.git.config import Config

_NOT_ALLOWED = str.maketrans(dict.fromkeys("<>\n\r\0", ""))
_NOT_AT_THE_ENDS = " .,:;\"\\'\t"


def identity(config: Config, role: str = "author") -> tuple[str, str]:
    """Name and email of the `author` or `committer`, never empty, free of what breaks a commit."""
    name = _clean(os.environ.get(f"GIT_{role.upper()}_NAME"))
    email = _clean(os.environ.get(f"GIT_{role.upper()}_EMAIL"))
    name = name or _configured(config, role, "name") or "mlgit"
    email = email or _configured(config, role, "email") or _clean(os.environ.get("EMAIL"))
    return name, email or _address()


def signature(config: Config, role: str) -> bytes:
    """`Name <email>` as it stands in a commit."""
    name, email = identity(config, role)
    return f"{name} <{email}>".encode("utf-8", "replace")


def _configured(config: Config, role: str, key: str) -> str:
    return _clean(config.get(role, key)) or _clean(config.get("user", key))


def _clean(text: str | None) -> str:
    return (text or "").translate(_NOT_ALLOWED).strip(_NOT_AT_THE_ENDS)


def _address() -> str:
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # an unnamed uid, as in many containers
        user = "user"
    return _clean(f"{user}@{socket.gethostname()}")
