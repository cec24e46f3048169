"""How a proposal is opened: hostile names stay names, whatever they are put into."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mlgit.errors import InvalidValue
from mlgit.registry.forge.forge import Forge, forge_of
from mlgit.registry.forge.opening import Opening, opening, plain_title, runs_checks
from mlgit.registry.proposals.body import BEGIN, END

BRANCH = "mlgit-promote/churn.0123abcd/production/v5-0123abcd"
TITLE = "promote: churn@production v4 -> v5"
BODY = f"{BEGIN}\n| a | b |\n{END}\n"
HOSTILE = [
    *("$(touch pwned)", "`id`", "; id", "-rf", "--upload-pack=x", "${{ secrets.X }}"),
    *(
        "a\nmerge_request.target=main",
        "a\r\n\0b",
        "&body=x#y",
        '"><script>',
        "\u202eevil",
        "\x1b[31m",
    ),
]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/team/churn.git", Forge("github", "github.com", "team/churn")),
        ("git@github.com:team/churn.git", Forge("github", "github.com", "team/churn")),
        ("ssh://git@ssh.github.com:443/team/churn", Forge("github", "github.com", "team/churn")),
        ("https://me:pw@github.corp.io/a/b/", Forge("github", "github.corp.io", "a/b")),
        ("ssh://git@gitlab.corp.io:2222/a/b/c.git", Forge("gitlab", "gitlab.corp.io", "a/b/c")),
        ("https://codeberg.org/a/b", Forge("gitea", "codeberg.org", "a/b")),
        ("http://gitea:3000/a/b", Forge("gitea", "gitea:3000", "a/b", "http")),
        ("https://example.com/a/b", Forge()),
        ("/srv/git/github.com/hub.git", Forge()),
        ("../hub.git", Forge()),
        ("C:/git/github/hub.git", Forge()),
        ("https://git[hub.com/a/b", Forge()),
        ("https://github.com:x/a/b", Forge()),
        ("ext::github.com/a/b", Forge()),
        ("", Forge()),
    ],
)
def test_a_forge_is_known_by_its_host(url: str, found: Forge) -> None:
    assert forge_of(url) == found


def test_the_user_knows_better() -> None:
    assert forge_of("git@git.corp.io:a/b", "forgejo") == Forge("gitea", "git.corp.io", "a/b")
    assert forge_of("git@github.com:a/b", "none") == Forge()
    with pytest.raises(InvalidValue):
        forge_of("git@github.com:a/b", "sourcehut")


def test_a_server_without_a_forge_is_told_nothing() -> None:
    assert opening("/srv/hub.git", BRANCH, "mlgit", TITLE, BODY) == Opening()


def test_gitlab_opens_it_with_the_push() -> None:
    made = opening("git@gitlab.com:team/churn.git", BRANCH, "mlgit-registry", TITLE, BODY)
    assert made.push_options == (
        "merge_request.create",
        "merge_request.target=mlgit-registry",
        "merge_request.remove_source_branch",
        f"merge_request.title={TITLE}",
    )
    assert (made.ref, made.argv) == ("", ())
    asked = parse_qs(urlsplit(made.link).query)
    assert asked["merge_request[source_branch]"] == [BRANCH]
    assert asked["merge_request[description]"] == [BODY]


def test_gitea_opens_it_with_a_push_for_review() -> None:
    made = opening("https://codeberg.org/team/churn", BRANCH, "mlgit", TITLE, BODY)
    assert made.ref == "refs/for/mlgit"
    assert made.push_options == (f"topic={BRANCH}", f"title={TITLE}", "force-push=true")
    assert made.link.startswith(f"https://codeberg.org/team/churn/compare/mlgit...{BRANCH}?")


def test_github_gets_a_page_that_is_filled_in() -> None:
    made = opening("git@github.com:team/churn.git", BRANCH, "mlgit", TITLE, BODY)
    assert (made.push_options, made.ref, made.argv) == ((), "", ())
    assert made.link.startswith(
        f"https://github.com/team/churn/compare/mlgit...{BRANCH}?quick_pull=1"
    )
    asked = parse_qs(urlsplit(made.link).query)
    assert (asked["title"], asked["body"]) == ([TITLE], [BODY])


@pytest.mark.parametrize(
    "url", ["git@github.com:a/b", "git@gitlab.com:a/b", "git@codeberg.org:a/b"]
)
def test_a_link_is_never_too_long(url: str) -> None:
    link = opening(url, BRANCH, "mlgit", TITLE, "é" * 60_000).link
    assert len(link) <= 8_000
    assert "promote" in link
    assert "%C3%A9" not in link


def test_gh_is_run_only_where_it_is_allowed_and_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "git@github.com:team/churn.git"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert opening(url, BRANCH, "mlgit", TITLE, BODY, tools=True).argv == ()
    tool = tmp_path / "gh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    assert shutil.which("gh")
    assert opening(url, BRANCH, "mlgit", TITLE, BODY).argv == ()
    made = opening(url, BRANCH, "mlgit", "--body=x", BODY, tools=True)
    assert made.argv == (
        *("gh", "pr", "create", "--repo=github.com/team/churn", f"--head={BRANCH}"),
        *("--base=mlgit", "--title=--body=x", "--body-file=-"),
    )
    assert made.stdin == BODY


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "url", ["git@github.com:a/b", "git@gitlab.com:a/b", "git@codeberg.org:a/b"]
)
def test_hostile_names_are_only_a_title(url: str, name: str) -> None:
    made = opening(url, BRANCH, "mlgit", f"promote: {name}", name)
    for option in made.push_options:
        assert option.isprintable()
        assert option.startswith(("merge_request.", "topic=", "title=promote: ", "force-push="))
    assert [one for one in made.push_options if "target=main" in one.partition("title=")[0]] == []
    parts = urlsplit(made.link)
    assert parts.fragment == ""
    assert made.link.isascii()
    assert made.link.isprintable()
    titles = [values for key, values in parse_qs(parts.query).items() if "title" in key]
    assert titles == [[plain_title(f"promote: {name}")]]


@pytest.mark.parametrize(
    "words",
    [
        "[skip ci]",
        "[ci skip]",
        "[Skip CI]",
        "[no ci]",
        "[skip actions]",
        "[actions skip]",
        "***NO_CI***",
    ],
)
def test_no_name_keeps_a_forge_from_running_its_checks(words: str) -> None:
    for text in (plain_title(f"promote: churn {words}"), runs_checks(f"a\n\n{words}\n")):
        assert words not in text
        assert words[1:] in text
    assert runs_checks("[link] [ci] ** a **") == "[link] [ci] ** a **"
