"""Clouds that refuse, are busy or know no such bucket: which error, with which words, how soon.

The credentials are canaries: none of them may be seen anywhere.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from mlgit.artifacts.remotes.fsspec_remote import FsspecRemote
from mlgit.artifacts.remotes.opening import open_remote
from mlgit.errors import MlgitError, RemoteFailed, StorageFailed
from tests.support.mirror import Answer, Mirror, mirror

# aiohttp says so of the bytes of any upload by the SDKs of Azure and Google.
pytestmark = [
    pytest.mark.full,
    pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning"),
]

DATA = b"x" * 1000
DIGEST = sha256(DATA).hexdigest()
KEY = b64encode(b"canary of an Azure account").decode()
PACKAGES = {"s3": "s3fs", "az": "adlfs", "gs": "gcsfs"}
SECRET = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_CONNECTION_STRING",
)
HINTS = {
    "s3": "AWS_ACCESS_KEY_ID",
    "az": "AZURE_STORAGE_CONNECTION_STRING",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
}


class Refusal(NamedTuple):
    """What a cloud says, and what it comes to."""

    kind: str
    status: int
    code: str
    error: type[MlgitError]


REFUSALS = [
    Refusal("s3", 403, "AccessDenied", StorageFailed),
    Refusal("s3", 403, "InvalidAccessKeyId", StorageFailed),
    Refusal("s3", 403, "SignatureDoesNotMatch", StorageFailed),
    Refusal("s3", 403, "RequestTimeTooSkewed", StorageFailed),
    Refusal("s3", 400, "ExpiredToken", StorageFailed),
    Refusal("s3", 400, "InvalidToken", StorageFailed),
    Refusal("s3", 400, "AuthorizationHeaderMalformed", StorageFailed),
    Refusal("s3", 404, "NoSuchBucket", StorageFailed),
    Refusal("s3", 503, "SlowDown", RemoteFailed),
    Refusal("s3", 500, "InternalError", RemoteFailed),
    Refusal("az", 401, "NoAuthenticationInformation", StorageFailed),
    Refusal("az", 403, "AuthenticationFailed", StorageFailed),
    Refusal("az", 403, "AuthorizationFailure", StorageFailed),
    Refusal("az", 404, "ContainerNotFound", StorageFailed),
    Refusal("az", 503, "ServerBusy", RemoteFailed),
    Refusal("gs", 401, "authError", StorageFailed),
    Refusal("gs", 403, "forbidden", StorageFailed),
    Refusal("gs", 404, "notFound", StorageFailed),
    Refusal("gs", 429, "rateLimitExceeded", RemoteFailed),
    Refusal("gs", 503, "backendError", RemoteFailed),
]


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A server that takes the place of all clouds; the environment leads to it."""
    with mirror(tmp_path) as running:
        account = "DefaultEndpointsProtocol=http;AccountName=acc"
        environment = {
            "AWS_ACCESS_KEY_ID": "canary-access-key",
            "AWS_SECRET_ACCESS_KEY": "canary-secret-key",
            "AWS_SESSION_TOKEN": "canary-session",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_S3": running.url,
            "STORAGE_EMULATOR_HOST": running.url,
            "AZURE_STORAGE_CONNECTION_STRING": (
                f"{account};AccountKey={KEY};BlobEndpoint={running.url}/acc;"
            ),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield running


def answer(one: Refusal) -> Answer:
    """The words of that cloud; they quote a secret, as some proxies do."""
    said = f"words about it, of canary-secret-key and {KEY}"
    if one.kind == "gs":
        text = f'{{"error": {{"code": {one.status}, "message": "{one.code}: {said}"}}}}'
        return Answer(one.status, [("Content-Type", "application/json")], text.encode())
    text = f"<Error><Code>{one.code}</Code><Message>{said}</Message></Error>"
    headers = [("Content-Type", "application/xml"), ("x-ms-error-code", one.code)]
    return Answer(one.status, headers, f"<?xml version='1.0'?>{text}".encode())


def attempts(remote: FsspecRemote, scratch: Path) -> list[Callable[[], object]]:
    path = scratch / "file"
    path.write_bytes(DATA)
    return [
        lambda: remote.sizes([DIGEST]),
        lambda: remote.get(DIGEST, BytesIO()),
        lambda: remote.put(DIGEST, path),
        lambda: list(remote.keys("sha256")),
    ]


@pytest.mark.parametrize("one", REFUSALS, ids=lambda one: f"{one.kind}-{one.code}")
def test_a_refusal_is_told_from_what_may_pass(
    web: Mirror,
    one: Refusal,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if find_spec(PACKAGES[one.kind]) is None:
        pytest.skip(f"{PACKAGES[one.kind]} is not installed")
    caplog.set_level(logging.INFO)
    web.always = answer(one)
    remote = cast("FsspecRemote", open_remote("main", f"{one.kind}://bucket/team"))
    for attempt in attempts(remote, tmp_path):
        web.seen.clear()
        with pytest.raises(one.error) as caught:
            attempt()
        error = caught.value
        told = f"{error.message} {error.hint} {error.facts}"
        assert "main" in error.message
        assert "bucket" in error.message
        assert (HINTS[one.kind] in error.hint) == (one.error is StorageFailed and one.status != 404)
        assert error.hint
        assert error.__cause__ is None
        assert "canary" not in told
        assert KEY not in told
        assert 0 < len(web.seen) <= 10
    printed = "".join(capfd.readouterr()) + caplog.text
    assert "canary" not in printed
    assert KEY not in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize("kind", ["s3", "az"])
def test_nobody_is_let_in_without_credentials(
    web: Mirror, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(PACKAGES[kind])
    for name in SECRET:
        monkeypatch.delenv(name)
    remote = cast("FsspecRemote", open_remote("main", f"{kind}://bucket/team"))
    for attempt in attempts(remote, tmp_path):
        with pytest.raises(StorageFailed) as caught:
            attempt()
        assert HINTS[kind] in caught.value.hint
        assert "main (bucket/team)" in caught.value.message
    assert web.seen == []
