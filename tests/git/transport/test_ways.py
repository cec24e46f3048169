"""One conformance suite for every way to a remote: whoever speaks, the outcome is the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlgit.errors import InvalidValue, RemoteFailed
from mlgit.git.branch import Branch
from mlgit.git.lock import writer_lock
from mlgit.git.oid import Oid
from mlgit.git.repository import Repository
from mlgit.git.transport.choice import transport_to
from mlgit.git.transport.protocol import HEADS, INBOX, Pushed, Transport, Update
from tests.support.repos import footprint, git, make_repo
from tests.support.servers import serving

BRANCH = f"{HEADS}mlgit"
TRACKED = "refs/remotes/origin/mlgit"


class Side:
    """A clone with its way to the remote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repository = Repository.discover(path)
        self.transport: Transport = transport_to(self.repository, "origin", "mlgit")
        self.branch = Branch(self.repository)

    def commit(self, **files: str) -> Oid:
        """A commit on the local branch."""
        edits = {f"{name}.txt": text.encode() for name, text in files.items()}
        with writer_lock(self.repository.state_dir):
            return self.branch.commit(edits, "a commit")

    def push(self, new: Oid | None, ref: str = BRANCH, **how: object) -> Pushed:
        """What became of one update."""
        return self.transport.push([Update(ref, new, **how)])[ref]  # type: ignore[arg-type]


WAYS = ["-path", "git-path", "git-git", "dulwich-path", "dulwich-file"]
WAYS += ["dulwich-git", "dulwich-http", "dulwich-ssh"]


@pytest.fixture(params=WAYS)
def way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, hub: Path
) -> Iterator[str]:
    """Which program reaches the remote by which protocol; the base of its URL."""
    program, _, kind = request.param.partition("-")
    monkeypatch.setenv("MLGIT_TRANSPORT", program)
    with serving(kind, hub.parent) as server:
        for key, value in server.env.items():
            monkeypatch.setenv(key, value)
        yield server.url(hub.name)


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A bare repository with one commit on `main`."""
    code = make_repo(tmp_path / "code")
    folder = tmp_path / "served"
    folder.mkdir()
    git(folder, "clone", "-q", "--bare", str(code), "hub.git", check=True)
    return folder / "hub.git"


@pytest.fixture
def clone(way: str, hub: Path, tmp_path: Path) -> Iterator[Callable[[str], Side]]:
    """Makes a clone by name; all of them and the remote end whole."""
    made: list[Side] = []

    def new(name: str) -> Side:
        git(tmp_path, "clone", "-q", str(hub), name, check=True)
        git(tmp_path / name, "remote", "set-url", "origin", way, check=True)
        made.append(Side(tmp_path / name))
        return made[-1]

    yield new
    for path in (hub, *(side.path for side in made)):
        done = git(path, "fsck", "--full", "--strict")
        assert (done.returncode, done.stderr) == (0, "")
        assert not list(path.glob("**/objects/pack/*.keep"))
    for side in made:
        side.repository.close()


def at(path: Path, ref: str) -> Oid | None:
    return git(path, "rev-parse", "-q", "--verify", ref).stdout.strip().encode() or None


def test_what_one_pushes_the_other_fetches(clone: Callable[[str], Side], hub: Path) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    first = ours.commit(a="1")
    assert ours.transport.fetch() == (None, {})
    assert ours.push(first) is Pushed.DONE
    assert at(hub, BRANCH) == at(ours.path, TRACKED) == first
    assert ours.push(first) is Pushed.UP_TO_DATE
    assert theirs.transport.fetch().tip == first
    second = ours.commit(a="2", b="3")
    assert ours.push(second) is Pushed.DONE
    before = footprint(theirs.path)
    assert theirs.transport.fetch() == (second, {})
    assert at(theirs.path, TRACKED) == second
    assert footprint(theirs.path) == before
    assert set(ours.transport.tips()) == {BRANCH, f"{HEADS}main"}


def test_a_push_never_goes_backwards_or_sideways(clone: Callable[[str], Side], hub: Path) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    first = ours.commit(a="1")
    second = ours.commit(a="2")
    assert ours.push(second) is Pushed.DONE
    assert ours.push(first) is Pushed.RACED
    assert theirs.push(theirs.commit(b="1")) is Pushed.RACED
    assert at(hub, BRANCH) == second


def test_a_lease_moves_a_ref_only_from_where_it_was_seen(
    clone: Callable[[str], Side], hub: Path
) -> None:
    ours = clone("ours")
    first, second = ours.commit(a="1"), ours.commit(a="2")
    ours.push(second)
    assert ours.push(first, old=first, force=True) is Pushed.RACED
    assert at(hub, BRANCH) == second
    assert ours.push(first, old=second, force=True) is Pushed.DONE
    assert at(hub, BRANCH) == first


def test_the_inbox_comes_and_goes(clone: Callable[[str], Side], hub: Path) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    base = ours.commit(a="1")
    refs = [f"{INBOX}{name}" for name in ("one", "two/three")]
    done = ours.transport.push([Update(ref, base) for ref in (BRANCH, *refs)])
    assert set(done.values()) == {Pushed.DONE}
    assert theirs.transport.fetch().inbox == dict.fromkeys(refs, base)
    for name in ("pack-refs", "gc"):
        git(theirs.path, name, *(["--all"] if name == "pack-refs" else ["-q"]), check=True)
        git(hub, name, *(["--all"] if name == "pack-refs" else ["-q"]), check=True)
    newer = theirs.commit(b="2")
    assert theirs.push(None, refs[0], old=newer) is Pushed.RACED
    assert theirs.push(None, refs[0], old=base) is Pushed.DONE
    assert theirs.push(newer, refs[1]) is Pushed.DONE
    assert at(hub, refs[0]) is None
    found = theirs.transport.fetch()
    assert found == (base, {refs[1]: newer})
    memory = git(theirs.path, "for-each-ref", "--format=%(refname)", theirs.transport.memory)
    assert memory.stdout.split() == [f"{theirs.transport.memory}two/three"]
    assert ours.transport.fetch().inbox == {refs[1]: newer}


def test_the_inbox_comes_also_without_a_branch(clone: Callable[[str], Side]) -> None:
    ours = clone("ours")
    base = ours.commit(a="1")
    assert ours.push(base, f"{INBOX}one") is Pushed.DONE
    assert ours.transport.fetch() == (None, {f"{INBOX}one": base})


def test_a_remote_given_by_its_address(clone: Callable[[str], Side], way: str) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    base = ours.commit(a="1")
    ours.push(base)
    ours.push(base, f"{INBOX}one")
    direct = transport_to(theirs.repository, way, "mlgit")
    assert direct.fetch() == (base, {f"{INBOX}one": base})
    assert not direct.tracking.startswith("refs/remotes/")
    assert direct.push([Update(BRANCH, base)]) == {BRANCH: Pushed.UP_TO_DATE}


def test_many_commits_with_merges_and_removals_arrive_whole(clone: Callable[[str], Side]) -> None:
    ours, theirs = clone("ours"), clone("theirs")
    for number in range(30):
        ours.commit(**{f"d{number % 3}": "x" * number, "same": str(number // 7)})
    ours.push(ours.commit(big=os.urandom(1_500_000).hex()))
    with writer_lock(ours.repository.state_dir):
        ours.branch.commit({"d1.txt": None}, "removed")
    last = ours.commit(d2="z")
    ours.push(last)
    assert theirs.transport.fetch().tip == last
    assert git(theirs.path, "rev-list", "--count", TRACKED).stdout == "34\n"


def test_a_shallow_clone_fetches_and_pushes(clone: Callable[[str], Side], hub: Path) -> None:
    ours = clone("ours")
    for number in range(5):
        ours.push(ours.commit(a=str(number)))
    url = f"file://{hub}"
    path = ours.path.with_name("shallow")
    argv = ("clone", "-q", "--depth=1", "--no-single-branch", url, str(path))
    git(hub.parent, *argv, check=True)
    git(path, "remote", "set-url", "origin", ours_url(ours.path), check=True)
    shallow = Side(path)
    assert shallow.push(shallow.commit(b="1")) is Pushed.DONE
    last = ours.transport.fetch().tip
    assert last == at(hub, BRANCH)
    shallow.push(shallow.commit(b="2"))
    assert shallow.transport.fetch().tip == at(hub, BRANCH)
    assert git(path, "fsck", "--full").returncode == 0


def ours_url(path: Path) -> str:
    return git(path, "remote", "get-url", "origin").stdout.strip()


def test_a_ref_of_the_inbox_may_name_anything(clone: Callable[[str], Side], hub: Path) -> None:
    ours = clone("ours")
    git(hub, "-c", "user.name=a", "-c", "user.email=a@b", "tag", "-a", "-m", "x", "t", "main")
    names = ["main^{tree}", "main:train.py", "refs/tags/t", "main"]
    there = {f"{INBOX}{number}": at(hub, name) for number, name in enumerate(names)}
    for ref, oid in there.items():
        git(hub, "update-ref", ref, (oid or b"").decode(), check=True)
    ours.push(ours.commit(a="1"))
    assert ours.transport.fetch().inbox == there
    assert ours.push(ours.commit(a="2")) is Pushed.DONE


def test_the_time_of_a_transfer_is_bounded(clone: Callable[[str], Side]) -> None:
    ours = clone("ours")
    ours.commit(a="1")
    with pytest.raises(RemoteFailed):
        ours.transport.push([Update(BRANCH, ours.branch.tip())], timeout=1e-6)


def test_a_remote_that_is_gone_is_named(clone: Callable[[str], Side], hub: Path) -> None:
    ours = clone("ours")
    tip = ours.commit(a="1")
    hub.rename(hub.with_name("gone.git"))
    try:
        for act in (ours.transport.fetch, ours.transport.tips, lambda: ours.push(tip)):
            with pytest.raises(RemoteFailed, match="origin"):
                act()
    finally:
        hub.with_name("gone.git").rename(hub)


def test_a_wrong_choice_of_program_is_named(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLGIT_TRANSPORT", "pigeon")
    with Repository.discover(repo) as repository, pytest.raises(InvalidValue, match="pigeon"):
        transport_to(repository, "origin", "mlgit")
