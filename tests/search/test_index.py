"""The index file: whatever happens to it or to the store, the answers stay right."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlgit.errors import NoStore
from mlgit.git.loose import write_loose
from mlgit.git.oid import BLOB, object_id
from mlgit.records.run import Run, dump_run
from mlgit.search import database
from mlgit.search.index import Index
from mlgit.search.match import Subject
from mlgit.search.order import parse_order
from mlgit.search.query import parse
from mlgit.search.question import Question
from mlgit.store.store import Store
from tests.search.records import T0, a_run, publish
from tests.support.repos import git


def names(index: Index, query: str = "", order: str = "") -> list[str]:
    found = index.search(Question(parse(query), parse_order([order] if order else [])))
    return [run.name for run in found]


def test_an_empty_store_has_no_runs(index: Index) -> None:
    assert names(index) == []
    assert index.count() == 0
    assert index.damage() == []
    assert index.experiments() == []
    assert index.keys().metrics == set()


def test_every_answer_shows_the_branch_as_it_is(store: Store, index: Index) -> None:
    (folder,) = publish(store, a_run(1, {"acc": 0.5}, params={"lr": "0.1"}))
    assert names(index, "metrics.acc = 0.5") == ["run-1"]
    publish(store, a_run(2, {"acc": 0.9}))
    assert names(index, order="metrics.acc DESC") == ["run-2", "run-1"]
    store.edit_run(folder, lambda run: run._replace(name="renamed", params={}), "tag: a test")
    assert names(index) == ["run-2", "renamed"]
    assert names(index, "params.lr = '0.1'") == []
    assert index.keys().params == set()
    found = index.find()
    assert [(one.experiment, one.folder) for one in found][1] == ("churn", folder)


def test_the_file_is_private_and_alone(store: Store, index: Index) -> None:
    publish(store, a_run(1))
    names(index)
    assert [path.name for path in store.cache.glob("index*")] == ["index.db"]
    assert store.cache.stat().st_mode & 0o77 == 0


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwritten_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def executed(*statements: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return change


DAMAGES = [
    garbage,
    truncated,
    empty,
    overwritten_in_the_middle,
    Path.unlink,
    executed("ALTER TABLE runs ADD COLUMN older"),
    executed("CREATE TABLE more (x)"),
    executed("CREATE TRIGGER t AFTER DELETE ON state BEGIN DELETE FROM runs; END"),
    executed("DROP TABLE vals"),
    executed("DELETE FROM state"),
    executed("UPDATE state SET version = 0", "UPDATE vals SET number = 0"),
    executed(f"UPDATE state SET commit_id = '{'0' * 40}'"),
    executed("UPDATE documents SET line = '[]'"),
    executed("UPDATE documents SET line = 'no json'"),
    executed("PRAGMA journal_mode = WAL"),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: getattr(one, "__name__", "x"))
def test_an_index_that_cannot_be_used_is_made_anew(
    store: Store, index: Index, damage: Callable[[Path], None]
) -> None:
    publish(store, *(a_run(number, {"acc": number}) for number in range(40)))
    expected = names(index, "metrics.acc > 10", "metrics.acc")
    damage(index.path)
    assert names(index, "metrics.acc > 10", "metrics.acc") == expected
    publish(store, a_run(40, {"acc": 40.0}))
    assert names(Index(store), "metrics.acc > 10", "metrics.acc") == [*expected, "run-40"]


def test_a_link_in_its_place_leads_nowhere(store: Store, index: Index, tmp_path: Path) -> None:
    publish(store, a_run(1))
    names(index)
    precious, missing = tmp_path / "precious", tmp_path / "missing"
    precious.write_bytes(index.path.read_bytes())
    before = precious.read_bytes()
    for target in (precious, missing):
        index.path.unlink()
        index.path.symlink_to(target)
        index.path.with_name("index.db-journal").symlink_to(precious)
        assert names(index) == ["run-1"]
        assert not index.path.is_symlink()
    assert precious.read_bytes() == before
    assert not missing.exists()


def test_without_a_cache_the_index_is_held_in_memory(store: Store, index: Index) -> None:
    publish(store, a_run(1, {"acc": 0.5}))
    for file in store.cache.iterdir():
        file.unlink()
    store.cache.rmdir()
    store.cache.write_text("no folder")
    assert names(index, "metrics.acc = 0.5") == ["run-1"]
    assert names(index, "metrics.acc = 0.6") == []
    store.cache.unlink()
    publish(store, a_run(2))
    assert names(index) == ["run-2", "run-1"]


def test_who_waits_too_long_for_the_file_answers_from_memory(
    store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, a_run(1))
    names(index)
    publish(store, a_run(2))
    monkeypatch.setattr(database, "_WAIT", 0.01)
    with closing(sqlite3.connect(index.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert names(index) == ["run-2", "run-1"]
        other.execute("ROLLBACK")
    assert names(Index(store)) == ["run-2", "run-1"]


def test_readers_and_writers_at_once_see_whole_states(store: Store) -> None:
    def watch() -> list[int]:
        with Store.open() as own:
            index = Index(own)
            return [len(names(index, "metrics.acc >= 0")) for _ in range(12)]

    with ThreadPoolExecutor(4) as pool:
        watching = [pool.submit(watch) for _ in range(4)]
        for number in range(12):
            publish(store, a_run(number, {"acc": number}))
        for seen in watching:
            counts = seen.result()
            assert counts == sorted(counts)
    assert len(names(Index(store), "metrics.acc >= 0")) == 12
    assert [path.name for path in store.cache.glob("index*")] == ["index.db"]


def test_a_rewound_branch_is_followed(store: Store, index: Index) -> None:
    publish(store, a_run(1))
    first = store.snapshot().commit
    publish(store, a_run(2))
    assert names(index) == ["run-2", "run-1"]
    store.repository.refs.compare_and_swap(
        store.branch.ref, store.snapshot().commit, first, "rewind"
    )
    assert names(index) == ["run-1"]


def test_a_branch_that_is_gone_is_an_error(index: Index, repo: Path) -> None:
    names(index)
    git(repo, "update-ref", "-d", "refs/heads/mlgit", check=True)
    with pytest.raises(NoStore):
        names(index)


def test_each_branch_has_its_own_file(
    store: Store, index: Index, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, a_run(1))
    other_head = repo / ".git" / "refs" / "heads" / "other"
    other_head.write_bytes(store.snapshot().commit + b"\n")
    publish(store, a_run(2))
    monkeypatch.setenv("MLGIT_BRANCH", "other")
    with Store.open() as opened:
        other = Index(opened)
        assert names(other) == ["run-1"]
        assert names(index) == ["run-2", "run-1"]
        assert other.path != index.path
    other_head.unlink()


# -- damage of the store itself


def damaged(store: Store) -> str:
    """The path of a run's record that was overwritten with nonsense."""
    folder, _ = publish(store, a_run(1), a_run(2))
    with store.change("break a record") as change:
        change.put(f"{folder}/run.yaml", b"id: [\n")
    return f"{folder}/run.yaml"


def test_a_damaged_record_is_named_and_hides_no_other(store: Store, index: Index) -> None:
    path = damaged(store)
    assert names(index) == ["run-2"]
    (found,) = index.damage()
    assert found.path == path
    assert found.reason
    with store.change("mend it") as change:
        change.put(path, dump_run(a_run(1)))
    assert names(index) == ["run-2", "run-1"]
    assert index.damage() == []


def test_a_damaged_experiment_is_named_and_its_runs_are_found(store: Store, index: Index) -> None:
    publish(store, a_run(1))
    with store.change("break it") as change:
        change.put("runs/churn/experiment.yaml", b"id: [\n")
    assert names(index) == ["run-1"]
    assert names(index, "experiment = 'churn'") == []
    assert [damage.path for damage in index.damage()] == ["runs/churn/experiment.yaml"]


def with_missing(repo: Path, path: str, mode: str, oid: str) -> None:
    """Commit a state of the branch that names an object which is not there."""
    env_index = f"GIT_INDEX_FILE={repo / '.git' / 'scratch'}"
    steps = [
        f"{env_index} git read-tree mlgit",
        f"{env_index} git update-index --add --cacheinfo {mode},{oid},{path}",
        f"tree=$({env_index} git write-tree --missing-ok)",
        "git update-ref refs/heads/mlgit $(git commit-tree -p mlgit -m missing $tree)",
        f"rm {repo / '.git' / 'scratch'}",
    ]
    import subprocess

    subprocess.run(["sh", "-ec", "\n".join(steps)], cwd=repo, check=True, capture_output=True)


def test_a_missing_object_is_damage_until_it_comes(store: Store, index: Index, repo: Path) -> None:
    folder, _ = publish(store, a_run(1), a_run(2))
    data = dump_run(a_run(1)._replace(name="fetched"))
    oid = object_id(BLOB, data)
    with_missing(repo, f"{folder}/run.yaml", "100644", oid.decode())
    assert names(index) == ["run-2"]
    assert [damage.path for damage in index.damage()] == [f"{folder}/run.yaml"]
    commit = store.snapshot().commit
    write_loose(store.repository.objects.directory, BLOB, data)
    assert names(index) == ["run-2", "fetched"]
    assert index.damage() == []
    assert store.snapshot().commit == commit


# -- live runs


def test_live_runs_stand_among_the_others_and_replace_their_own(store: Store, index: Index) -> None:
    publish(store, *(a_run(number, {"acc": number}) for number in range(1, 6)))
    live: list[Run | Subject] = [
        a_run(3, {"acc": 30.0}, name="live-3"),
        Subject(a_run(9, {"acc": 2.5}, name="live-9", experiment_id="new"), "new"),
    ]
    order = parse_order(["metrics.acc DESC"])
    found = index.find(Question(order=order), live=live)
    expected = ["live-3", "run-5", "run-4", "live-9", "run-2", "run-1"]
    assert [one.run.name for one in found] == expected
    assert [one.folder == "" for one in found] == [name.startswith("live") for name in expected]
    for offset in range(7):
        page = index.search(Question(order=order), limit=2, offset=offset, live=live)
        assert [run.name for run in page] == expected[offset : offset + 2]
    question = Question(parse("experiment = 'new'"))
    assert [run.name for run in index.search(question, live=live)] == ["live-9"]
    assert index.count(Question(parse("metrics.acc > 2.5")), live) == 3


# -- questions that SQLite has no room for


@pytest.mark.parametrize(
    "query",
    [
        " OR ".join(f"metrics.acc = {number}" for number in (3, *range(100, 1100))),
        "NOT (" * 45 + "metrics.acc != 3" + ")" * 45,
        f"run_id IN ({', '.join(repr(f'{number:016x}') for number in (3, *range(50, 4000)))})",
    ],
    ids=["wide", "deep", "long"],
)
def test_a_question_of_any_size_is_answered(store: Store, index: Index, query: str) -> None:
    publish(store, *(a_run(number, {"acc": number}) for number in range(1, 6)))
    question = Question(parse(query))
    assert [run.name for run in index.search(question)] == ["run-3"]
    assert index.count(question) == 1
    many = Question(parse(query), parse_order([f"metrics.m{number}" for number in range(70)]))
    assert [run.name for run in index.search(many)] == ["run-3"]


def test_numbers_beyond_sqlites_stay_exact(store: Store, index: Index) -> None:
    big = 2.0**63
    publish(store, a_run(1, {"acc": big}, params={"seed": "9007199254740993"}))
    assert names(index, "metrics.acc = 9223372036854775808") == ["run-1"]
    assert names(index, "metrics.acc > 9223372036854775807") == ["run-1"]
    assert names(index, "params.seed = 9007199254740993") == ["run-1"]
    assert names(index, "params.seed = 9007199254740992") == []
    assert names(index, f"start_time < 1{'0' * 400} AND start_time > {T0}") == ["run-1"]
