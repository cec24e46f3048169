"""A proposal as a pull request: by the push itself, by a page filled in, or by `gh`.

The text of the request is the message of the proposal's one commit, which every forge takes from
there: an option of a push has but one line, and a URL has little room.
"""

from __future__ import annotations

import re
import shutil
from typing import NamedTuple
from urllib.parse import quote, urlencode

from mlgit.registry.forge.forge import Forge, forge_of

_LONGEST_LINK = 8_000
_LONGEST_TITLE = 200
#: What makes a forge run no checks when it stands in a message or a title.
_SKIPPING = re.compile(
    r"\[(?=(?:skip[ -]?ci|ci[ -]?skip|no[ -]?ci|skip actions|actions skip)\])|\*(?=\*\*NO_CI)", re.I
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


class Opening(NamedTuple):
    """How a proposal is opened at a forge; all empty where there is none.

    Attributes:
        push_options: To go with the push of the proposal: the forge opens it then.
        ref: Where the proposal is to be pushed to besides its branch, or "".
        link: The page on which a person opens it with one click.
        argv: A program that opens it after the push, or ().
        stdin: What that program reads: the text.
        shown: A program that prints the text of the request where it is open already, or ().
        edited: A program that reads the text that it is to have instead, or ().
    """

    push_options: tuple[str, ...] = ()
    ref: str = ""
    link: str = ""
    argv: tuple[str, ...] = ()
    stdin: str = ""
    shown: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


def opening(
    url: str,
    branch: str,
    target: str,
    title: str,
    body: str,
    *,
    said: str = "",
    tools: bool = False,
) -> Opening:
    """How the proposal on `branch` is opened against `target` at the remote of this URL.

    Args:
        url: Where it is pushed to.
        branch: The branch of the proposal.
        target: The guarded branch.
        title: One line; a commit's subject.
        body: Markdown, the rest of the commit's message; escaped already.
        said: The setting `mlgit.forge`.
        tools: The user lets `gh` be run, where it is installed.

    Raises:
        InvalidValue: The setting names no forge.
    """
    forge = forge_of(url, said)
    if not forge.kind:
        return Opening()
    line = plain_title(title)
    link = _link(forge, branch, target, line, body)
    if forge.kind == "gitlab":
        return Opening(_of_gitlab(target, line), link=link)
    if forge.kind == "gitea":
        return Opening(_of_gitea(branch, line), f"refs/for/{target}", link)
    if not tools or not shutil.which("gh"):
        return Opening(link=link)
    ends = f"--head={branch}", f"--base={target}", f"--title={line}", "--body-file=-"
    repo = f"--repo={forge.host}/{forge.path}"
    return Opening(
        link=link,
        argv=("gh", "pr", "create", repo, *ends),
        stdin=body,
        shown=("gh", "pr", "view", repo, "--json=body", "--jq=.body", "--", branch),
        edited=("gh", "pr", "edit", repo, "--body-file=-", "--", branch),
    )


def plain_title(text: str) -> str:
    """A subject on one line, in which nothing tells a forge to run no checks."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    short = line if len(line) <= _LONGEST_TITLE else f"{line[: _LONGEST_TITLE - 1]}…"
    return runs_checks(short)


def runs_checks(text: str) -> str:
    """Text without what tells a forge to run no checks, for the message of a commit."""
    return _SKIPPING.sub(lambda match: f"{match[0]}\u200b", text)


def _of_gitlab(target: str, title: str) -> tuple[str, ...]:
    wanted = ("create", f"target={target}", "remove_source_branch", f"title={title}")
    return tuple(f"merge_request.{one}" for one in wanted)


def _of_gitea(branch: str, title: str) -> tuple[str, ...]:
    return f"topic={branch}", f"title={title}", "force-push=true"


def _link(forge: Forge, branch: str, target: str, title: str, body: str) -> str:
    """The page filled in, with the text where there is room; without it the forge knows it, too."""
    for text in (body, ""):
        link = _page(forge, branch, target, {"title": title} | ({"body": text} if text else {}))
        if len(link) <= _LONGEST_LINK:
            return link
    return _page(forge, branch, target, {})


def _page(forge: Forge, branch: str, target: str, filled: dict[str, str]) -> str:
    if forge.kind == "gitlab":
        named = {"source_branch": branch, "target_branch": target, "title": filled.get("title")}
        named["description"] = filled.get("body")
        query = urlencode({f"merge_request[{key}]": one for key, one in named.items() if one})
        return f"{forge.page}/-/merge_requests/new?{query}"
    quick = {"quick_pull": "1"} if forge.kind == "github" else {}
    ends = f"{quote(target, safe='/')}...{quote(branch, safe='/')}"
    query = urlencode({**quick, **filled})
    return f"{forge.page}/compare/{ends}" + (f"?{query}" if query else "")
