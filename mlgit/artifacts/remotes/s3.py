"""Remotes in S3 and what speaks like it: MinIO, R2, Ceph."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from mlgit.artifacts.remotes.place import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Head,
    Place,
    environment,
    filesystem,
)

if TYPE_CHECKING:
    from mlgit.artifacts.remotes.url import RemoteUrl


def place(url: RemoteUrl) -> Place:
    """A prefix in a bucket; the keys and the endpoint come from the environment."""
    root = f"{url.host}/{url.path}".rstrip("/")
    return Place(_make, root, url.host, head=head, write=write)


def _make() -> Any:
    settings = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "retries": {"max_attempts": 1},
    }
    endpoint = environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return filesystem("s3", endpoint_url=endpoint or None, config_kwargs=settings)


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would ask a second one where nothing is."""
    bucket, key, _ = fs.split_path(path)
    said = await fs._call_s3("head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    sha256 = _whole(said.get("ChecksumSHA256", ""))
    return Head(said["ContentLength"], said["LastModified"].timestamp(), sha256)


def _whole(checksum: str) -> str:
    """The digest in hex; empty when it is one of parts (`…-3`) or none."""
    return b64decode(checksum).hex() if checksum and "-" not in checksum else ""


async def write(fs: Any, path: str, data: bytes, sha256: str) -> None:
    """One request that S3 refuses when it does not receive what has that digest."""
    bucket, key, _ = fs.split_path(path)
    checksum = {"ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode()} if sha256 else {}
    await fs._call_s3("put_object", Bucket=bucket, Key=key, Body=data, **checksum)
