"""The files that make a forge judge proposals: templates filled in, on the guarded branch."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlgit.errors import InvalidValue
from mlgit.records import layout

if TYPE_CHECKING:
    from mlgit.registry.sight import Sight
    from mlgit.store.change import Change
    from mlgit.store.store import Store

OWNERS = "CODEOWNERS"
_FOLDERS = {"github": ".github/workflows", "gitlab": ".gitlab", "gitea": ".gitea/workflows"}
FORGES = tuple(_FOLDERS)
_VERSION = re.compile(r"\d[0-9A-Za-z.!+-]*")
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_OWNER = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._%+/@-]*")
_PLACEHOLDER = re.compile(r"@(DATA|GUARDED|VERSION)@")


class Wanted(NamedTuple):
    """What the files are made for.

    Attributes:
        forge: One of `FORGES`.
        data: The branch of the runs.
        guarded: The branch that a proposal lands on.
        version: The release of mlgit that the checks install.
        owners: People and teams who must agree, as the forge names them.
    """

    forge: str
    data: str
    guarded: str
    version: str
    owners: tuple[str, ...] = ()


class Placed(NamedTuple):
    """Paths on the guarded branch: files that were written, and others that were left alone."""

    written: list[str]
    kept: list[str]


def files(wanted: Wanted) -> dict[str, bytes]:
    """Every file by its path on the branch.

    Raises:
        InvalidValue: A name could mean something else in one of them.
    """
    _refuse_odd(wanted)
    words = {"DATA": wanted.data, "GUARDED": wanted.guarded, "VERSION": wanted.version}
    folder = _FOLDERS[wanted.forge]
    made = {
        f"{folder}/{path.name}": _PLACEHOLDER.sub(
            lambda match: words[match[1]], path.read_text("utf-8")
        ).encode()
        for path in sorted((_templates() / wanted.forge).glob("*.yml"))
    }
    return made | ({OWNERS: _code_owners(wanted)} if wanted.owners else {})


def place(store: Store, wanted: Wanted, *, force: bool = False) -> Placed:
    """Put the files on the guarded branch, in one commit; without `force` what is there stays.

    Raises:
        InvalidValue: As `files`.
        As `Store.apply`.
    """
    from mlgit.registry.sight import decide

    edit = partial(_placed, made=files(wanted), force=force)
    return decide(store, edit, f"ci: checks for {wanted.forge}")


def _placed(change: Change, sight: Sight, *, made: dict[str, bytes], force: bool) -> Placed:
    there = {path: sight.guarded.read(path) for path in made}
    differ = [path for path, data in made.items() if there[path] != data]
    written = [path for path in differ if there[path] is None or (force and path != OWNERS)]
    for path in written:
        change.put(path, made[path])
    return Placed(written, [path for path in differ if path not in written])


def _refuse_odd(wanted: Wanted) -> None:
    for what, text, fits in (
        ("a version of mlgit", wanted.version, _VERSION),
        ("a branch for checks", wanted.data, _BRANCH),
        ("a branch for checks", wanted.guarded, _BRANCH),
        *(("an owner", owner, _OWNER) for owner in wanted.owners),
    ):
        if not fits.fullmatch(text):
            raise InvalidValue(f"not {what}: {text!r}", "use letters, digits, '.', '_', '-', '/'")


def _code_owners(wanted: Wanted) -> bytes:
    """Who must agree: to all of a branch of its own, else to what decides and what judges."""
    who = " ".join(wanted.owners)
    decides = [f"/{layout.POLICY}", f"/{layout.TRUST}", "/registry/models/*/aliases/"]
    decides += ["/registry/models/*/stages/", f"/{OWNERS}", f"/{_FOLDERS[wanted.forge]}/"]
    patterns = ["*"] if wanted.data != wanted.guarded else decides
    if wanted.forge == "gitea":  # regular expressions there
        patterns = [_as_regex(pattern) for pattern in patterns]
    return "".join(f"{pattern} {who}\n" for pattern in patterns).encode()


def _as_regex(pattern: str) -> str:
    path = re.escape(pattern.removeprefix("/")).replace(r"\*", ".*")
    return f"{path}.*" if pattern.endswith("/") else path


def _templates() -> Path:
    """In the package once it is installed, else beside it."""
    package = Path(__file__).parent
    packed = package / "templates"
    return packed if packed.is_dir() else package.parent / "templates"
