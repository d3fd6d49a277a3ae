"""Figures in files: dots, text that stays text, and where the numbers are from."""

import json
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from qbjax.views import figure_files, plot
from tests.views.test_plot import run as run

ABOUT = {"qbjax_version": "1.2", "created": "2026-11-30T06:31:04+00:00", "battery": '{"γ": 1}'}


@pytest.fixture
def figure(run):
    with plt.rc_context({"savefig.dpi": 50, "svg.fonttype": "path"}):  # what a user may have set
        return plot.charging_figure(run)


def test_a_png_has_300_dots_per_inch(figure, tmp_path):
    from PIL import Image

    with Image.open(figure_files.save(figure, tmp_path / "figure.png", ABOUT)) as image:
        inches = figure.get_size_inches()
        assert np.allclose(image.size, inches * 300, atol=1)
        assert np.allclose(image.info["dpi"], 300, atol=0.1)
        assert json.loads(image.info["Description"]) == ABOUT
        assert image.info["Software"] == "qbjax 1.2"
        assert image.info["Creation Time"] == ABOUT["created"]


def test_the_text_of_an_svg_is_text(figure, tmp_path):
    text = figure_files.save(figure, tmp_path / "figure.svg", ABOUT).read_text(encoding="utf-8")
    assert re.search(r"<text[^>]*>a   Energy</text>", text)
    assert "qbjax 1.2" in text
    assert ABOUT["created"] in text
    assert "battery" in text


def test_the_text_of_a_pdf_is_a_font_and_its_subject_the_origin(figure, tmp_path):
    with plt.rc_context({"pdf.compression": 0}):
        data = figure_files.save(figure, tmp_path / "figure.pdf", ABOUT).read_bytes()
    assert b"/CIDFontType2" in data or b"/TrueType" in data
    assert b"/Type3" not in data
    assert b"qbjax_version" in data
    assert b"D:20261130063104" in data


def test_saving_leaves_the_settings_alone(figure, tmp_path):
    before = dict(matplotlib.rcParams)
    figure_files.save(figure, tmp_path / "figure.svg", {})
    assert dict(matplotlib.rcParams) == before
