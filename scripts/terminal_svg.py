"""Record the demo as the READMEs show it: its real output on a terminal, as SVG, in both languages.

python scripts/terminal_svg.py
"""

from __future__ import annotations

import html
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "images"
WIDTH, HEIGHT = 100, 48
HOME = Path(tempfile.gettempdir()) / "crm-bridge-demo"
COMMAND = "crm-bridge demo"
NAMES = {"en": "demo.svg", "zh": "demo.zh-CN.svg"}
FONTS = "ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace"


def record(language: str) -> str:
    """Run the demo on a terminal of its own and return what it printed there."""
    shutil.rmtree(HOME, ignore_errors=True)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "LINES": "200", "CRM_BRIDGE_LANG": language, "TERM": "dumb"}
    environment |= {"CRM_BRIDGE_SEED": "demo", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'adapters'}"}
    words = [sys.executable, "-m", "crm_bridge", "--home", str(HOME), "demo"]
    # Bars come and go on the other stream, and are not part of what stays on the screen.
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=quiet, env=environment, close_fds=True)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed: on Linux an error, not an empty read
            piece = b""
        if not piece:
            break
        shown += piece
    os.close(ours)
    if process.wait() != 0:
        raise SystemExit(shown.decode(errors="replace"))
    return shown.decode().replace("\r\n", "\n").strip("\n")


def picture(text: str) -> str:
    """Return a recording as SVG that loads nothing from anywhere."""
    console = Console(record=True, width=WIDTH, file=StringIO(), legacy_windows=False)
    console.print(Text.assemble(("$ ", "green"), (COMMAND, "bold")))
    for line in text.splitlines():
        console.print(Text(line, style="bold cyan" if line.startswith("==") else ""), overflow="fold")
    svg = console.export_svg(title=COMMAND, unique_id="demo")
    svg = re.sub(r"\s*@font-face \{.*?\}|\s*<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<text (class="\S+") x="([\d.]+)" (y="[\d.]+") textLength="[\d.]+"([^>]*)>([^<]*)</text>', _in_cells, svg
    )
    svg = svg.replace("Fira Code, monospace", FONTS).replace('"Fira Code"', "monospace")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


_CELL = 12.2
"""Width of a cell in the picture."""


def _in_cells(text: re.Match[str]) -> str:
    """Return a text as it stands on a terminal: the exporter counts letters, and Han letters take two cells each."""
    style, left, top, more, content = text.groups()
    parts, at = [], float(left)
    for run in re.findall(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+|[^\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+",
                          html.unescape(content)):  # fmt: skip
        width = _CELL * cell_len(run)
        shown = html.escape(run).replace(" ", "&#160;").replace("\xa0", "&#160;")
        parts.append(f'<text {style} x="{at:g}" {top} textLength="{width:g}"{more}>{shown}</text>')
        at = round(at + width, 1)
    return "".join(parts)


def main() -> int:
    """Write both pictures."""
    FOLDER.mkdir(exist_ok=True)
    for language, name in NAMES.items():
        text = record(language)
        if len(text.splitlines()) > HEIGHT:
            print(f"{name}: {len(text.splitlines())} lines are more than two screens")
            return 1
        (FOLDER / name).write_text(picture(text), encoding="utf-8")
        print(f"{name}: {len(text.splitlines())} lines")
    shutil.rmtree(HOME)
    return 0


if __name__ == "__main__":
    sys.exit(main())
