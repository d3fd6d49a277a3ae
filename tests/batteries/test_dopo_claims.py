"""What the paper reads off its figures, recomputed with its own 32×9 levels in the lab frame.

J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026); docs/claims.md says
what to make of each. κ_a of Figs. 8 and 9 is in tests/loads, converged steady values are in
test_dopo_reference.py, switch-off times in tests/strategies.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.stats import linregress

import qbjax as qb

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


@pytest.fixture(scope="module")
def kept():
    """What is left at times after switching off at 10 and at 40."""
    pump, after = qb.protocols.Constant(3.0), np.linspace(0.0, 5.0, 501)
    options = {"adjoint": "forward", "solver": EXACT_STEPS}
    ends = {off: qb.charge(BATTERY, pump, [0.0, off], **options) for off in (10.0, 40.0)}
    return after, {
        off: qb.store(BATTERY, run.final_state, after, **options) for off, run in ends.items()
    }


def at(*amplitudes):
    return [int(np.argmin(abs(AMPLITUDES - F))) for F in amplitudes]


def test_largest_power_grows_exponentially(runs):
    """Fig. 6: ln P_max = 2.049 F − 6.222, r = .9995 on F = 2.2…3."""
    few = at(2.2, 2.4, 2.6, 2.8, 3.0)
    fit = linregress(AMPLITUDES[few], np.log(np.nanmax(runs["P"][few], axis=1)))
    assert fit.slope == pytest.approx(2.0486, abs=1e-4)
    assert fit.intercept == pytest.approx(-6.2313, abs=1e-4)
    assert fit.rvalue == pytest.approx(0.9992, abs=1e-4)


def test_steady_ergotropy_grows_nearly_exponentially(runs):
    """Fig. 4: ln W_ss = 2.742 F − 5.330, r = .9974 on F = 1…3, at points not stated."""
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
    """Said of both: γt ≈ 10."""
    (F3,) = at(3.0)
    assert TIMES[np.nanargmax(runs["P"][F3])] == pytest.approx(10.0, abs=0.06)
    assert TIMES[np.argmax(runs["Wc"][F3])] == pytest.approx(13.0, abs=0.06)
    assert runs["Wc"][F3].max() == pytest.approx(8.805, abs=5e-4)
    assert runs["Wc"][F3, 100] == pytest.approx(8.346, abs=5e-4)


def slope(times, values, until):
    """Of the logarithm, over the first `until`."""
    few = times <= until + 1e-9
    return linregress(times[few], np.log(np.asarray(values)[few])).slope


def test_decay_after_the_pump(kept):
    """Fig. 7: slopes −1.127 of ln W^c, −2.082 of ln W^i; the second is no exponential.

    It steepens with the window, past the paper's slope at 2.3, and is gone at 2.41.
    """
    times, runs = kept
    late = runs[40.0]
    assert slope(times, late.coherent_ergotropy, 2.0) == pytest.approx(-1.114, abs=1e-3)
    assert slope(times, late.coherent_ergotropy, 3.0) == pytest.approx(-1.178, abs=1e-3)
    assert slope(times, late.incoherent_ergotropy, 2.0) == pytest.approx(-1.877, abs=1e-3)
    assert slope(times, late.incoherent_ergotropy, 2.3) == pytest.approx(-2.086, abs=1e-3)
    gone = np.asarray(late.incoherent_ergotropy) < 1e-12
    assert times[np.argmax(gone)] == pytest.approx(2.41)
    assert np.all(gone[np.argmax(gone) :])


def test_what_was_charged_longer_lasts_longer(kept):
    """Against the conclusion that switching off at 10 keeps more."""
    _, runs = kept
    assert runs[10.0].ergotropy[100] == pytest.approx(2.46, abs=5e-3)
    assert runs[40.0].ergotropy[100] == pytest.approx(3.93, abs=5e-3)
