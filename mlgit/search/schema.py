"""The tables of the index: fixed columns, one line a run, and one row for each value of a key."""

from __future__ import annotations

from mlgit.search.expression import Kind

VERSION = 3  # raise it whenever a table, or what stands in one, changes

KINDS = {Kind.METRIC: 1, Kind.PARAM: 2, Kind.TAG: 3}

#: Attributes with a column of their own in `runs`; NULL where the run lacks it.
COLUMNS = (
    "run_id",
    "run_name",
    "status",
    "start_time",
    "end_time",
    "experiment_id",
    "user_id",
    "host",
    "parent",
    "commit",
    "branch",
    "repository",
    "dirty",
    "source_name",
    "source_type",
    "entry_point",
)

#: Those that every run has.
NEVER_NULL = ("run_id", "status", "start_time", "experiment_id")

_NAMED = ", ".join(f'"{name}"' for name in COLUMNS)

#: In place of a run's folder in `damage`: what lies in an experiment's file, or in a tree.
OF_EXPERIMENTS, OF_TREES = "", "/"

TABLES = (
    "CREATE TABLE state (version INTEGER, commit_id TEXT, repeated INTEGER, token TEXT)",
    f"CREATE TABLE runs (rid INTEGER PRIMARY KEY, lifecycle TEXT, {_NAMED})",
    # `linked` says whether the run has an `inputs.yaml`, which few do.
    """CREATE TABLE documents (
        rid INTEGER PRIMARY KEY, folder TEXT, note TEXT, line TEXT, linked INTEGER
    )""",
    "CREATE TABLE keys (kid INTEGER PRIMARY KEY, kind INTEGER, key TEXT)",
    """CREATE TABLE vals (
        kid INTEGER, rid INTEGER, number, text TEXT, PRIMARY KEY (kid, rid)
    ) WITHOUT ROWID""",
    "CREATE TABLE datasets (rid INTEGER, name TEXT, digest TEXT, context TEXT)",
    """CREATE TABLE experiments (
        folder TEXT PRIMARY KEY, id TEXT, name TEXT, lifecycle TEXT, shown INTEGER, line TEXT
    ) WITHOUT ROWID""",
    """CREATE TABLE damage (
        folder TEXT, path TEXT, reason TEXT, passing INTEGER, PRIMARY KEY (folder, path)
    ) WITHOUT ROWID""",
)

#: Made after a build from nothing, when they cost least.
INDEXES = (
    "CREATE INDEX runs_newest ON runs (start_time DESC, run_id)",
    "CREATE INDEX runs_by_id ON runs (run_id)",
    "CREATE UNIQUE INDEX documents_by_folder ON documents (folder)",
    "CREATE UNIQUE INDEX keys_by_name ON keys (kind, key)",
    # Parameters and tags have few values each; only metrics are worth an index by value.
    # `text`, which is NULL there, is among its columns so that the row need not be looked up.
    "CREATE INDEX metrics_by_value ON vals (kid, number, text) WHERE text IS NULL",
    "CREATE INDEX datasets_by_run ON datasets (rid)",
)
