"""Commit objects: the frozen root and the ones that follow."""

from __future__ import annotations

from collections.abc import Sequence

from mlgit import times
from mlgit.git.config import TRUE, Config
from mlgit.git.identity import signature
from mlgit.git.oid import COMMIT, EMPTY_TREE, TREE, Oid

ROOT_COMMIT: Oid = b"e83ae8ddcc023b0a34ca26db823a6d3988fb7cf1"
"""The first commit of every store. Frozen: two stores made apart can always be merged."""

_ROOT_DATA = (
    b"tree " + EMPTY_TREE + b"\n"
    b"author mlgit <mlgit@localhost> 0 +0000\n"
    b"committer mlgit <mlgit@localhost> 0 +0000\n"
    b"\n"
    b"mlgit store, format 1\n"
)
_ROLES = (b"author", b"committer")
ROOT_OBJECTS = ((TREE, b""), (COMMIT, _ROOT_DATA))


def new_commit(
    tree: Oid, parents: Sequence[Oid], message: str, config: Config, *, signed: bool = False
) -> bytes:
    """The bytes of a commit by the configured author, now; signed when the user wants that.

    With `signed` it is wherever the user has a key for ssh signatures.

    Raises:
        Unsupported: It could not be signed.
    """
    from dulwich.objects import Commit, ObjectID

    commit = Commit()
    commit.tree = ObjectID(tree)
    commit.parents = [ObjectID(parent) for parent in parents]
    commit.author = signature(config, "author")
    commit.committer = signature(config, "committer")
    commit.author_time = commit.commit_time = times.now_ms() // 1000
    commit.author_timezone = commit.commit_timezone = 0
    text = message.replace("\0", " ").strip("\n")
    commit.message = text.encode("utf-8", "replace") + b"\n"
    wanted = (config.of_user("commit", "gpgsign") or "no").lower() in TRUE
    if wanted or (signed and has_key(config)):
        from mlgit.git.signing import sign

        sign(commit, config)
    return commit.as_raw_string()


def has_key(config: Config) -> bool:
    """Whether the user has said with which ssh key to sign."""
    kind = (config.of_user("gpg", "format") or "").lower()
    return kind == "ssh" and bool(config.of_user("user", "signingkey"))


def virtual_commit(tree: Oid, parents: Sequence[Oid], seconds: int) -> bytes:
    """The bytes of a commit that is only compared with: the same for whoever makes it."""
    lines = [b"tree " + tree, *(b"parent " + parent for parent in parents)]
    lines += [b"%b mlgit <mlgit@localhost> %d +0000" % (who, seconds) for who in _ROLES]
    return b"\n".join([*lines, b"", b""])
