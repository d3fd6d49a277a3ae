"""The DOPO battery against numbers found elsewhere, and its two frames against each other."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qbjax as qb
from qbjax.dynamics.record.doubt import TRUNCATION_LIMIT
from tests.helpers import EXACT, tree_allclose

# SciPy's DOP853 on the sparse Lindblad equation at rtol 1e-9: 32×9 levels, lab, F = 3.
TIMES = (0.0, 1.0, 2.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0)
LAB = {
    "energy": (
        0.0, 0.2677595907715668, 0.9303593701137339, 4.321590488873209, 8.17360877730801,
        10.184397380421002, 13.034797546749486, 14.070948070149594, 14.531887368125805,
        14.580694834168295,
    ),
    "ergotropy": (
        0.0, 0.21254149617920806, 0.6835089320594396, 3.3866137173574917, 6.867244433799516,
        8.88548787796602, 11.910617090140963, 13.048326379278553, 13.565059459739093,
        13.620289807294272,
    ),
    "incoherent_ergotropy": (
        0.0, 0.03417634879499634, 0.02380433361014378, 0.014309335495780395,
        0.010232312347969952, 0.539350488535753, 3.2684108023289813, 4.896244391453905,
        5.71141563888197, 5.801638501293274,
    ),
    "coherent_ergotropy": (
        0.0, 0.17836514738421172, 0.6597045984492957, 3.3723043818617113, 6.857012121451546,
        8.346137389430266, 8.642206287811982, 8.152081987824648, 7.853643820857123,
        7.818651306000997,
    ),
}  # fmt: skip

CONVERGED = {
    3.0: (56, 15.3499, 14.6404, 6.5751, 8.0653),
    3.5: (72, 23.6101, 23.0037, 13.823, 9.1807),
    4.0: (90, 31.7098, 31.1416, 20.936, 10.2056),
}


def charge(battery, amplitude, times, **options):
    """A charge whose truncation is meant to be what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
        return qb.charge(battery, qb.protocols.Constant(amplitude), times, **options)


@pytest.mark.parametrize("count", [6, pytest.param(10, marks=pytest.mark.slow)])
def test_lab_frame_reproduces_the_reference(count):
    run = charge(qb.batteries.DOPO(32, 9, frame="lab"), 3.0, TIMES[:count])
    for name, values in LAB.items():
        assert tree_allclose(run.observables[name], np.array(values[:count]), rtol=1e-9), name
    assert jnp.max(run.trace_defect) < EXACT


@pytest.mark.parametrize(
    "amplitude",
    [3.0, pytest.param(3.5, marks=pytest.mark.slow), pytest.param(4.0, marks=pytest.mark.slow)],
)
def test_converged_steady_values(amplitude):
    levels, *expected = CONVERGED[amplitude]
    run = qb.charge(
        qb.batteries.DOPO(levels, 5), qb.protocols.Constant(amplitude), jnp.array([0.0, 40.0])
    )
    names = ("energy", "ergotropy", "incoherent_ergotropy", "coherent_ergotropy")
    found = [float(run.observables[name][-1]) for name in names]
    assert tree_allclose(found, expected, rtol=1e-3, atol=0)


def test_the_papers_own_truncation_is_wrong_and_says_so():
    battery = qb.batteries.DOPO(32, 4)
    with pytest.warns(qb.dynamics.TruncationWarning, match="signal_levels=73"):
        run = qb.charge(battery, qb.protocols.Constant(3.5), jnp.array([0.0, 40.0]))
    # The lab frame's 14.77 with the paper's nine pump levels, 15.09 with enough of them.
    assert 14.7 < run.ergotropy[-1] < 15.1


def test_44_levels_are_enough_to_switch_off_at():
    """Until γt = 20 and at F = 3, where the switch-off times are looked for: no warning."""
    run = qb.charge(qb.batteries.DOPO(44, 5), qb.protocols.Constant(3.0), jnp.array([0.0, 20.0]))
    assert jnp.all(run.truncation < TRUNCATION_LIMIT)


@pytest.mark.slow
def test_the_papers_own_truncation_in_the_lab_frame():
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    with pytest.warns(qb.dynamics.TruncationWarning, match=r"signal_levels=73, pump_levels="):
        run = qb.charge(battery, qb.protocols.Constant(3.5), jnp.array([0.0, 40.0]))
    assert abs(run.ergotropy[-1] - 14.76620030527625) < 1e-6


@pytest.mark.slow  # at one size both are compared with QuTiP, faster
@pytest.mark.parametrize(
    ("numbers", "amplitude"),
    [
        ({}, 1.0),
        ({"signal_thermal": 0.05, "pump_thermal": 0.02}, 0.8),
        ({"detuning": 0.4}, 1.0),
        ({}, 0.6 + 0.7j),
        ({"detuning": -0.3, "signal_thermal": 0.05}, 0.5 - 0.5j),
    ],
)
def test_the_frames_agree_as_both_converge(numbers, amplitude):
    times = jnp.array([0.0, 0.5, 1.0, 2.0])
    errors = []
    for signal, lab_pump, displaced_pump in ((10, 6, 3), (18, 9, 5)):
        lab = charge(qb.batteries.DOPO(signal, lab_pump, **numbers, frame="lab"), amplitude, times)
        moved = charge(qb.batteries.DOPO(signal, displaced_pump, **numbers), amplitude, times)
        names = ("energy", "ergotropy", "coherent_ergotropy", "purity", "pump_photons")
        errors.append(max(_distance(lab, moved, name) for name in names))
    assert errors[1] < 1e-4
    assert errors[1] < errors[0] / 10


def _distance(one, other, name):
    return float(jnp.max(jnp.abs(one.observables[name] - other.observables[name])))


def test_more_levels():
    battery = qb.batteries.DOPO(44, 5, detuning=0.1)
    refined = battery.refined()
    assert (refined.signal_levels, refined.pump_levels) == (60, 6)
    assert refined.detuning == battery.detuning
    assert qb.batteries.DOPO(44, 9, frame="lab").refined().pump_levels == 14
    advice = battery.recommended_levels(qb.protocols.Constant(3.0))
    assert advice == {"signal": ("signal_levels", 62), "pump": ("pump_levels", 7)}


def mean_field(battery, amplitude, until):
    """Photons that a small signal amplitude grows to, or decays to, by SciPy."""
    kappa, delta = float(battery.coupling), float(battery.detuning)
    losses = complex(battery.signal_decay / 2, delta), complex(battery.pump_decay / 2, 2 * delta)
    drive = np.sqrt(float(battery.pump_decay)) * amplitude

    def field(t, y):
        s, p = y
        slope = -losses[0] * s + kappa * np.conj(s) * p
        return slope, -losses[1] * p - kappa / 2 * s**2 + drive

    run = solve_ivp(field, (0.0, until), np.array([0.1 + 0j, 0.0]), rtol=1e-8, atol=1e-10)
    return abs(run.y[0, -1]) ** 2


@pytest.mark.parametrize("detuning", [0, 0.3])
def test_mean_field(detuning):
    battery = qb.batteries.DOPO(4, 2, detuning=detuning)
    threshold = float(battery.threshold())
    if detuning == 0:
        assert threshold == 2.0
        assert float(battery.mean_photons(3.0)) == pytest.approx(16.0)
    assert float(battery.mean_photons(0.99 * threshold)) == 0.0
    for amplitude, grows in ((0.97 * threshold, False), (3.0, True)):
        photons = mean_field(battery, amplitude, until=400.0)
        expected = battery.mean_photons(amplitude) if grows else 0.0
        assert abs(photons - expected) < 1e-4


def test_gradients_of_the_closed_forms_are_finite_below_threshold():
    photons = lambda f: qb.batteries.DOPO(4, 2).mean_photons(f)  # noqa: E731
    assert [float(jax.grad(photons)(f)) for f in (1.0, 3.0)] == pytest.approx([0.0, 16.0])
