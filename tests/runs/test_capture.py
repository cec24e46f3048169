from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mlgit import process
from mlgit.git.repository import Repository
from mlgit.records.settings import Capture, Limits, Settings
from mlgit.runs import capture, environment, work_tree
from mlgit.runs.capture import Captured, captured
from tests.support.repos import footprint, git, make_repo

TOKEN = "ghp_" + "a1B2" * 9


@pytest.fixture(autouse=True)
def fresh() -> None:
    capture.forget()


def look(path: Path, settings: Settings | None = None) -> Captured:
    with Repository.discover(path) as repository:
        return captured(repository, settings or Settings())


def head(path: Path) -> str:
    return git(path, "rev-parse", "HEAD", check=True).stdout.strip()


def test_a_clean_work_tree_is_a_commit_and_a_branch(repo: Path) -> None:
    code = look(repo).code
    assert (code.commit, code.branch, code.dirty, code.patch) == (head(repo), "main", False, "")


def test_what_is_not_committed_is_kept_as_a_patch_that_applies(repo: Path, tmp_path: Path) -> None:
    (repo / "train.py").write_text("print('changed')\n")
    (repo / "mödel.py").write_text("new = True\n")
    git(repo, "add", "mödel.py", check=True)
    before = footprint(repo)
    found = look(repo)
    assert footprint(repo) == before
    assert (found.code.dirty, found.code.patch) == (True, "code.patch")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repo), str(clone), check=True)
    (clone / "p").write_bytes(found.files["code.patch"])
    git(clone, "apply", "p", check=True)
    assert (clone / "train.py").read_text() == "print('changed')\n"
    assert (clone / "mödel.py").read_text() == "new = True\n"


def test_a_file_whose_time_has_changed_is_no_change_and_the_index_stays(repo: Path) -> None:
    before = footprint(repo)
    os.utime(repo / "train.py", (1, 1))
    code = look(repo).code
    assert (code.dirty, code.patch) == (False, "")
    assert footprint(repo) == before


def test_a_split_index_is_read(repo: Path) -> None:
    git(repo, "update-index", "--split-index", check=True)
    (repo / "train.py").write_text("print('changed')\n")
    before = footprint(repo)
    assert look(repo).code.patch == "code.patch"
    assert footprint(repo) == before


def test_a_detached_head_has_no_branch(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach", check=True)
    assert (look(repo).code.commit, look(repo).code.branch) == (head(repo), "")


def test_before_the_first_commit_there_is_only_a_branch(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "new", check=True)
    code = look(tmp_path / "new").code
    assert (code.commit, code.branch, code.dirty, code.patch) == ("", "main", False, "")


def test_a_bare_repository_has_no_changes(tmp_path: Path) -> None:
    assert look(make_repo(tmp_path / "bare.git", bare=True)).code.patch == ""


def test_a_linked_work_tree_is_looked_at_itself(repo: Path, tmp_path: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"), check=True)
    (tmp_path / "side" / "train.py").write_text("print('side')\n")
    assert look(repo).code.dirty is False
    code = look(tmp_path / "side").code
    assert (code.branch, code.dirty) == ("side", True)


def test_a_patch_beyond_the_limit_is_left_out_with_the_reason(repo: Path) -> None:
    (repo / "train.py").write_text("x" * 500 + "\n")
    found = look(repo)
    size = len(found.files["code.patch"])
    capture.forget()
    assert "code.patch" in look(repo, Settings(limits=Limits(patch=size))).files
    capture.forget()
    found = look(repo, Settings(limits=Limits(patch=size - 1)))
    assert "code.patch" not in found.files
    assert found.code.patch == f"not kept: {size} bytes, {size - 1} are the limit"
    assert found.code.dirty is True


def test_a_patch_that_holds_a_secret_is_left_out_with_the_reason(repo: Path) -> None:
    (repo / "train.py").write_text(f"token = '{TOKEN}'\n")
    found = look(repo)
    assert found.code.patch == "not kept: it holds a GitHub token in train.py"
    assert TOKEN.encode() not in b"".join(found.files.values())


def test_without_the_git_program_commit_and_branch_are_known(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "train.py").write_text("changed\n")
    process.git_program.cache_clear()
    with monkeypatch.context() as without_git:
        without_git.setenv("PATH", "/nonexistent")
        code = look(repo).code
    process.git_program.cache_clear()
    assert (len(code.commit), code.branch, code.dirty) == (40, "main", False)
    assert code.patch == "not kept: the git program is not installed"


def test_a_work_tree_that_cannot_be_compared_never_fails_a_run(repo: Path) -> None:
    (repo / ".git" / "index").write_bytes(b"garbage")
    found = look(repo)
    assert found.code.patch.startswith("not kept: git cannot compare")
    assert found.code.branch == "main"
    (repo / ".git" / "index").unlink()
    git(repo, "reset", "-q", check=True)


def test_a_state_folder_that_is_a_link_is_not_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / ".git" / "mlgit").symlink_to(tmp_path / "elsewhere")
    (repo / "train.py").write_text("changed\n")
    assert "is not a folder of its own" in look(repo).code.patch
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_is_left_behind(repo: Path) -> None:
    look(repo)
    assert list((repo / ".git" / "mlgit").iterdir()) == []


# ---- a hostile repository ------------------------------------------------------------------------


def armed(repo: Path, tripwire: Path) -> None:
    """Make everything in the repository's configuration run a program that leaves a trace."""
    program = tripwire.parent / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {tripwire}\ncat\n")
    program.chmod(0o755)
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (hooks / hook).write_text(f"#!/bin/sh\necho ran >> {tripwire}\n")
        (hooks / hook).chmod(0o755)
    settings = {
        "filter.evil.clean": program,
        "filter.evil.smudge": program,
        "filter.evil.process": program,
        "filter.evil.required": "true",
        "filter.a=b.clean": program,
        "diff.evil.command": program,
        "diff.evil.textconv": program,
        "diff.evil.cachetextconv": "true",
        "diff.external": program,
        "core.fsmonitor": program,
        "core.hooksPath": hooks,
        "core.pager": program,
        "pager.diff": program,
        "core.sshCommand": program,
        "core.askPass": program,
        "credential.helper": f"!{program}",
        "alias.diff": f"!{program}",
        "core.alternateRefsCommand": program,
        "interactive.diffFilter": program,
    }
    for key, value in settings.items():
        git(repo, "config", key, str(value), check=True)
    (repo / ".gitattributes").write_text("*.py filter=evil diff=evil\n*.txt filter=a=b\n")
    (repo / "notes.txt").write_text("one\n")
    plain = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    attributes = ["-c", "filter.evil.process=", "-c", "filter.evil.clean="]
    git(repo, *plain, *attributes, "-c", "filter.evil.required=false", "add", ".gitattributes")
    (repo / ".git" / "info" / "attributes").write_text("*.py filter=evil diff=evil\n")


def test_nothing_that_a_repository_configures_is_run(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tripwire = tmp_path / "tripwire"
    armed(repo, tripwire)
    (repo / "train.py").write_text("print('changed')\n")
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "PAGER", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(tmp_path / "program"))
    tripwire.unlink(missing_ok=True)
    found = look(repo)
    assert not tripwire.exists()
    assert b"+print('changed')" in found.files["code.patch"]
    git(repo, "diff", "HEAD")
    assert tripwire.exists(), "the tripwires do not work, so the test proves nothing"
    git(repo, "config", "--unset", "core.fsmonitor", check=True)


def test_a_submodule_is_not_entered(repo: Path, tmp_path: Path) -> None:
    other = make_repo(tmp_path / "other")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(repo, "commit", "-q", "-m", "sub", check=True)
    tripwire = tmp_path / "tripwire"
    program = tmp_path / "sub-program"
    program.write_text(f"#!/bin/sh\necho ran >> {tripwire}\ncat\n")
    program.chmod(0o755)
    git(repo / "sub", "config", "core.fsmonitor", str(program), check=True)
    (repo / "sub" / "train.py").write_text("changed\n")
    tripwire.unlink(missing_ok=True)
    look(repo)
    assert not tripwire.exists()
    git(repo, "diff", "HEAD")
    assert tripwire.exists(), "the tripwire does not work, so the test proves nothing"
    git(repo / "sub", "config", "--unset", "core.fsmonitor", check=True)


# ---- what each switch leaves out -----------------------------------------------------------------


def test_each_part_can_be_switched_off(repo: Path) -> None:
    (repo / "train.py").write_text("changed\n")
    everything = look(repo)
    assert everything.user
    assert everything.host
    assert set(everything.files) == {"code.patch", "environment.txt"}
    nothing = look(repo, Settings(capture=Capture(False, False, False, False)))
    assert (nothing.user, nothing.host, nothing.files) == ("", "", {})
    assert nothing.code.patch == "not kept: capture.patch is off"
    assert nothing.code.commit == head(repo)


def test_it_is_found_out_once_a_process(repo: Path) -> None:
    first = look(repo)
    (repo / "train.py").write_text("changed\n")
    assert look(repo) is first


def test_the_command_line_holds_no_secret(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--api-key", "hunter2", "--lr", "0.1", "a b"])
    assert look(repo).source.command == "train.py --api-key '[redacted]' --lr 0.1 'a b'"


def test_the_remote_is_kept_without_its_password(repo: Path) -> None:
    git(repo, "remote", "add", "origin", "https://ada:hunter2@git.example.org/x.git", check=True)
    assert look(repo).code.repository == "https://git.example.org/x.git"


def test_a_script_that_git_does_not_know_makes_the_work_tree_dirty(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo / "new.py").write_text("")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repo / "new.py"), raising=False)
    found = look(repo)
    assert found.code.dirty is True
    assert found.facts == {capture.UNTRACKED: "new.py"}
    assert found.source.name == "new.py"
    capture.forget()
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repo / "train.py"), raising=False)
    assert look(repo).facts == {}


def test_an_odd_script_name_is_taken_literally(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "[t]rain.py").write_text("")
    monkeypatch.setattr(
        sys.modules["__main__"], "__file__", str(repo / "[t]rain.py"), raising=False
    )
    assert look(repo).facts == {capture.UNTRACKED: "[t]rain.py"}


# ---- packages ------------------------------------------------------------------------------------


def test_the_environment_agrees_with_the_metadata_of_the_packages() -> None:
    from importlib.metadata import distributions

    def plain(name: str) -> str:
        return name.replace("_", "-").replace(".", "-").lower()

    lines = environment.installed().decode().splitlines()
    assert lines[0].startswith("# CPython 3.")
    listed = dict(line.split("==") for line in lines[1:])
    known = {plain(one.metadata["Name"]): one.version for one in reversed(list(distributions()))}
    assert {name: version for name, version in listed.items() if name in known} == known
    assert lines[1:] == sorted(lines[1:], key=lambda line: line.split("==")[0])


def test_the_first_package_on_the_path_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, version in (("one", "2.0"), ("two", "1.0")):
        (tmp_path / place / f"Some_Thing-{version}.dist-info").mkdir(parents=True)
        (tmp_path / place / "nonsense.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path / "one"), str(tmp_path / "two"), "/missing"])
    assert environment.installed().decode().splitlines()[1:] == ["some-thing==2.0"]


def test_the_head_of_a_damaged_repository_is_empty(repo: Path) -> None:
    with Repository.discover(repo) as repository:
        (repo / ".git" / "HEAD").write_bytes(b"\xff\xfe")
        assert work_tree.head(repository) == ("", "")
        (repo / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
