"""A bar chart as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

WIDTH, ROW, LEFT, RIGHT = 640, 34, 90, 90


def bars(title: str, values: Mapping[str, float]) -> str:
    """Return one bar for each value, to scale from zero; the number stands behind its bar."""
    most = max(values.values(), default=0.0) or 1.0
    height = ROW * (len(values) + 1) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="14" fill="#777">',
        f"<title>{escape(title)}</title>",
        f'<text x="0" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, value) in enumerate(values.items(), start=1):
        top, length = ROW * number, max(1.0, (WIDTH - LEFT - RIGHT) * value / most)
        lines += [
            f'<text x="0" y="{top + 20}">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top + 5}" width="{length:.1f}" height="{ROW - 12}" fill="#3b7dd8"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{top + 20}">{value:.3g}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
