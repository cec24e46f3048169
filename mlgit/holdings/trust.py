"""Which addresses that came with a branch this user lets mlgit reach."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mlgit.errors import InvalidValue, StorageFailed, Unsupported
from mlgit.times import random_bytes

if TYPE_CHECKING:
    from mlgit.store.store import Store

_VARIABLE = "MLGIT_TRUSTED_REMOTES"
_GIT_HOST = "lfs:"


def trust_file() -> Path:
    """The user's own list, one URL a line: never inside a clone, so no clone can bring one."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path("~/.config").expanduser()
    return folder / "mlgit" / "trusted-remotes"


def is_trusted(store: Store, url: str) -> bool:
    """Whether mlgit may reach exactly this URL: the user, or the environment, has said so.

    `lfs:NAME` is where git goes already, if this clone's own config names the remote.

    Raises:
        Unsupported: Others may write the user's list.
        StorageFailed: It cannot be read.
    """
    if url.startswith(_GIT_HOST):
        known = store.repository.config.subsections("remote")
        if url.removeprefix(_GIT_HOST) in known:
            return True
    return url in os.environ.get(_VARIABLE, "").split() or url in trusted_urls()


def trusted_urls() -> list[str]:
    """The user's list.

    Raises:
        Unsupported: Others may write it, so it says nothing about what the user wants.
        StorageFailed: It cannot be read.
    """
    path = trust_file()
    try:
        with path.open(encoding="utf-8") as file:
            _refuse_of_others(os.fstat(file.fileno()), path)
            return file.read().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StorageFailed(f"cannot read {path}: {error}", path=str(path)) from error


def trust(url: str) -> None:
    """Put a URL on the user's list.

    Raises:
        InvalidValue: It cannot stand on a line.
        Unsupported, StorageFailed: As `trusted_urls`, or the list cannot be written.
    """
    if url.splitlines() != [url]:
        raise InvalidValue(f"not a URL: {url[:80]!r}")
    known = trusted_urls()
    if url not in known:
        _write([*known, url])


def untrust(url: str) -> bool:
    """Take a URL off the user's list; whether it was there.

    Raises:
        Unsupported, StorageFailed: As `trust`.
    """
    known = trusted_urls()
    if url in known:
        _write([one for one in known if one != url])
    return url in known


def _refuse_of_others(found: os.stat_result, path: Path) -> None:
    if os.name == "nt":
        return
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unsupported(
            f"others may write {path}, so it is not known whom you trust",
            f"read it, then: chmod go-w {path}",
            path=str(path),
        )


def _write(urls: list[str]) -> None:
    path = trust_file()
    temporary = path.with_name(f"{path.name}.{random_bytes(6).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.writelines(f"{url}\n" for url in urls)
        temporary.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}", path=str(path)) from error
