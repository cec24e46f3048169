"""The table of the format: every kind of YAML file of the branch, its keys and what they hold."""

from __future__ import annotations

from mlgit.records.schema_rules import (
    BOUND,
    COMMIT,
    COUNT,
    FLAG,
    FORMAT,
    MANIFEST,
    NAME,
    NUMBER,
    PATH,
    SHA256,
    TEXT,
    TIME,
    URL,
    WHOLE,
    Contested,
    Each,
    Items,
    Rule,
    Section,
    conflict,
    one_of,
    section,
)

_LIFECYCLE = one_of("active", "deleted")
_EDITS = Each(section({"at": TIME, "by": NAME}, {"deleted": FLAG}))
_TEXTS = Each(Contested(TEXT))
_SUMMARY = section(
    {"last": NUMBER, "step": WHOLE, "time": WHOLE}, {"min": NUMBER, "max": NUMBER, "count": COUNT}
)
_CODE = section(
    {}, {"commit": TEXT, "branch": TEXT, "repository": TEXT, "dirty": FLAG, "patch": TEXT}
)
_SOURCE = section({}, {"type": TEXT, "name": TEXT, "command": TEXT, "entry_point": TEXT})
_HISTORY = section({}, {"artifacts": Each(SHA256), "sampled": Each(Each(COUNT))})

RUN = section(
    {
        "id": NAME,
        "name": TEXT,
        "experiment": NAME,
        "status": one_of("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"),
        "start": TIME,
    },
    {
        "format": FORMAT,
        "end": TIME,
        "user": TEXT,
        "host": TEXT,
        "parent": TEXT,
        "lifecycle": _LIFECYCLE,
        "deleted_at": TIME,
        "note": TEXT,
        "code": _CODE,
        "source": _SOURCE,
        "params": _TEXTS,
        "metrics": Each(_SUMMARY),
        "tags": _TEXTS,
        "edits": _EDITS,
        "alive_until": TIME,
        "history": _HISTORY,
    },
)
PURGED = section({"id": NAME, "purged": section({"at": TIME, "by": NAME})}, {"format": FORMAT})
EXPERIMENT = section(
    {"id": NAME, "name": NAME, "created": TIME},
    {
        "format": FORMAT,
        "updated": TIME,
        "lifecycle": _LIFECYCLE,
        "note": TEXT,
        "artifact_location": TEXT,
        "tags": _TEXTS,
        "edits": _EDITS,
    },
)
DATASET = section(
    {"name": TEXT, "digest": TEXT},
    {"source_type": TEXT, "source": TEXT, "schema": TEXT, "profile": TEXT, "tags": _TEXTS},
)
MODEL_LINK = section({"model_id": NAME, "direction": one_of("in", "out")}, {"step": WHOLE})
INPUTS = section({}, {"format": FORMAT, "datasets": Items(DATASET), "models": Items(MODEL_LINK)})
ENTRY = section({"path": PATH, "size": COUNT}, {"sha256": SHA256, "inline": PATH, "uri": TEXT})
ARTIFACTS = section({}, {"format": FORMAT, "artifacts": Items(ENTRY)})
LOGGED_MODEL = section(
    {
        "id": NAME,
        "name": TEXT,
        "experiment": NAME,
        "status": one_of("PENDING", "READY", "FAILED"),
        "created": TIME,
    },
    {
        "format": FORMAT,
        "status_message": TEXT,
        "updated": TIME,
        "lifecycle": _LIFECYCLE,
        "model_type": TEXT,
        "source_run": TEXT,
        "params": _TEXTS,
        "tags": _TEXTS,
        "edits": _EDITS,
    },
)
LIMITS = section(
    {},
    {
        "inline_file": Contested(COUNT),
        "inline_run": Contested(COUNT),
        "patch": Contested(COUNT),
        "metrics": Contested(COUNT),
    },
)
CAPTURE = section(
    {},
    {
        "patch": Contested(FLAG),
        "host": Contested(FLAG),
        "user": Contested(FLAG),
        "environment": Contested(FLAG),
    },
)
ARTIFACT_PLACES = section({}, {"copies": Contested(COUNT)})
SETTINGS = section(
    {},
    {
        "format": FORMAT,
        "remotes": Each(Contested(section({"url": URL}))),
        "limits": LIMITS,
        "capture": CAPTURE,
        "artifacts": ARTIFACT_PLACES,
        "registry": section({}, {"protected": Contested(FLAG)}),
    },
)
MODEL = section(
    {"name": NAME, "created": TIME},
    {
        "format": FORMAT,
        "updated": TIME,
        "lifecycle": _LIFECYCLE,
        "description": Contested(TEXT),
        "tags": _TEXTS,
        "edits": _EDITS,
    },
)
VERSION = section(
    {
        "uid": NAME,
        "status": one_of("PENDING_REGISTRATION", "READY", "FAILED_REGISTRATION", "DELETED"),
        "created": TIME,
    },
    {
        "format": FORMAT,
        "author": TEXT,
        "run": TEXT,
        "logged_model": TEXT,
        "source": TEXT,
        "manifest": MANIFEST,
        "signature": TEXT,
        "description": TEXT,
        "renumbered_from": COUNT,
        "tags": _TEXTS,
        "edits": _EDITS,
    },
)
_EVIDENCE = section({}, {"commit": COMMIT})
_ALIAS_VALUE: dict[str, Rule] = {"version": COUNT, "uid": NAME, "at": TIME, "by": NAME}
_ALIAS_MORE: dict[str, Rule] = {
    "manifest": MANIFEST,
    "previous": COUNT,
    "reason": TEXT,
    "evidence": _EVIDENCE,
}
ALIAS = section({"alias": NAME, **_ALIAS_VALUE}, {"format": FORMAT, **_ALIAS_MORE})
ALIAS_CONFLICT = conflict({"alias": NAME}, section(_ALIAS_VALUE, _ALIAS_MORE))
_STAGE_VALUE: dict[str, Rule] = {
    "stage": one_of("None", "Staging", "Production", "Archived"),
    "uid": NAME,
    "at": TIME,
    "by": NAME,
}
_STAGE_MORE: dict[str, Rule] = {"previous": TEXT, "reason": TEXT, "evidence": _EVIDENCE}
STAGE = section(_STAGE_VALUE, {"format": FORMAT, **_STAGE_MORE})
STAGE_CONFLICT = conflict({}, section(_STAGE_VALUE, _STAGE_MORE))
REQUIREMENT = section(
    {"metric": NAME},
    {
        "vs": one_of("current", "absolute"),
        "fail_below": BOUND,
        "fail_above": BOUND,
        "warn_below": BOUND,
        "warn_above": BOUND,
    },
)
GATE = section(
    {},
    {
        "from": Items(NAME),
        "branches": Items(NAME),
        "clean": FLAG,
        "require": Items(REQUIREMENT),
        "tags": Each(TEXT),
        "artifacts": one_of("verified"),
        "copies": COUNT,
        "signature": one_of("compatible"),
        "allow_dataset_change": FLAG,
        "approvals": section({"count": COUNT}, {"from": Items(NAME), "not_author": FLAG}),
    },
)
_GATES = section({}, {"aliases": Each(Contested(GATE)), "stages": Each(Contested(GATE))})
POLICY = section({}, {"format": FORMAT, "models": Each(_GATES)})
DEPLOYMENT = section(
    {"target": NAME, "name": NAME, "model": NAME, "uid": NAME, "at": TIME, "by": NAME},
    {
        "format": FORMAT,
        "version": COUNT,
        "alias": TEXT,
        "manifest": MANIFEST,
        "status": TEXT,
        "endpoint": TEXT,
        "config": _TEXTS,
    },
)
APPROVAL = section(
    {
        "proposal": NAME,
        "tree": COMMIT,
        "verdict": one_of("approve", "reject"),
        "at": TIME,
        "by": NAME,
    },
    {"format": FORMAT, "comment": TEXT},
)
TRUST = section(
    {},
    {
        "format": FORMAT,
        "signers": Items(section({"name": NAME, "key": NAME}, {"may": Items(NAME)})),
        "groups": Each(Items(NAME)),
    },
)
EPOCH = section(
    {"epoch": COUNT, "at": TIME, "by": NAME},
    {"format": FORMAT, "reason": TEXT, "forgotten": Items(NAME), "before": Items(COMMIT)},
)
UNSHARED = section(
    {"clone": NAME, "artifacts": Items(section({"sha256": SHA256, "size": COUNT}))},
    {"format": FORMAT},
)

#: Kind of file (as `layout.parse_path` says) -> what it holds.
KINDS: dict[str, Section] = {
    "run": RUN,
    "experiment": EXPERIMENT,
    "inputs": INPUTS,
    "artifacts": ARTIFACTS,
    "logged-model": LOGGED_MODEL,
    "settings": SETTINGS,
    "model": MODEL,
    "version": VERSION,
    "alias": ALIAS,
    "stage": STAGE,
    "policy": POLICY,
    "deployment": DEPLOYMENT,
    "approval": APPROVAL,
    "trust": TRUST,
    "epoch": EPOCH,
    "unshared": UNSHARED,
}

#: Kinds whose file may hold something else instead, known by a key: what is left of a purged run,
#: and the values of a race that nobody has settled.
VARIANTS = {
    ("run", "purged"): PURGED,
    ("alias", "sides"): ALIAS_CONFLICT,
    ("stage", "sides"): STAGE_CONFLICT,
}

#: Kinds whose unknown keys are wrong, not of a newer version: a rule that nobody understands, or
#: that is misspelt, must not be passed over.
CLOSED = frozenset(["policy"])
