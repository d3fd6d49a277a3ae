"""Pictures show what the data say, and leave matplotlib as they found it."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from qbjax.views import plot

TIMES = np.linspace(0.0, 4.0, 9)


def series(values, units="omega_s"):
    return ("time", values, {"units": units})


@pytest.fixture
def run():
    """Made up: no computation is needed to be drawn."""
    powers = np.concatenate([[np.nan], 1 / TIMES[1:]])
    return xr.Dataset(
        {
            "energy": series(TIMES),
            "ergotropy": series(0.8 * TIMES),
            "coherent_ergotropy": series(0.6 * TIMES),
            "incoherent_ergotropy": series(0.2 * TIMES),
            "charging_power": series(powers, "omega_s gamma_s"),
            "ergotropic_power": series(0.8 * powers, "omega_s gamma_s"),
        },
        coords={"time": series(TIMES, "1/gamma_s")},
    )


@pytest.fixture
def optima():
    unit = {"units": "1/gamma_s"}
    return xr.Dataset(
        {"time": ("case", [1.25, 2.5, 3.5, 3.0], unit), "value": ("case", [1.0, 2.0, 3.0, 4.0])},
        coords={
            "aim": ("case", ["power", "coherent", "stored", "stored"]),
            "wait": ("case", [0.0, 0.0, 2.0, 1.0], unit),
        },
    )


@pytest.fixture
def kept(run):
    when = xr.DataArray([10.0, 40.0], dims="switched_off", name="switched_off")
    return xr.concat([run.isel(time=slice(1, None))] * 2, dim=when)


@pytest.fixture(autouse=True)
def _tidy():
    yield
    plt.close("all")


def curves(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_charging_draws_the_data_on_the_axes_it_gets(run):
    _, ax = plt.subplots()
    assert plot.charging(run, ax) is ax
    drawn = curves(ax)
    assert len(drawn) == 4
    np.testing.assert_array_equal(drawn["ergotropy $W$"].get_ydata(), run["ergotropy"])
    assert ax.get_xlabel() == r"time  ($1/\gamma_s$)"
    assert ax.get_ylabel() == r"energy  ($\omega_s$)"


def test_power_leaves_out_what_is_not_defined(run):
    ax = plot.power(run)
    assert ax.get_ylabel() == r"average power  ($\omega_s\,\gamma_s$)"
    assert np.isfinite(ax.get_ylim()).all()


def test_curves_differ_in_colour_and_dash(run):
    for draw in (plot.charging, plot.power):
        looks = [(line.get_color(), line.get_linestyle()) for line in draw(run).get_lines()]
        dashes = [plot.CURVES[name][2] for name in plot.CURVES]
        assert len(set(looks)) == len(looks)
        assert len(set(map(str, dashes[:4]))) == 4


def test_optima_lie_on_their_curves(run, optima):
    drawn = curves(plot.switch_off(run, optima))
    coherent = drawn["largest $W^c$"]
    assert coherent.get_xdata() == pytest.approx([2.5])
    assert coherent.get_ydata() == pytest.approx([0.6 * 2.5])
    stored = drawn["best for $T_s$ = 1, 2"]
    assert stored.get_xdata() == pytest.approx([3.0, 3.5])
    assert stored.get_ydata() == pytest.approx([2.4, 2.8])


def test_waiting_counts_power_as_no_waiting(optima):
    ax = plot.waiting(optima, claim=10.0)
    drawn = curves(ax)
    assert drawn["largest $W/t$"].get_xdata() == pytest.approx([0.0])
    assert drawn["best for storing"].get_ydata() == pytest.approx([3.0, 3.5])
    assert "paper: $t$ ≈ 10" in drawn


def test_storage_draws_every_switch_off(kept):
    assert len(plot.storage(kept).get_lines()) == 4


@pytest.fixture
def pulsed(run):
    """Runs with a pump that goes up a stair."""
    stair = run.assign(pump=("time", np.repeat([1.0, 2.0, 3.0], 3)))
    return {"stair": stair, "flat": run.assign(pump=("time", np.full(9, 2.0)))}


def test_pulses_lie_above_what_they_do(pulsed):
    before = dict(matplotlib.rcParams)
    figure = plot.pulse_figure({"peak 3": pulsed, "peak 2": {"flat": pulsed["flat"]}})
    assert dict(matplotlib.rcParams) == before
    (stair, flat), (response, _) = np.reshape(figure.axes, (2, 2))
    assert (stair.get_title(loc="left"), flat.get_title(loc="left")) == ("peak 3", "peak 2")
    drawn = curves(stair)
    np.testing.assert_array_equal(drawn["stair"].get_ydata(), pulsed["stair"]["pump"])
    assert drawn["stair"].get_drawstyle() == "steps-pre"
    assert drawn["stair"].get_color() != drawn["flat"].get_color()
    assert stair.get_ylabel() == "pump amplitude $F$"
    parts = {"ergotropy $W$", "coherent $W^c$", "incoherent $W^i$", "$W$, flat"}
    assert set(curves(response)) == parts
    assert curves(response)["$W$, flat"].get_color() == drawn["flat"].get_color()


def test_more_pulses_than_colours_are_all_drawn(pulsed):
    many = {str(i): pulsed["flat"] for i in range(6)}
    assert len(plot.pump(many).get_lines()) == 6


def test_figures_have_their_panels_and_restore_the_style(run, optima, kept, tmp_path):
    before = dict(matplotlib.rcParams)
    figure = plot.demo_figure(run, optima, kept, 10.0, "A title")
    assert [ax.get_title(loc="left")[0] for ax in figure.axes] == ["a", "b", "c", "d"]
    assert len(plot.charging_figure(run, optima).axes) == 2
    assert dict(matplotlib.rcParams) == before
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_run_of_nothing_is_drawn_without_a_warning(run, optima, kept, value):
    """As a battery of two levels gives: warnings are errors here."""
    nothing, left = xr.full_like(run, value), xr.full_like(kept, value)
    assert len(plot.charging_figure(nothing, optima).axes) == 2
    assert len(plot.pulse_figure({"a": {"flat": nothing.assign(pump=run["time"])}}).axes) == 2
    plot.demo_figure(nothing, optima, left, 10.0).canvas.draw()
