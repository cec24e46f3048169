"""Names that become parts of paths: an allow-list, one name a folder, no two names one folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.records.safe_names import (
    MAX_INLINE_PATH,
    Taken,
    artifact_file,
    experiment_id,
    folder_name,
    model_part,
    part_may_start,
    run_part,
    safe_name,
    shard,
)
from tests.records.strategies import texts

HOSTILE = [
    *["", ".", "..", ".git", ".GIT", "git~1", "GIT~2", ".git ", ".g\u200cit", "a/b", "a\\b", "C:"],
    *["con", "CON", "con.yaml", "Aux.txt", "nul", "com1", "LPT9.log", "x\n", "\x1b", "é", "a "],
    *["-rf", "--upload-pack=x", "$(id)", "a:b", "a*", "x" * 129, ".hidden", "~", "~a", "a~1"],
    *["a.", "\udcff"],
]
DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_not_safe(name: str) -> None:
    assert not safe_name(name)


@pytest.mark.parametrize(
    "name", ["a", "_SUCCESS", "model.pkl", "a-b_c.d", "X" * 128, "console", "~0123456789ab"]
)
def test_a_plain_name_is_safe(name: str) -> None:
    assert safe_name(name)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("churn", "churn"),
        ("0-a_b", "0-a_b"),
        ("x" * 63, "x" * 63),
        ("Churn", "churn~2b58f510"),
        ("con", "con~1143da2b"),
        ("Größe & Gewicht / v2", "groe-gewicht-v2~edea5eb9"),
        ("日本", "x~cf2abf0c"),
        ("", "x~e3b0c442"),
        ("-a", "a~c2748917"),
    ],
)
def test_a_name_is_its_own_folder_or_a_slug_and_a_hash(name: str, folder: str) -> None:
    assert folder_name(name) == folder


@given(texts)
def test_every_folder_is_safe_everywhere(name: str) -> None:
    folder = folder_name(name)
    assert safe_name(folder)
    assert folder == folder.lower()
    assert len(folder) <= 64


@given(texts, texts)
def test_two_names_never_share_a_folder_even_where_case_is_ignored(one: str, two: str) -> None:
    if one != two:
        assert folder_name(one) != folder_name(two)


def test_names_that_differ_only_in_case_or_composition_differ_as_folders() -> None:
    names = ["Loss", "loss", "loss ", "LOSS", "é", "e\u0301", "\ufb01", "fi", "\u0430", "a"]
    assert len({folder_name(name) for name in names}) == len(names)


def test_ids_of_experiments_are_the_same_in_every_clone() -> None:
    assert experiment_id("Default") == "0"
    assert experiment_id("churn") == "869303360901673926"
    assert len({experiment_id("churn", k) for k in range(5)} | {experiment_id("Default", 1)}) == 6


@given(texts, st.integers(0, 9))
def test_ids_of_experiments_are_18_digits(name: str, k: int) -> None:
    found = experiment_id(name, k)
    assert found == "0" or (len(found) == 18 and found.isdigit() and found[0] != "0")


@pytest.mark.parametrize(
    ("run_id", "part"),
    [
        ("4f1c9e20aa11bb22", "4f1c9e20aa11bb22"),
        ("a_b-c", "a_b-c"),
        ("x" * 64, "x" * 64),
        ("Imported_RUN-77", "imported-run-77~00295e09e2e7"),
        ("m-0a", "run-m-0a~288bc07e7345"),
    ],
)
def test_an_id_is_its_own_part_or_a_slug_and_a_hash(run_id: str, part: str) -> None:
    assert run_part(run_id) == part


@given(st.from_regex(r"[a-zA-Z0-9][\w\-]{0,255}", fullmatch=True))
def test_a_run_is_never_taken_for_a_logged_model(run_id: str) -> None:
    assert not run_part(run_id).startswith("m-")
    assert model_part(run_id).startswith("m-")
    assert safe_name(f"081451-{run_part(run_id)}")
    assert safe_name(f"081451-{model_part(run_id)}")
    assert shard(run_id) in "0123456789abcdef"


def test_a_part_tells_which_ids_it_may_be_of() -> None:
    assert part_may_start("4f1c9e20aa11bb22", "4f1c")
    assert not part_may_start("4f1c9e20aa11bb22", "f1c9")
    assert part_may_start(run_part("Imported_RUN-77"), "Imported")


def test_a_plain_artifact_keeps_its_path() -> None:
    assert artifact_file("model/MLmodel", DIGEST) == "files/model/MLmodel"


@pytest.mark.parametrize(
    "path", ["a b.txt", "Prüfung.txt", ".env", "a/con.txt", "a./b", "~x", "x" * 129]
)
def test_any_other_artifact_is_named_by_its_content(path: str) -> None:
    assert artifact_file(path, DIGEST) == "files/~0123456789ab"


def test_the_longest_plain_path_keeps_its_name() -> None:
    path = "/".join(["x" * 49] * 4)
    assert len(path) == MAX_INLINE_PATH - 1
    assert artifact_file(path + "y", DIGEST) == f"files/{path}y"
    assert artifact_file(path + "yy", DIGEST) == "files/~0123456789ab"


@pytest.mark.parametrize("other", ["A/B.txt", "a/b.TXT", "a/b.txt/c", "A", "a"])
def test_what_clashes_by_case_or_as_a_folder_is_named_by_its_content(other: str) -> None:
    assert artifact_file("a/b.txt", DIGEST, [f"files/{other}"]) == "files/~0123456789ab"


def test_a_hash_that_is_taken_is_spelled_out_further() -> None:
    taken = ["files/~0123456789ab"]
    assert artifact_file("é", DIGEST, taken) == f"files/~{DIGEST[:24]}"
    assert artifact_file("é", DIGEST, [*taken, f"files/~{DIGEST[:24]}"]) == f"files/~{DIGEST}"


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "A", "a/b", "A/b", "é", "b"]), st.binary()), max_size=6
    )
)
def test_names_of_one_run_never_clash_on_any_file_system(drawn: list[tuple[str, bytes]]) -> None:
    taken: list[str] = []
    for path, content in drawn:
        digest = (content.hex() + "0" * 64)[:64]
        name = artifact_file(path, digest, taken)
        folded = name.lower()
        assert folded not in [other.lower() for other in taken] or name.endswith(digest)
        assert not any(
            f"{other}/".lower().startswith(f"{folded}/") for other in taken if other != name
        )
        taken.append(name)


NAMES = st.sampled_from(["a", "A", "a/b", "A/b", "a/b/c", "a/bc", "ab", "b"])


@given(st.lists(NAMES), st.data())
def test_names_that_were_given_back_clash_with_nothing(
    names: list[str], data: st.DataObject
) -> None:
    taken = Taken(names)
    back = data.draw(st.permutations(names))[: len(names) // 2]
    left = list(names)
    for name in back:
        taken.remove(name)
        left.remove(name)
    assert set(taken) == set(left)
    for name in ["a", "A/B", "a/b/c", "b", "c"]:
        one = name.lower()
        others = [other.lower() for other in left]
        naive = any(
            one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
            for other in others
        )
        assert taken.clashes(name) == naive
