"""`run.plot`: what is drawn is what the run says, with units, in a file if asked, or one line."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.motion import How, Path, Stream, follow
from qbjax.dynamics.record import pictures
from tests.toy import Qutrit

TIMES = np.linspace(0.0, 3.0, 7)
UNITS = (("time", "1/kappa"), ("energy", "omega_12"), ("sites", "omega_12"))


@pytest.fixture(autouse=True)
def _tidy():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def run():
    return qb.charge(qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(2.5), TIMES)


def made(kind=Path, names=("energy", "purity"), rows=3, **more):
    """A run of numbers that are known: observable k is k plus the time, a row of `sites`."""

    def observe(t, y):
        seen = {name: k + t for k, name in enumerate(names)}
        return seen | {"sites": t * jnp.arange(float(rows)), "trace_defect": 0.0 * t}

    given = {"state": lambda t, y: y, "observe": observe, "units": UNITS, **more}
    if kind is Stream:
        given |= {
            "step": lambda x, i: (x, {}),
            "inputs": jnp.zeros(len(TIMES) - 1),
            "initial": jnp.zeros(1),
            "finish": lambda times, seen, told, at: seen,
        }
    else:
        given |= {"points": jnp.zeros((len(TIMES), 1)), "steps": jnp.array(1)}
        given |= {"finish": lambda times, seen: seen}
    return follow(kind(**given), jnp.asarray(TIMES), How(qb.Solver()))


def drawn(ax):
    return {line.get_label(): line for line in ax.get_lines()}


def test_the_picture_of_a_run(run):
    above, below, own = run.plot().figure.axes
    assert above.get_ylabel() == r"energy  ($\omega_b$)"
    assert below.get_ylabel() == r"average power  ($\omega_b\,J$)"
    assert own.get_xlabel() == "time  ($1/J$)"
    assert set(drawn(own)) == {"inversion", "coherence", "concurrence"}
    assert set(drawn(below)) == {"energy / time", "ergotropy / time"}
    line = drawn(above)["ergotropy $W$"]
    np.testing.assert_array_equal(line.get_ydata(), run.ergotropy)
    np.testing.assert_array_equal(line.get_xdata(), run.times)
    assert above.get_legend() is not None
    assert 25.4 * above.figure.get_size_inches()[0] == pytest.approx(86)


@pytest.mark.standard_promotion  # as users have it
def test_own_batteries_are_drawn_as_well():
    ran = qb.charge(Qutrit(), qb.protocols.Constant(1.0), TIMES)
    above, below = ran.plot().figure.axes
    assert set(drawn(above)) == {"energy", "ergotropy $W$"}
    assert (above.get_ylabel(), below.get_xlabel()) == ("energy", "time")


def test_observables_by_name_have_a_panel_for_every_unit():
    axes = made().plot("energy", "purity", "trace_defect").figure.axes
    labels = [r"energy  ($\omega_{12}$)", "number"]
    assert [ax.get_ylabel() for ax in axes] == labels
    assert list(drawn(axes[1])) == ["purity", "trace defect"]


def test_the_picture_that_a_battery_says():
    ran = made(picture=(("purity",), ("sites", "missing")))
    purity, sites = ran.plot().figure.axes
    assert list(drawn(purity)) == ["purity"]
    assert [line.get_ydata()[-1] for line in sites.get_lines()] == [0.0, 3.0, 6.0]
    assert len({line.get_color() for line in sites.get_lines()}) == 3


def test_without_energies_there_are_the_numbers():
    (ax,) = made(names=("photons", "purity"), rows=1).plot("photons", "purity").figure.axes
    assert list(drawn(ax)) == ["photons", "purity"]
    assert pictures.own_panels(made(names=("photons",)).to_xarray()) == [["photons"], ["sites"]]


def test_rows_of_many_numbers_are_a_map():
    ax, bar = made(rows=20).plot("sites").figure.axes
    assert bar.get_ylabel() == r"sites  ($\omega_{12}$)"
    (mesh,) = ax.collections
    np.testing.assert_allclose(mesh.get_array()[-1], 19 * TIMES)


def test_collisions_are_points_and_what_moves_in_time_is_a_line():
    for kind, points in ((Stream, True), (Path, False)):
        (line,) = made(kind).plot("energy").get_lines()
        assert (line.get_linestyle() == "None", line.get_marker() != "None") == (points, points)


def test_waiting_goes_on_between_the_times():
    battery = qb.batteries.micromaser(6, loss=0.1)
    met = qb.charge(battery, qb.protocols.Collisions(np.full(3, 0.3), 0.1, 0.0))
    assert (met.discrete, qb.store(battery, met.final_state, [0.0, 1.0]).discrete) == (True, False)


def test_a_single_time_is_a_point(run):
    one = qb.charge(Qutrit(), qb.protocols.Constant(1.0), TIMES[:1])
    (line,) = one.plot("energy").get_lines()
    assert line.get_marker() != "None"


def test_runs_on_one_axes_are_told_apart(run):
    ax = run.plot("ergotropy", label="first")
    assert run.plot("ergotropy", ax=ax, label="second") is ax
    first, second = ax.get_lines()
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["ergotropy $W$, first", "ergotropy $W$, second"]


def test_a_run_that_is_not_to_be_believed_says_so():
    cut = qb.batteries.DOPO(signal_levels=4, pump_levels=2)
    with pytest.warns(qb.dynamics.TruncationWarning):
        ran = qb.charge(cut, qb.protocols.Constant(3.0), TIMES)
    assert ran.plot().get_title(loc="right") == "truncated"


def test_a_file_says_where_it_is_from(run, tmp_path):
    run.plot("purity", path=tmp_path / "run.svg")
    text = (tmp_path / "run.svg").read_text("utf-8")
    assert "BlochPreparation" in text
    assert "<text" in text


@pytest.mark.parametrize(
    ("names", "given", "said"),
    [
        (["ergotopy"], {}, "`observables` .*'purity'.*did you mean 'ergotropy'"),
        ([3], {}, "`observables` .* but is 3"),
        (["energy", "purity"], {"ax": plt.Axes}, "`observables` .*omega_b .energy. and 1 .purity."),
        ([], {"ax": 3}, "`ax` must be axes"),
        ([], {"label": 3}, "`label` must be a text"),
        ([], {"path": 3}, "`path` must be a path"),
        ([], {"path": "run.foo"}, "`path` must end with one of .*png"),
        ([], {"path": "/dev/null/run.png"}, "`path` must be a file that can be written"),
        ([], {"path": "a/folder/that/is/not/there.png"}, "`path` must be a file that can be"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(run, names, given, said):
    if given.get("ax") is plt.Axes:
        given = {"ax": plt.subplots()[1]}
    figures = len(plt.get_fignums())
    with pytest.raises((ValueError, TypeError), match=said) as caught:
        run.plot(*names, **given)
    assert str(caught.value).startswith("Argument `")
    assert "\n" not in str(caught.value)
    assert len(plt.get_fignums()) == figures


def test_a_traced_run_and_a_batch_are_refused(run):
    with pytest.raises(ValueError, match=r"`run` must be one run .* is traced\."):
        jax.eval_shape(lambda r: r.plot(), run)
    batch = jax.tree.map(lambda x: jnp.stack([x, x]), run)
    with pytest.raises(ValueError, match=r"`run` must be .* times of shape \(2, 7\)"):
        batch.plot()
