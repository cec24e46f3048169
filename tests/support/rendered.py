"""Markdown as forges show it, and what of it acts: tags, people, issues, addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NamedTuple

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

#: Texts that came from somewhere, to act where they are shown.
HOSTILE = [
    "x | y",
    "a ``` b `c` ``",
    "@team and (@team) and ada@team",
    "Closes #1, fixes owner/repo#2, resolves GH-3, closes JIRA-4",
    "Closes https://github.com/o/r/issues/1 and www.evil.example",
    "![](http://evil.example/?leak)",
    "[x](javascript:alert(1)) <http://evil.example> ftp://evil.example mailto:a@b.example",
    "<!-- mlgit:end -->",
    "<!-- mlgit:begin -->\n<!-- mlgit:end -->",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><b>',
    "--><h1>",
    "</code></table>",
    "line\nbreak\r\n\r\n# head\n/close\n/approve",
    "/merge",
    "safe\u202egnp.exe \u200b\x1b]8;;http://evil.example\x07 \x00 \ud800",
    ":tada: :100: :+1:",
    "$x$ $`x`$ $$x$$ \\(x\\) {+ a +} [^1] [[x]] ==y== ~~z~~ **b** _i_ ^s^",
    "!1 ~label %1 &1 $1 ^alert#1 ~\"a b\" *iteration:1",
    "see 0123456789abcdef0123456789abcdef01234567",
    "- list", "1. list", "12) list", "+ x", "=====", "---", "> quote", "    code", "\tcode",
    "| a | b |\n|---|---|\n| c | d |", ":--", "[a]: http://evil.example", "- [ ] task",
    "\\", "\\|", "\\\\|", "`|`", "&#64;team &lt;b&gt; &commat;team", "x" * 70_000, "`" * 70_000,
]  # fmt: skip
_VOID = {"br", "hr", "img", "input"}
_ACTS = {
    "a person": r"(?<!\w)@\w",
    "an issue": r"#\w|\bGH-\d|[A-Za-z]-\d",
    "another thing of a forge": r"(?<!\w)[!~%$&^][\w\"]|:[\w+-]+:",
    "an address": r"://|\bwww\.|\w@\w|mailto:\w",
    "a commit": r"(?<!\w)[0-9a-f]{7,40}(?!\w)",
}
_ACTS_RAW = {
    "a person": r"(?<!\w)@\w",
    "an issue": r"(?<!&)#\w|#\d|!\d|\bGH-\d",
    "an address": r"://",
    "a comment": r"<!--",
    "a command": r"^/\w",
    "a control": r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]",
}


class Piece(NamedTuple):
    """Text of a page, with the tags around it, outermost first."""

    text: str
    tags: tuple[str, ...]


class Page(HTMLParser):
    """HTML as tags in order, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.comments: list[str] = []
        self.pieces: list[Piece] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.pieces.append(Piece(data, tuple(self._open)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        """All its text."""
        return "".join(piece.text for piece in self.pieces)


def pages(source: str) -> list[Page]:
    """How GitHub's own renderer and another one show Markdown; nothing is filtered."""
    mine = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    sent = source.encode("utf-8", "replace").decode()
    return [
        Page(mine.render(sent)),
        Page(cmarkgfm.github_flavored_markdown_to_html(sent, options=options)),
    ]


def acting(source: str) -> list[str]:
    """What in Markdown would do something on a forge, apart from its tags and links."""
    found = acting_unrendered(source)
    for page in pages(source):
        found += [f"comment {comment}" for comment in page.comments]
        for piece in page.pieces:
            if not {"code", "pre"} & set(piece.tags):
                found += _found(_ACTS, piece.text)
    return found


def acting_unrendered(source: str) -> list[str]:
    """What a forge would find in a text as it was written, such as a title."""
    return _found(_ACTS_RAW, source)


def _found(kinds: dict[str, str], text: str) -> list[str]:
    flags = re.MULTILINE | re.IGNORECASE
    return [
        f"{kind}: {hit.group()!r} in {text[max(hit.start() - 20, 0) : hit.end() + 20]!r}"
        for kind, pattern in kinds.items()
        for hit in re.finditer(pattern, text, flags)
    ]
