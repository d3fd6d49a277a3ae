"""The batteries' pages: each battery of the catalogue has one, with all that it should tell."""

import importlib
import importlib.util
import re
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest

from qbjax.interface import catalogue
from tests.test_docs import DOCS

PAGES = sorted(DOCS.glob("batteries/*.md"))
PICTURES = DOCS / "pictures"
HEADINGS = ["Equations", "Good values", "Picture", "Pitfalls", "Reference"]
LARGEST = 80_000
"""Bytes of a picture."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def sections(page):
    """The text below each heading of a page; below "" what comes before them."""
    parts = re.split(r"^## (.*)$", page.read_text("utf-8"), flags=re.M)
    return {"": parts[0]} | dict(zip(parts[1::2], parts[2::2]))


def shown(page):
    """The class that a page is about."""
    module, name = re.search(r"^::: (\S+)\.(\w+)$", sections(page)["Reference"], re.M).groups()
    return getattr(importlib.import_module(module), name)


def pictures():
    """The script that draws them."""
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "extensions/pictures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_battery_has_its_page():
    made = {type(entry.battery.make(**entry.example.battery)) for entry in catalogue.entries()}
    assert made == {shown(page) for page in PAGES}


def test_the_choice_names_every_page():
    linked = re.findall(r"\]\(batteries/(\w+)\.md\)", (DOCS / "batteries.md").read_text("utf-8"))
    assert set(linked) == {page.stem for page in PAGES}


@every_page
def test_a_page_tells_all(page):
    parts = sections(page)
    assert list(parts) == ["", *HEADINGS]
    assert re.search(r"\]\(\w+\.md\)", parts[""]), "no word of which other battery to take"
    module = importlib.import_module(re.search(r"^::: (\S+)$", parts["Equations"], re.M)[1])
    assert module.__doc__.count("$$") >= 2
    assert "Reference" in module.__doc__ or page.stem == "lindblad"  # which is the user's own
    rows = [line for line in parts["Good values"].splitlines() if line.startswith("| ")]
    assert len(rows) >= 4
    assert {line.replace(r"\|", "").count("|") for line in rows} == {5}
    assert "**Levels.**" in parts["Good values"]
    assert re.search(r"\*\*Cost\.\*\*.* \d+ MB", parts["Good values"], re.S)
    assert parts["Pitfalls"].count("\n- ") >= 3


@every_page
def test_a_page_shows_its_picture(page):
    text = sections(page)["Picture"]
    (said, target) = re.search(r"^!\[(.+)\]\((\S+)\)$", text, re.M).groups()
    picture = (page.parent / target).resolve()
    assert picture == (PICTURES / f"{page.stem}.svg").resolve()
    assert len(said) > 20
    assert picture.stat().st_size <= LARGEST
    assert ElementTree.parse(picture).getroot().tag.endswith("svg")
    assert ".plot(" in pictures().block_of(page.stem)
    caption = text.split(f"]({target})")[1]
    assert len(caption.split()) >= 20


def test_no_picture_is_left_over():
    assert {path.stem for path in PICTURES.iterdir()} == {page.stem for page in PAGES}


def test_a_page_without_a_block_is_named(tmp_path, monkeypatch):
    drawing = pictures()
    monkeypatch.setattr(drawing, "DOCS", tmp_path)
    (tmp_path / "batteries").mkdir()
    (tmp_path / "batteries/bare.md").write_text("## Picture\n\nNone.\n")
    with pytest.raises(SystemExit, match=r"batteries/bare\.md has no block of Python"):
        drawing.block_of("bare")


@pytest.mark.slow  # a run; the block and what came of it are looked at above
def test_a_picture_is_drawn_anew(tmp_path, monkeypatch):
    drawing = pictures()
    path = drawing.draw("bloch", tmp_path)
    plt.close("all")
    texts = ElementTree.parse(path).getroot().iter()
    assert path.stat().st_size > 10_000
    assert sum(1 for each in texts if each.get("id", "").startswith("line2d")) >= 4
