"""What secrets look like: strings whose shape gives them away, and names that announce one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import NamedTuple


class Secret(NamedTuple):
    """One secret in a text: what it is and where it stands."""

    kind: str
    start: int
    end: int


# Kind, strings of which one must be there (a quick look before the expression), expression; where
# there is a group, only that part is the secret. Compiled when first needed: most runs need none.
_SHAPES: tuple[tuple[str, str, str], ...] = (
    ("an AWS access key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (
        "a GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b",
    ),
    (
        "a GitLab token",
        "glpat- gldt- glptt- glrt- glft- glsoat- glcbt-",
        r"\bgl(?:pat|dt|ptt|rt|ft|soat|cbt)-[A-Za-z0-9_\-.]{20,}",
    ),
    ("a Slack token", "xox xapp-", r"\bx(?:ox[abeoprs]|app)-[A-Za-z0-9-]{10,}"),
    (
        "a Slack webhook",
        "hooks.slack.com",
        r"hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,})",
    ),
    ("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}\b"),
    (
        "an API key",
        "sk-",
        (
            r"\bsk-(?:(?:proj|svcacct|admin|or-v\d|ant-[a-z0-9]+)-[A-Za-z0-9_-]{20,}"
            r"|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32,})"
        ),
    ),
    ("a Google API key", "AIza", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("a Stripe key", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,}"),
    ("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    ("an Azure account key", "AccountKey=", r"AccountKey=([A-Za-z0-9+/]{40,}={0,2})"),
    (
        "a private key",
        "PRIVATE KEY",
        (
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[^-]{0,8192}-----END [A-Z0-9 ]{0,40}-----)?"
        ),
    ),
    (
        "a JSON web token",
        "eyJ",
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    ("a password in a URL", "://", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]*:([^\s/@'\"]+)@"),
    ("a token in a URL", "://", r"\bhttps?://([A-Za-z0-9_-]{20,})@"),
    (
        "the signature of a URL",
        "X-Amz- x-amz- X-Goog- x-goog-",
        (
            r"\b[Xx]-(?:[Aa]mz|[Gg]oog)-(?:[Ss]ignature|[Cc]redential|[Ss]ecurity-[Tt]oken)"
            r"=([\w%+/=.~@-]{16,})"
        ),
    ),
    ("the signature of a URL", "sig= Signature=", r"[?&;](?:sig|Signature)=([\w%+/=.~-]{20,})"),
    ("a bearer token", "earer ", r"\b[Bb]earer ([A-Za-z0-9_\-.=+/]{20,})"),
)


def find(text: str) -> Iterator[Secret]:
    """Secrets that their shape gives away, kind by kind."""
    for kind, needles, expression in _SHAPES:
        if any(needle in text for needle in needles.split()):
            for match in re.finditer(expression, text):
                group = match.re.groups
                if "URL" not in kind or not is_placeholder(match[group]):
                    yield Secret(kind, *match.span(group))


_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+"
_ANNOUNCING = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "apikey",
        "secretkey",
        "accesskey",
        "privatekey",
        "authtoken",
        "accesstoken",
        "apitoken",
    ]
)
_ANNOUNCING_PAIRS = frozenset(
    tuple(pair.split("_"))
    for pair in [
        "api_key",
        "access_key",
        "secret_key",
        "private_key",
        "account_key",
        "auth_key",
        "signing_key",
        "encryption_key",
        "api_token",
        "access_token",
        "auth_token",
        "bearer_token",
        "refresh_token",
        "session_token",
        "security_token",
        "github_token",
        "gitlab_token",
        "hf_token",
        "hub_token",
        "bot_token",
        "deploy_token",
    ]
)
_HINTING = frozenset(["token", "auth", "authorization", "credential", "credentials", "bearer"])


def announces(name: str) -> bool:
    """Whether what goes by that name is a secret: `db_password`, `API_KEY`, `--auth-token`."""
    words = _words(name)
    return (
        bool(words)
        and (words[-1] in _ANNOUNCING or tuple(words[-2:]) in _ANNOUNCING_PAIRS)
        and words != ["pwd"]  # a folder, more often than not
    )


def hints(name: str) -> bool:
    """Whether what goes by that name may be a secret, which its value must confirm: `token`."""
    words = _words(name)
    return bool(words) and words[-1] in _HINTING


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(_WORDS, name)]


_PLACEHOLDER = (
    r"(?is)[<{[($].*|%[(s].*|env:.*|[\w.]+[(\[].*[)\]]|[x*.#-]+|.*\.\.\."
    r"|(?:.*[\W_])?(?:your|example|placeholder|change_?me|dummy|redacted)(?:[\W_].*)?"
)
_EMPTY = frozenset(("", "none", "null", "true", "false", "yes", "no", "0", "1", "nan"))


def is_placeholder(value: str) -> bool:
    """Whether the value only stands where a secret will be: `<token>`, `$PASSWORD`, `None`."""
    return value.strip().lower() in _EMPTY or re.fullmatch(_PLACEHOLDER, value) is not None


_TOKEN = r"[A-Za-z0-9_\-+/=.:~]{16,}"


def is_random(value: str) -> bool:
    """Whether the value was drawn by a machine: long, of one piece, letters and digits mixed."""
    if not re.fullmatch(_TOKEN, value):
        return False
    kinds = (str.isupper, str.islower, str.isdigit)
    mixed = sum(any(map(kind, value)) for kind in kinds)
    hexadecimal = len(value) >= 32 and all(letter in "0123456789abcdefABCDEF" for letter in value)
    return hexadecimal or (mixed == 3 and _entropy(value) >= 3.5)


def _entropy(value: str) -> float:
    """Bits a character."""
    size = len(value)
    return -sum(n / size * log2(n / size) for n in Counter(value).values())
