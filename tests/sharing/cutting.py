"""A push or a fetch, cut at one byte after the other; what each cut has left behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mlgit.errors import RemoteFailed
from mlgit.runs import begin
from mlgit.sharing.push import push
from mlgit.sharing.remotes import transport_of
from mlgit.sharing.sync import pull
from mlgit.store.store import Store
from tests.support.netcut import DOWN, UP, Fault, Line, line
from tests.support.repos import footprint, git, make_repo
from tests.support.servers import serving

_REF = "refs/heads/mlgit"


class Cut(NamedTuple):
    """After how many bytes in which direction what happens."""

    direction: int
    byte: int
    fault: Fault = Fault.CUT


@dataclass
class Tally:
    """What all cuts together showed; every number but the first three must stay 0.

    Attributes:
        false: What was said to be there was not.
        missed: What had arrived was said not to have.
        blocked: The same again, on a good line, failed.
        damaged: git finds something missing or broken on one side.
        touched: What is not ours was changed, or something local was lost.
        examples: What was wrong, in words.
    """

    cuts: int = 0
    failures: int = 0
    arrived: int = 0
    false: int = 0
    missed: int = 0
    blocked: int = 0
    damaged: int = 0
    touched: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, what: str, cut: Cut, words: str) -> None:
        """Count something that must not be."""
        setattr(self, what, getattr(self, what) + 1)
        self.examples.append(f"{what} after {cut}: {words}")


class Scene(NamedTuple):
    """A remote and a clone, of which one has a run that the other has not.

    Attributes:
        act: `push` or `fetch`.
        kept: The folder with both as they were, `hub.git` and `clone`.
        used: The folder with both as they are worked on.
        line: The line between them.
        old: The commit of the side that lacks the run.
        new: The commit of the other.
    """

    act: str
    kept: Path
    used: Path
    line: Line
    old: str
    new: str


@contextmanager
def scene(act: str, kind: str, tmp_path: Path) -> Iterator[Scene]:
    """Everything ready for `act` through a server of that kind."""
    kept, used = tmp_path / "kept", tmp_path / "used"
    kept.mkdir()
    used.mkdir()
    code = make_repo(tmp_path / "code")
    git(kept, "clone", "-q", "--bare", "--template=", str(code), "hub.git", check=True)
    git(kept / "hub.git", "config", "receive.autogc", "false", check=True)
    author, reader = tmp_path / "author", kept / "clone"
    git(tmp_path, "clone", "-q", "--template=", str(kept / "hub.git"), str(author), check=True)
    with Store.init(author).store as store:
        _record(store)
        push(store, transport_of(store))
        old = _tip(author)
        git(kept, "clone", "-q", "--template=", str(kept / "hub.git"), "clone", check=True)
        Store.init(reader).store.close()
        if act == "fetch":
            _record(store)
            push(store, transport_of(store))
    if act == "push":
        with Store.open(reader) as store:
            _record(store)
    for path in (kept / "hub.git", reader):
        git(path, "gc", "-q", check=True)
    new = _tip(reader if act == "push" else kept / "hub.git")
    assert new != old
    with serving(kind, used) as server, line(server.port) as faulty:
        url = server.url("hub.git").replace(f":{server.port}", f":{faulty.port}")
        git(reader, "remote", "set-url", "origin", url, check=True)
        yield Scene(act, kept, used, faulty, old, new)


def size(at: Scene) -> list[int]:
    """How many bytes go up and down when nothing goes wrong."""
    _restore(at)
    at.line.after(UP, None)
    words = _do(at)
    assert not words, words
    return at.line.count


def cuts(size: list[int], every: int, fault: Fault = Fault.CUT) -> list[Cut]:
    """A cut after each `every`-th byte of both directions."""
    return [
        Cut(direction, byte, fault)
        for direction in (UP, DOWN)
        for byte in range(0, size[direction], every)
    ]


def sweep(at: Scene, plan: Iterable[Cut]) -> Tally:
    """Cut, look, and do it again on a good line.

    What two cuts have left behind alike, byte for byte, is examined once.
    """
    tally, known = Tally(), set[bytes]()
    for cut in plan:
        _restore(at)
        at.line.after(*cut)
        words = _do(at)
        tally.cuts += at.line.hit
        _judge(at, cut, words, tally)
        state = _state(at)
        if state not in known:
            known.add(state)
            _examine(at, cut, tally)
    return tally


def _judge(at: Scene, cut: Cut, words: str, tally: Tally) -> None:
    """Compare what was said with what is there."""
    there = _tip(_sink(at)) == at.new
    tally.failures += bool(words)
    tally.arrived += there
    if there and words:
        tally.note("missed", cut, words)
    elif not there and not words:
        tally.note("false", cut, "said to be there")
    remembered = _tip(at.used / "clone", "refs/remotes/origin/mlgit")
    if remembered == at.new and _tip(at.used / "hub.git") != at.new:
        tally.note("false", cut, "remembered to be there")


def _examine(at: Scene, cut: Cut, tally: Tally) -> None:
    """Both sides are sound, the user's files as they were, and the next try works."""
    before = footprint(at.kept / "clone")
    _check(at, cut, tally)
    at.line.after(UP, None)
    words = _do(at)
    if words or _tip(_sink(at)) != at.new:
        tally.note("blocked", cut, words)
    if footprint(at.used / "clone") != before or _tip(_source(at)) != at.new:
        tally.note("touched", cut, "")
    _check(at, cut, tally)


def _check(at: Scene, cut: Cut, tally: Tally) -> None:
    for path in (at.used / "hub.git", at.used / "clone"):
        checked = git(path, "fsck", "--full", "--strict", "--no-progress")
        if checked.returncode:
            tally.note("damaged", cut, checked.stderr)


def _state(at: Scene) -> bytes:
    """Digest of both sides, but for what holds a time or is drawn at random."""
    digest = hashlib.sha256()
    for file in sorted(_files(at.used)):
        name = file.relative_to(at.used).as_posix()
        if "/logs/" not in name and "/mlgit/writer" not in name:
            with suppress(FileNotFoundError):  # a server that dies removes what it took in
                digest.update(f"{name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.digest()


def _files(used: Path) -> Iterator[Path]:
    """Those of the repositories; unlike a glob, a walk passes over folders that are gone."""
    for root in (*used.glob("[!h]*/.git"), used / "hub.git"):
        for where, _, names in os.walk(root):
            yield from (Path(where, name) for name in names)


def _do(at: Scene) -> str:
    """Push or fetch; what went wrong, empty where it is said to have worked."""
    with Store.open(at.used / "clone") as store:
        transport = transport_of(store)
        try:
            if at.act == "push":
                push(store, transport)
            elif pull(store, transport) is None:
                return ""  # it is said to have no store, which is not so
        except RemoteFailed as error:
            return error.message
    return ""


def _restore(at: Scene) -> None:
    for name in ("hub.git", "clone"):
        place = at.used / name
        if place.exists():
            # A server that was cut off may still be at work in it, also while it is removed.
            aside = Path(tempfile.mkdtemp(dir=at.used))
            place.rename(aside / name)
            shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(at.kept / name, place, symlinks=True)


def _source(at: Scene) -> Path:
    return at.used / ("clone" if at.act == "push" else "hub.git")


def _sink(at: Scene) -> Path:
    return at.used / ("hub.git" if at.act == "push" else "clone")


def _tip(path: Path, ref: str = _REF) -> str:
    """Where a ref is, read from the files: a thousand times, a program would take too long."""
    place = path / ".git" if (path / ".git").exists() else path
    if (place / ref).exists():
        return (place / ref).read_text().strip()
    lines = (line.split() for line in (place / "packed-refs").read_text().splitlines())
    return next((words[0] for words in lines if words[1:] == [ref]), "")


def _record(store: Store) -> None:
    run = begin.start(store, "churn")
    run.log_metric("acc", 0.9)
    run.finish()
