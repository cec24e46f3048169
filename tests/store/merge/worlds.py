"""Small stores that were changed apart, for Hypothesis to draw: few ids, so that they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256

from hypothesis import strategies as st

from mlgit import times
from mlgit.records import layout, text
from mlgit.records.artifact import ArtifactEntry, dump_manifest, load_manifest
from mlgit.records.experiment import Experiment, dump_experiment, load_experiment
from mlgit.records.fields import Edit
from mlgit.records.inputs import DatasetInput, Inputs, dump_inputs, load_inputs
from mlgit.records.metrics import Point, decode_points, encode_points, merge_segments, summarize
from mlgit.records.run import Purged, Run, RunStatus, dump_run, load_purged, load_run
from mlgit.store.tombstone import tombstone

T0 = 1795421691123
IDS = ("9f3c000000000001", "9f3d000000000002")
WRITERS = ("5be09f3d61", "c7d41e9a02")
EXPERIMENT = "runs/churn/experiment.yaml"
MODEL = "registry/models/churn"
Files = Mapping[str, bytes]
Step = Callable[[Files, str], Files]

BASE: Files = {
    "mlgit.yaml": text.dump({"format": 1}),
    EXPERIMENT: dump_experiment(Experiment("869303360901673926", "churn", "churn", T0, T0)),
}


def folder_of(run_id: str) -> str:
    return layout.run_folder("churn", T0, run_id)


def _published(files: Files, run_id: str) -> Files:
    points = [Point(0, T0, "loss", 0.5), Point(1, T0 + 1, "loss", 0.25)]
    run = Run(run_id, "otter", "869303360901673926", RunStatus.RUNNING, T0, params={"lr": "0.1"})
    record = dump_run(run._replace(metrics=summarize(points)))
    folder = folder_of(run_id)
    return {**files, f"{folder}/run.yaml": record, f"{folder}/metrics.csv": encode_points(points)}


def _living(files: Files, run_id: str) -> tuple[str, Run | None]:
    folder = folder_of(run_id)
    data = files.get(f"{folder}/run.yaml")
    return folder, load_run(data) if data and load_purged(data) is None else None


def publish(run_id: str) -> Step:
    def step(files: Files, _: str) -> Files:
        known = f"{folder_of(run_id)}/run.yaml" in files
        return files if known else _published(files, run_id)

    return step


def edit(run_id: str, at: int, change: Callable[[Run, Edit], Run]) -> Step:
    """Change a run that lives; its edit is stamped `at` milliseconds after the start."""

    def step(files: Files, writer: str) -> Files:
        folder, run = _living(files, run_id)
        if run is None:
            return files
        return {**files, f"{folder}/run.yaml": dump_run(change(run, Edit(T0 + at, writer)))}

    return step


def delete(run_id: str, at: int) -> Step:
    """Mark a run deleted."""

    def change(run: Run, mark: Edit) -> Run:
        edits = {**run.edits, "lifecycle": mark}
        return run._replace(lifecycle="deleted", deleted_at=mark.at, edits=edits)

    return edit(run_id, at, change)


def go_on(run_id: str, number: int, value: float) -> Step:
    """A further segment of metrics, by this writer."""

    def step(files: Files, writer: str) -> Files:
        folder, run = _living(files, run_id)
        path = f"{folder}/{layout.segment_name(writer, number)}"
        if run is None or path in files:
            return files
        grown = {**files, path: encode_points([Point(number + 2, T0 + number, "loss", value)])}
        summary = summarize(points_of(grown, folder))
        return {**grown, f"{folder}/run.yaml": dump_run(run._replace(metrics=summary))}

    return step


def points_of(files: Files, folder: str) -> list[Point]:
    names = sorted(name for name in files if name.startswith(f"{folder}/metrics"))
    return merge_segments([decode_points(files[name]) for name in names])


def add_artifact(run_id: str, path: str, content: bytes) -> Step:
    def step(files: Files, _: str) -> Files:
        folder, run = _living(files, run_id)
        if run is None:
            return files
        known = load_manifest(files.get(f"{folder}/artifacts.yaml", b"format: 1\n"))
        if path in {entry.path for entry in known}:
            return files
        digest = sha256(content).hexdigest()
        name = layout.artifact_file(path, digest, [entry.inline for entry in known])
        known.append(ArtifactEntry(path, len(content), digest, name))
        manifest = {f"{folder}/artifacts.yaml": dump_manifest(known)}
        return {**files, **manifest, f"{folder}/{name}": content}

    return step


def use_dataset(run_id: str, name: str) -> Step:
    def step(files: Files, _: str) -> Files:
        folder, run = _living(files, run_id)
        if run is None:
            return files
        path = f"{folder}/inputs.yaml"
        known = load_inputs(files[path]).datasets if path in files else ()
        dataset = DatasetInput(name, "d1", "local", "{}")
        return (
            files if dataset in known else {**files, path: dump_inputs(Inputs((*known, dataset)))}
        )

    return step


def purge(run_id: str, at: int) -> Step:
    def step(files: Files, writer: str) -> Files:
        folder, run = _living(files, run_id)
        if run is None:
            return files
        inside = f"{folder}/"
        kept = {path: data for path, data in files.items() if not path.startswith(inside)}
        names = [path.removeprefix(inside) for path in files if path.startswith(inside)]
        seen = [run.end or 0, *(one.at for one in run.edits.values())]
        seen += [summary.time for summary in run.metrics.values()]
        left = tombstone(names, Purged(run_id, max(T0 + at, *seen), writer))
        return {**kept, **{inside + name: data for name, data in left.items()}}

    return step


def restore(run_id: str, at: int) -> Step:
    """A purged run as it was published, from history; always later than the purge."""

    def step(files: Files, writer: str) -> Files:
        folder = folder_of(run_id)
        stub = load_purged(files.get(f"{folder}/run.yaml", b"id: x\n"))
        if stub is None:
            return files
        kept = {path: data for path, data in files.items() if not path.startswith(f"{folder}/")}
        mark = Edit(max(T0 + at, stub.at + 1), writer)
        change = edit(run_id, mark.at - T0, lambda run, _: run._replace(edits={"lifecycle": mark}))
        return change(_published(kept, run_id), writer)

    return step


def note_experiment(note: str, at: int) -> Step:
    def step(files: Files, writer: str) -> Files:
        known = load_experiment(files[EXPERIMENT], "churn")
        changed = known.with_tag("mlflow.note.content", note, Edit(T0 + at, writer))
        return {**files, EXPERIMENT: dump_experiment(changed)}

    return step


def register(uid: str, at: int) -> Step:
    """A version with the next free number."""

    def step(files: Files, _: str) -> Files:
        if any(f'uid: "{uid}"'.encode() in data for data in files.values()):
            return files
        number = 1 + sum(path.startswith(f"{MODEL}/versions/") for path in files)
        doc = {"format": 1, "uid": uid, "status": "READY", "created": times.iso(T0 + at)}
        return {**files, f"{MODEL}/versions/{number}.yaml": text.dump(doc)}

    return step


def promote(at: int) -> Step:
    """The newest version under the alias."""

    def step(files: Files, writer: str) -> Files:
        number = sum(path.startswith(f"{MODEL}/versions/") for path in files)
        if not number:
            return files
        uid = text.load(files[f"{MODEL}/versions/{number}.yaml"])["uid"]
        doc = {"format": 1, "alias": "production", "version": number, "uid": uid}
        doc.update(at=times.iso(T0 + at), by=writer)
        return {**files, f"{MODEL}/aliases/production.yaml": text.dump(doc)}

    return step


def limit(size: int) -> Step:
    def step(files: Files, _: str) -> Files:
        return {**files, "mlgit.yaml": text.dump({"format": 1, "limits": {"patch": size}})}

    return step


_ids = st.sampled_from(IDS)
_at = st.integers(1, 4)
_words = st.sampled_from(("a", "b"))
_changes = st.one_of(
    st.builds(lambda k, v: lambda run, mark: run.with_tag(k, v, mark), _words, _words),
    st.builds(
        lambda k: lambda run, mark: run.without_tag(k, mark) if k in run.tags else run, _words
    ),
    st.builds(lambda v: lambda run, mark: run.with_tag("mlflow.note.content", v, mark), _words),
    st.builds(lambda v: lambda run, _: run._replace(params={**run.params, "p": v}), _words),
    st.sampled_from(
        [
            lambda run, _: run._replace(status=RunStatus.FINISHED, end=T0 + 9),
            lambda run, _: run._replace(status=RunStatus.FAILED, end=T0 + 5),
        ]
    ),
)
steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(publish, _ids),
    st.builds(edit, _ids, _at, _changes),
    st.builds(edit, _ids, _at, _changes),
    st.builds(delete, _ids, _at),
    st.builds(go_on, _ids, st.integers(1, 2), st.sampled_from((0.1, 0.9))),
    st.builds(
        add_artifact, _ids, st.sampled_from(("m.txt", "M.txt")), st.sampled_from((b"1", b"2"))
    ),
    st.builds(use_dataset, _ids, _words),
    st.builds(purge, _ids, _at),
    st.builds(note_experiment, _words, _at),
    st.builds(register, st.sampled_from(("b3c94f0e6d2a1875", "c1", "a2")), _at),
    st.builds(promote, _at),
    st.builds(limit, st.sampled_from((1, 2))),
)
histories = st.lists(steps, max_size=5)


def played(files: Files, history: list[Step], writer: str) -> Files:
    """A store after some steps of one writer."""
    for step in history:
        files = step(files, writer)
    return files
