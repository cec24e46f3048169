"""The same story through every server and every way that git has to reach one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.transport.protocol import INBOX, Pushed, Transport, Update
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.store import Store
from tests.sharing.hubs import BRANCH, WAYS, clone_of, ids, make_hub, record
from tests.support.repos import footprint, git
from tests.support.servers import KINDS, Server, serving

EVERYDAY = {("git", "git"), ("http", "dulwich")}
EVERY = [
    pytest.param((kind, way), marks=[] if (kind, way) in EVERYDAY else [pytest.mark.full])
    for way in WAYS
    for kind in KINDS
]


class Team(NamedTuple):
    """A server with the repository `hub.git`, and who clones it."""

    kind: str
    way: str
    server: Server
    hub: Path
    clone: Callable[[str], Store]


@pytest.fixture
def team(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Team]:
    """A team whose server is of the kind, and whose way is the one, that the test asks for."""
    kind, way = request.param
    monkeypatch.setenv("MLGIT_TRANSPORT", way)
    hub = make_hub(tmp_path)
    with ExitStack() as stack:
        server = stack.enter_context(serving(kind, hub.parent))
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)

        def clone(name: str) -> Store:
            return stack.enter_context(Store.open(clone_of(server.url("hub.git"), tmp_path / name)))

        yield Team(kind, way, server, hub, clone)
    for path in (hub, *tmp_path.glob("clone-*")):
        assert git(path, "fsck", "--full", "--strict").returncode == 0


def top(store: Store) -> Path:
    assert store.home.work_tree is not None
    return store.home.work_tree


def at_hub(team: Team, ref: str = BRANCH) -> bytes:
    return git(team.hub, "rev-parse", "-q", "--verify", ref).stdout.strip().encode()


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_team_shares_all_it_records(team: Team) -> None:
    ours = team.clone("clone-ours")
    before = footprint(top(ours))
    made = {record(ours)}
    assert push(ours, transport_of(ours)).pushed
    assert at_hub(team) == ours.branch.tip()
    assert not push(ours, transport_of(ours)).pushed
    theirs = team.clone("clone-theirs")
    assert ids(theirs) == made
    made.add(record(ours))
    assert push(ours, transport_of(ours)).pushed
    pulled = pull(theirs, transport_of(theirs))
    assert pulled is not None
    assert pulled.after == ours.branch.tip() == at_hub(team)
    made |= {record(ours), record(theirs)}
    for store in (ours, theirs, ours):
        sync(store, transport_of(store))
    assert ids(ours) == ids(theirs) == made
    assert ours.branch.tip() == theirs.branch.tip() == at_hub(team)
    assert footprint(top(ours)) == before


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_push_that_comes_second_changes_nothing(team: Team) -> None:
    ours = team.clone("clone-ours")
    record(ours)
    push(ours, transport_of(ours))
    theirs = team.clone("clone-theirs")
    record(ours)
    push(ours, transport_of(ours))
    record(theirs)
    for force, old in ((False, None), (True, theirs.branch.tip())):
        update = Update(BRANCH, theirs.branch.tip(), old=old, force=force)
        assert transport_of(theirs).push([update]) == {BRANCH: Pushed.RACED}
    assert at_hub(team) == ours.branch.tip()
    assert push(theirs, transport_of(theirs)).pushed


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_branch_is_put_back_only_from_where_it_was_seen(team: Team) -> None:
    ours = team.clone("clone-ours")
    first = ours.branch.tip()
    record(ours)
    push(ours, transport_of(ours))
    seen = ours.branch.tip()
    update = Update(BRANCH, first, old=seen, force=True)
    assert transport_of(ours).push([update]) == {BRANCH: Pushed.DONE}
    assert at_hub(team) == first
    assert transport_of(ours).push([update])[BRANCH] in (Pushed.RACED, Pushed.UP_TO_DATE)


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_the_inbox_is_filled_seen_and_emptied(team: Team) -> None:
    ours, theirs = team.clone("clone-ours"), team.clone("clone-theirs")
    push(ours, transport_of(ours))
    record(theirs)
    tip, ref, other = theirs.branch.tip(), f"{INBOX}clone-1", f"{INBOX}clone-2"
    there: Transport = transport_of(theirs)
    assert there.push([Update(ref, tip), Update(other, tip)]) == dict.fromkeys(
        (ref, other), Pushed.DONE
    )
    assert at_hub(team, ref) == tip
    here: Transport = transport_of(ours)
    fetched = here.fetch()
    assert fetched.tip == ours.branch.tip()
    assert fetched.inbox == {ref: tip, other: tip}
    assert tip is not None
    assert ours.repository.objects.commit(tip).parents
    stale = Update(ref, None, old=ours.branch.tip())
    assert here.push([stale]) == {ref: Pushed.RACED}
    assert at_hub(team, ref) == tip
    assert here.push([Update(ref, None, old=tip)]) == {ref: Pushed.DONE}
    assert not at_hub(team, ref)
    assert transport_of(theirs).fetch().inbox == {other: tip}
    assert here.fetch().inbox == {other: tip}


@pytest.mark.parametrize("team", EVERY, indirect=True)
@pytest.mark.parametrize("name", ["nowhere.git", "folder"])
def test_what_is_not_there_is_named(team: Team, name: str) -> None:
    ours = team.clone("clone-ours")
    (team.hub.parent / "folder").mkdir()
    git(top(ours), "remote", "set-url", "origin", team.server.url(name), check=True)
    record(ours)
    tip = ours.branch.tip()
    for act in (pull, push, sync):
        with Store.open(top(ours)) as again, pytest.raises(RemoteFailed, match="origin") as refused:
            act(again, transport_of(again))
        assert refused.value.hint
        assert "nothing" not in refused.value.message
    assert ours.branch.tip() == tip


PROTECTED = """#!/bin/sh
while read -r old new ref; do
    case $ref in refs/heads/mlgit)
        echo "error: GH006: Protected branch update failed for $ref." >&2
        exit 1;;
    esac
done
"""


@pytest.mark.parametrize("team", EVERY, indirect=True)
def test_a_hook_that_refuses_is_heard(team: Team) -> None:
    ours = team.clone("clone-ours")
    record(ours)
    hook = team.hub / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PROTECTED)
    hook.chmod(0o755)
    tip = ours.branch.tip()
    with pytest.raises(RemoteFailed, match="hook") as refused:
        push(ours, transport_of(ours))
    if team.way == "git":
        assert "right to push" in refused.value.hint
        assert "GH006" in refused.value.message
    assert (at_hub(team), ours.branch.tip()) == (b"", tip)
    hook.unlink()
    assert push(ours, transport_of(ours)).pushed
