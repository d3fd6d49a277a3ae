"""The documentation: links lead somewhere, names are all there, every block is a script."""

import doctest
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import qbjax as qb

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAPER = DOCS / "paper/paper.md"
PAGES = sorted(set(DOCS.rglob("*.md")) - {PAPER})


def nav(entries):
    """The pages of a navigation."""
    for entry in entries:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from nav(value)


def blocks():
    """Every block of Python: file, line, text."""
    for page in [*PAGES, ROOT / "README.md"]:
        if page.parent.name == "notebooks":
            continue  # one script each: tests/test_notebooks.py
        text = page.read_text("utf-8")
        for found in re.finditer(r"```python\n(.*?)```", text, re.S):
            line = text[: found.start()].count("\n") + 2
            yield pytest.param(found[1], id=f"{page.relative_to(ROOT)}:{line}")


BLOCKS = list(blocks())


def anchors(page):
    """The places of a page that a link may name."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    named = set(re.findall(r'<a id="([^"]+)"></a>', text))
    return named | {re.sub(r"[^\w -]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def test_every_page_is_in_the_navigation():
    config = tomllib.loads((ROOT / ".zensical.toml").read_text("utf-8"))
    named = list(nav(config["project"]["nav"]))
    assert sorted(named) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, place = target.partition("#")
        there = page if not file else (page.parent / file).resolve()
        assert there.exists(), target
        if place:
            assert place in anchors(there), target


def test_every_name_of_the_front_door_has_its_place():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    rooms = [qb, qb.batteries, qb.protocols, qb.merit, qb.loads, qb.studies]
    missing = set()
    for room in rooms:
        for name in room.__all__:
            found = getattr(room, name)
            if inspect.ismodule(found) or not hasattr(found, "__qualname__"):
                continue
            places = f"::: {found.__module__}.{found.__qualname__}\n", f"members: [{name}]"
            if not any(place in text for place in places):
                missing.add(f"{room.__name__}.{name}")
    assert missing - {"qbjax.loads.cell", "qbjax.loads.load"} == set()


def test_the_paper_cites_what_is_listed():
    cited = set(re.findall(r"@(\w+)", PAPER.read_text("utf-8")))
    listed = set(re.findall(r"^@\w+\{(\w+),", (DOCS / "paper/paper.bib").read_text("utf-8"), re.M))
    assert cited == listed


def test_blocks_lack_nothing(tmp_path):
    """Neither an import nor a name: each is a script of its own."""
    for block in BLOCKS:
        (code,) = block.values
        if not code.startswith(">>>"):
            (tmp_path / f"{block.id.replace('/', '.').replace(':', '.')}.py").write_text(code)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821,E9"]
    done = subprocess.run(
        [*command, "--output-format", "concise", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow  # those above are its fast siblings
@pytest.mark.standard_promotion
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("code", BLOCKS)
def test_blocks_run(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)
    if code.startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(code, {}, "block", None, 0)
        flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        assert doctest.DocTestRunner(optionflags=flags).run(test).failed == 0
    else:
        exec(compile(code, "block", "exec"), {"__name__": "__main__"})
