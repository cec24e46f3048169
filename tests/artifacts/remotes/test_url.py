"""Addresses of remotes: what is one place is taken as it is, all else is refused."""

from __future__ import annotations

import pytest

from mlgit.artifacts.remotes.url import RemoteUrl, parse_url
from mlgit.errors import InvalidValue

TAKEN = {
    "s3://bucket": RemoteUrl("s3", "bucket", ""),
    "s3://bucket/": RemoteUrl("s3", "bucket", ""),
    "s3://my.bucket-1/team/a b": RemoteUrl("s3", "my.bucket-1", "team/a b"),
    "S3://bucket/x": RemoteUrl("s3", "bucket", "x"),
    "gs://bucket/p": RemoteUrl("gs", "bucket", "p"),
    "gcs://bucket/p": RemoteUrl("gs", "bucket", "p"),
    "az://container/p": RemoteUrl("az", "container", "p"),
    "abfs://container/p": RemoteUrl("az", "container", "p"),
    "ssh://host/srv/models": RemoteUrl("ssh", "host", "/srv/models"),
    "sftp://ada@host.example.org:2222/srv": RemoteUrl(
        "ssh", "host.example.org", "/srv", "ada", 2222
    ),
    "ssh://10.0.0.7/srv": RemoteUrl("ssh", "10.0.0.7", "/srv"),
    "https://example.org/store": RemoteUrl("https", "example.org", "store"),
    "http://127.0.0.1:8000/": RemoteUrl("http", "127.0.0.1", "", "", 8000),
    "file:///mnt/share": RemoteUrl("file", "", "/mnt/share"),
    "/mnt/share/": RemoteUrl("file", "", "/mnt/share"),
    "/mnt/100% of ä": RemoteUrl("file", "", "/mnt/100% of ä"),
    "memory://a/b": RemoteUrl("memory", "a", "b"),
    "lfs:origin": RemoteUrl("lfs", "origin", ""),
}

REFUSED = {
    "nothing": "",
    "too long": "s3://" + "a" * 5000,
    "relative": "models",
    "relative with dots": "../models",
    "one dot": ".",
    "home": "~/models",
    "home of another": "~root/x",
    "home within": "/mnt/~/x",
    "home on a host": "ssh://host/~/x",
    "drive elsewhere": "C:\\models",
    "share": "\\\\srv\\s",
    "share with slashes": "//srv/share",
    "share as file": "file://srv/share",
    "file with more slashes": "file:////srv/share",
    "file without": "file:",
    "root alone is no folder": "file://",
    "control character": "s3://bucket/a\0b",
    "newline": "s3://bucket/a\nb",
    "escape": "/mnt/\x1b[2J",
    "right to left": "s3://bucket/\u202eabc",
    "lone surrogate": "/mnt/\udcff",
    "chain": "simplecache::file:///etc",
    "chain of archives": "zip://x::file:///etc/a.zip",
    "reference": "reference::http://x",
    "dir": "dir::/etc",
    "chain at the end": "s3://bucket/a::b",
    "unknown": "ftp://host/x",
    "github": "github://org:repo@main/x",
    "hugging face": "hf://datasets/x",
    "data": "data:text/plain,hello",
    "shell": "ext::sh -c id",
    "jar": "jar:file:///x!/y",
    "no slashes": "s3:bucket/x",
    "one slash": "s3:/bucket/x",
    "no bucket": "s3:///x",
    "ssh option as host": "ssh://-oProxyCommand=x/",
    "sftp option as host": "sftp://-oProxyCommand=touch pwned/x",
    "ssh option as user": "ssh://-oProxyCommand=x@host/srv",
    "ssh without a path": "ssh://host",
    "shell in a host": "ssh://$(id)/srv",
    "backquotes": "ssh://`id`/srv",
    "password": "ssh://ada:secret@host/srv",
    "password for the web": "https://ada:secret@example.org/x",
    "name for the web": "https://ada@example.org/x",
    "keys for s3": "s3://AKIA:secret@bucket/x",
    "token as a user": "https://ghp_0123456789@example.org/x",
    "query": "https://example.org/x?X-Amz-Signature=abc",
    "endpoint in a query": "s3://bucket/x?endpoint_url=http://evil",
    "sas": "az://container/x?sv=1&sig=abc",
    "fragment": "http:///#/../../etc/",
    "fragment for s3": "s3://bucket/#a",
    "percent": "https://example.org/..%2f..%2fetc",
    "percent twice": "s3://bucket/%252e%252e%252f",
    "backslash": "s3://bucket/..\\x",
    "dots": "s3://bucket/../other",
    "dots in a folder": "/mnt/share/../../etc",
    "dots in a file": "file:///mnt/../etc",
    "dots in memory": "memory://a/../../b",
    "dots as a bucket": "s3://../x",
    "one dot within": "/mnt/./x",
    "empty part": "s3://bucket/a//b",
    "port for a bucket": "s3://bucket:9000/x",
    "port of letters": "ssh://host:ssh/srv",
    "port too high": "ssh://host:65536/srv",
    "port zero": "ssh://host:0/srv",
    "port empty": "ssh://host:/srv",
    "port in other digits": "ssh://host:\u0661/srv",
    "metadata of clouds": "http://169.254.169.254/",
    "metadata as a number": "http://2852039166/",
    "metadata in hex": "http://0xa9fea9fe/",
    "metadata in octal": "http://0251.0376.0251.0376/",
    "metadata in short": "http://169.254.43518/",
    "metadata by name": "http://metadata.google.internal/computeMetadata",
    "mapped": "http://[::ffff:127.0.0.1]/",
    "mapped metadata": "http://[::ffff:169.254.169.254]/",
    "any address": "http://0.0.0.0/",
    "lfs of nothing": "lfs:",
    "lfs with an option": "lfs:--upload-pack=x",
    "lfs of an address": "lfs:https://u:p@host",
    "lfs with dots": "lfs:../x",
    "space before": " s3://bucket",
}


@pytest.mark.parametrize("url", TAKEN)
def test_an_address_is_taken_apart(url: str) -> None:
    assert parse_url(url) == TAKEN[url]


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_another_place_or_a_secret_is_refused(what: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_url(REFUSED[what])
    assert caught.value.hint
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"
