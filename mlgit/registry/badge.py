"""A badge: a small picture that says which version an alias serves; no server draws it."""

from __future__ import annotations

from xml.sax.saxutils import escape

from mlgit.records.visible import visible
from mlgit.registry.markdown import clipped

_PER_LETTER, _PADDING = 7, 12  # pixels
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{all}">
<title>{all}</title>
<rect width="{width}" height="20" rx="3" fill="#444d56"/>
<path d="M{left} 0h{bend}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{bend}z" fill="{colour}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left_middle}" y="14">{label}</text>
<text x="{right_middle}" y="14">{value}</text>
</g>
</svg>
"""
GOOD, UNDECIDED = "#0a7d45", "#9a6700"


def svg(label: str, value: str, colour: str = GOOD) -> str:
    """The picture: `label` on the left, `value` on the right; both are shown as they are."""
    names = [visible(clipped(text, 60)) for text in (label, value)]
    left, right = (len(name) * _PER_LETTER + _PADDING for name in names)
    shown = [escape(name, {'"': "&quot;"}) for name in names]
    return _SVG.format(
        width=left + right,
        left=left,
        bend=right - 3,
        left_middle=left / 2,
        right_middle=left + right / 2,
        label=shown[0],
        value=shown[1],
        all=f"{shown[0]}: {shown[1]}",
        colour=colour,
    )
