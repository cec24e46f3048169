"""The files of a registered version, and that they are those that were approved."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlgit
from mlgit import MlgitClient
from mlgit.errors import Damaged, InvalidState, InvalidValue, NotFound
from mlgit.registry import aliases
from mlgit.store.store import Store
from tests.registry.helpers import written


@pytest.fixture
def registered(store: Store) -> Store:
    """v1 and v2 of churn, from runs with files in `model/`; v1 in production."""
    for weights in ("first", "second"):
        with mlgit.start_run() as run:
            mlgit.log_text(weights, "model/weights.txt")
            mlgit.log_text("{}", "other.json")
        mlgit.register_model(f"runs:/{run.info.run_id}/model", "churn")
    aliases.set_alias(store, "churn", "production", 1)
    return store


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("models:/churn/1/weights.txt", "first"),
        ("models:/churn/latest/weights.txt", "second"),
        ("models:/churn@production/weights.txt", "first"),
    ],
)
@pytest.mark.usefixtures("registered")
def test_files_are_found_by_version_and_alias(address: str, text: str) -> None:
    assert mlgit.load_text(address) == text


@pytest.mark.usefixtures("registered")
def test_a_version_is_downloaded_whole(tmp_path: Path) -> None:
    place = mlgit.download_artifacts("models:/churn@production", dst_path=tmp_path / "here")
    assert (Path(place) / "weights.txt").read_text() == "first"


@pytest.mark.usefixtures("registered")
def test_a_copy_has_the_files_of_what_it_copied() -> None:
    client = MlgitClient()
    client.copy_model_version("models:/churn/1", "live")
    client.copy_model_version("models:/live/1", "lively")
    client.delete_model_version("churn", 1)
    assert mlgit.load_text("models:/lively/1/weights.txt") == "first"


@pytest.mark.usefixtures("store")
def test_a_logged_model_is_found_by_its_version(tmp_path: Path) -> None:
    (tmp_path / "model.txt").write_text("trees")
    model = mlgit.log_model(tmp_path / "model.txt")
    mlgit.register_model(model.model_uri, "churn")
    assert mlgit.load_text("models:/churn/1/model.txt") == "trees"


def test_what_was_changed_after_its_approval_is_not_handed_out(registered: Store) -> None:
    path = "registry/models/churn/versions/1.yaml"
    text = (registered.snapshot().read(path) or b"").decode()
    manifest = next(line for line in text.splitlines() if line.startswith("manifest"))
    written(registered, path, text.replace(manifest, f'manifest: "sha256:{"0" * 64}"'))
    with pytest.raises(InvalidState, match="approved with other files"):
        mlgit.load_text("models:/churn@production/weights.txt")


def test_a_version_that_leads_elsewhere_is_not_what_was_approved(registered: Store) -> None:
    path = "registry/models/churn/versions/1.yaml"
    client = MlgitClient()
    first, second = (client.get_model_version("churn", number).run_id or "" for number in (1, 2))
    text = (registered.snapshot().read(path) or b"").decode()
    assert f"runs:/{first}/model" in text
    for other in (f"runs:/{second}/model", f"runs:/{first}", "s3://bucket/other"):
        written(registered, path, text.replace(f"runs:/{first}/model", other))
        with pytest.raises(InvalidState, match="approved with other files"):
            mlgit.load_text("models:/churn@production/weights.txt")
    written(registered, path, text.replace(f"runs:/{first}/model", f"runs:/{second}/model"))
    with pytest.raises(Damaged, match="listed otherwise"):  # also without an alias
        mlgit.load_text("models:/churn/1/weights.txt")
    written(registered, path, text)
    assert mlgit.load_text("models:/churn@production/weights.txt") == "first"


def test_a_manifest_that_was_changed_is_not_believed(registered: Store) -> None:
    version = MlgitClient().get_model_version("churn", 1)
    folder = registered.snapshot().folder_of(version.run_id or "")
    written(registered, f"{folder}/artifacts.yaml", "artifacts:\n  - path: evil\n    size: 0\n")
    for address in ("models:/churn@production/evil", "models:/churn/1/evil"):
        with pytest.raises(Damaged, match="listed otherwise"):
            mlgit.load_text(address)


@pytest.mark.usefixtures("store")
def test_files_that_mlgit_does_not_keep_are_not_promised() -> None:
    mlgit.register_model("s3://bucket/model", "churn")
    with pytest.raises(InvalidState, match="s3://bucket/model"):
        mlgit.download_artifacts("models:/churn/1")


@pytest.mark.parametrize("address", ["models:/churn/7/x", "models:/churn@nobody/x", "models:/x/1"])
@pytest.mark.usefixtures("registered")
def test_what_is_not_there_is_named(address: str) -> None:
    with pytest.raises(NotFound):
        mlgit.load_text(address)


@pytest.mark.parametrize("address", ["models:/churn/1/../../x", "models:/churn", "models:/a:b/1"])
@pytest.mark.usefixtures("registered")
def test_what_leads_elsewhere_is_refused(address: str) -> None:
    with pytest.raises((InvalidValue, NotFound)):
        mlgit.load_text(address)
