"""Executes the notebooks anew, and makes the site's pages from them.

A notebook is the source: edit it in Jupyter, or as text. `make notebooks` executes it in place and
writes the page of the same name beside it, with its pictures in `pictures`. It needs the extra
`notebooks`:

    python docs/tools/notebooks.py [NAME …]
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

FOLDER = Path(__file__).parents[1] / "notebooks"


def executed(notebook):
    """The notebook, its cells run in order by a fresh kernel in an empty folder.

    Args:
        notebook: an `nbformat` notebook, which is changed.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = {"timeout": 600, "record_timing": False, "coalesce_streams": True}
        NotebookClient(notebook, resources={"metadata": {"path": folder}}, **settings).execute()
    notebook.metadata["language_info"] = {"name": "python"}  # not this machine's version
    return notebook


def page(notebook, name):
    """The text of a notebook's page, and its pictures by their paths beside it."""
    resources = {"unique_key": name, "output_files_dir": "pictures"}
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources)
    text = text.replace("![png](", "![Drawn by the cell above](")
    hint = f"*This page is a notebook: [{name}.ipynb]({name}.ipynb).*"
    title, rest = text.lstrip().split("\n", 1)
    lines = [line.rstrip() for line in f"{title}\n\n{hint}\n{rest}".splitlines()]
    return "\n".join(lines).strip() + "\n", resources["outputs"]


def main(names) -> None:
    """Executes each notebook, and writes it and its page."""
    for path in [FOLDER / f"{name}.ipynb" for name in names] or sorted(FOLDER.glob("*.ipynb")):
        notebook = executed(nbformat.read(path, 4))
        nbformat.write(notebook, path)
        text, pictures = page(notebook, path.stem)
        path.with_suffix(".md").write_text(text, "utf-8")
        for old in (FOLDER / "pictures").glob(f"{path.stem}_*.png"):
            old.unlink()
        for name, data in pictures.items():
            (FOLDER / name).parent.mkdir(exist_ok=True)
            (FOLDER / name).write_bytes(data)
        print(f"{path.stem}: {len(pictures)} pictures")


if __name__ == "__main__":
    main(sys.argv[1:])
