"""A new epoch on its way to others: races, pushes by force, merges by forges, inboxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mlgit.errors import RemoteFailed
from mlgit.git.transport.protocol import Pushed, Update
from mlgit.sharing.forget import Wanted, forget
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull, sync
from mlgit.store.check.check import check
from mlgit.store.store import Store
from tests.sharing.forgetting import (
    SECRET,
    Clone,
    assert_one_and_clean,
    folder_of,
    ids,
    record,
    share,
    top,
)
from tests.support.repos import git


def test_a_push_that_raced_with_a_run_keeps_it(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    share(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    done = push(ours, transport_of(ours))
    assert done.pushed
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)


def test_old_history_that_was_pushed_back_by_force_goes_again(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    git(top(theirs), "push", "-q", "--force", "origin", "mlgit", check=True)
    share(ours)
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)


def merge_back(there: Path) -> None:
    """What a person, or a forge's button, may do: the old branch and the new one made one."""
    forge = there.parent / "forge"
    git(there, "fetch", "-q", "origin", check=True)
    git(there, "worktree", "add", "-q", str(forge), "mlgit", check=True)
    git(forge, "merge", "-q", "-X", "ours", "--no-edit", "origin/mlgit")
    git(forge, "checkout", "-q", "--ours", ".")
    git(forge, "add", "-A", check=True)
    git(forge, "commit", "-q", "--no-edit")
    git(forge, "push", "-q", "origin", "HEAD:mlgit", check=True)
    git(there, "worktree", "remove", "--force", str(forge), check=True)


def test_old_history_that_git_merged_back_goes_again(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    share(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    made = record(theirs)
    merge_back(top(theirs))
    codes = {problem.code for problem in check(theirs.snapshot())}
    assert "stray-history" in codes
    share(ours)
    assert ids(ours) == {kept, made}
    assert_one_and_clean(remote, ours, theirs)


def test_where_all_have_it_back_the_history_is_forgotten_again(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    kept, gone = record(ours), record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    share(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    merge_back(top(theirs))
    git(top(ours), "fetch", "-q", "origin", "+mlgit:mlgit", check=True)
    found = {problem.code: problem.hint for problem in check(ours.snapshot())}
    assert "mlgit forget --history" in found["stray-history"]
    made = record(ours)
    assert forget(ours, Wanted()).epoch == 3
    share(ours, theirs)
    assert ids(ours) == {kept, made}
    assert_one_and_clean(remote, ours, theirs)


def test_a_clone_of_the_old_epoch_that_is_pulled_from_gives_only_its_runs(
    clone: Clone, remote: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    git(top(ours), "remote", "add", "peer", str(top(theirs)), check=True)
    for _ in range(2):
        with Store.open(top(ours)) as again:
            pulled = pull(again, transport_of(again, "peer"))
            assert ids(again) == {made}
    assert pulled is not None
    assert not pulled.merged
    share(ours, theirs)
    with Store.open(top(ours)) as again:
        pull(again, transport_of(again, "peer"))
    assert_one_and_clean(remote, ours, theirs)


def test_where_the_common_past_is_unknown_all_is_united(
    clone: Clone, remote: Path, tmp_path: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    git(tmp_path, "clone", "-q", "--depth=1", remote.as_uri(), "shallow", check=True)
    git(tmp_path / "shallow", "fetch", "-q", "--depth=1", "origin", "mlgit:mlgit", check=True)
    with Store.open(tmp_path / "shallow") as theirs:
        made = record(theirs)
        forget(ours, Wanted((folder_of(ours, gone),)))
        share(ours)
        pulled = pull(theirs, transport_of(theirs))
        assert pulled is not None
        assert pulled.epoch is not None
        assert ids(theirs) == {made}


def test_a_remote_that_never_lets_a_branch_be_replaced_says_so(clone: Clone, remote: Path) -> None:
    ours = clone("ours")
    gone = record(ours)
    share(ours)
    git(remote, "config", "receive.denyNonFastForwards", "true", check=True)
    forget(ours, Wanted((folder_of(ours, gone),)))
    tip = ours.branch.tip()
    with pytest.raises(RemoteFailed, match="replaced") as refused:
        share(ours)
    assert "receive.denyNonFastForwards" in refused.value.hint
    assert ours.branch.tip() == tip
    git(remote, "config", "receive.denyNonFastForwards", "false", check=True)
    share(ours)


def test_a_push_that_is_beaten_between_fetch_and_push_takes_in_what_came(
    clone: Clone, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    forget(ours, Wanted((folder_of(ours, gone),)))
    way = transport_of(ours)
    honest, beaten = way.push, list[bool]()

    def beaten_once(updates: Sequence[Update], timeout: float | None = None) -> dict[str, Pushed]:
        if not beaten:
            beaten.append(True)
            share(theirs)
        return honest(updates, timeout)

    monkeypatch.setattr(way, "push", beaten_once)
    sync(ours, way, sleep=lambda _: None)
    share(theirs)
    assert ids(ours) == ids(theirs) == {made}
    assert_one_and_clean(remote, ours, theirs)


def test_what_lies_in_the_inbox_from_the_old_epoch_is_taken_in_without_its_history(
    clone: Clone, remote: Path
) -> None:
    ours = clone("ours")
    gone = record(ours, key=SECRET)
    share(ours)
    theirs = clone("theirs")
    made = record(theirs)
    git(top(theirs), "push", "-q", "origin", "mlgit:refs/mlgit/inbox/0-theirs", check=True)
    forget(ours, Wanted((folder_of(ours, gone),)))
    share(ours)
    assert ids(ours) == {made}
    assert_one_and_clean(remote, ours, theirs)
    assert git(remote, "for-each-ref", "refs/mlgit/").stdout == ""
