"""The part of a pull request's text that mlgit writes; what people write around it stays."""

from __future__ import annotations

import re

BEGIN, END = "<!-- mlgit:begin -->", "<!-- mlgit:end -->"
_MARKED = re.compile(f"{BEGIN}(?:(?!{BEGIN}).)*?{END}", re.DOTALL)


def updated(there: str, text: str) -> str:
    """The text of a request with the marked part of `text` where the old one was, or behind it."""
    found, marked = _MARKED.search(there), _MARKED.search(text)
    new = marked[0] if marked else text.strip()
    if found:
        return there[: found.start()] + new + there[found.end() :]
    return "\n\n".join(part for part in (there.rstrip(), new) if part) + "\n"
