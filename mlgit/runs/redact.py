"""Taking secrets out of what a run records; nothing here ever shows one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from mlgit.runs.secret_shapes import announces, find, hints, is_placeholder, is_random

REDACTED = "[redacted]"


def redacted_value(name: str, value: str) -> str:
    """A parameter's or tag's value without the secrets in it.

    A random-looking secret leaves its fingerprint (`[redacted sha256:1a2b3c4d]`), so that a change
    of key stays visible; a guessable one leaves nothing that a guess could be checked against.
    """
    if _is_secret(name, value):
        return _mark(value)
    return _without_shapes(value)


def redacted_text(text: str) -> str:
    """Text without the secrets in it: those of a known shape, and those given as `name=secret`."""
    return re.sub(_ASSIGNED, _assigned, _without_shapes(text))


def redacted_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line without secrets: `--password x`, `--token=x`, `API_KEY=x`, URLs, tokens."""
    found = []
    option = ""
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if option and not argument.startswith("-") and _is_secret(option, argument):
            found.append(REDACTED)
        elif sign and "://" not in name and _is_secret(name, value):
            found.append(f"{name}={REDACTED}")
        elif "://" in argument:
            found.append(redacted_text(argument))
        else:
            found.append(_without_shapes(argument))
        option = argument if argument.startswith("-") and not sign else ""
    return found


def redacted_url(url: str) -> str:
    """The URL of a repository without user and password (ssh keeps its user)."""
    return re.sub(r"^(https?://)[^/@]*@", r"\1", _without_shapes(url))


def secret_in_patch(patch: str) -> str:
    """What kind of secret a diff holds and in which file, as words; empty when it holds none."""
    for secret in find(patch):
        return f"{secret.kind} in {_file_at(patch, secret.start)}"
    for match in re.finditer(_LITERAL, patch):
        name, value = match["name"] or match["key"], match["value"] or match["plain"]
        if not _is_secret(name, value) or announces(value):
            continue
        file = _file_at(patch, match.start())
        if match["value"] or re.search(_SETTINGS_FILE, file):
            return f"a value called {name[:40]} in {file}"
    return ""


def _is_secret(name: str, value: str) -> bool:
    if is_placeholder(value):
        return False
    return announces(name) or (hints(name) and is_random(value))


def _mark(value: str) -> str:
    if not is_random(value):
        return REDACTED
    return f"[redacted sha256:{sha256(value.encode('utf-8', 'replace')).hexdigest()[:8]}]"


def _without_shapes(text: str) -> str:
    for start, end in reversed(_joined(sorted((s.start, s.end) for s in find(text)))):
        text = text[:start] + _mark(text[start:end]) + text[end:]
    return text


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans without overlaps: one secret may have two shapes."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


_NAME = r"(?P<name>[A-Za-z][A-Za-z0-9_.-]{2,60})"
_ASSIGNED = _NAME + r"(?P<sign>\s?[=:]\s?)(?P<value>[^\s'\",;&]{4,})"
# In code only what is written out counts: a string in quotes, or a line of a settings file.
_LITERAL = (
    r"(?m)"
    + _NAME
    + r"""["']?\s*(?:[=:]|=>|:=)\s*(?P<quote>["'])(?P<value>[^"'\s]{6,200})(?P=quote)"""
    + r"|^[+ -](?:export )?(?P<key>[A-Za-z][A-Za-z0-9_.-]{2,60})[=:] ?"
    + r"(?P<plain>[^\s'\"()]{6,200})$"
)
_SETTINGS_FILE = r"(?i)(?:^|/)\.?env[^/]*$|\.(?:ya?ml|toml|ini|cfg|conf|properties|env)$"


def _assigned(match: re.Match[str]) -> str:
    if not _is_secret(match["name"], match["value"]):
        return match[0]
    return f"{match['name']}{match['sign']}{REDACTED}"


def _file_at(patch: str, position: int) -> str:
    headers = re.findall(r"(?m)^\+\+\+ (?:b/)?(.+)$", patch[:position])
    return headers[-1].strip() if headers else "the patch"
