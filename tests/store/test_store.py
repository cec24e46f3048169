"""Opening a store and writing to it, on real repositories."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from mlgit.errors import (
    Damaged,
    InvalidValue,
    NoStore,
    NotARepository,
    NotFound,
    StorageFailed,
    Unsupported,
)
from mlgit.records.run import Edit, RunStatus
from mlgit.records.settings import Limits, Settings, dump_settings
from mlgit.store.change import Change
from mlgit.store.publication import Publication
from mlgit.store.store import Store
from tests.store.records import CHURN, a_publication, a_run, folder_of, published
from tests.support.repos import footprint, git, make_repo


def log(repo: Path, *args: str) -> str:
    return git(repo, "log", *args, "mlgit", check=True).stdout


def test_a_published_run_is_a_commit_that_plain_git_shows(repo: Path, store: Store) -> None:
    commit = store.publish(a_publication(artifacts={"plots/roc.txt": b"0 1"}))
    assert log(repo, "-1", "--format=%H %s").strip() == (
        f"{commit.decode()} run: brisk-otter-12 (churn) finished val_acc=0.93"
    )
    shown = git(repo, "show", f"mlgit:{folder_of(a_run())}/run.yaml").stdout
    assert 'experiment: "' in shown or "experiment: " in shown
    assert "name: brisk-otter-12\n" in shown
    assert git(repo, "show", f"mlgit:{folder_of(a_run())}/files/plots/roc.txt").stdout == "0 1"


def test_trailers_are_read_by_git(repo: Path, store: Store) -> None:
    store.publish(a_publication())
    found = log(repo, "-1", "--format=%(trailers:only,unfold)")
    assert found.split("\n")[:3] == [
        f"Mlgit-Run: {a_run().id}",
        "Mlgit-Experiment: churn",
        f"Mlgit-Code: {a_run().code.commit}+dirty",
    ]
    assert "\n\n[skip ci]\n\n" in log(repo, "-1", "--format=%B")


def test_only_run_commits_skip_ci(repo: Path, store: Store) -> None:
    folder = published(store)
    store.edit_run(folder, lambda run: run.with_tag("a", "b"), "tag: a=b on brisk-otter-12")
    with store.change("settings: limits") as change:
        change.put("mlgit.yaml", dump_settings(Settings(limits=Limits(patch=5))))
    bodies = log(repo, "--format=%B%x00").split("\0")
    assert ["[skip ci]" in body for body in bodies[:4]] == [False, False, True, False]


def test_hostile_names_cannot_forge_a_message_or_a_terminal(repo: Path, store: Store) -> None:
    name = "x\x1b[2J\n\nMlgit-Run: forged\u202e" + "y" * 200
    store.publish(a_publication(a_run(name=name)))
    body = log(repo, "-1", "--format=%B")
    assert not set(body) & {"\x1b", "\u202e"}
    assert "Mlgit-Run: forged" not in body.splitlines()
    assert log(repo, "-1", "--format=%(trailers:key=Mlgit-Run,valueonly)").split() == [a_run().id]
    assert len(body.splitlines()[0]) < 200


def test_a_checkpoint_and_a_run_without_metrics_have_their_own_words(
    repo: Path, store: Store
) -> None:
    store.publish(a_publication(a_run(status=RunStatus.RUNNING)))
    store.publish(a_publication(a_run("9f3c000000000002", status=RunStatus.KILLED, metrics={})))
    assert log(repo, "-2", "--format=%s").splitlines() == [
        "run: brisk-otter-12 (churn) killed",
        "run: brisk-otter-12 (churn) checkpoint val_acc=0.93",
    ]


def test_publishing_the_same_again_makes_no_commit(repo: Path, store: Store) -> None:
    first = store.publish(a_publication())
    assert store.publish(a_publication()) == first
    assert log(repo, "--format=%s", "--grep=^run:").count("\n") == 1


def test_a_run_published_again_keeps_what_people_edited_meanwhile(store: Store) -> None:
    running = a_run(status=RunStatus.RUNNING, tags={"team": "a", "draft": "yes"})
    folder = published(store, running)
    by = Edit(5, "w2")
    store.edit_run(
        folder, lambda run: run.with_tag("team", "b", by).without_tag("draft", by), "tag: team=b"
    )
    store.edit_run(folder, lambda run: run.with_tag("mlflow.note.content", "good", by), "note")
    finished = a_run(tags={"team": "a", "draft": "yes", "late": "x"}, note="mine")
    published(store, finished)
    found = store.snapshot().run(folder)
    assert found.status is RunStatus.FINISHED
    assert found.tags == {"team": "b", "late": "x"}
    assert found.note == "good"
    assert found.edits["tags.team"] == by


def test_a_newer_edit_of_ours_beats_the_one_on_the_branch(store: Store) -> None:
    folder = published(store)
    store.edit_run(folder, lambda run: run.with_tag("a", "there", Edit(5, "w2")), "tag")
    published(store, a_run().with_tag("a", "ours", Edit(6, "w1")))
    assert store.snapshot().run(folder).tags == {"a": "ours"}


def test_replaced_artifacts_leave_the_branch(store: Store) -> None:
    store.publish(a_publication(artifacts={"A.txt": b"1", "a.txt": b"2", "keep": b"3"}))
    folder = folder_of(a_run())
    hashed = [name for name in store.snapshot().names(f"{folder}/files") if name[0] == "~"]
    assert len(hashed) == 1
    store.publish(a_publication(artifacts={"A.txt": b"1", "a.txt": b"9", "keep": b"3"}))
    now = store.snapshot().names(f"{folder}/files")
    assert hashed[0] not in now
    assert len(now) == 3


def test_a_damaged_record_on_the_branch_is_replaced_by_a_whole_one(store: Store) -> None:
    folder = published(store)
    with store.change("damage") as change:
        change.put(f"{folder}/run.yaml", b"\x00")
    published(store)
    assert store.snapshot().run(folder) == a_run()


def test_the_experiment_of_a_publication_can_be_looked_up(store: Store) -> None:
    with pytest.raises(NotFound, match=CHURN.id):
        store.publish(a_publication(experiment=None))
    published(store)
    other = a_run("9f3c000000000002")
    store.publish(Publication(other))
    assert store.snapshot().run(folder_of(other)) == other


def test_a_moved_run_is_published_where_it_lies(store: Store) -> None:
    folder = published(store)
    moved = a_run(experiment_id="0")
    default = CHURN.__class__("0", "Default", "default~1", 1, 1)
    store.publish(Publication(moved, default, folder=folder))
    assert list(store.snapshot().run_folders()) == [folder]
    assert store.snapshot().run(folder).experiment_id == "0"


def test_a_publication_does_not_replace_a_renamed_experiment(store: Store) -> None:
    published(store)
    renamed = CHURN.with_tag("a", "b")
    from mlgit.records.experiment import dump_experiment

    with store.change("experiment: tag") as change:
        change.put("runs/churn/experiment.yaml", dump_experiment(renamed))
    published(store, a_run("9f3c000000000002"))
    assert store.snapshot().experiment_by_id(CHURN.id) == renamed


def test_the_hard_limit_of_a_run_is_enforced_and_nothing_is_written(store: Store) -> None:
    before = store.snapshot().commit
    with pytest.raises(InvalidValue, match="limit"):
        store.publish(a_publication(a_run(note="x" * (16 << 20))))
    assert store.snapshot().commit == before


def test_an_edit_block_commits_once_with_all_its_edits(repo: Path, store: Store) -> None:
    folder = published(store)
    with store.change("note: two files", {"Mlgit-Run": a_run().id}) as change:
        assert change.snapshot.run(folder) == a_run()
        change.put("README.md", b"# Runs\n")
        change.put("README.md", b"# All runs\n")
        change.remove(f"{folder}/metrics.csv")
    assert change.commit == store.snapshot().commit
    assert store.snapshot().read("README.md") == b"# All runs\n"
    assert store.snapshot().points(folder) == []
    assert git(repo, "log", "-1", "--format=%s", "mlgit").stdout == "note: two files\n"


def test_an_edit_block_without_changes_commits_nothing(store: Store) -> None:
    before = store.snapshot().commit
    with store.change("nothing") as change:
        pass
    assert change.commit is None
    with store.change("the same") as change:
        change.put("mlgit.yaml", change.snapshot.read("mlgit.yaml") or b"")
    assert change.commit is None
    assert store.snapshot().commit == before
    folder = published(store)
    before = store.snapshot().commit
    store.edit_run(folder, lambda run: run, "nothing")
    assert store.snapshot().commit == before


def test_an_error_in_an_edit_block_writes_nothing(store: Store) -> None:
    before = store.snapshot().commit

    def edit(change: Change) -> None:
        change.put("README.md", b"x")
        raise KeyError

    with pytest.raises(KeyError):
        store.apply(edit, "never")
    assert store.snapshot().commit == before
    published(store)


def test_an_edit_of_a_run_is_made_again_when_a_race_was_lost(repo: Path, store: Store) -> None:
    """A foreign program moves the branch between our reading and our commit."""
    folder = published(store)
    aside = make_repo(repo.parent / "aside")
    git(aside, "fetch", "-q", str(repo), "mlgit:mlgit", check=True)
    other = Store.open(aside)
    other.edit_run(folder, lambda run: run.with_tag("theirs", "1"), "tag: theirs")
    seen = []

    def edit(run: object) -> object:
        seen.append(run)
        if len(seen) == 1:
            git(repo, "fetch", "-q", "--no-write-fetch-head", str(aside), "mlgit:mlgit", check=True)
        return run.with_tag("ours", "1")  # type: ignore[attr-defined]

    store.edit_run(folder, edit, "tag: ours")  # type: ignore[arg-type]
    assert store.snapshot().run(folder).tags == {"theirs": "1", "ours": "1"}
    assert len(seen) == 2


def test_apply_gives_back_what_the_edit_returns(store: Store) -> None:
    def edit(change: Change) -> str:
        change.put("README.md", b"x")
        return "done"

    assert store.apply(edit, "readme") == "done"


def test_no_repository_and_no_store_say_what_to_do(
    tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotARepository) as nowhere:
        Store.open(tmp_path)
    assert "git init && mlgit init" in nowhere.value.hint
    with pytest.raises(NoStore) as none:
        Store.open()
    assert none.value.message == "this repository has no mlgit store (no branch 'mlgit' here)"
    assert none.value.hint == "mlgit init"
    with pytest.raises(NotARepository, match="missing"):
        Store.open(tmp_path / "missing")
    monkeypatch.setenv("MLGIT_REPO", str(tmp_path / "missing"))
    with pytest.raises(NotARepository, match="MLGIT_REPO"):
        Store.open()
    assert not (repo / ".git" / "mlgit").exists()


def test_the_environment_names_another_repository_and_branch(
    repo: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLGIT_REPO", str(repo))
    assert Store.open().snapshot().find_run("9f3c") == [folder_of(a_run())]
    monkeypatch.setenv("MLGIT_BRANCH", "other")
    with pytest.raises(NoStore, match="'other'"):
        Store.open()


@pytest.mark.parametrize("name", ["-x", "a..b", "a b", "a/", "x.lock", "a:b", "a~1", "@{1}", "a\n"])
def test_a_branch_name_that_git_would_misread_is_refused(
    repo: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MLGIT_BRANCH", name)
    with pytest.raises(InvalidValue, match="MLGIT_BRANCH"):
        Store.open(repo)


def test_the_folders_beside_the_branch_are_private_and_lie_in_mlgit(
    repo: Path, store: Store
) -> None:
    assert store.state == repo / ".git" / "mlgit"
    assert (store.data, store.cache) == (store.state / "data", store.state / "cache")
    for folder in (store.state, store.data, store.cache):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("planted", ["", "data", "cache"])
def test_a_folder_that_is_a_link_is_refused_and_not_entered(
    repo: Path, store: Store, tmp_path: Path, planted: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    path = store.state / planted
    subprocess.run(["rm", "-r", path], check=True)
    path.symlink_to(outside, target_is_directory=True)
    with pytest.raises(StorageFailed):
        Store.open(repo).publish(a_publication())
    assert list(outside.iterdir()) == []
    path.unlink()


def test_reading_needs_no_writable_folder(repo: Path, store: Store) -> None:
    folder = published(store)
    subprocess.run(["rm", "-r", store.state], check=True)
    with Store.open(repo) as reader:
        assert reader.snapshot().run(folder) == a_run()
        assert not store.state.exists()
    store.make_folders()


def test_a_store_of_a_newer_format_is_read_but_not_written(store: Store) -> None:
    folder = published(store)
    with store.change("settings: newer") as change:
        change.put("mlgit.yaml", b"format: 2\nshiny: true\n")
    assert store.snapshot().run(folder) == a_run()
    assert store.settings.format == 2
    with pytest.raises(Unsupported, match="format 2") as caught:
        published(store, a_run("9f3c000000000002"))
    assert "pip install" in caught.value.hint
    with pytest.raises(Unsupported), store.change("x") as change:
        change.put("README.md", b"x")


def test_settings_that_cannot_be_read_stop_writing_and_not_reading(store: Store) -> None:
    """They may forbid what a run would record."""
    folder = published(store)
    with store.change("settings: broken") as change:
        change.put("mlgit.yaml", b"capture: [\n")
    assert store.snapshot().run(folder) == a_run()
    with pytest.raises(Damaged, match=r"mlgit\.yaml"):
        published(store, a_run("9f3c000000000002"))


def test_settings_follow_the_branch(store: Store) -> None:
    assert store.settings == Settings()
    with store.change("settings: limits") as change:
        change.put("mlgit.yaml", dump_settings(Settings(limits=Limits(patch=5))))
    assert store.settings.limits.patch == 5


def test_a_work_tree_shares_the_store_of_its_repository(
    repo: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repo.parent / "other"
    git(repo, "worktree", "add", "-q", "--detach", str(other), check=True)
    monkeypatch.chdir(other)
    with Store.open() as opened:
        folder = published(opened)
        assert opened.state == store.state
        assert opened.home.work_tree == other
    assert store.snapshot().run(folder) == a_run()
    git(repo, "worktree", "remove", "--force", str(other), check=True)


def test_a_checked_out_data_branch_is_refused_with_the_way_out(repo: Path, store: Store) -> None:
    published(store)
    git(repo, "worktree", "add", "-q", str(repo.parent / "other"), "mlgit", check=True)
    with pytest.raises(Unsupported, match="checked out") as caught:
        published(store, a_run("9f3c000000000002"))
    assert "git -C" in caught.value.hint
    git(repo, "worktree", "remove", "--force", str(repo.parent / "other"), check=True)


def test_a_bare_repository_is_a_store_like_any_other(tmp_path: Path) -> None:
    path = make_repo(tmp_path / "bare.git", bare=True)
    with Store.init(path).store as store:
        folder = published(store)
        assert store.snapshot().run(folder) == a_run()
        assert store.state == path / "mlgit"
    assert git(path, "fsck", "--full", "--strict").returncode == 0


def test_a_sub_module_has_a_store_of_its_own(repo: Path, tmp_path: Path) -> None:
    inner = make_repo(tmp_path / "inner")
    git(
        repo,
        *("-c", "protocol.file.allow=always"),
        "submodule",
        "-q",
        "add",
        str(inner),
        "sub",
        check=True,
    )
    before = footprint(repo)
    with Store.init(repo / "sub").store as store:
        published(store)
        assert store.state == repo / ".git" / "modules" / "sub" / "mlgit"
    after = {name for name in footprint(repo) if name not in before}
    assert all(name.startswith(".git/modules/sub/") for name in after)
    with pytest.raises(NoStore):
        Store.open(repo)


def test_a_fresh_clone_reads_at_once_and_its_first_write_makes_the_branch(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    folder = published(store)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    before = footprint(copy)
    with Store.open(copy) as clone:
        assert clone.snapshot().ref == "refs/remotes/origin/mlgit"
        assert clone.snapshot().run(folder) == a_run()
        assert footprint(copy) == before
        assert git(copy, "branch", "--list", "mlgit").stdout == ""
        published(clone, a_run("9f3c000000000002"))
        assert clone.snapshot().ref == "refs/heads/mlgit"
        assert len(list(clone.snapshot().run_folders())) == 2
        assert clone.writer != store.writer
    assert footprint(copy) == before
    merged = git(copy, "merge-base", "mlgit", "origin/mlgit", check=True).stdout
    assert merged == git(copy, "rev-parse", "origin/mlgit", check=True).stdout


def test_a_single_branch_clone_is_told_how_to_fetch(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    published(store)
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", "--single-branch", f"file://{repo}", str(copy), check=True)
    with pytest.raises(NoStore, match="was not fetched") as caught:
        Store.open(copy)
    command = caught.value.hint.partition("    ")[0].split()
    assert command == ["git", "fetch", "origin", "mlgit:refs/remotes/origin/mlgit"]
    git(copy, *command[1:], check=True)
    assert Store.open(copy).snapshot().find_run("9f3c")


def test_a_clone_of_a_repository_without_a_store_names_the_remote(
    repo: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy), check=True)
    with pytest.raises(NoStore, match="or on 'origin'") as caught:
        Store.open(copy)
    assert "git fetch origin mlgit" in caught.value.hint


def test_a_shallow_clone_can_be_read_and_written(repo: Path, store: Store, tmp_path: Path) -> None:
    folder = published(store)
    copy = tmp_path / "copy"
    git(
        tmp_path,
        "clone",
        "-q",
        "--depth=1",
        "--no-single-branch",
        f"file://{repo}",
        str(copy),
        check=True,
    )
    with Store.open(copy) as clone:
        assert clone.snapshot().run(folder) == a_run()
        published(clone, a_run("9f3c000000000002"))
        assert len(list(clone.snapshot().run_folders())) == 2


def test_every_process_of_a_clone_has_the_same_writer_id(repo: Path, store: Store) -> None:
    assert store.writer == Store.open(repo).writer
    assert len(store.writer) == 12
    assert stat.S_IMODE((store.state / "writer").stat().st_mode) & 0o111 == 0


@pytest.mark.parametrize("damage", ["", "short\n", "../../../etc\nhost\n1\n", "a" * 5000])
def test_a_damaged_writer_id_is_minted_anew(repo: Path, store: Store, damage: str) -> None:
    before = store.writer
    (store.state / "writer").write_text(damage)
    after = Store.open(repo).writer
    assert after != before
    assert len(after) == 12
    assert after == Store.open(repo).writer


def test_a_copied_repository_gets_a_writer_id_of_its_own(
    repo: Path, store: Store, tmp_path: Path
) -> None:
    before = store.writer
    subprocess.run(["cp", "-a", repo, tmp_path / "copy"], check=True)
    copied = Store.open(tmp_path / "copy")
    assert copied.writer != before
    assert Store.open(repo).writer == before


def test_the_same_disk_on_another_host_gets_a_writer_id_of_its_own(
    repo: Path, store: Store
) -> None:
    lines = store.writer, "another-host", str((repo / ".git").stat().st_ino)
    (store.state / "writer").write_text("\n".join(lines) + "\n")
    assert Store.open(repo).writer != store.writer
