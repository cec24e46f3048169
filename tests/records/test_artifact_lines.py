"""The fast way to read and write a manifest: what it says is what the slow one says."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgit.errors import Damaged, InvalidValue
from mlgit.records import artifact, artifact_lines, text
from mlgit.records.artifact import ArtifactEntry, Manifest, dump_manifest, load_manifest
from tests.records import record_strategies as draw

PLAIN = ArtifactEntry("a/b.bin", 12, "7" * 64, "files/a/b.bin", "s3://bucket/key")
manifests = st.lists(draw.entries, max_size=4).map(
    lambda found: sorted(found, key=lambda entry: (entry.path, entry.sha256, entry.uri))
)


def slowly(data: bytes) -> list[ArtifactEntry] | None:
    with suppress(Damaged):
        return [artifact._doc_to_entry(entry) for entry in text.load(data)["artifacts"]]
    return None


@given(manifests)
def test_what_it_writes_is_what_the_document_says(entries: list[ArtifactEntry]) -> None:
    plain = [entry._replace(extra={}) for entry in entries]
    data = artifact_lines.write(entry[:5] for entry in plain)
    if plain and data is not None:
        assert data == text.dump(artifact._to_doc(plain, Manifest()))


@given(manifests)
def test_what_it_reads_is_what_the_document_says(entries: list[ArtifactEntry]) -> None:
    data = text.dump(artifact._to_doc(entries, Manifest()))
    found = artifact_lines.read(data)
    if found is not None:
        assert [ArtifactEntry(*fields) for fields in found] == entries == slowly(data)


@given(st.data())
def test_a_changed_byte_never_makes_it_read_something_else(data: st.DataObject) -> None:
    whole = dump_manifest([PLAIN, PLAIN._replace(path="yes"), PLAIN._replace(path="c", inline="")])
    at = data.draw(st.integers(0, len(whole) - 1))
    some = data.draw(
        st.sampled_from([b"", b" ", b"\n", b'"', b"\\", b"0", b"n", b"no", b": ", b"#"])
    )
    changed = whole[:at] + some + whole[at + data.draw(st.integers(0, 8)) :]
    found = artifact_lines.read(changed)
    if found is not None:
        assert [ArtifactEntry(*fields) for fields in found] == slowly(changed)


@pytest.mark.parametrize(
    "path", ["null", "no", "tRue", "", "a\nb", 'a"b', "a\\b", "\ufeff", "\u2028"]
)
def test_a_name_that_is_not_plain_is_left_to_the_slow_way(path: str) -> None:
    entries = [PLAIN._replace(path=path)]
    data = text.dump(artifact._to_doc(entries, Manifest()))
    assert artifact_lines.read(data.replace(b'"null"', b"null")) in (None, [entries[0][:5]])
    assert artifact_lines.write([entries[0][:5]]) in (None, data)


def test_a_long_manifest_is_read_in_this_way() -> None:
    entries = [PLAIN._replace(path=f"{number:05d}/é.png") for number in range(1000)]
    data = dump_manifest(entries)
    assert artifact_lines.read(data) == [entry[:5] for entry in entries]
    assert load_manifest(data) == entries
    assert data == text.dump(artifact._to_doc(entries, Manifest()))


def test_a_list_that_nobody_would_read_is_not_written() -> None:
    entries = [PLAIN._replace(path=f"{number:05d}/" + "x" * 1000) for number in range(16_000)]
    with pytest.raises(InvalidValue, match="16000 artifacts"):
        dump_manifest(entries)
