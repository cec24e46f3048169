"""The part of a pull request's text that mlgit writes; what people write around it stays."""

from __future__ import annotations

import re

BEGIN, END = "<!-- mlgit:begin -->", "<!-- mlgit:end -->"
_MARKED = re.compile(f"{BEGIN}(?:(?!{BEGIN}).)*?{END}", re.DOTALL)


def updated(there: str, text: str) -> str:
    """The text of a request with `text`, which has markers, where the old one was or behind it."""
    found = _MARKED.search(there)
    if found:
        return there[: found.start()] + text.strip() + there[found.end() :]
    return "\n\n".join(part for part in (there.rstrip(), text.strip()) if part) + "\n"
