"""What the paper reads off its figures, recomputed with its own levels in the lab frame.

J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026); docs/claims.md says
what to make of each. More of Figs. 8 and 9 is in tests/loads, converged steady values are in
test_dopo_reference.py, switch-off times in tests/strategies.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import linregress

import qbjax as qb
from qbjax.strategies.discharge import first_maximum

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Too few levels"),
    pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning"),
]

BATTERY = qb.batteries.DOPO(32, 9, frame="lab")
EXACT_STEPS = qb.Solver(method=qb.dynamics.Chebyshev())
TIMES = np.linspace(0.0, 40.0, 401)
AMPLITUDES = np.array([1.0, 1.5, *np.linspace(2.0, 3.5, 16)])


@pytest.fixture(scope="module")
def runs():
    """Observables over (amplitude, time)."""

    @jax.jit
    def charged(amplitudes):
        def one(F):
            run = qb.charge(
                BATTERY, qb.protocols.Constant(F), TIMES, adjoint="forward", solver=EXACT_STEPS
            )
            return {"W": run.ergotropy, "Wc": run.coherent_ergotropy, "P": run.ergotropic_power}

        return jax.lax.map(one, amplitudes)

    return jax.tree.map(np.asarray, charged(jnp.asarray(AMPLITUDES)))


AFTER = np.linspace(0.0, 5.0, 501)


def left(battery, amplitude, off, after, **options):
    """What is kept at times after switching off."""
    pump = qb.protocols.Constant(amplitude)
    state = qb.charge(battery, pump, [0.0, off], adjoint="forward", **options).final_state
    return qb.store(battery, state, after, adjoint="forward", **options)


@pytest.fixture(scope="module")
def kept():
    """After switching off at 10, 30 and 40."""
    return {off: left(BATTERY, 3.0, off, AFTER, solver=EXACT_STEPS) for off in (10.0, 30.0, 40.0)}


def at(*amplitudes):
    return [int(np.argmin(abs(AMPLITUDES - F))) for F in amplitudes]


def test_largest_power_grows_exponentially(runs):
    """Fig. 6b: ln P_max = 2.049 F − 6.222, r = .9995 on F = 2.2…3."""
    few = at(2.2, 2.4, 2.6, 2.8, 3.0)
    fit = linregress(AMPLITUDES[few], np.log(np.nanmax(runs["P"][few], axis=1)))
    assert fit.slope == pytest.approx(2.0486, abs=1e-4)
    assert fit.intercept == pytest.approx(-6.2313, abs=1e-4)
    assert fit.rvalue == pytest.approx(0.9992, abs=1e-4)


def test_steady_ergotropy_grows_nearly_exponentially(runs):
    """Fig. 2b: ln W_ss = 2.742 F − 5.330, r = .9974 on F = 1…3, at points not stated."""
    few = at(1.0, 1.5, 2.0, 2.5, 3.0)
    fit = linregress(AMPLITUDES[few], np.log(runs["W"][few, -1]))
    assert fit.slope == pytest.approx(2.638, abs=1e-3)
    assert fit.intercept == pytest.approx(-5.096, abs=1e-3)
    assert fit.rvalue == pytest.approx(0.9965, abs=1e-4)


def test_steady_coherent_ergotropy_is_logistic_with_so_few_levels(runs):
    """Eq. (13): 8.2016/(1 + exp(−5.4097 (F − 2.3605))) on F = 2…3.5; an artefact of 32 levels."""

    def logistic(F, height, rate, middle):
        return height / (1 + np.exp(-rate * (F - middle)))

    (height, rate, middle), _ = curve_fit(
        logistic, AMPLITUDES[2:], runs["Wc"][2:, -1], p0=(8.0, 5.0, 2.4)
    )
    assert height == pytest.approx(8.129, abs=1e-3)
    assert rate == pytest.approx(5.464, abs=1e-3)
    assert middle == pytest.approx(2.357, abs=1e-3)
    # With the levels it takes, it keeps growing: 8.07, 9.18, 10.21 at F = 3, 3.5, 4.
    assert runs["Wc"][-1, -1] < 8.2


def test_steady_ergotropy_of_a_strong_pump_is_cut_off(runs):
    """14.77 at F = 3.5, of 23.00 with enough levels."""
    assert runs["W"][-1, -1] == pytest.approx(14.77, abs=5e-3)


def test_power_and_coherent_ergotropy_do_not_peak_together(runs):
    """Said of both: γt ≈ 10 (Figs. 3, 6a). W^c peaks at all only beyond F = 2.6 (Fig. 7a)."""
    (F3,) = at(3.0)
    assert runs["Wc"][F3].max() == pytest.approx(8.805, abs=5e-4)
    assert runs["Wc"][F3, 100] == pytest.approx(8.346, abs=5e-4)
    expected = {
        2.2: (5.8, None), 2.4: (8.0, None), 2.6: (9.8, None), 2.7: (10.4, 21.6),
        2.8: (10.5, 17.2), 2.9: (10.4, 14.7), 3.0: (10.0, 13.0),
    }  # fmt: skip
    for F, (power, coherent) in expected.items():
        (row,) = at(F)
        assert TIMES[np.nanargmax(runs["P"][row])] == pytest.approx(power, abs=0.06)
        highest = np.argmax(runs["Wc"][row])
        if coherent is None:
            assert highest == len(TIMES) - 1
        else:
            assert TIMES[highest] == pytest.approx(coherent, abs=0.06)
    (row,) = at(2.7)
    assert runs["Wc"][row].max() == pytest.approx(7.258, abs=5e-4)
    assert runs["Wc"][row, -1] == pytest.approx(7.159, abs=5e-4)


@pytest.mark.parametrize(("F", "power", "fit"), [(3.5, 1.9155, 2.584), (4.0, 3.2485, 7.199)])
def test_the_growth_of_the_power_ends(F, power, fit):
    """ "With the parameters employed, P_max increases exponentially" (Fig. 6b): up to F = 3."""
    run = qb.charge(
        qb.batteries.DOPO(80, 5),
        qb.protocols.Constant(F),
        np.linspace(0.0, 12.0, 121),
        adjoint="forward",
    )
    assert float(np.nanmax(run.ergotropic_power)) == pytest.approx(power, abs=5e-4)
    assert np.exp(2.049 * F - 6.222) == pytest.approx(fit, abs=1e-3)


def line(times, values, low, high):
    """Slope, value at time 0 and |r| of the logarithm, over a window."""
    few = (times > low - 1e-9) & (times < high + 1e-9)
    fit = linregress(times[few], np.log(np.asarray(values)[few]))
    return fit.slope, fit.intercept, abs(fit.rvalue)


def test_decay_after_the_pump(kept):
    """Fig. 4b: −1.127 t + 47.17 for ln W^c, −2.082 t + 85.48 for ln W^i, which is no exponential.

    It steepens with the window, past the paper's slope at 2.3, and is gone at 2.41.
    """
    late, times = kept[40.0], AFTER + 40
    coherent, incoherent = late.coherent_ergotropy, late.incoherent_ergotropy
    assert line(times, coherent, 40.0, 40 + 2.0)[0] == pytest.approx(-1.114, abs=1e-3)
    assert line(times, coherent, 40.0, 40 + 3.0)[0] == pytest.approx(-1.178, abs=1e-3)
    slope, start, r = line(times, coherent, 40.0, 40 + 2.6)
    assert slope == pytest.approx(-1.127, abs=1e-3)
    assert start == pytest.approx(47.18, abs=5e-3)
    assert r == pytest.approx(0.9994, abs=1e-4)
    assert line(times, incoherent, 40.0, 40 + 2.0)[0] == pytest.approx(-1.877, abs=1e-3)
    slope, start, r = line(times, incoherent, 40.0, 40 + 2.3)
    assert slope == pytest.approx(-2.086, abs=1e-3)
    assert start == pytest.approx(85.66, abs=5e-3)
    assert r == pytest.approx(0.9863, abs=1e-4)
    gone = np.asarray(incoherent) < 1e-12
    assert AFTER[np.argmax(gone)] == pytest.approx(2.41)
    assert np.all(gone[np.argmax(gone) :])


def test_a_cavity_twice_as_good():
    """Fig. 5: half of γ_s, so that κ, γ_p and F² double in its units, while the time axis keeps
    the old ones: off at 7 means at 3.5 of the new."""
    battery = qb.batteries.DOPO(60, 9, coupling=1.0, pump_decay=32.0, frame="lab")
    after = np.linspace(0.0, 4.0, 41)
    late = left(battery, 4.24, 3.5, after / 2, solver=EXACT_STEPS)
    coherent = line(after + 7, late.coherent_ergotropy, 7.0, 7 + 3.2)
    assert coherent == pytest.approx((-0.7387, 7.630, 0.9900), abs=1e-3)
    incoherent = line(after + 7, late.incoherent_ergotropy, 7 + 0.1, 7 + 3.6)
    assert incoherent == pytest.approx((-1.2132, 10.820, 0.9972), abs=1e-3)


def test_what_was_charged_longer_lasts_longer(kept):
    """Against Sec. III, that switching off at 10 leaves "significantly" more coherent ergotropy
    than at 30: it does so for 0.74 time units."""
    early, late = kept[10.0], kept[30.0]
    for run, at_once, later in ((early, 8.346, 2.386), (late, 7.854, 2.526)):
        assert run.coherent_ergotropy[0] == pytest.approx(at_once, abs=5e-4)
        assert run.coherent_ergotropy[100] == pytest.approx(later, abs=5e-4)
    assert early.ergotropy[100] == pytest.approx(2.463, abs=5e-4)
    assert late.ergotropy[100] == pytest.approx(3.911, abs=5e-4)
    less = np.asarray(early.coherent_ergotropy < late.coherent_ergotropy)
    assert AFTER[np.argmax(less)] == pytest.approx(0.74)


def test_the_same_converged():
    """56×5 levels in the displaced frame."""
    for off, at_once, later in ((10.0, 8.643, 2.474), (40.0, 8.065, 2.582)):
        run = left(qb.batteries.DOPO(56, 5), 3.0, off, np.array([0.0, 1.0]))
        assert run.coherent_ergotropy == pytest.approx((at_once, later), abs=5e-4)


@pytest.mark.parametrize(
    ("signal", "pump", "ergotropy"),
    [(24, 9, 9.582), (28, 9, 11.986), (32, 9, 13.627), (36, 9, 14.366),
     (32, 3, 0.136), (32, 5, 8.138), (32, 7, 13.311), (32, 12, 13.655)],
)  # fmt: skip
def test_levels_of_the_paper(signal, pump, ergotropy):
    """Fig. 10, in the steady state."""
    battery = qb.batteries.DOPO(signal, pump, frame="lab")
    found = qb.steady_state(battery, qb.protocols.Constant(3.0))
    assert found.ergotropy == pytest.approx(ergotropy, abs=1e-3)


def test_what_a_load_gets_first():
    """Fig. 8b: "saturates at approximately 0.43" for g ≥ 1."""
    state = qb.charge(BATTERY, qb.protocols.Constant(3.0), [0.0, 10.0]).final_state
    for g, time, most in (
        (1.0, 0.4856, 0.408720),
        (1.35, 0.3497, 0.423469),
        (1.7, 0.2731, 0.431509),
        (3.0, 0.1507, 0.444000),
    ):
        found = first_maximum(BATTERY, state, qb.loads.TwoLevel(g, decay=0.1), until=2.0)
        assert found.time == pytest.approx(time, abs=1e-4)
        assert found.load_ergotropy == pytest.approx(most, abs=1e-6)
