"""Every error mlgit raises on purpose: one root, facts as attributes, a hint for the way out.

The library never knows exit codes; `mlgit.cli.failure` maps each class to one.
"""

from __future__ import annotations


class MlgitError(Exception):
    """Root of all errors raised on purpose.

    Attributes:
        message: What happened, in one sentence without a trailing hint.
        hint: What to do next, as a command or a short sentence; may be empty.
        facts: The values the sentence was made from, for programs.
    """

    def __init__(self, message: str, hint: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts


class InvalidValue(MlgitError):
    """A value given by the caller cannot be accepted (name, key, number, option, query)."""


class NotFound(MlgitError):
    """Nothing has that name or id; `facts["candidates"]` may list near misses."""


class Ambiguous(MlgitError):
    """A name or prefix fits several things; `facts["candidates"]` lists them."""


class AlreadyExists(MlgitError):
    """Something of that name or id is there already."""


class InvalidState(MlgitError):
    """The thing exists but may not be changed so (deleted run, fixed parameter)."""


class Guarded(InvalidState):
    """A gate, or a branch that only proposals change, stands before it; the hint proposes it."""


class NotARepository(MlgitError):
    """The place is not inside a git repository."""


class NoStore(MlgitError):
    """The repository has no mlgit branch, here or on a remote."""


class Unsupported(MlgitError):
    """The repository or store cannot be written safely by this version, and why."""


class Conflict(MlgitError):
    """A race was lost after every retry; nothing was written."""


class Damaged(MlgitError):
    """Stored data cannot be read as what it claims to be; `facts["path"]` says where."""


class StorageFailed(MlgitError):
    """The disk refused (full, read-only, unreadable); what was acknowledged before is safe."""


class RemoteFailed(MlgitError):
    """A remote could not be reached, or refused; facts: `remote`, `said` (the end of its words)."""


class MissingExtra(MlgitError):
    """An optional package is needed; the hint names the extra to install."""
