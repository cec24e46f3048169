"""Another repository of this machine: opened, and asked whether git would do more than store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mlgit import process
from mlgit.errors import MlgitError, NotARepository
from mlgit.git.discovery import exactly_at
from mlgit.git.promisor import promisor_remote
from mlgit.git.repository import Repository
from mlgit.git.transport.url import address_of

_SUFFIXES = ("", ".git")
_REFUSING = ("pre-receive", "update", "reference-transaction", "proc-receive")
_TELLING = ("post-receive", "post-update", "push-to-checkout")
_RULES = {"receive", "transfer", "uploadpack", "gc", "maintenance"}
_PLAIN = {"url", "fetch"}
_PACKS = 50  # git's own limit
_JOIN = ("repack", "-d", "-l", "-q", "--geometric=2")


def opened(path: Path) -> Repository:
    """The repository that git finds under this path.

    Raises:
        NotARepository: There is none.
        As `Repository.discover`.
    """
    for suffix in _SUFFIXES:
        place = exactly_at(path.with_name(path.name + suffix))
        if place:
            return Repository(place)
    raise NotARepository(f"there is no repository at {path}")


def refusing_hooks(other: Repository) -> list[str]:
    """Names of its hooks that may forbid a push."""
    return _hooks(other, _REFUSING)


def is_plain(repository: Repository, remote: str) -> bool:
    """Whether a remote is a folder in which git would run and check nothing at a push or fetch.

    Then the other repository may be written without git's receiving side, which looks through the
    whole store at each push. A repository with hooks, with rules in its config, or not complete,
    is git's to speak with; so is a remote with settings besides its URL.
    """
    settings = [one.key for one in repository.config.section(f"remote.{remote}")]
    if not _PLAIN.issuperset(settings) or settings.count("url") > 1 or _is_partial(repository):
        return False
    with suppress(MlgitError):
        addresses = {address_of(repository, remote, push=push) for push in (True, False)}
        address = addresses.pop()
        if not addresses and address.scheme == "file":
            with opened(Path(address.path)) as other:
                return not (_has_rules(other) or _is_partial(other))
    return False


def tidy(other: Repository) -> None:
    """Have git join the small packs of the other repository when there are many.

    Not by `git gc`, which locks refs: killed at that, it would leave a lock to remove by hand.
    """
    packs = Path(other.objects.directory, "pack")
    if process.git_program() is None or len([*packs.glob("*.pack")]) <= _PACKS:
        return
    with suppress(process.CommandFailed):  # an older git cannot; the next push tries again
        process.git(_JOIN, git_dir=other.common_dir, apart=True)


def _has_rules(other: Repository) -> bool:
    rules = any(one.section in _RULES for file in other.config.repository for one in file)
    return rules or bool(_hooks(other, (*_REFUSING, *_TELLING)))


def _hooks(other: Repository, names: tuple[str, ...]) -> list[str]:
    named = other.config.get("core", "hooksPath")
    folder = Path(named).expanduser() if named else other.common_dir / "hooks"
    return [name for name in names if (folder / name).is_file()]


def _is_partial(repository: Repository) -> bool:
    shallow = (repository.common_dir / "shallow").exists()
    return shallow or promisor_remote(repository.config) is not None
