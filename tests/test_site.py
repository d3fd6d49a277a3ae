"""The built site: no dead anchor, nothing in the console, nothing wider than a telephone."""

import functools
import http.server
import os
import posixpath
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests import chromium
from tests.test_docs import DOCS, PAGES, ROOT

ZENSICAL = shutil.which(
    "zensical", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)
WIDTHS = (1366, 900), (390, 844)


class Links(HTMLParser):
    """Where a page leads, and the places it has."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if tag in ("a", "link", "img", "script") and (to := known.get("href") or known.get("src")):
            self.targets.append(to)
        self.places |= {known[name] for name in ("id", "name") if known.get(name)}


def dead(site, elsewhere=re.compile(r"[a-z]+:|//")):
    """Links of built pages that lead to no file or place of the site."""
    pages = {
        path.relative_to(site).as_posix(): Links(path.read_text("utf-8"))
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links count from the root of a host
    }
    for name, page in pages.items():
        for target in page.targets:
            if elsewhere.match(target):
                continue
            file, place = (unquote(part) for part in urldefrag(target))
            there = posixpath.normpath(posixpath.join(posixpath.dirname(name), file))
            there = name if not file else there
            there = f"{there}/index.html" if (site / there).is_dir() else there
            there = posixpath.normpath(there)
            lost = place and there in pages and place not in pages[there].places
            if lost or not (site / there).is_file():
                yield name, target


def test_dead_links_are_found(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="b/#here"></a><a href="b/#there"></a><a href="c/"></a><a href="https://x.y">'
    )
    (tmp_path / "b/index.html").write_text('<h1 id="here"></h1><a href="..">up</a>')
    assert list(dead(tmp_path)) == [("index.html", "b/#there"), ("index.html", "c/")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built from a copy."""
    if ZENSICAL is None:
        pytest.skip('zensical is not installed: pip install -e ".[docs]"')
    copy = tmp_path_factory.mktemp("docs")
    for name in ("docs", "qbjax"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / ".zensical.toml", copy)
    command = [ZENSICAL, "build", "--clean", "--strict", "--config-file", ".zensical.toml"]
    environment = os.environ | {"PYTHONPATH": "docs/extensions"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / "site"


@pytest.mark.slow
def test_no_link_is_dead(site):
    assert sorted(set(dead(site))) == []


@pytest.mark.slow
def test_names_lead_to_the_reference(site):
    text = (site / "guide/own/index.html").read_text("utf-8")
    assert re.search(r'href="[./]*/api/verbs/#[\w.]+"><code>qb\.steady_state\(', text)
    assert [page for page in site.rglob("*.html") if "<autoref" in page.read_text("utf-8")] == []


@pytest.mark.slow
def test_every_formula_is_one(site):
    """None is left as it was written, or cut at a dollar."""
    left = re.compile(r"\$\s*<math|</math>\s*\$|<mi>\$</mi>|\\\[|\\\(")
    code = re.compile(r"<(code|script)\b.*?</\1>", re.S)
    pages = {path: code.sub("", path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert {path.parent.name for path, text in pages.items() if left.search(text)} == set()


@pytest.mark.slow
def test_nothing_comes_from_elsewhere(site):
    """A reader needs no network: no font, script or style of another host."""
    asked = re.compile(r"<(?:link|script|img)[^>]* (?:href|src)=\"?https?://[^\" >]+")
    found = {
        match[0] for page in site.rglob("*.html") for match in asked.finditer(page.read_text())
    }
    assert {tag for tag in found if "canonical" not in tag} == set()


@pytest.mark.slow
@pytest.mark.skipif(chromium.BINARY is None, reason="there is no Chromium")
def test_pages_say_nothing_and_fit(site, tmp_path):
    """No error in the console, no failed request, nothing wider than the window."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *what):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    wrong = []
    with chromium.browser(tmp_path / "profile") as browser:
        for page in PAGES:
            name = page.relative_to(DOCS).with_suffix("").as_posix()
            address = f"http://127.0.0.1:{server.server_port}/"
            address += f"{name}/".removesuffix("index/")
            for width, height in WIDTHS:
                wrong += [(name, width, said) for said in browser.show(address, width, height)]
                wide = browser.value("document.documentElement.scrollWidth")
                if wide > width:
                    wrong.append((name, width, f"is {wide} wide"))
    server.shutdown()
    server.server_close()
    assert wrong == [], "\n".join(map(str, wrong))
