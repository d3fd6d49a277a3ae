"""The page of a run and of a sweep: all is in it, nothing is fetched, doubts are said."""

import re
import sys

import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.views import page
from tests.command import one_line, qbjax

CHARGER = qb.batteries.BlochCharger()


@pytest.fixture(scope="module")
def run():
    prepared = qb.protocols.BlochPreparation(2.5)
    return qb.charge(CHARGER, prepared, np.linspace(0.0, 1.5, 7))


def fetched(text):
    """What a browser would fetch; text inside scripts is not looked at."""
    bare = re.sub(r"<script.*?</script>", "<script></script>", text, flags=re.S)
    return re.findall(r"""(?:src|href)=["'](?!data:|#)([^"']+)""", bare)


def test_a_run_by_the_command(run, tmp_path):
    run.to_xarray().to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    (tmp_path / "config.toml").write_text('["charge bloch"]\ntheta = 2.5\n')
    result = qbjax("report", tmp_path)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "run.html").read_text("utf-8")
    assert fetched(text) == []
    for words in (
        "Verdict: ok",
        "theta = 2.5",
        "<svg",
        "BlochPreparation(theta=2.5",
        "jax_version",
    ):
        assert words in text
    assert f"{float(run.ergotropy[-1]):.4f}" in text
    assert text.count("Plotly.newPlot") >= 3
    assert '"name":"ergotropy"' in text.replace(" ", "")


@pytest.mark.parametrize("kind", ["axis", "map", "slices", "list"])
def test_a_sweep_and_its_doubts(tmp_path, kind):
    """Points that are not to be believed are holes, and the first line says so."""

    def square(a, b=0.0, c=0.0):
        return {"square": a**2 + b + c, "status": (a > 2.5).astype(int)}

    axes = {"a": np.arange(4.0), "b": np.arange(3.0), "c": np.arange(2.0)}
    grid = {name: axes[name] for name in "abc"[: {"axis": 1, "map": 2}.get(kind, 3)]}
    if kind == "list":
        grid = qb.studies.grids.zipped(a=np.arange(4.0), b=np.arange(4.0))
    store = tmp_path / "squares.zarr"
    qb.sweep(square, grid, store=store)
    text = page.page(qb.load(store))
    assert fetched(text) == []
    assert '<p class="doubt">' in text
    drawn = text.split("</script>")[-2]
    assert bool(re.search(r'"z":[\[{]', drawn)) == (kind in ("map", "slices"))
    assert ("at c = 1" in text) == (kind == "slices")


def test_what_is_not_there(tmp_path, monkeypatch, run):
    assert one_line(qbjax("report", tmp_path / "x").stderr, "is not there")
    run.to_csv(tmp_path / "run.csv")
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    result = qbjax("report", tmp_path / "run.csv")
    assert result.exit_code == 2
    assert one_line(result.stderr, 'pip install "qbjax[report]"')


def test_a_run_without_merits(tmp_path):
    data = xr.Dataset({"photons": ("time", [0.0, 1.0])}, {"time": [0.0, 1.0]}, {"status": 4})
    data.to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    text = page.page(qb.load(tmp_path / "other.nc"))
    assert '<p class="doubt">' in text
    assert ">photons<" in text.rpartition("</script>")[2]
    empty = data.drop_vars("photons")
    empty.to_netcdf(tmp_path / "empty.nc", engine="h5netcdf")
    assert "<svg" not in page.page(qb.load(tmp_path / "empty.nc")).rpartition("</script>")[2]
