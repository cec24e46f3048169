"""Bytes come back from wherever they are, verified; only from remotes that are trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.fetch import download, read
from mlgit.artifacts.transfer.values import Wanted
from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound
from mlgit.holdings.read import downloads, sources_of
from mlgit.holdings.remotes import add_remote, open_trusted
from mlgit.holdings.trust import untrust
from mlgit.holdings.upload import share
from mlgit.published import PublishedRun
from mlgit.records.artifact import ArtifactEntry
from mlgit.store.store import Store
from tests.holdings.named_runs import digest_of, record

ID = "9f3c000000000001"
DATA = b"weights" * 1000
FILES = {"model.bin": DATA, **{f"parts/{n}.bin": b"%d" % n * 500 for n in range(20)}}


@pytest.fixture
def run(store: Store, tmp_path: Path) -> PublishedRun:
    """A run whose bytes are on two remotes and no longer here."""
    folder = record(store, ID, FILES)
    wanted = [Wanted(digest_of(data), len(data)) for data in FILES.values()]
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        add_remote(store, name, str(tmp_path / name))
        share(store, wanted, open_trusted(store, [name]))
    ours = ObjectCache(store.data / "objects")
    for one in wanted:
        ours.path(one.sha256).unlink()
    return PublishedRun(store, folder)


def spoil(tmp_path: Path, name: str, data: bytes = b"spoiled") -> None:
    path = ObjectCache(tmp_path / name).path(digest_of(DATA))
    path.chmod(0o644)
    path.write_bytes(data)


def model(run: PublishedRun) -> ArtifactEntry:
    return next(entry for entry in run.manifest if entry.path == "model.bin")


def test_many_files_come_from_a_remote_and_stay_for_the_next_time(
    store: Store, run: PublishedRun, tmp_path: Path
) -> None:
    told: list[int] = []
    for place in ("once", "again"):
        (tmp_path / place).mkdir()
        sources = sources_of(store, run, progress=lambda moved: told.append(moved.objects))
        download(run.manifest, sources, tmp_path / place)
        assert {path: (tmp_path / place / path).read_bytes() for path in FILES} == FILES
        assert max(told) == len(FILES)
        for name in ("first", "second"):  # the second time nothing is asked of them
            if (tmp_path / name).exists():
                (tmp_path / name).rename(tmp_path / f"{name} is gone")
    assert downloads(store).verify(digest_of(DATA))


def test_a_damaged_copy_is_named_and_the_next_remote_serves(
    store: Store, run: PublishedRun, tmp_path: Path
) -> None:
    spoil(tmp_path, "first", b"W" + DATA[1:])
    with pytest.warns(UserWarning, match=r"the copy of model\.bin on first is damaged"):
        assert read(model(run), sources_of(store, run)) == DATA
    spoil(tmp_path, "second")
    downloads(store).path(digest_of(DATA)).unlink()
    with (
        pytest.warns(UserWarning, match="on second is damaged"),
        pytest.raises(Damaged, match="every copy of model"),
    ):
        read(model(run), sources_of(store, run))


def test_a_damaged_copy_here_is_passed_over(store: Store, run: PublishedRun) -> None:
    ours = ObjectCache(store.data / "objects")
    ours.put_bytes(DATA)
    path = ours.path(digest_of(DATA))
    path.chmod(0o644)
    path.write_bytes(b"spoiled")
    assert read(model(run), sources_of(store, run)) == DATA


def test_a_remote_that_is_not_trusted_is_not_contacted(
    store: Store, run: PublishedRun, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        untrust(str(tmp_path / name))
    with pytest.raises(NotFound, match="not trusted here: first, second") as caught:
        read(model(run), sources_of(store, run))
    assert caught.value.hint == "mlgit remote trust first"
    assert not downloads(store).root.exists()


def test_what_no_remote_has_says_who_was_asked(
    store: Store, run: PublishedRun, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        ObjectCache(tmp_path / name).path(digest_of(DATA)).unlink()
    with pytest.raises(NotFound, match="asked: this clone, first, second"):
        read(model(run), sources_of(store, run))


HOSTILE = [
    ArtifactEntry("../../escaped", len(DATA), digest_of(DATA)),
    ArtifactEntry("/tmp/escaped", len(DATA), digest_of(DATA)),
    ArtifactEntry("passwd", 10, digest_of(DATA), uri="file:///etc/passwd"),
    ArtifactEntry("passwd", 10, "", uri="file:///etc/passwd"),
    ArtifactEntry("passwd", 10, ""),
    ArtifactEntry("passwd", 10, digest_of(DATA), inline="../../../mlgit.yaml"),
    ArtifactEntry("model.bin", 10, digest_of(DATA)),
    ArtifactEntry("model.bin", 10**15, digest_of(DATA)),
    ArtifactEntry("model.bin", len(DATA), "../../../../etc/passwd"),
]


@pytest.mark.parametrize("entry", HOSTILE, ids=lambda entry: f"{entry.path}-{entry.size}")
@pytest.mark.filterwarnings("ignore:the copy of")
def test_a_hostile_manifest_reads_and_writes_nothing_outside(
    store: Store, run: PublishedRun, tmp_path: Path, entry: ArtifactEntry
) -> None:
    target = tmp_path / "out"
    target.mkdir()
    before = {path for path in tmp_path.rglob("*") if ".git" not in path.parts}
    with pytest.raises(MlgitError) as caught:
        download([entry], sources_of(store, run), target)
    assert isinstance(caught.value, MlgitError)
    if entry.uri:
        assert isinstance(caught.value, InvalidState)
    assert {path for path in tmp_path.rglob("*") if ".git" not in path.parts} == before
