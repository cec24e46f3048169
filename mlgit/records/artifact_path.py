"""The one gate every artifact path passes, whoever wrote it: a caller, a manifest, a request."""

from __future__ import annotations

import re

from mlgit.errors import InvalidValue

MAX_PATH_BYTES = 1024
MAX_PART_BYTES = 255

# Paths are never decoded. These spellings turn into a separator, a dot or NUL in a later layer
# that does decode (a URL, a proxy), so they are refused here; `%25` is the second round of it.
_ENCODED = r"(?i)%(2e|2f|5c|25|00)"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"
_DRIVE = r"[A-Za-z]:"
# What git on any file system may take for `.git` when somebody downloads into a work tree: HFS+
# ignores these characters, NTFS has short names and strips trailing dots, spaces and streams.
_IGNORED_BY_HFS = "[\u200c-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]"
_GIT_FOLDER = r"(\.git|git~\d+)[ .]*(:.*)?"

# What nearly all paths are made of, and none of the rules below is about.
_plain = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII).fullmatch


def safe_path(path: str) -> str:
    """`path` itself when it is a plain relative path that cannot leave its folder.

    Raises:
        InvalidValue: It could mean another place on some system, or is too long.
    """
    reason = _refusal(path)
    if reason:
        raise InvalidValue(
            f"artifact path {path[:100]!r} {reason}",
            "use a relative path such as plots/roc.png",
            path=path,
        )
    return path


def is_safe_path(path: str) -> bool:
    """Whether `safe_path` accepts it."""
    return not _refusal(path)


def _refusal(path: str) -> str:
    """Why the path is refused, as the end of a sentence; empty when it is fine."""
    if len(path) <= MAX_PART_BYTES and _plain(path):
        return ""
    if not path:
        return "is empty"
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if len(encoded) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    if re.search(_CONTROL, path):
        return "has a control character"
    if "\\" in path or re.search(_ENCODED, path):
        return "has a backslash or an encoded separator"
    if path[0] in "/~" or re.match(_DRIVE, path):
        return "is not relative"
    return next(filter(None, map(_part_refusal, path.split("/"))), "")


def _part_refusal(part: str) -> str:
    if part in ("", ".", ".."):
        return "has an empty part, '.' or '..'"
    if len(part.encode()) > MAX_PART_BYTES:
        return f"has a part longer than {MAX_PART_BYTES} bytes"
    if re.fullmatch(_GIT_FOLDER, re.sub(_IGNORED_BY_HFS, "", part).lower()):
        return "names a git directory"
    return ""
