"""What an entry of a tree may be, on a branch that anybody may have written."""

from __future__ import annotations

import re
from typing import NamedTuple

from mlgit.git.tree import FILE_MODE, TREE_MODE
from mlgit.records import layout
from mlgit.records.safe_names import is_device

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_GIT = re.compile(r"(\.git|git~\d+)[ .]*(:.*)?")
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]")
_MODES = (FILE_MODE, TREE_MODE)


class Refusal(NamedTuple):
    """Why an entry is not used, whatever it holds: a code of `Problem`, and a sentence."""

    code: str
    reason: str


def refusal(name: bytes, mode: int) -> Refusal | None:
    """Why an entry of that name and mode may not be on the branch; None where it may."""
    text = name.decode("utf-8", "surrogateescape")
    if mode not in _MODES:
        what = f"has mode {mode:o}; a store has only plain files (100644) and folders"
        return Refusal("hostile-mode", what)
    if layout.safe_name(text):
        return None
    reason = _unsafe(text, len(name))
    return Refusal("hostile-name", reason) if reason else None


def _unsafe(text: str, size: int) -> str:
    if not text.isprintable() or _CONTROL.search(text):
        return "has a name with control characters or bytes that are no UTF-8"
    if "/" in text or "\\" in text or text in ("", ".", ".."):
        return "has a name that leads to another folder"
    like_git = _GIT.fullmatch(_IGNORED_BY_HFS.sub("", text).lower())
    if like_git or text[-1] in ". " or ":" in text or is_device(text):
        return "has a name that some file systems take for another"
    return "has a name that is too long" if size > 255 else ""
