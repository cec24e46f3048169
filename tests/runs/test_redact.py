from __future__ import annotations

import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.runs.redact import (
    REDACTED,
    redacted_arguments,
    redacted_text,
    redacted_url,
    redacted_value,
    secret_in_patch,
)

# Made up; put together here so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "a1B2" * 9
GITLAB = "glpat-" + "Xy12_abcdEFGH34567890"
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
SLACK = "xoxb-" + "1234567890-abcdefGHIJ"
HUGGING_FACE = "hf_" + "aBcDeFgH" * 4
OPENAI = "sk-" + "a1" * 24
OPENAI_PROJECT = "sk-proj-" + "Ab1_" * 10
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PEM = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"
SHAPED = [GITHUB, GITLAB, AWS, SLACK, HUGGING_FACE, OPENAI, OPENAI_PROJECT, JWT, PEM]
RANDOM = "tP9xK2mQ8vL4nR7sW1yZ"


@pytest.mark.parametrize("secret", SHAPED)
def test_a_secret_of_a_known_shape_goes_whatever_it_is_called(secret: str) -> None:
    for text in (secret, f"key={secret},", f"see {secret} here", f'"{secret}"'):
        assert secret not in redacted_value("note", text)
        assert secret not in " ".join(redacted_arguments(["train.py", text]))
        assert secret_in_patch(f"+++ b/conf.py\n+x = '{text}'\n").endswith(" in conf.py")


@pytest.mark.parametrize(
    "name",
    [
        *("password", "db_password", "DB_PASSWORD", "dbPassword", "passwd", "secret", "api_key"),
        *("API_KEY", "apikey", "aws_secret_access_key", "client_secret", "auth-token", "hf_token"),
        *("config/database/password", "passphrase", "ACCESS_TOKEN"),
    ],
)
def test_what_announces_itself_as_secret_goes_whatever_it_looks_like(name: str) -> None:
    assert redacted_value(name, "hunter2") == REDACTED
    assert redacted_arguments([f"--{name}", "hunter2"]) == [f"--{name}", REDACTED]
    assert redacted_arguments([f"--{name}=hunter2"]) == [f"--{name}={REDACTED}"]
    assert "hunter22" not in redacted_text(f"run with {name}=hunter22 please")
    assert name.split("/")[-1][:40] in secret_in_patch(f'+++ b/a.py\n+{name} = "hunter2"\n')


def test_a_random_secret_leaves_its_fingerprint_and_a_guessable_one_nothing() -> None:
    marked = redacted_value("api_key", RANDOM)
    assert marked.startswith("[redacted sha256:")
    assert marked != redacted_value("api_key", RANDOM[::-1])
    assert redacted_value("password", "correct horse") == REDACTED


def test_a_name_that_only_hints_needs_a_value_that_confirms() -> None:
    assert redacted_value("token", RANDOM).startswith("[redacted")
    for value in ("[PAD]", "</s>", "512", "bert-base-uncased", "word"):
        assert redacted_value("token", value) == value


def test_only_the_password_of_a_url_goes() -> None:
    cleaned = redacted_value("db", "postgres://ada:s3cr3t@db.example.org/runs")
    assert cleaned == f"postgres://ada:{REDACTED}@db.example.org/runs"
    assert redacted_url("https://ada:pw@git.example.org/x.git") == "https://git.example.org/x.git"
    assert redacted_url(f"https://{GITHUB}@github.com/x.git") == "https://github.com/x.git"
    assert redacted_url("git@github.com:a/x.git") == "git@github.com:a/x.git"
    assert redacted_url("ssh://git@host/x.git") == "ssh://git@host/x.git"


SIGNED = {
    "https://b.s3.amazonaws.com/data.csv": {  # a file of Amazon's, or of what speaks as it does
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{AWS}%2F20260102%2Feu-central-1%2Fs3%2Faws4_request",
        "X-Amz-Date": "20260102T030405Z",
        "X-Amz-Security-Token": "IQoJb3JpZ2luX2VjEXAMPLE%2F%2F%2FwEaCXVzLWVhc3QtMSJH%3D%3D",
        "X-Amz-Signature": "9f1c" * 16,
    },
    "https://storage.googleapis.com/b/data.csv": {
        "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
        "X-Goog-Signature": "0a1b" * 64,
    },
    "https://a.blob.core.windows.net/c/data.csv": {
        "sv": "2022-11-02",
        "se": "2026-01-02T03%3A04%3A05Z",
        "sp": "r",
        "sig": "bmV2ZXIgYSBzaWduYXR1cmU%2BYXQgYWxsIQ%3D%3D",
    },
    "https://d111.cloudfront.net/data.csv": {
        "Expires": "1767323045",
        "Signature": "nitfHRCrtziwO2HwPfWw~yYDhUF5EwRunQA-j19DzZr",
    },
}
HARMLESS = {"X-Amz-Algorithm", "X-Amz-Date", "X-Goog-Algorithm", "sv", "se", "sp", "Expires"}


@given(st.sampled_from(sorted(SIGNED)), st.randoms(use_true_random=False))
def test_a_signed_url_keeps_its_place_and_loses_what_opens_it(place: str, order: Random) -> None:
    parts = list(SIGNED[place].items())
    order.shuffle(parts)
    url = f"{place}?" + "&".join(f"{name}={value}" for name, value in parts)
    for cleaned in (
        redacted_value("data", url),
        redacted_text(f"read {url} twice"),
        redacted_arguments(["train.py", "--data", url])[2],
        redacted_arguments([f"--data={url}"])[0],
    ):
        assert place in cleaned
        for name, value in parts:
            assert (value in cleaned) == (name in HARMLESS)
    assert secret_in_patch(f"+++ b/conf.py\n+x = '{url}'\n").endswith(" in conf.py")


@pytest.mark.parametrize(
    "value",
    ["?sig=none", "a&Signature=<signature>", "X-Amz-Signature=", "x?sigma=0.12345678901234567"],
)
def test_what_is_no_signature_of_a_url_stays(value: str) -> None:
    assert redacted_value("note", value) == value


@pytest.mark.parametrize(
    "value", ["", "None", "true", "$DB_PASSWORD", "${SECRET}", "<your token>", "***", "changeme"]
)
def test_a_placeholder_is_no_secret(value: str) -> None:
    assert redacted_value("password", value) == value


def test_an_option_is_not_taken_for_the_value_of_the_one_before() -> None:
    assert redacted_arguments(["--password", "--epochs", "3"]) == ["--password", "--epochs", "3"]


ORDINARY = {
    "lr": "0.001",
    "optimizer": "AdamW",
    "max_tokens": "4096",
    "tokenizer": "meta-llama/Llama-3.1-8B-Instruct",
    "pad_token": "<pad>",
    "token_dropout": "0.1",
    "sort_key": "created_at",
    "primary_key": "customer_id",
    "key": "value",
    "s3_key": "datasets/2024-01-01/part-00000.parquet",
    "commit": "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "path": "/home/ada/projects/churn/data/train.csv",
    "pwd": "/home/ada/projects",
    "url": "https://example.org:8080/data?x=1&y=2",
    "dataset": "s3://bucket/prefix/key.csv",
    "image": "registry.example.org/team/train:1.2.3",
    "uuid": "0b8f6f2e-6f1c-4c39-9c5b-4a1f1f2a3b4c",
    "layers": "[64, 128, 256]",
    "sk_model": "sk-learn-gradient-boosting-classifier",
    "authors": "Ada, Grace",
    "secret_layers": "3",
    "password_min_length": "12",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_parameters_stay(name: str) -> None:
    assert redacted_value(name, ORDINARY[name]) == ORDINARY[name]
    assert redacted_arguments([f"--{name}", ORDINARY[name]])[1] == ORDINARY[name]


@given(
    st.sampled_from(sorted(set(ORDINARY) - {"pad_token"})),
    st.one_of(
        st.floats().map(repr),
        st.integers().map(str),
        st.text(string.ascii_letters + " _-/.,", max_size=40),
        st.binary(min_size=20, max_size=20).map(bytes.hex),
    ),
)
def test_numbers_words_paths_and_hashes_are_never_touched(name: str, value: str) -> None:
    assert redacted_value(name, value) == value


@given(st.sampled_from(SHAPED), st.text(max_size=30), st.text(max_size=30))
def test_no_surrounding_text_hides_a_secret_behind_spaces(
    secret: str, before: str, after: str
) -> None:
    assert secret not in redacted_value("note", f"{before} {secret} {after}")


CODE = """\
diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,4 +1,9 @@
 import os
+password = os.environ["DB_PASSWORD"]
+api_key = getpass.getpass("API key: ")
+token: str = tokenizer.decode(ids)
+def connect(password: str, secret: SecretStr = None) -> None: ...
+client = Client(api_key=settings.api_key, password=password,
+                auth_token=auth_token)
+parser.add_argument("--api-key", default="OPENAI_API_KEY", help="name of the variable")
+key = "9fceb02d0ae598e95dc970b74767f19372d61af8"
+weights = "https://example.org/model.bin"
"""


def test_code_that_handles_secrets_holds_none() -> None:
    assert secret_in_patch(CODE) == ""


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("conf/app.yaml", "password: hunter22", True),
        (".env", "API_KEY=abcdef123456", True),
        ("app/.env.local", "export DB_PASSWORD=hunter22", True),
        ("train.py", "password: hunter22", False),
        ("settings.json", '"password": "hunter22"', True),
        ("README.md", 'api_key = "your-api-key"', False),
    ],
)
def test_settings_files_are_read_as_such(file: str, line: str, found: bool) -> None:
    assert (f"in {file}" in secret_in_patch(f"+++ b/{file}\n@@ -0,0 +1 @@\n+{line}\n")) is found


def test_the_reason_names_kind_and_file_and_never_the_secret() -> None:
    patch = f"+++ b/a.py\n+x = 1\n+++ b/deep/b c.py\n+y = '{GITHUB}'\n"
    assert secret_in_patch(patch) == "a GitHub token in deep/b c.py"


def test_a_large_patch_takes_no_time_to_speak_of() -> None:
    line = "+    values[index] = compute(index, table=table, weight=0.25)  # a comment here\n"
    assert secret_in_patch("+++ b/a.py\n" + line * 12_000) == ""
