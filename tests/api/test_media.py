"""Figures and images become the file that their name asks for."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mlgit.errors import InvalidValue
from mlgit.media import figure_bytes, image_bytes


class Plotly:
    """What of a plotly figure matters here; plotly itself is not needed."""

    def to_plotly_json(self) -> dict[str, object]:
        return {}

    def to_html(self, include_plotlyjs: str) -> str:
        return f"<p>{include_plotlyjs}</p>"

    def to_json(self) -> str:
        return "{}"

    def to_image(self, format: str) -> bytes:  # noqa: A002  # plotly's own word
        return f"an image as {format}".encode()


def read(data: bytes) -> Any:
    return np.asarray(Image.open(BytesIO(data)))


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 1), (3, 5, 3), (3, 5, 4), (1, 1)])
def test_our_png_holds_the_very_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.arange(int(np.prod(shape)), dtype=np.uint8).reshape(shape)
    assert (
        read(image_bytes(pixels, "a.png")) == pixels.squeeze(axis=2 if shape[2:] == (1,) else ())
    ).all()


def test_fractions_and_truth_values_span_the_bytes() -> None:
    assert read(image_bytes(np.array([[0.0, 0.5, 1.0]]), "a.png")).tolist() == [[0, 127, 255]]
    assert read(image_bytes(np.array([[False, True]]), "a.png")).tolist() == [[0, 255]]


def test_fractions_outside_the_range_are_rescaled_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="rescaled"):
        data = image_bytes(np.array([[-1.0, 0.0, 3.0]]), "a.png")
    assert read(data).tolist() == [[0, 63, 255]]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.array([[0, 256]]), "0..255"),
        (np.zeros((2, 2, 2)), "shape"),
        (np.zeros(4), "shape"),
        (np.array([["a"]]), "type"),
    ],
)
def test_what_is_no_image_is_refused(image: Any, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        image_bytes(image, "a.png")


def test_other_formats_are_written_by_pillow() -> None:
    pixels = np.zeros((4, 4, 3), dtype=np.uint8)
    assert Image.open(BytesIO(image_bytes(pixels, "a.jpg"))).format == "JPEG"
    assert Image.open(BytesIO(image_bytes(Image.fromarray(pixels), "a.webp"))).format == "WEBP"


def test_a_matplotlib_figure_is_saved_by_its_own_means() -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    assert figure_bytes(figure, "a.png").startswith(b"\x89PNG")
    assert b"<svg" in figure_bytes(figure, "a.svg", {"transparent": True})


def test_a_plotly_figure_is_a_page_an_image_or_its_data() -> None:
    assert figure_bytes(Plotly(), "a.html") == b"<p>cdn</p>"
    assert figure_bytes(Plotly(), "a.html", {"include_plotlyjs": "none"}) == b"<p>none</p>"
    assert figure_bytes(Plotly(), "a.json") == b"{}"
    assert figure_bytes(Plotly(), "a.png") == b"an image as png"


@pytest.mark.parametrize("name", ["a.nosuch", "a", "a.html"])
def test_a_figure_in_a_format_it_lacks_is_refused(name: str) -> None:
    from matplotlib.figure import Figure

    with pytest.raises(InvalidValue):
        figure_bytes(Figure(), name)
    with pytest.raises(InvalidValue):
        figure_bytes(object(), name)
