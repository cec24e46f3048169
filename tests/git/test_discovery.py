"""The repository is found where git finds it; what cannot be written safely is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlgit.errors import Damaged, NotARepository, NotFound, Unsupported
from mlgit.git.repository import Repository
from tests.git.places import commit, files
from tests.support.repos import git, make_repo


def rev_parse(path: Path, what: str) -> Path:
    return (path / git(path, "rev-parse", what, check=True).stdout.strip()).resolve()


def assert_as_git_says(path: Path) -> None:
    with Repository.discover(path) as repository:
        assert repository.git_dir.resolve() == rev_parse(path, "--git-dir")
        assert repository.common_dir.resolve() == rev_parse(path, "--git-common-dir")
        assert repository.state_dir == repository.common_dir / "mlgit"
        if not repository.is_bare:
            assert repository.work_tree == rev_parse(path, "--show-toplevel")


def test_from_the_top_from_below_and_from_inside_git(repo: Path) -> None:
    (repo / "src/deep").mkdir(parents=True)
    for place in (repo, repo / "src/deep"):
        assert_as_git_says(place)
        with Repository.discover(place) as repository:
            assert repository.work_tree == repo
    with Repository.discover(repo / ".git") as repository:
        assert repository.common_dir == repo / ".git"
        assert repository.is_bare
    with Repository.discover() as repository:
        assert repository.git_dir == repo / ".git"


def test_a_bare_repository_is_written(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "bare.git", bare=True)
    assert_as_git_says(path)
    commit(path, {"a": b"1"})
    assert files(path) == {"a": "1"}


def test_a_linked_work_tree_shares_the_branch(repo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "-q", "-b", "topic", str(linked), check=True)
    assert_as_git_says(linked)
    commit(linked, {"a": b"1"})
    commit(repo, {"b": b"2"})
    assert files(linked) == files(repo) == {"a": "1", "b": "2"}
    assert not (repo / ".git/worktrees/linked/mlgit").exists()


def test_a_submodule_has_a_branch_of_its_own(repo: Path, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub",
        check=True)  # fmt: skip
    assert_as_git_says(repo / "sub")
    commit(repo / "sub", {"a": b"1"})
    assert files(repo / "sub") == {"a": "1"}
    with Repository.discover(repo) as repository:
        assert repository.refs.read("refs/heads/mlgit") is None


def test_the_environment_names_the_repository(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repo(tmp_path / "other")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        with Repository.discover() as repository:
            assert repository.git_dir == other / ".git"
            assert repository.work_tree == Path.cwd()
        with Repository.discover(repo) as repository:
            assert repository.git_dir == repo / ".git"
        patch.setenv("GIT_WORK_TREE", str(other))
        with Repository.discover() as repository:
            assert repository.work_tree == other
        patch.setenv("GIT_DIR", str(tmp_path))
        with pytest.raises(NotARepository):
            Repository.discover()


def test_a_common_folder_in_the_environment_is_used(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "HEAD").write_text("ref: refs/heads/main\n")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(private))
        patch.setenv("GIT_COMMON_DIR", str(repo / ".git"))
        with Repository.discover() as repository:
            assert (repository.git_dir, repository.common_dir) == (private, repo / ".git")


def test_a_configured_work_tree_is_used(repo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(repo, "config", "core.worktree", "../../elsewhere", check=True)
    with Repository.discover(repo) as repository:
        assert repository.work_tree == elsewhere
        assert repository.checked_out_branches() == {"refs/heads/main": elsewhere}


def test_nothing_is_found_outside_or_beyond_a_ceiling(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / "src/deep").mkdir(parents=True)
    with pytest.raises(NotARepository) as caught:
        Repository.discover(tmp_path / "elsewhere")
    assert "git init" in caught.value.hint
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repo))
    with pytest.raises(NotARepository):
        Repository.discover(repo / "src/deep")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with Repository.discover(repo / "src/deep") as repository:
        assert repository.work_tree == repo


@pytest.mark.parametrize("text", ["", "gitdir: /nowhere", "garbage", "gitdir: .."])
def test_a_git_file_that_leads_nowhere_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "place/.git").write_text(text)
    with pytest.raises(Damaged) as caught:
        Repository.discover(tmp_path / "place")
    assert caught.value.facts["path"] == str(tmp_path / "place/.git")


@pytest.mark.parametrize(
    ("section", "key", "value", "named"),
    [
        ("extensions", "objectFormat", "sha256", "SHA256"),
        ("extensions", "refStorage", "reftable", "reftable"),
        ("extensions", "somethingNew", "true", "somethingnew"),
        ("core", "repositoryFormatVersion", "2", "version 2"),
    ],
)
def test_what_cannot_be_written_safely_is_refused_by_name(
    tmp_path: Path, section: str, key: str, value: str, named: str
) -> None:
    path = make_repo(tmp_path / "place")
    config = path / ".git/config"
    text = config.read_text().replace("repositoryformatversion = 0", "repositoryformatversion = 1")
    if key == "repositoryFormatVersion":
        text = text.replace("repositoryformatversion = 1", "repositoryformatversion = 2")
    else:
        text += f"[{section}]\n\t{key} = {value}\n"
    config.write_text(text)
    with pytest.raises(Unsupported) as caught:
        Repository.discover(path)
    assert named in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["refStorage = files", "preciousObjects = true", "noop = 1"])
def test_harmless_extensions_are_no_obstacle(tmp_path: Path, name: str) -> None:
    path = make_repo(tmp_path / "place")
    config = path / ".git/config"
    text = config.read_text().replace("repositoryformatversion = 0", "repositoryformatversion = 1")
    config.write_text(f"{text}[extensions]\n\t{name}\n")
    tip = commit(path, {"a": b"1"})
    with Repository.discover(path) as repository:
        assert repository.refs.read("refs/heads/mlgit") == tip


def test_a_repository_of_sha256_objects_made_by_git_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "place", check=True)
    with pytest.raises(Unsupported):
        Repository.discover(tmp_path / "place")
    assert not (tmp_path / "place/.git/mlgit").exists()


def test_a_symbolic_link_to_a_folder_inside_is_followed_as_git_does(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "src").mkdir()
    link = tmp_path / "link"
    link.symlink_to(repo)
    with Repository.discover(link / "src") as repository:
        assert repository.common_dir.samefile(repo / ".git")


def test_objects_that_a_push_set_apart_are_read_with_those_it_builds_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = make_repo(tmp_path / 'a:"b\\.git', bare=True)
    work = make_repo(tmp_path / "work")
    (hub / "hooks/pre-receive").write_text(
        "#!/bin/sh\nenv | grep -a ^GIT_ > seen; rm -rf kept; mkdir kept\n"
        'cp -R "$GIT_OBJECT_DIRECTORY/." kept\n'
    )
    (hub / "hooks/pre-receive").chmod(0o755)
    git(work, "push", "-q", str(hub), "main", check=True)
    (work / "b").write_text("2")
    git(work, "add", "b", check=True)
    git(work, "commit", "-q", "-m", "second", check=True)
    first, second = (git(work, "rev-parse", rev).stdout[:40].encode() for rev in ("main~", "main"))
    git(work, "push", "-q", str(hub), "main", check=True)
    seen = dict(line.split("=", 1) for line in (hub / "seen").read_text().splitlines())
    monkeypatch.setenv("GIT_DIR", str(hub))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(hub / "kept"))
    beside = seen["GIT_ALTERNATE_OBJECT_DIRECTORIES"]
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", beside)
    objects = Repository.discover().objects
    assert objects.commit(second).parents == (first,)
    assert objects.commit(first).parents == ()
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    (tmp_path / "gone").mkdir()
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "gone"))
    with pytest.raises(NotFound):
        Repository.discover().objects.commit(second)
