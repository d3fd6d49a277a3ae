"""Draws the gallery's pictures anew: runs the command below each, and stores its picture in small.

The page, docs/gallery.md, is the source. All of them take most of an hour of two cores:

    python docs/tools/gallery.py [NAME …]
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image  # comes with matplotlib

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/gallery.md"
WIDTHS, BYTES = (1100, 920, 760, 640), 150_000
ENTRY = re.compile(r"!\[[^]]*\]\(gallery/(\w+)\.png\)\n\n```sh\npython (\S+)(.*)\n```")


def shrunk(picture: Path, to: Path) -> None:
    """Writes a picture with 256 colours, as wide as 150 kB allow."""
    whole = Image.open(picture).convert("RGB")
    for width in WIDTHS:
        image = whole.copy()
        image.thumbnail((width, 10 * width), Image.Resampling.LANCZOS)
        image.quantize(256, dither=Image.Dither.NONE).save(to, optimize=True)
        if to.stat().st_size <= BYTES:
            return


def main(names) -> None:
    """Runs the scripts of these pictures, or of all, each in an empty folder."""
    entries = ENTRY.findall(PAGE.read_text("utf-8"))
    if unknown := set(names) - {name for name, *_ in entries}:
        sys.exit(f"docs/gallery.md has no picture {', '.join(sorted(unknown))}.")
    for name, script, arguments in entries:
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, ROOT / script, *shlex.split(arguments)]
            subprocess.run(command, cwd=folder, check=True)
            (picture,) = Path(folder).rglob("*.png")
            shrunk(picture, PAGE.parent / f"gallery/{name}.png")
        print(f"docs/gallery/{name}.png", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
