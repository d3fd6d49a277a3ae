"""The page of `qbjax report` in a browser: clicked, pointed at, without a network or a complaint.

It needs Playwright (`pip install "qbjax[browser]"`) and a Chromium that is installed.
"""

import shutil

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.command import qbjax

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VISIBLE = "name => document.querySelector('.js-plotly-plot').data.find(t => t.name == name).visible"
RANGE = "() => document.querySelector('.js-plotly-plot').layout.xaxis.range"


@pytest.fixture(scope="module")
def browser():
    reason = 'Playwright is not installed: pip install "qbjax[browser]"'
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium is installed: looked for {', '.join(NAMES)}")
    with playwright.sync_playwright() as driver:
        # Inside a container there is no sandbox to be had; the page is ours.
        chromium = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser):
    """Opens pages without a network, and keeps what they complain of and ask for."""
    context = browser.new_context(viewport={"width": 1100, "height": 900}, offline=True)
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    def to(file):
        page.goto(file.as_uri())
        page.wait_for_selector(".js-plotly-plot .main-svg")
        return page

    to.said, to.asked = said, asked
    yield to
    context.close()


@pytest.fixture
def folder(tmp_path):
    """The folder of a command, of a ladder that was cut too short."""
    given = ("--signal-levels", 6, "--pump-levels", 3, "--until", 2, "--points", 21)
    assert qbjax("charge", "dopo", *given, "--out", tmp_path / "cut").exit_code == 0
    assert qbjax("report", tmp_path / "cut").exit_code == 0
    return tmp_path / "cut"


def test_a_run_is_clicked(opened, folder):
    page = opened(folder / "run.html")
    assert page.evaluate(VISIBLE, "energy") is True
    page.locator(".legendtoggle").first.click()
    page.wait_for_function(f"({VISIBLE})('energy') == 'legendonly'", timeout=5000)
    before = page.evaluate(RANGE)
    page.locator(".js-plotly-plot").first.hover()
    page.locator(".modebar-btn[data-title='Zoom in']").first.click()
    low, high = page.evaluate(RANGE)
    assert high - low == pytest.approx((before[1] - before[0]) / 2)
    text = page.inner_text("body")
    for words in ("Verdict: truncated", "signal_levels = 6", "DOPO(", "jax_version", "Charging"):
        assert words in text
    assert page.locator("h2:has-text('For print') + svg text").count() > 10
    assert opened.said == []
    assert opened.asked == [(folder / "run.html").as_uri()]


def test_collisions_are_points(opened, tmp_path):
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(12))
    run = qb.charge(battery, qb.protocols.Collisions(np.full(8, 0.3), 0.2, 1.0))
    run.to_xarray().to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    assert qbjax("report", tmp_path).exit_code == 0
    page = opened(tmp_path / "run.html")
    first = page.locator(".js-plotly-plot").first
    assert first.locator(".point").count() >= 9
    assert first.locator(".js-line").count() == 0
    assert first.locator(".legendtext").first.text_content() == "energy"
    assert opened.said == []


def test_a_map_says_its_numbers_where_it_is_pointed_at(opened, tmp_path):
    grid = {"a": np.linspace(0.0, 3.0, 7), "b": np.linspace(0.0, 2.0, 5)}
    qb.sweep(lambda a, b: {"wave": jnp.sin(a) * b}, grid, store=tmp_path / "map.zarr")
    assert qbjax("report", tmp_path / "map.zarr").exit_code == 0
    page = opened(tmp_path / "map.html")
    page.locator(".js-plotly-plot .nsewdrag").first.hover()
    page.wait_for_selector(".hoverlayer .hovertext", timeout=5000)
    told = page.locator(".hoverlayer .hovertext").first.text_content()
    assert told.replace("−", "-") == f"x: 1.5y: 1z: {np.sin(1.5):.6f}"
    assert page.locator("h2:has-text('For print') + svg").count() == 1
    assert opened.said == []
    assert opened.asked == [(tmp_path / "map.html").as_uri()]
