"""What was saved comes back: numbers to the bit, and where they are from."""

import copy
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.dynamics.record.provenance import described, recalled

CHARGER = qb.batteries.BlochCharger()
PREPARED = qb.protocols.BlochPreparation(2.5, phi=1 / 3)


@pytest.fixture(scope="module")
def run():
    return qb.charge(CHARGER, PREPARED, [0.0, 0.3, 1.1])


@pytest.fixture
def saved(run, tmp_path):
    """A run as a netCDF file and as a table."""
    run.to_xarray().to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    run.to_csv(tmp_path / "run.csv")
    return tmp_path


@pytest.mark.parametrize("name", ["run.nc", "run.csv", ""])
def test_a_run_comes_back(run, saved, name):
    record = qb.load(saved / name)
    for known in ("times", "energy", "coherent_ergotropy", "purity"):
        assert np.array_equal(getattr(record, known), getattr(run, known), equal_nan=True)
    assert record.origin["protocol"]["fields"]["phi"] == 1 / 3
    assert str(record.origin["status"]) == "0"
    for words in ("BlochPreparation(theta=2.5", "jax_version", "coherent_ergotropy"):
        assert words in repr(record)
    assert "energy" in dir(record)
    for other in (copy.copy(record), pickle.loads(pickle.dumps(record))):
        assert np.array_equal(other.energy, record.energy)


def test_what_a_battery_is_made_of_is_printed_if_it_is_short(tmp_path):
    battery = qb.batteries.TavisCummings(1, 2, cavity_decay=0.1)
    kept = qb.dynamics.record.provenance.Provenance(battery=battery, start=[0.25])
    data = xr.Dataset(attrs=kept.attributes())
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    record = qb.load(tmp_path)
    (line,) = (line for line in repr(record).splitlines() if line.startswith("battery"))
    assert "TavisCummings(lindblad=Lindblad(…), frequency=1.0, " in line
    assert "cavity_decay=0.1, spin_decay=0, spins=1, photons=2" in line
    assert len(line) < 250
    assert len(record.origin["battery"]["fields"]["lindblad"]["fields"]) > 3


def test_a_sweep_comes_back(tmp_path):
    store = tmp_path / "sweep.zarr"
    data = qb.sweep(lambda a: {"square": a**2}, {"a": np.arange(4.0)}, store=store)
    record = qb.load(store)
    assert np.array_equal(record.square, data["square"])
    assert record.origin["missing"] == 0


def test_a_run_is_drawn_as_it_was(run, saved):
    """Panels and units come back from a netCDF file; a table knows no units."""
    drawn = [run.plot(), *(qb.load(saved / name).plot() for name in ("run.nc", "run.csv"))]
    first, second, third = ([ax.get_lines() for ax in axes.figure.axes] for axes in drawn)
    for one, other, table in zip(first, second, third, strict=True):
        words = [line.get_label() for line in one]
        assert words == [line.get_label() for line in other] == [x.get_label() for x in table]
    labels = [axes.get_ylabel() for axes in drawn]
    assert labels == [r"energy  ($\omega_b$)", r"energy  ($\omega_b$)", "energy"]
    plt.close("all")


def test_a_sweep_is_no_run(tmp_path):
    qb.sweep(lambda a: {"square": a**2}, {"a": np.arange(4.0)}, store=tmp_path / "sweep.zarr")
    with pytest.raises(
        ValueError, match=r"`record` must be of a run .* sweep\.zarr has the axes a"
    ):
        qb.load(tmp_path / "sweep.zarr").plot()


def test_what_is_not_there(saved, tmp_path):
    with pytest.raises(AttributeError, match=r"no `entropy`; its numbers are: .*energy"):
        _ = qb.load(saved / "run.csv").entropy
    with pytest.raises(ValueError, match=r"must name something saved, but .*x\.nc is not there"):
        qb.load(tmp_path / "x.nc")
    with pytest.raises(TypeError, match="Argument `path` must be a path, but is 3"):
        qb.load(3)
    (saved / "run.nc").rename(saved / "one.nc")
    assert qb.load(saved).path.name == "one.nc"
    xr.Dataset().to_netcdf(saved / "two.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match=r"whose datasets are: one\.nc, two\.nc"):
        qb.load(saved)


@pytest.mark.parametrize(("name", "kind"), [("x.nc", "netCDF"), ("x.csv", "of run.to_csv")])
def test_files_of_others(tmp_path, name, kind):
    (tmp_path / name).write_text("not\nours\n")
    with pytest.raises(ValueError, match=f"must be a file {kind}, but"):
        qb.load(tmp_path / name)


@pytest.mark.parametrize(
    "value",
    [
        {"theta": np.array([0.1, np.inf]), "n": 3, "name": None},
        np.array([[1 + 2j, np.nan], [0, -1j]]),
        [1.5, np.nan, 2 - 1j, True],
        np.array([True, False]),
        np.float32([0.1, 0.2]),
    ],
)
def test_what_is_described_is_recalled(value):
    assert repr(recalled(described(value))) == repr(value).replace("np.float64", "")
