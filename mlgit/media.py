"""Figures and images as file bytes, told apart by what they can do."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mlgit import times
from mlgit.errors import InvalidValue, MissingExtra

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_PNG_COLOR = {1: 0, 3: 2, 4: 6}  # channels -> PNG colour type


def figure_bytes(
    figure: Any, file_name: str, save_kwargs: Mapping[str, Any] | None = None
) -> bytes:
    """A matplotlib or plotly figure in the format that the file name's ending names.

    Raises:
        InvalidValue: It is no figure, or the format is not one it can be written in.
    """
    suffix = _suffix(file_name)
    options = dict(save_kwargs or {})
    try:
        if hasattr(figure, "savefig"):
            return _saved(figure.savefig, {"format": suffix, **options})
        if suffix in ("html", "json") and hasattr(figure, f"to_{suffix}"):
            return str(
                getattr(figure, f"to_{suffix}")(**_web_options(figure, suffix, options))
            ).encode()
        if hasattr(figure, "to_image"):
            return bytes(figure.to_image(**{"format": suffix, **options}))
    except ValueError as error:
        raise InvalidValue(f"cannot write the figure as .{suffix}: {error}") from error
    raise InvalidValue(
        f"cannot write a {type(figure).__name__} as .{suffix}",
        hint="give a matplotlib figure, or a plotly figure and a name ending in .html or .png",
    )


def _web_options(figure: Any, suffix: str, options: dict[str, Any]) -> dict[str, Any]:
    """A plotly page names the script instead of holding its 4 MB."""
    plotly = suffix == "html" and hasattr(figure, "to_plotly_json")
    return {"include_plotlyjs": "cdn", **options} if plotly else options


def _saved(save: Callable[..., object], options: Mapping[str, Any]) -> bytes:
    buffer = BytesIO()
    save(buffer, **options)
    return buffer.getvalue()


def image_bytes(image: Any, file_name: str) -> bytes:
    """An image (PIL, or an array of height x width [x 1, 3 or 4]) in the format of the ending.

    Raises:
        InvalidValue: It is no image.
        MissingExtra: The format is not PNG and pillow is not installed.
    """
    suffix = _suffix(file_name)
    if not hasattr(image, "save"):
        pixels = image_pixels(image)
        if suffix == "png":
            return png(pixels)
        image = _pil_image(pixels)
    return _saved(image.save, {"format": {"jpg": "jpeg"}.get(suffix, suffix)})


def open_image(data: bytes, name: str) -> Any:
    """The image in the bytes of a file, as pillow's.

    Raises:
        MissingExtra: pillow is not installed.
        InvalidValue: It is no image.
    """
    if not has_pillow():
        raise _no_pillow("an image cannot be opened")
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(BytesIO(data))
        image.load()
    except (UnidentifiedImageError, OSError) as error:
        raise InvalidValue(f"{name} is no image: {error}") from error
    return image


def has_pillow() -> bool:
    """Whether formats other than PNG can be written."""
    from importlib.util import find_spec

    return find_spec("PIL") is not None


def image_pixels(image: Any) -> Pixels:
    """An array as bytes of shape height x width [x channels]; fractions 0..1 become 0..255.

    Raises:
        InvalidValue: Wrong shape or type, or whole numbers outside 0..255.
    """
    import numpy as np

    array = np.asarray(image)
    if array.dtype.kind not in "biuf":
        raise InvalidValue(f"an image cannot be of type {array.dtype}", dtype=str(array.dtype))
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _PNG_COLOR):
        raise InvalidValue(
            f"an image cannot have the shape {array.shape}",
            hint="use height x width, or height x width x 1, 3 or 4 channels",
        )
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * np.uint8(255)
    return _whole_bytes(array) if array.dtype.kind in "iu" else _scaled_bytes(array)


def png(pixels: Pixels) -> bytes:
    """Pixels of shape height x width [x 1, 3 or 4] as a PNG file."""
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    rows = pixels.reshape(height, width * channels)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)  # \0: no filter on this row
    head = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOR[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _whole_bytes(array: Any) -> Pixels:
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low < 0 or high > 255:
        raise InvalidValue(f"whole-number pixels must be within 0..255; found {low}..{high}")
    return array.astype("uint8")  # type: ignore[no-any-return]  # numpy is imported lazily


def _scaled_bytes(array: Any) -> Pixels:
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if low < 0 or high > 1:
        warnings.warn(
            f"float pixels are outside 0..1 ({low:.3g}..{high:.3g}): rescaled", stacklevel=4
        )
        array = (array - low) / ((high - low) or 1.0)
    return (array * 255).astype("uint8")  # type: ignore[no-any-return]  # as above


def _pil_image(pixels: Pixels) -> Any:
    if not has_pillow():
        raise _no_pillow("only PNG can be written")
    from PIL import Image

    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    return Image.fromarray(flat)


def _no_pillow(what: str) -> MissingExtra:
    return MissingExtra(f"{what} without pillow", hint="pip install pillow", package="pillow")


def _suffix(file_name: str) -> str:
    suffix = PurePosixPath(file_name).suffix.lower().lstrip(".")
    if not suffix:
        raise InvalidValue(f"{file_name!r} has no ending that names a format", hint="end in .png")
    return suffix


def series_paths(key: str, step: int, timestamp: int | None) -> list[str]:
    """Artifact paths of one image of a series, as MLflow's pages expect them.

    The whole image is a PNG; a small WebP stands beside it where pillow can write one.
    """
    when = times.now_ms() if timestamp is None else timestamp
    unique = "g" + times.random_bytes(15).hex()  # no hex digit first: not to be read as a number
    base = f"images/{key.replace('/', '#')}+step+{step}+timestamp+{when}+{unique}"
    return [f"{base}.png", *([f"{base}+compressed.webp"] if has_pillow() else [])]
