"""Artifacts handed back: verified wherever they come from, written nowhere but below the target."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from mlgit.artifacts.cache import ObjectCache
from mlgit.artifacts.fetch import Sources, download, is_same_file, open_artifact, read
from mlgit.errors import Damaged, InvalidState, MlgitError, NotFound
from mlgit.records.artifact import ArtifactEntry

DATA = b"weights" * 100


def entry(path: str = "model.bin", data: bytes = DATA, inline: str = "") -> ArtifactEntry:
    return ArtifactEntry(path, len(data), sha256(data).hexdigest(), inline)


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    kept = ObjectCache(tmp_path / "objects")
    kept.put_bytes(DATA)
    return kept


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def sources(*remotes: ObjectCache, **files: bytes) -> Sources:
    return Sources(lambda name: files.get(name.replace("files/", "")), remotes)


def test_an_artifact_is_read_from_git_or_from_the_store(cache: ObjectCache) -> None:
    assert read(entry(), sources(cache)) == DATA
    assert read(entry(inline="files/model"), sources(model=DATA)) == DATA
    with open_artifact(entry(), sources(cache)) as file:
        assert file.read(7) == b"weights"


def test_a_second_remote_serves_what_the_first_lost_or_spoiled(
    cache: ObjectCache, tmp_path: Path
) -> None:
    empty, spoiled = ObjectCache(tmp_path / "empty"), ObjectCache(tmp_path / "spoiled")
    spoiled.put_bytes(DATA)
    path = spoiled.path(entry().sha256)
    path.chmod(0o644)
    path.write_bytes(DATA + b"and more")
    assert read(entry(), sources(empty, spoiled, cache)) == DATA
    with pytest.raises(Damaged):
        read(entry(), sources(spoiled, empty))
    with pytest.raises(NotFound, match="this clone") as caught:
        read(entry(), sources(empty))
    assert caught.value.hint


@pytest.mark.parametrize("data", [None, b"", DATA[:-1], b"x" * len(DATA)])
def test_bytes_in_git_must_be_those_of_the_manifest(data: bytes | None) -> None:
    found = Sources(lambda _: data)
    with pytest.raises(Damaged):
        read(entry(inline="files/model"), found)


def test_an_external_reference_is_never_opened(cache: ObjectCache) -> None:
    away = entry()._replace(uri="http://169.254.169.254/latest")
    for used in (sources(), sources(cache)):
        with pytest.raises(InvalidState, match="reference"):
            read(away, used)


def test_artifacts_land_below_the_target(cache: ObjectCache, target: Path) -> None:
    entries = [entry("a/model.bin"), entry("b.txt", b"text", "files/b")]
    paths = download(entries, sources(cache, b=b"text"), target)
    assert [path.relative_to(target).as_posix() for path in paths] == ["a/model.bin", "b.txt"]
    assert (target / "a/model.bin").read_bytes() == DATA
    assert (target / "b.txt").read_bytes() == b"text"


@pytest.mark.parametrize("path", ["../x", "/tmp/x", "a/../../x", ".git/hooks/post-checkout", ""])
def test_a_manifest_cannot_lead_out_of_the_target(
    cache: ObjectCache, target: Path, path: str
) -> None:
    before = sorted(target.parent.rglob("*"))
    with pytest.raises(Damaged, match="leaves its folder"):
        download([entry("good.bin"), entry(path)], sources(cache), target)
    assert sorted(target.parent.rglob("*")) == before


def test_a_failed_download_leaves_no_half_file(cache: ObjectCache, target: Path) -> None:
    path = cache.path(entry().sha256)
    path.chmod(0o644)
    path.write_bytes(b"short")
    with pytest.raises(MlgitError):
        download([entry()], sources(cache), target)
    assert list(target.iterdir()) == []


def test_a_changed_copy_of_a_downloaded_file_does_not_change_the_store(
    cache: ObjectCache, target: Path
) -> None:
    (path,) = download([entry()], sources(cache), target)
    with path.open("r+b") as file:
        file.write(b"CHANGED")
    assert cache.verify(entry().sha256)


def test_two_paths_that_are_one_file_are_told_apart_from_two_that_are_not(
    cache: ObjectCache, target: Path
) -> None:
    """A hard link stands for a file system that does not tell two names apart."""
    cache.put_bytes(b"other")
    entries = [entry("A.bin"), entry("a.bin", b"other")]
    for _ in range(2):
        paths = download(entries, sources(cache), target)
        assert [path.read_bytes() for path in paths] == [DATA, b"other"]
    assert not is_same_file(*paths)
    paths[1].unlink()
    assert not is_same_file(*paths)
    paths[1].hardlink_to(paths[0])
    assert is_same_file(*paths)
    assert not is_same_file(paths[0], paths[0])
