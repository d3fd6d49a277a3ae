"""The gallery: every script that draws has its picture, a sentence and a command there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs/gallery"
SCRIPTS = sorted([*(ROOT / "optimize").glob("*.py"), *(ROOT / "benchmarks").glob("*.py")])
DRAWS = re.compile(r"savefig\(|figure_files\.save\(")
PLACE = re.compile(
    r"^### .+\n\n(?P<sentence>[^#!`]+)\n\n!\[(?P<alt>.+)\]\(gallery/(?P<name>\w+)\.png\)\n\n"
    r"```sh\npython (?P<script>\S+)(?P<arguments>.*)\n```$",
    re.M,
)
PLACES = [found.groupdict() for found in PLACE.finditer((ROOT / "docs/gallery.md").read_text())]


def test_every_script_that_draws_has_its_place():
    draw = {str(p.relative_to(ROOT)) for p in SCRIPTS if DRAWS.search(p.read_text("utf-8"))}
    assert len(draw) > 20
    assert sorted(draw) == sorted(place["script"] for place in PLACES)


def test_every_picture_exists_and_is_shown():
    shown = re.findall(r"\(gallery/(\w+)\.png\)", (ROOT / "docs/gallery.md").read_text("utf-8"))
    assert shown == [place["name"] for place in PLACES]
    assert sorted(shown) == sorted(path.stem for path in PICTURES.iterdir())
    sizes = [path.stat().st_size for path in PICTURES.glob("*.png")]
    assert min(sizes) > 5_000
    assert max(sizes) <= 150_000
    assert sum(sizes) < 2_500_000
    for path in PICTURES.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG\r\n"), path.name


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place["name"])
def test_a_place_has_one_sentence_and_its_command(place):
    assert re.fullmatch(r"[^.]+(\.\d[^.]*)*\.", " ".join(place["sentence"].split()))
    assert Path(place["script"]).stem == place["name"]
    if place["arguments"]:
        assert place["arguments"].split()[0] in (ROOT / place["script"]).read_text("utf-8")
