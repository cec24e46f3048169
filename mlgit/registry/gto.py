"""The registry as git tags in the form of GTO, for tools that act on those.

`churn@v5.0.0` registers version 5, `churn#production#7` gives a version the stage `production`:
annotated tags on the commit of the code that made it. They follow what the branch says and are
never read back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from mlgit import process
from mlgit.errors import Damaged, InvalidValue, NotFound
from mlgit.records.model_version import DELETED
from mlgit.registry import catalogue
from mlgit.registry.gate.facts import facts_of

if TYPE_CHECKING:
    from mlgit.records.pointer import Alias
    from mlgit.registry.sight import Sight
    from mlgit.store.store import Store

_name = re.compile(r"[a-z0-9](?:[a-z0-9/-]*[a-z0-9])?").fullmatch
_commit = re.compile(r"[0-9a-f]{40}").fullmatch


class Tag(NamedTuple):
    """One annotated tag; `commit` is 40 hex digits."""

    name: str
    commit: str
    message: str


def make(store: Store, seen: Sight, name: str) -> tuple[list[Tag], list[str]]:
    """Make the tags that are missing for a model; those made, and why others were not.

    Raises:
        NotFound, InvalidState: There is no model of that name; it is deleted.
        InvalidValue: GTO allows no such name.
        CommandFailed: git refused.
    """
    git_dir = store.repository.common_dir
    said = process.git(
        ["for-each-ref", "--format=%(refname:strip=2) %(*objectname)", "refs/tags/"],
        git_dir=git_dir,
    ).stdout.decode("utf-8", "replace")
    existing = dict(line.rsplit(" ", 1) for line in said.splitlines())
    wanted, skipped = missing(store, seen, name, existing)
    for tag in wanted:
        argv = ["tag", "-a", "--no-sign", "-m", tag.message, "--", tag.name, tag.commit]
        process.git(argv, git_dir=git_dir)
    return wanted, skipped


def missing(
    store: Store, seen: Sight, name: str, existing: Mapping[str, str]
) -> tuple[list[Tag], list[str]]:
    """The tags that a model lacks, and why some of its versions cannot have one.

    Args:
        store: Where the code's commits are looked for.
        seen: The registry.
        name: The model.
        existing: The commit of each tag there is, by its name.

    Raises:
        As `make`.
    """
    model = catalogue.model(seen.data, name)
    _require_name(name)
    commits: dict[str, str] = {}
    skipped: list[str] = []
    tags: list[Tag] = []
    for version in catalogue.versions(seen.data, model.folder):
        if version.status == DELETED:
            continue
        facts = facts_of(seen.data, model.folder, version.uid)
        commit = facts.run.code.commit if facts and facts.run else ""
        if not _is_here(store, commit):
            skipped.append(f"v{version.number}: the commit of its code is not in this repository")
            continue
        commits[version.uid] = commit
        tag = f"{name}@v{version.number}.0.0"
        if tag not in existing:
            tags.append(Tag(tag, commit, f"{name} version {version.number}, uid {version.uid}"))
    aliases = catalogue.aliases(seen.guarded, model.folder)
    return [*tags, *_assigned(name, aliases, commits, existing)], skipped


def _assigned(
    name: str, aliases: list[Alias], commits: Mapping[str, str], existing: Mapping[str, str]
) -> Iterator[Tag]:
    """A tag with the next number for each alias whose last tag is on another commit."""
    numbered = re.compile(rf"{re.escape(name)}#(?P<stage>[^#]+)#(?P<number>[0-9]{{1,9}})").fullmatch
    last: dict[str, tuple[int, str]] = {}
    for tag, commit in existing.items():
        found = numbered(tag)
        if found:
            here = int(found["number"]), commit
            last[found["stage"]] = max(here, last.get(found["stage"], here))
    number = max((one for one, _ in last.values()), default=0)
    for alias in aliases:
        commit = commits.get(alias.uid, "")
        if not commit or alias.contested or not _name(alias.alias):
            continue
        if last.get(alias.alias, (0, ""))[1] != commit:
            number += 1
            said = f"{name}@{alias.alias} is version {alias.version}, uid {alias.uid}"
            yield Tag(f"{name}#{alias.alias}#{number}", commit, said)


def _require_name(name: str) -> None:
    if not _name(name):
        raise InvalidValue(
            f"GTO knows no model called {name!r:.80}",
            "its names are lower-case letters, digits, - and /",
            name=name,
        )


def _is_here(store: Store, commit: str) -> bool:
    if not _commit(commit):
        return False
    try:
        store.repository.objects.commit(commit.encode())
    except (NotFound, Damaged):
        return False
    return True
