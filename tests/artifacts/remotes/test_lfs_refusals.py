"""What an LFS server refuses, forgets or sends elsewhere: asked again, or told with a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlgit.errors import MlgitError, RemoteFailed, StorageFailed
from tests.artifacts.remotes.lfs_model import DATA, DIGEST, fetched, opened
from tests.support.lfs import Fault, Lfs, lfs_server


@pytest.mark.parametrize("kind", ["PUT", "VERIFY"])
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_addresses_that_are_over_are_asked_for_anew(
    lfs: Lfs, source: Path, kind: str, status: int
) -> None:
    """Also where sending took longer than the address of the question after it holds."""
    remote = opened(lfs)
    remote.sizes([DIGEST])
    lfs.faults[kind] = [Fault(status=status)]
    remote.put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}
    assert lfs.count("PUT") == 2
    lfs.token = "t1"
    assert fetched(remote) == DATA


def test_addresses_that_are_refused_twice_are_refused(lfs: Lfs) -> None:
    lfs.objects[DIGEST] = DATA
    lfs.faults["GET"] = [Fault(status=403)] * 9
    with pytest.raises(StorageFailed, match="403"):
        fetched(opened(lfs))
    assert lfs.count("GET") == 2


@pytest.mark.parametrize("ends", [{"expires_in": 20}, {"expires_at": "2015-10-21T07:28:00Z"}])
def test_addresses_about_to_end_are_not_kept(lfs: Lfs, ends: dict[str, Any]) -> None:
    lfs.objects[DIGEST] = DATA
    vars(lfs).update(ends)
    remote = opened(lfs)
    remote.sizes([DIGEST])
    before = lfs.count("BATCH")
    fetched(remote)
    assert lfs.count("BATCH") == before + 1


def test_addresses_that_hold_are_kept(lfs: Lfs) -> None:
    lfs.objects[DIGEST], lfs.expires_at = DATA, "2999-10-21T07:28:00+01:00"
    remote = opened(lfs)
    remote.sizes([DIGEST])
    fetched(remote)
    assert lfs.count("BATCH") == 1


def test_a_server_that_keeps_nothing_is_found_out(lfs: Lfs, source: Path) -> None:
    """By its own word: after the upload it is asked whether it has the object."""
    lfs.careless = True
    for lfs.verifies in (True, False):
        with pytest.raises(MlgitError, match="does not have it"):
            opened(lfs).put(DIGEST, source)
    assert lfs.count("GET") == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, StorageFailed),
        (404, StorageFailed),
        (406, StorageFailed),
        (413, StorageFailed),
        (422, StorageFailed),
        (501, StorageFailed),
        (507, StorageFailed),
        (509, StorageFailed),
        (429, RemoteFailed),
        (500, RemoteFailed),
        (502, RemoteFailed),
        (503, RemoteFailed),
    ],
)
@pytest.mark.parametrize("kind", ["BATCH", "PUT", "VERIFY"])
def test_a_refusal_says_whether_it_may_pass(
    lfs: Lfs, source: Path, kind: str, status: int, error: type[MlgitError]
) -> None:
    lfs.faults[kind] = [Fault(status=status)] * 5
    with pytest.raises(error, match=str(status)) as caught:
        opened(lfs).put(DIGEST, source)
    assert caught.value.hint
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("kind", ["BATCH", "PUT", "VERIFY"])
def test_a_lost_answer_is_a_failure_that_may_pass(lfs: Lfs, source: Path, kind: str) -> None:
    lfs.faults[kind] = [Fault(lost=True)]
    remote = opened(lfs)
    with pytest.raises(RemoteFailed):
        remote.put(DIGEST, source)
    remote.put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}


@pytest.mark.parametrize(
    ("status", "said", "meaning"),
    [
        (403, "This repository exceeded its LFS budget.", "limit of storage or bandwidth"),
        (422, "This repository is over its data quota.", "limit of storage or bandwidth"),
        (422, "Size must be less than or equal to 2147483648", "that large"),
        (422, "Object is 3 bytes", "not valid"),
    ],
)
def test_the_words_of_hosts_are_understood(
    lfs: Lfs, source: Path, status: int, said: str, meaning: str
) -> None:
    lfs.faults["BATCH"] = [Fault(status=status, said=said)]
    with pytest.raises(StorageFailed, match=meaning) as caught:
        opened(lfs).put(DIGEST, source)
    assert said in caught.value.message
    assert "another remote" in caught.value.hint or meaning == "not valid"


def test_an_object_that_is_too_large_is_refused(lfs: Lfs, source: Path) -> None:
    lfs.largest = 1000
    with pytest.raises(StorageFailed, match="that large"):
        opened(lfs).put(DIGEST, source)
    assert lfs.count("PUT") == 0


def test_it_waits_as_long_as_the_server_says(lfs: Lfs, source: Path) -> None:
    now, past = (("Retry-After", text) for text in ("0", "Wed, 21 Oct 2015 07:28:00 GMT"))
    for kind in ("BATCH", "PUT", "VERIFY"):
        lfs.faults[kind] = [Fault(status=429, headers=(until,)) for until in (now, past)]
    opened(lfs).put(DIGEST, source)
    assert lfs.objects == {DIGEST: DATA}


def test_a_wait_that_is_too_long_is_told(lfs: Lfs) -> None:
    lfs.faults["BATCH"] = [Fault(status=429, headers=(("Retry-After", "3600"),))]
    with pytest.raises(RemoteFailed) as caught:
        opened(lfs).sizes([DIGEST])
    assert "3600 s" in caught.value.hint
    assert caught.value.facts["retry_after"] == 3600


def test_nobody_there_is_a_failure_that_may_pass(lfs: Lfs) -> None:
    with pytest.raises(RemoteFailed):
        opened(lfs, url="http://127.0.0.1:1/team/models").sizes([DIGEST])


def test_a_store_that_is_not_there_is_named(lfs: Lfs) -> None:
    with pytest.raises(StorageFailed, match="no LFS store"):
        opened(lfs, url=lfs.url.replace("team", "nobody")).sizes([DIGEST])


def test_a_moved_repository_is_followed(lfs: Lfs) -> None:
    """But to no address of another kind."""
    lfs.objects[DIGEST] = DATA
    there = f"{lfs.url}.git/info/lfs/objects/batch"
    lfs.faults["BATCH"] = [Fault(status=307, headers=(("Location", there),))]
    assert opened(lfs).has(DIGEST)
    lfs.faults["BATCH"] = [Fault(status=302, headers=(("Location", "file:///etc/passwd"),))]
    with pytest.raises(StorageFailed, match="not safe"):
        opened(lfs).has(DIGEST)


def test_who_we_are_is_not_told_to_another_host(lfs: Lfs) -> None:
    lfs.objects[DIGEST], lfs.login = DATA, "ada:secret-word"
    with lfs_server() as other:
        place = f"{other.url}.git/info/lfs/objects/batch"
        remote = opened(lfs, url=lfs.url.replace("://", "://ada:secret-word@"))
        assert remote.has(DIGEST)
        lfs.faults["BATCH"] = [Fault(status=307, headers=(("Location", place),))]
        remote.has(DIGEST)
        assert "authorization" not in other.seen[0][1]


def test_a_login_that_is_refused_is_not_shown(lfs: Lfs) -> None:
    lfs.login = "ada:right"
    with pytest.raises(StorageFailed, match="who you are") as caught:
        opened(lfs, url=lfs.url.replace("://", "://ada:wrong-word@")).sizes([DIGEST])
    assert "wrong-word" not in f"{caught.value} {caught.value.hint} {caught.value.facts}"
    assert "log in" in caught.value.hint


def test_the_login_of_netrc_is_used(lfs: Lfs, tmp_path: Path) -> None:
    lfs.login = "ada:of-netrc"
    path = tmp_path / "home" / ".netrc"
    path.write_text("machine 127.0.0.1 login ada password of-netrc\n")
    path.chmod(0o600)
    assert opened(lfs).sizes([DIGEST]) == {}
