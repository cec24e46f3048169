"""Remotes in S3 and what speaks like it: MinIO, R2, Ceph."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from contextlib import suppress
from hashlib import sha256 as new_digest
from pathlib import Path
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

_PART = 16 << 20  # bytes; more where there would be too many parts
_PARTS = 9_000
_AT_ONCE = 4  # parts on their way


def place(url: RemoteUrl) -> Place:
    """A prefix in a bucket; the keys and the endpoint come from the environment."""
    root = f"{url.host}/{url.path}".rstrip("/")
    return Place(
        _make,
        root,
        url.host,
        bundles=True,
        login="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and "
        f"AWS_ENDPOINT_URL: aws s3 ls s3://{url.host}",
        head=head,
        write=write,
        send=send,
        stream=stream,
    )


def _make() -> Any:
    settings = {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "retries": {"max_attempts": 1},
        "max_pool_connections": 32,
    }
    endpoint = environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    return filesystem("s3", endpoint_url=endpoint or None, config_kwargs=settings)


async def head(fs: Any, path: str) -> Head:
    """One question; `info` would ask a second one where nothing is."""
    bucket, key, _ = fs.split_path(path)
    said = await fs._call_s3("head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    in_parts = "-" in said.get("ETag", "")  # then the digest is one of digests
    sha256 = "" if in_parts else _whole(said.get("ChecksumSHA256", ""))
    return Head(said["ContentLength"], said["LastModified"].timestamp(), sha256)


def _whole(checksum: str) -> str:
    """The digest in hex; empty when it is one of parts (`…-3`) or none."""
    return b64decode(checksum).hex() if checksum and "-" not in checksum else ""


async def write(fs: Any, path: str, data: bytes, sha256: str) -> str:
    """One request that S3 refuses when it does not receive what has that digest; as `send`."""
    bucket, key, _ = fs.split_path(path)
    checksum = {"ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode()} if sha256 else {}
    said = await fs._call_s3("put_object", Bucket=bucket, Key=key, Body=data, **checksum)
    return _whole(said.get("ChecksumSHA256", ""))


async def stream(fs: Any, path: str, start: int) -> Any:
    """The bytes from `start` on, to be read."""
    bucket, key, _ = fs.split_path(path)
    asked = {"Range": f"bytes={start}-"} if start else {}
    return (await fs._call_s3("get_object", Bucket=bucket, Key=key, **asked))["Body"]


async def send(fs: Any, path: str, source: str, callback: Any) -> str:
    """Upload in parts, of each of which S3 checks the digest.

    Returns the digest of what was sent, where S3's own digest over all parts says that it has it.
    """
    bucket, key, _ = fs.split_path(path)
    where = {"Bucket": bucket, "Key": key}
    made = await fs._call_s3("create_multipart_upload", **where, ChecksumAlgorithm="SHA256")
    upload = {**where, "UploadId": made["UploadId"]}
    try:
        sha256, parts = await _send_parts(fs, upload, Path(source), callback)
        listed = {"Parts": parts}
        await fs._call_s3("complete_multipart_upload", **upload, MultipartUpload=listed)
    except BaseException:
        with suppress(Exception):
            await fs._call_s3("abort_multipart_upload", **upload)
        raise
    digests = b"".join(b64decode(part["ChecksumSHA256"]) for part in parts)
    ours = b64encode(new_digest(digests).digest()).decode()
    said = await fs._call_s3("head_object", **where, ChecksumMode="ENABLED")
    return sha256 if said.get("ChecksumSHA256", "").partition("-")[0] == ours else ""


async def _send_parts(
    fs: Any, upload: dict[str, str], source: Path, callback: Any
) -> tuple[str, list[dict[str, Any]]]:
    size, whole, gate = source.stat().st_size, new_digest(), asyncio.Semaphore(_AT_ONCE)
    length = max(_PART, -(-size // _PARTS))
    tasks: list[asyncio.Task[dict[str, Any]]] = []

    async def one(number: int, data: bytes) -> dict[str, Any]:
        try:
            checksum = b64encode((await asyncio.to_thread(new_digest, data)).digest()).decode()
            part = {"PartNumber": number, "ChecksumSHA256": checksum}
            said = await fs._call_s3("upload_part", **upload, Body=data, **part)
            callback.relative_update(len(data))
            return {**part, "ETag": said["ETag"]}
        finally:
            gate.release()

    try:
        with source.open("rb") as file:
            await gate.acquire()
            while data := await asyncio.to_thread(file.read, length):
                whole.update(data)
                tasks.append(asyncio.ensure_future(one(len(tasks) + 1, data)))
                await gate.acquire()
        return whole.hexdigest(), list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
