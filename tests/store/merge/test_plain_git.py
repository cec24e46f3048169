"""What `git merge` makes of two stores: our tree, a conflict, or something that is repaired."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgit import times
from mlgit.git.commits import virtual_commit
from mlgit.git.edits import apply_edits
from mlgit.git.objects import Objects
from mlgit.git.oid import COMMIT, Oid
from mlgit.records import layout, text
from mlgit.records.run import load_run
from mlgit.store.merge.repair import MergeTrees, mended
from mlgit.store.merge.trees import merge_trees
from mlgit.store.merge.whole import is_whole
from tests.store.merge import worlds
from tests.store.merge.test_laws import files_of, require_kept, stored, versions
from tests.store.merge.worlds import Files, Step
from tests.support.repos import git, make_repo

_NEW = "1234000000000003"
_PAST = [
    *(worlds.publish(run_id) for run_id in worlds.IDS),
    worlds.register("a1", 1),
    worlds.add_artifact(worlds.IDS[0], "z.txt", b"zz"),
    worlds.use_dataset(worlds.IDS[0], "base"),
    worlds.promote(1),
    worlds.limit(9),
    lambda files, _: owned(0, "x")(files, ""),
    lambda files, _: {**files, layout.ATTRIBUTES: layout.ATTRIBUTES_TEXT},
]


def put(path: str, doc: dict[str, object]) -> Step:
    """A record written by hand."""
    return lambda files, _: {**files, path: text.dump({"format": 1, **doc})}


def put_marked(path: str, at: int, doc: dict[str, object]) -> Step:
    """The same with when and by whom."""

    def step(files: Files, writer: str) -> Files:
        stamp = {"at": times.iso(worlds.T0 + at), "by": writer}
        return {**files, path: text.dump({"format": 1, **doc, **stamp})}

    return step


def owned(line: int, word: str) -> Step:
    """One line of a file that mlgit does not know."""

    def step(files: Files, _: str) -> Files:
        known = files.get("CODEOWNERS", b"".join(b"/%d @x\n" % number for number in range(10)))
        lines = known.splitlines(keepends=True)
        lines[line] = f"/{line} @{word}\n".encode()
        return {**files, "CODEOWNERS": b"".join(lines)}

    return step


_at, _word = st.integers(1, 3), st.sampled_from(("a", "b"))
_stages = st.sampled_from(("Staging", "Production"))
_registry = st.one_of(
    st.builds(
        lambda at, stage: put_marked(
            f"{worlds.MODEL}/stages/1.yaml", at, {"stage": stage, "uid": "a1"}
        ),
        _at,
        _stages,
    ),
    st.builds(
        lambda at, n: put_marked(
            f"{worlds.MODEL}/aliases/canary.yaml",
            at,
            {"alias": "canary", "version": n, "uid": f"a{n}"},
        ),
        _at,
        st.integers(1, 2),
    ),
    st.builds(
        lambda at, who: put_marked(
            f"approvals/p/{who}.yaml", at, {"proposal": "p", "tree": "0" * 40, "verdict": "approve"}
        ),
        _at,
        _word,
    ),
    st.builds(
        lambda at, n: put_marked(
            "deployments/k/api.yaml",
            at,
            {"target": "k", "name": "api", "model": "churn", "version": n, "uid": f"a{n}"},
        ),
        _at,
        st.integers(1, 2),
    ),
    st.builds(
        lambda name, n: put(
            "registry/policy.yaml",
            {"models": {name: {"aliases": {"x": {"approvals": {"count": n}}}}}},
        ),
        _word,
        st.integers(1, 2),
    ),
    st.builds(
        lambda word: put(
            f"{worlds.MODEL}/model.yaml",
            {"name": "churn", "created": times.iso(worlds.T0), "description": word},
        ),
        _word,
    ),
    st.builds(
        lambda word: lambda files, _: {**files, "CODEOWNERS": f"* @{word}\n".encode()}, _word
    ),
)
_steps = st.one_of(
    worlds.steps,
    worlds.steps,
    _registry,
    st.builds(worlds.publish, st.just(_NEW)),
    st.builds(
        worlds.add_artifact, st.sampled_from((_NEW, *worlds.IDS)), st.just("z.txt"), st.just(b"zz")
    ),
    st.builds(worlds.purge, st.sampled_from(worlds.IDS), st.integers(1, 4)),
)
_side = st.lists(_steps, min_size=1, max_size=6)
worlds_apart = st.tuples(st.lists(_steps, max_size=3), _side, _side)
Three = tuple[list[Step], list[Step], list[Step]]


class Place:
    """A repository whose git merges with or without the attributes of a store."""

    def __init__(self, path: Path, *, attributes: bool) -> None:
        self.path = make_repo(path)
        if attributes:
            (self.path / ".git" / "info" / "attributes").write_bytes(layout.ATTRIBUTES_TEXT)
        self.objects = Objects(self.path / ".git" / "objects")
        self.tried = {"same": 0, "conflict": 0, "repaired": 0}

    def merged(self, base: Oid, ours: Oid, theirs: Oid) -> Oid | None:
        """The tree that git makes; None for a conflict."""
        root = self._commit(base)
        sides = [self._commit(tree, root).decode() for tree in (ours, theirs)]
        command = ["git", "merge-tree", "--write-tree", *sides]
        done = subprocess.run(command, cwd=self.path, capture_output=True, check=False)
        assert done.returncode in (0, 1), done
        return done.stdout.split()[0] if done.returncode == 0 else None

    def merged_in_work_tree(self, base: Oid, ours: Oid, theirs: Oid) -> Oid | None:
        """The tree that `git merge` makes where the branch is checked out; None for a conflict."""
        root = self._commit(base)
        sides = [self._commit(tree, root).decode() for tree in (ours, theirs)]
        git(self.path, "checkout", "-q", "-f", "--detach", sides[0], check=True)
        done = git(self.path, "merge", "-q", "--no-edit", sides[1])
        if done.returncode:
            assert "conflict" in done.stdout.lower(), done
            git(self.path, "merge", "--abort", check=True)
            return None
        return git(self.path, "rev-parse", "HEAD^{tree}").stdout.strip().encode()

    def _commit(self, tree: Oid, *parents: Oid) -> Oid:
        return self.objects.write([(COMMIT, virtual_commit(tree, parents, 0))], durable=False)[0]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("git") / "p", attributes=True)
    yield found
    found.objects.close()
    print(f"\nhistories merged by git with our attributes: {found.tried}")  # noqa: T201


@pytest.fixture(scope="module")
def bare_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("git") / "p", attributes=False)
    yield found
    found.objects.close()
    print(f"\nhistories merged by git without attributes: {found.tried}")  # noqa: T201


def trees(objects: Objects, three: Three) -> tuple[Oid, Oid, Oid]:
    past, here, there = three
    base = worlds.played(worlds.BASE, _PAST + past, "aaaaaaaaaa")
    ours = worlds.played(base, here, worlds.WRITERS[0])
    theirs = worlds.played(base, there, worlds.WRITERS[1])
    one, two, three_ = (stored(objects, files) for files in (base, ours, theirs))
    return one, two, three_


def repaired(objects: Objects, made: MergeTrees, tip: Oid | None = None) -> Oid:
    tip = tip or made.result
    edits = {path: one.edit for path, one in mended(objects, made, tip).items()}
    tree, new = apply_edits(objects, tip, edits)
    objects.write(new, durable=False)
    return tree


def require_the_same(place: Place, three: Three, *, work_tree: bool = False) -> None:
    base, ours, theirs = trees(place.objects, three)
    merge = place.merged_in_work_tree if work_tree else place.merged
    result = merge(base, ours, theirs)
    if result is None:
        place.tried["conflict"] += 1
        return
    wanted = merge_trees(place.objects, base, ours, theirs).tree
    place.tried["same" if result == wanted else "repaired"] += 1
    assert repaired(place.objects, MergeTrees(base, ours, theirs, result)) == wanted


def require_nothing_lost(place: Place, three: Three) -> None:
    base, ours, theirs = trees(place.objects, three)
    result = place.merged(base, ours, theirs)
    if result is None:
        place.tried["conflict"] += 1
        return
    made = MergeTrees(base, ours, theirs, result)
    tree = repaired(place.objects, made)
    place.tried["same" if result == tree else "repaired"] += 1
    assert repaired(place.objects, made, tree) == tree
    require_sound(place.objects, made, tree)


def require_sound(objects: Objects, made: MergeTrees, tree: Oid) -> None:
    """Every record can be read, and no run, point, artifact or version is gone."""
    after = files_of(objects, tree)
    sides = [files_of(objects, side) for side in (made.ours, made.theirs)]
    assert {*versions(sides[0]).values(), *versions(sides[1]).values()} == {
        *versions(after).values()
    }
    purged = {path.removesuffix("run.yaml") for path in after if b"\npurged:" in after[path]}
    for path, data in after.items():
        located = layout.parse_path(path)
        if located is not None and f"{located.folder}/" not in purged:
            assert is_whole(located.kind, data), path
    for folder in map(worlds.folder_of, (*worlds.IDS, _NEW)):
        if f"{folder}/run.yaml" in after and f"{folder}/" not in purged:
            for side in sides:
                require_kept(side, after, folder)
            run = load_run(after[f"{folder}/run.yaml"])
            points = worlds.points_of(after, folder)
            assert sum(one.points for one in run.metrics.values()) == len(points)


@given(worlds_apart)
@settings(deadline=None, max_examples=60)
def test_git_with_our_attributes_makes_our_tree_or_stops(place: Place, three: Three) -> None:
    require_the_same(place, three)


@given(worlds_apart)
@settings(deadline=None, max_examples=5)
def test_git_merge_in_a_work_tree_heeds_the_attributes_of_the_branch(
    bare_place: Place, three: Three
) -> None:
    require_the_same(bare_place, three, work_tree=True)


@given(worlds_apart)
@settings(deadline=None, max_examples=60)
def test_what_git_merges_by_line_is_sound_after_the_repair(bare_place: Place, three: Three) -> None:
    require_nothing_lost(bare_place, three)


@pytest.mark.full
@pytest.mark.timeout(1800)
@given(worlds_apart)
@settings(deadline=None, max_examples=4000)
def test_git_makes_our_tree_or_stops_in_thousands(place: Place, three: Three) -> None:
    require_the_same(place, three)


@pytest.mark.full
@pytest.mark.timeout(1800)
@given(worlds_apart)
@settings(deadline=None, max_examples=200)
def test_hundreds_in_a_work_tree(bare_place: Place, three: Three) -> None:
    require_the_same(bare_place, three, work_tree=True)


@pytest.mark.full
@pytest.mark.timeout(1800)
@given(worlds_apart)
@settings(deadline=None, max_examples=4000)
def test_thousands_merged_by_line_are_sound(bare_place: Place, three: Three) -> None:
    require_nothing_lost(bare_place, three)
