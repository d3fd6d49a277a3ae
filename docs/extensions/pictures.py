"""Draws the pictures of the batteries' pages anew, each by its page's own block.

Run: python docs/extensions/pictures.py [PAGE ...]   (all by default, a minute; PAGE such as dopo)

A page's block of Python makes one figure with matplotlib, which is saved as docs/pictures/PAGE.svg.
The same block gives the same file, to the byte, with the same versions.
"""

import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt

DOCS = Path(__file__).parents[1]
STILL = {"svg.hashsalt": "qbjax", "svg.fonttype": "path"}
"""No chance in the file, and no need for a font where it is looked at."""


def block_of(name: str) -> str:
    """The block below the heading "Picture" of a battery's page."""
    text = (DOCS / f"batteries/{name}.md").read_text("utf-8")
    found = re.search(r"^## Picture$.*?^```python\n(.*?)^```$", text, re.M | re.S)
    if found is None:
        raise SystemExit(f'docs/batteries/{name}.md has no block of Python below "## Picture".')
    return found[1]


def draw(name: str, folder: Path = DOCS / "pictures") -> Path:
    """Runs the block of a page, and saves the one figure that it makes in a folder."""
    plt.close("all")
    exec(compile(block_of(name), f"{name}.md", "exec"), {"__name__": "__main__"})
    if len(plt.get_fignums()) != 1:
        raise SystemExit(f"The block of {name}.md made {len(plt.get_fignums())} figures, not one.")
    path = folder / f"{name}.svg"
    folder.mkdir(exist_ok=True)
    with plt.rc_context(STILL):
        plt.gcf().savefig(path, metadata={"Date": None})
    return path


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(page.stem for page in DOCS.glob("batteries/*.md")):
        path = draw(name)
        print(f"{path.relative_to(DOCS.parent)}  {path.stat().st_size // 1024} kB", flush=True)
