"""What a person types for a run."""

from __future__ import annotations

from math import inf, nan

import pytest

from mlgit.errors import Ambiguous, InvalidValue, NotFound
from mlgit.records.run import Run, RunStatus
from mlgit.search.index import Index
from mlgit.search.judging import Contender, winner
from mlgit.search.resolve import resolve_run, split_reference
from mlgit.store.store import Store
from tests.search.records import CHURN, T0, a_run, publish
from tests.search.test_docs_query import RUNS_SHOWN, code, tables

A = a_run(1, {"acc": 0.9, "loss": 0.2}, id="abcd000000000001", name="brisk-otter-12")
B = a_run(2, {"acc": 0.8, "loss": 0.1}, id="abcd000000000002", name="calm-moth-3")
C = a_run(3, {"acc": nan}, id="ffff000000000003", name="calm-moth-3")
D = a_run(4, {"acc": 0.99}, id="dddd000000000004", name="lone", status=RunStatus.FAILED)


@pytest.fixture
def filled(store: Store, index: Index) -> Index:
    publish(store, A, B, C, D)
    return index


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("abcd000000000001", A),
        ("abcd000000000002", B),
        ("ffff", C),
        ("ffff0", C),
        ("brisk-otter-12", A),
        ("@last", D),
        ("@{1}", D),
        ("@{4}", A),
        ("@best:acc", A),
        ("@best:acc:max", A),
        ("@best:acc:min", B),
        ("@best:loss", B),
        ("@best:loss:max", A),
        ("@best", A),
        ("@best:min", B),
        ("runs:/abcd000000000001", A),
        ("runs:/abcd000000000001/model/weights.bin", A),
    ],
)
def test_every_form_finds_its_run(filled: Index, reference: str, expected: Run) -> None:
    found = resolve_run(filled, reference)
    assert found.run.id == expected.id
    assert found.experiment == "churn"
    assert found.folder.endswith(expected.id)


@pytest.mark.parametrize(
    ("reference", "values", "expected"),
    [
        ("@best:acc", [0.1, 0.9, inf], 1),
        ("@best:acc", [0.9, 0.1, nan], 0),
        ("@best:loss", [0.1, 0.9, -inf], 0),
        ("@best:acc:min", [0.1, 0.9, -inf], 0),
        ("@best:acc", [0.9, 0.9, 0.1], 1),
        ("@best:loss", [0.1, 0.1, 0.9], 1),
    ],
)
def test_the_best_is_finite_and_the_newest_of_equals(
    store: Store, index: Index, reference: str, values: list[float], expected: int
) -> None:
    metric = reference.split(":")[1]
    runs = [a_run(number, {metric: value}) for number, value in enumerate(values)]
    publish(store, *runs)
    assert resolve_run(index, reference).run.id == runs[expected].id
    if reference.count(":") == 1:
        contenders = [Contender(run.id, run.start, run.metrics[metric].last) for run in runs]
        assert winner(metric, contenders) == runs[expected].id


def test_a_name_of_several_lists_the_newest_first(filled: Index) -> None:
    with pytest.raises(Ambiguous, match="name of 2 runs") as raised:
        resolve_run(filled, "calm-moth-3")
    listed = raised.value.facts["candidates"]
    assert isinstance(listed, list)
    first, second = listed
    assert first == "ffff000000000003  calm-moth-3  churn  2026-11-23 00:00"
    assert second.startswith("abcd000000000002")
    with pytest.raises(Ambiguous, match="begins the ids of 2 runs"):
        resolve_run(filled, "abcd")


@pytest.mark.parametrize(
    ("reference", "error", "near"),
    [
        ("brisk-oter-12", NotFound, ["brisk-otter-12"]),
        ("fff", NotFound, []),
        ("@{5}", NotFound, None),
        ("@best:ac", NotFound, ["acc"]),
        ("@best:nosuch", NotFound, []),
        ("@{0}", InvalidValue, None),
        ("@first", InvalidValue, None),
        ("", InvalidValue, None),
        ("runs:/", InvalidValue, None),
    ],
)
def test_what_means_no_run_is_refused(
    filled: Index, reference: str, error: type[Exception], near: list[str] | None
) -> None:
    with pytest.raises(error) as raised:
        resolve_run(filled, reference)
    assert raised.value.facts.get("candidates") == near  # type: ignore[attr-defined]


def test_deleted_runs_are_found_by_id_and_by_a_name_of_their_own(
    store: Store, filled: Index
) -> None:
    folder = filled.find()[0].folder
    store.edit_run(folder, lambda run: run._replace(lifecycle="deleted"), "rm")
    assert resolve_run(filled, "@last").run.id == C.id
    for reference in (D.id, "dddd", "lone"):
        assert resolve_run(filled, reference).run.id == D.id
    store.edit_run(filled.find()[0].folder, lambda run: run._replace(lifecycle="deleted"), "rm")
    assert resolve_run(filled, "calm-moth-3").run.id == B.id


def test_only_runs_of_an_experiment(filled: Index) -> None:
    assert resolve_run(filled, "@last", experiment_ids=[CHURN.id]).run.id == D.id
    with pytest.raises(NotFound):
        resolve_run(filled, "@last", experiment_ids=["other"])


def test_live_runs_are_found_like_others(filled: Index) -> None:
    live = a_run(9, {"acc": 1.0}, id="9999000000000009", name="lives", status=RunStatus.RUNNING)
    for reference in ("@last", "lives", "9999", live.id):
        found = resolve_run(filled, reference, [live])
        assert (found.run.name, found.folder) == ("lives", "")
    assert resolve_run(filled, "@best:acc", [live]).run.id == A.id


def test_names_that_look_like_ids_are_names_first(store: Store, index: Index) -> None:
    publish(store, A, a_run(5, name="abcd0000", start=T0 + 1))
    assert resolve_run(index, "abcd0000").run.name == "abcd0000"


def test_an_empty_store_says_how_to_begin(index: Index) -> None:
    with pytest.raises(NotFound) as raised:
        resolve_run(index, "otter")
    assert "log-run" in raised.value.hint


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("runs:/abc/a/b", ("abc", "a/b")),
        ("runs://abc", ("abc", "")),
        ("mlgit://@last/a/b", ("@last", "a/b")),
        ("abc", ("abc", "")),
        ("@last", ("@last", "")),
    ],
)
def test_a_path_behind_a_run_is_split_off(reference: str, expected: tuple[str, str]) -> None:
    assert split_reference(reference) == expected


@pytest.mark.parametrize(("written", "meaning"), [row[:2] for row in tables("references")])
def test_the_page_says_what_each_form_means(
    store: Store, index: Index, written: str, meaning: str
) -> None:
    publish(store, *(subject.run for subject in RUNS_SHOWN))
    if meaning.startswith("nothing"):
        with pytest.raises(NotFound):
            resolve_run(index, code(written))
        return
    expected = {
        "`otter`": "otter",
        "`0000000000000003`": "heron",
        "`@last`": "lynx",
        "`@{2}`": "newt",
        "`@best:acc`": "otter",
        "`@best:loss`": "otter",
        "`@best:acc:min`": "moth",
        "`runs:/0000000000000001`": "otter",
    }
    assert resolve_run(index, code(written)).run.name == expected[written]
