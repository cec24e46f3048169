from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.bridges.mlflow.addresses import Place, of_model, of_run, parse
from mlgit.errors import InvalidValue

FOLDERS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(FOLDERS)
def test_an_address_comes_back_whatever_the_folder_is_called(name: str) -> None:
    folder = Path("/") / name
    assert parse(of_run(folder, "ab12")) == Place(folder, "runs", "ab12")
    assert parse(of_model(folder, "m-1") + "/a%20b/c") == Place(folder, "models", "m-1", "a b/c")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mlgit-artifacts:",
        "runs:/ab",
        "mlgit-artifacts:/x/@/other/1",
        "mlgit-artifacts:/@/runs/",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidValue, match="no place of artifacts"):
        parse(address)
