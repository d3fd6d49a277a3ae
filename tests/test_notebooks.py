"""The notebooks: valid, executed in order, without errors; their pages say the same; run anew they
print the same.

`make notebooks` makes outputs and pages. The slow test needs the extra `notebooks`.
"""

import ast
import base64
import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs/notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")
TINY = 1e-8
"""What is printed of rounding errors differs from machine to machine."""


def read(path):
    return json.loads(path.read_text("utf-8"))


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def printed(notebook):
    """What every code cell printed, as one text each."""
    return [
        "".join("".join(out["text"]) for out in cell["outputs"] if out["output_type"] == "stream")
        for cell in code_cells(notebook)
    ]


def last_digit(number):
    """One unit of the last digit of a number in print."""
    mantissa, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))


def agree(one, other):
    """Whether two texts have the same words, and numbers within two units of the last digit."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (one, other)]
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other))
    return words[0] == words[1] and all(
        abs(float(a) - float(b)) <= max(2 * last_digit(a), TINY) for a, b in pairs
    )


def test_texts_are_compared():
    assert agree("E = 1.2346, off by 3e-11", "E = 1.2347, off by  -9e-12")
    assert not agree("E = 1.2346", "E = 1.2340")
    assert not agree("E = 1.2346", "W = 1.2346")
    assert not agree("steps [0.5 0.5]", "steps [0.5]")


def test_there_are_five():
    assert len(PATHS) == 5


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_is_a_notebook_executed_in_order(path):
    notebook = read(path)
    assert notebook["nbformat"] == 4
    assert notebook["nbformat_minor"] >= 5
    assert {cell["cell_type"] for cell in notebook["cells"]} == {"code", "markdown"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [out for cell in cells for out in cell["outputs"]]
    kinds = {out["output_type"] for out in outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}
    assert not [out for out in outputs if out.get("name") == "stderr"]
    assert sum("image/png" in out.get("data", {}) for out in outputs) >= 2
    text = path.read_text("utf-8")
    assert len(text) < 200_000
    assert not re.search(r"/(tmp|home|usr|work|root)/", text)  # places of one machine


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_imports_exist(path):
    source = "\n".join("".join(cell["source"]) for cell in code_cells(read(path)))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                assert importlib.util.find_spec(alias.name), alias.name
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_page_says_the_same(path):
    """Every source, output and picture of the notebook is on its page, in order."""
    page, place = path.with_suffix(".md").read_text("utf-8"), 0
    for cell in read(path)["cells"]:
        parts = ["".join(cell["source"])]
        for out in cell.get("outputs", []):
            if (data := out.get("data", {})).get("image/png"):
                shown = re.search(r"!\[[^]]*\]\((pictures/[^)]*\.png)\)", page[place:])
                stored = base64.b64decode(data["image/png"])
                assert (FOLDER / shown[1]).read_bytes() == stored, shown[1]
                parts.append(shown[0])
            else:
                text = "".join(out["text"] if "text" in out else data["text/plain"])
                parts.append("\n".join(f"    {line}".rstrip() for line in text.splitlines()))
        for part in parts:
            # a page's second line names the notebook, between the title and what follows it
            for piece in part.split("\n\n"):
                there = "\n".join(line.rstrip() for line in piece.strip("\n").splitlines())
                assert there in page[place:], there
                place += page[place:].index(there) + len(there)


def tools():
    """The script that makes the pages, as a module."""
    path = FOLDER.parent / "tools/notebooks.py"
    spec = importlib.util.spec_from_file_location("notebook_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # of Jupyter's libraries
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_prints_the_same_anew(path):
    """A fresh kernel prints what is stored, and the page is what is made of the notebook."""
    for needed in ("nbclient", "nbconvert", "ipykernel"):
        pytest.importorskip(needed, reason="needs the extra: pip install -e '.[notebooks]'")
    import nbformat

    made, stored = tools(), nbformat.read(path, 4)
    nbformat.validate(stored)
    assert made.page(stored, path.stem)[0] == path.with_suffix(".md").read_text("utf-8")
    again = made.executed(nbformat.read(path, 4))
    for before, after in zip(printed(stored), printed(again), strict=True):
        assert agree(before, after), f"{before}\nis now\n{after}"
