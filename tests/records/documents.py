"""Small documents by name: files that readers must accept, and files they must refuse."""

from __future__ import annotations

_RUN = """\
id: "1"
name: a
experiment: "0"
status: FINISHED
start: "2026-11-23T08:14:51.123Z"
"""
_EXPERIMENT = 'id: "7"\nname: a\ncreated: "2026-11-23T08:14:51.123Z"\n'
_WHO = 'at: "2026-11-23T08:14:51.123Z"\nby: c7d41e9a02\n'
_MODEL = 'id: m-1\nname: a\nexperiment: "0"\nstatus: READY\ncreated: "2026-11-23T08:14:51.123Z"\n'
_VERSION = 'uid: x\nstatus: READY\ncreated: "2026-11-23T08:14:51.123Z"\n'

#: Name -> (kind of file, its text).
VALID: dict[str, tuple[str, str]] = {
    "run: no more than it must": ("run", _RUN),
    "run: by hand, with a comment": ("run", "# kept for the paper\n" + _RUN + "name2: 'x' # y\n"),
    "run: empty sections": ("run", _RUN + "params: {}\nmetrics: {}\ntags: {}\nedits: {}\n"),
    "run: flow style": ("run", _RUN + "params: {lr: 0.1, on: no, d: 2026-11-23}\n"),
    "run: unknown keys everywhere": (
        "run",
        _RUN + "code: {tool: git}\nmetrics: {a: {last: 1, step: 0, time: 0, p50: 1.0}}\nnew: [1]\n",
    ),
    "run: a metric that is not finite": (
        "run",
        _RUN + "metrics:\n  a: {last: .nan, step: -1, time: 5, min: -.inf, max: .inf, count: 3}\n",
    ),
    "run: a parameter in conflict": (
        "run",
        _RUN + "params: {lr: {base: 0.1, sides: [0.1, 1/10]}}\n",
    ),
    "run: from a newer format": ("run", "format: 7\n" + _RUN),
    "run: purged": ("run", 'id: "1"\npurged:\n  at: "2026-11-23T08:14:51.123Z"\n  by: me\n'),
    "run: numbers for texts": ("run", _RUN.replace("name: a", "name: 12")),
    "experiment: no more than it must": ("experiment", _EXPERIMENT),
    "experiment: deleted": ("experiment", _EXPERIMENT + "lifecycle: deleted\n"),
    "inputs: nothing": ("inputs", "format: 1\n"),
    "inputs: a model in": ("inputs", "models:\n  - {model_id: m-1, direction: in, step: -3}\n"),
    "artifacts: nothing": ("artifacts", "format: 1\n"),
    "artifacts: a reference": ("artifacts", "artifacts: [{path: a/b, size: 0, uri: 's3://x/y'}]\n"),
    "logged-model: no more than it must": ("logged-model", _MODEL),
    "settings: nothing": ("settings", "format: 1\n"),
    "settings: a limit of zero": ("settings", "limits:\n  inline_file: 0\n"),
    "settings: in conflict": ("settings", "capture: {host: {base: true, sides: [true, false]}}\n"),
    "settings: a remote in conflict": (
        "settings",
        "remotes: {a: {base: {url: 's3://a'}, sides: [{url: 's3://b'}, {url: 's3://c'}]}}\n",
    ),
    "settings: a folder and the git host as remotes": (
        "settings",
        "remotes: {a: {url: /mnt/my disk}, b: {url: 'lfs:origin'}}\n",
    ),
    "model: no more than it must": ("model", _EXPERIMENT.partition("\n")[2]),
    "version: no more than it must": ("version", _VERSION),
    "alias: plain": ("alias", "alias: best\nversion: 3\nuid: x\n" + _WHO),
    "alias: in conflict, new on both sides": (
        "alias",
        "alias: best\nsides:\n"
        + "".join(
            f"- {{version: {n}, uid: x, at: '2026-11-23T08:14:51.123Z', by: a}}\n" for n in "12"
        ),
    ),
    "stage: None is a word": ("stage", "stage: None\nuid: x\n" + _WHO),
    "policy: nothing": ("policy", "format: 1\n"),
    "trust: nothing": ("trust", "format: 1\n"),
    "unshared: nothing": ("unshared", "clone: a\nartifacts: []\n"),
}

#: Name -> (kind of file, its text, what the first problem says).
INVALID: dict[str, tuple[str, str, str]] = {
    "run: empty file": ("run", "", "the file is not a mapping"),
    "run: a list": ("run", "- a\n", "the file is not a mapping"),
    "run: cut off": ("run", _RUN[:20], "line 4: could not find expected"),
    "run: no id": ("run", _RUN.partition("\n")[2], "id is missing"),
    "run: empty id": (
        "run",
        _RUN.replace('"1"', '""'),
        "line 1: id: expected text that is not empty",
    ),
    "run: status of another tool": (
        "run",
        _RUN.replace("FINISHED", "COMPLETED"),
        "line 4: status: expected RUNNING or SCHEDULED or FINISHED or FAILED or KILLED",
    ),
    "run: start without a zone": (
        "run",
        _RUN.replace("23Z", "23"),
        "line 5: start: expected a time",
    ),
    "run: a day that is none": ("run", _RUN.replace("11-23", "02-30"), "line 5: start: expected a"),
    "run: start as a number": (
        "run",
        _RUN.replace('"2026-11-23T08:14:51.123Z"', "5"),
        "start: expe",
    ),
    "run: end of null": ("run", _RUN + "end: null\n", "line 6: end: expected a time"),
    "run: params a list": ("run", _RUN + "params: [a]\n", "params: expected keys and values"),
    "run: a parameter of null": ("run", _RUN + "params:\n  a: null\n", "params.a: expected text"),
    "run: a parameter is a list": (
        "run",
        _RUN + "params: {a: [1]}\n",
        "line 6: params.a: expected",
    ),
    "run: a conflict of one side": (
        "run",
        _RUN + "params: {a: {base: 1, sides: [2]}}\n",
        "params.a.sides: expected a list of the values that disagree",
    ),
    "run: a metric without its time": (
        "run",
        _RUN + "metrics:\n  a:\n    last: 1.0\n    step: 0\n",
        "line 7: metrics.a: time is missing",
    ),
    "run: a metric that is text": (
        "run",
        _RUN + "metrics: {a: {last: 1e3, step: 0, time: 0}}\n",
        "metrics.a.last: expected a number, not '1e3'",
    ),
    "run: a step with a fraction": (
        "run",
        _RUN + "metrics: {a: {last: 1, step: 0.5, time: 0}}\n",
        "metrics.a.step: expected a whole number, not 0.5",
    ),
    "run: dirty is a word": (
        "run",
        _RUN + "code:\n  dirty: yes\n",
        "line 7: code.dirty: expected true",
    ),
    "run: code is text": ("run", _RUN + "code: abc\n", "code: expected keys and values"),
    "run: lifecycle of our own": (
        "run",
        _RUN + "lifecycle: gone\n",
        "lifecycle: expected active or",
    ),
    "run: an edit by nobody": (
        "run",
        _RUN + "edits: {note: {at: '2026-11-23T08:14:51.123Z'}}\n",
        "edits.note: by is missing",
    ),
    "run: format zero": ("run", "format: 0\n" + _RUN, "format: expected a whole number from 1"),
    "run: purged by nobody": ("run", 'id: "1"\npurged: {}\n', "purged: at is missing"),
    "run: a key twice": ("run", _RUN + "name: b\n", "line 6: the key 'name' twice"),
    "run: conflict marks of git": ("run", _RUN + "<<<<<<< ours\n", "line "),
    "experiment: no name": ("experiment", _EXPERIMENT.replace("name: a\n", ""), "name is missing"),
    "experiment: tags a text": ("experiment", _EXPERIMENT + "tags: x\n", "tags: expected keys and"),
    "inputs: a model sideways": (
        "inputs",
        "models: [{model_id: m-1, direction: up}]\n",
        "models.0.direction: expected in or out, not 'up'",
    ),
    "inputs: a dataset without digest": ("inputs", "datasets: [{name: a}]\n", "digest is missing"),
    "artifacts: a mapping": ("artifacts", "artifacts: {a: 1}\n", "artifacts: expected a list"),
    "artifacts: a size below zero": (
        "artifacts",
        "artifacts: [{path: a, size: -1}]\n",
        "artifacts.0.size: expected a whole number from 0",
    ),
    "artifacts: half a digest": (
        "artifacts",
        "artifacts: [{path: a, size: 1, sha256: abc}]\n",
        "artifacts.0.sha256: expected 64 lower-case hex digits",
    ),
    "logged-model: status of a run": (
        "logged-model",
        _MODEL.replace("READY", "RUNNING"),
        "status: expected PENDING or READY or FAILED",
    ),
    "settings: a limit with a unit": (
        "settings",
        "limits: {patch: 1 MB}\n",
        "limits.patch: expected a whole number from 0",
    ),
    "settings: a flag that is text": (
        "settings",
        "capture: {host: no}\n",
        "capture.host: expected",
    ),
    "settings: a remote without URL": (
        "settings",
        "remotes: {a: {}}\n",
        "remotes.a: url is missing",
    ),
}

#: As `INVALID`, but only `mlgit check` minds: a reader of the record has no use for the value.
CHECKED: dict[str, tuple[str, str, str]] = {
    "artifacts: a path that leads out": (
        "artifacts",
        "artifacts: [{path: ../x, size: 1}]\n",
        "artifacts.0.path: expected a plain relative path",
    ),
    "settings: a password in a URL": (
        "settings",
        "remotes: {a: {url: 'https://u:secret@h/x'}}\n",
        "remotes.a.url: expected a URL without a password",
    ),
    "model: no name": ("model", "created: '2026-11-23T08:14:51.123Z'\n", "name is missing"),
    "version: a manifest of another hash": (
        "version",
        _VERSION + "manifest: md5:1\n",
        "manifest: expected sha256: and 64",
    ),
    "alias: no uid": ("alias", "alias: a\nversion: 3\n" + _WHO, "uid is missing"),
    "alias: one side": ("alias", "alias: a\nsides: []\n", "sides: expected at least 2 values"),
    "stage: a stage of our own": (
        "stage",
        "stage: Shadow\nuid: x\n" + _WHO,
        "stage: expected None or",
    ),
    "policy: an endless bound": (
        "policy",
        "models: {a: {aliases: {b: {require: [{metric: m, fail_below: .inf}]}}}}\n",
        "models.a.aliases.b.require.0.fail_below: expected a number or a percentage",
    ),
    "deployment: no target": (
        "deployment",
        "name: a\nmodel: b\nuid: c\n" + _WHO,
        "target is missing",
    ),
    "approval: of no tree": (
        "approval",
        "proposal: a\nverdict: approve\n" + _WHO,
        "tree is missing",
    ),
    "trust: a signer without key": ("trust", "signers: [{name: a}]\n", "signers.0: key is missing"),
    "epoch: a commit of seven digits": (
        "epoch",
        "epoch: 2\nbefore: [abc1234]\n" + _WHO,
        "before.0: expected 40 lower-case hex digits",
    ),
    "unshared: no digest": (
        "unshared",
        "clone: a\nartifacts: [{sha256: abc, size: 1}]\n",
        "artifacts.0.sha256: expected",
    ),
}
