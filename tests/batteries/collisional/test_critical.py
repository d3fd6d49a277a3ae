"""Where the quantum advantage ends, against Figs. 4–6 recomputed elsewhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.critical import _Excess, critical_angles, critical_loss, lead
from qbjax.dynamics.record.trajectory import TruncationWarning

OSCILLATOR = qb.algebra.ladders.oscillator(110)
SPIN = qb.algebra.ladders.spin(49.5)


def lossy(damping):
    return qb.batteries.Collisional(OSCILLATOR, -np.log1p(-damping))


@pytest.mark.parametrize(
    ("angle", "damping", "count", "time"),
    [
        (0.002, 0.0, 970, 6.095),
        (0.015, 0.0, 131, 6.173),
        (0.015, 0.001, 157, 7.398),
        # Where it comes earliest with such a loss:
        (0.020, 5e-4, 106, 6.660),
        (0.023, 1e-3, 99, 7.153),
        (0.027, 2e-3, 103, 8.737),
        (0.026, 2.4e-3, 131, 10.700),
    ],
)
def test_first_crossing(angle, damping, count, time):
    """Fig. 4."""
    found = lead(lossy(damping), angle * np.pi, 11.0, collisions=1800)
    assert int(found.first_collisions) == count
    assert float(found.first_time) == pytest.approx(count * angle * np.pi, rel=1e-12)
    assert float(found.first_time) == pytest.approx(time, abs=5e-4)


def test_the_lead_ends_again_with_loss():
    """Fig. 4: at γ = 0.002 only between two angles; at 0.0025 nowhere."""
    angles = np.array(critical_angles(lossy(0.002), 0.012 * np.pi, 0.05 * np.pi, 13.0)) / np.pi
    np.testing.assert_allclose(angles, (0.016194, 0.034798), rtol=2e-5)
    with pytest.raises(ValueError, match=r"`battery` must leave coherent qubits a lead .* behind"):
        critical_angles(lossy(0.0025), 0.012 * np.pi, 0.05 * np.pi, 13.0)


def test_critical_loss_of_an_oscillator():
    found = critical_loss(OSCILLATOR, 0.02 * np.pi, 0.035 * np.pi, 13.0)
    assert found.damping == pytest.approx(0.002423930, rel=1e-6)
    assert found.theta / np.pi == pytest.approx(0.02588, rel=1e-3)
    assert found.damping == pytest.approx(-np.expm1(-found.loss))
    assert 11 < found.time < 12


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "damping", "angle"),
    [(0.45, 0.003032, 0.03065), (0.4, 0.003514, 0.03503), (0.35, 0.003782, 0.03886),
     (0.3, 0.003755, 0.04204), (0.25, 0.003367, 0.04384)],
)  # fmt: skip
def test_critical_loss_by_population(q, damping, angle):
    """ "The best performance is obtained for q = 1/2": of angles that go to zero."""
    found = critical_loss(OSCILLATOR, 0.02 * np.pi, 0.055 * np.pi, 14.0, ground_population=q)
    assert found.damping == pytest.approx(damping, abs=5e-7)
    assert found.theta / np.pi == pytest.approx(angle, rel=1e-3)


def test_the_search_for_the_population(monkeypatch):
    """Of a hill in place of the leads, it finds the top."""

    def excess(self, theta, loss=0.0, q=0.4):
        return 0.003 * (1 - 50 * (theta - 0.12) ** 2 - 5 * (q - 0.35) ** 2) - loss

    monkeypatch.setattr(_Excess, "__call__", excess)
    best = critical_loss(qb.algebra.ladders.oscillator(9), 0.1, 0.2, 0.8, ground_population=None)
    assert best.loss == pytest.approx(0.003, rel=1e-5)
    assert (best.theta, best.ground_population) == pytest.approx((0.12, 0.35), abs=1e-3)
    given = critical_loss(qb.algebra.ladders.oscillator(9), 0.1, 0.2, 0.8)
    assert given.loss == pytest.approx(0.003 * (1 - 5 * 0.15**2), rel=1e-6)


@pytest.mark.slow
def test_the_population_is_chosen():
    """In a shorter time, for which fewer levels do."""
    ladder, span = qb.algebra.ladders.oscillator(40), (0.03 * np.pi, 0.06 * np.pi, 9.0)
    best = critical_loss(ladder, *span, ground_population=None)
    given = [critical_loss(ladder, *span, ground_population=q) for q in (0.5, 0.4)]
    assert best.damping == pytest.approx(0.003344, abs=1e-6)
    assert best.ground_population == pytest.approx(0.354, abs=2e-3)
    assert given[0].damping < given[1].damping < best.damping
    battery = qb.batteries.Collisional(ladder, best.loss)
    found = lead(battery, best.theta, 9.0, collisions=96, ground_population=best.ground_population)
    assert float(found.excess) == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_the_population_that_survives_most():
    best = critical_loss(OSCILLATOR, 0.02 * np.pi, 0.055 * np.pi, 14.0, ground_population=None)
    assert best.damping == pytest.approx(0.0038106, abs=2e-7)
    assert best.ground_population == pytest.approx(0.329, abs=2e-3)
    assert best.theta / np.pi == pytest.approx(0.0403, rel=3e-3)


def test_other_populations_survive_more():
    """Beyond the critical loss of q = 1/2, and its critical angle."""
    found = lead(lossy(0.0037), 0.039 * np.pi, 14.0, collisions=224, ground_population=0.35)
    assert found.excess > 0
    lossless = qb.batteries.Collisional(OSCILLATOR)
    for q, angle in ((0.4, 0.06118), (0.35, 0.06693), (0.3, 0.07099), (0.25, 0.07260)):
        span = np.array([0.02, 0.09]) * np.pi
        high = critical_angles(lossless, *span, 14.0, ground_population=q)[1]
        assert high / np.pi == pytest.approx(angle, abs=5e-6)


def test_critical_angles_without_loss():
    battery = qb.batteries.Collisional(OSCILLATOR)
    low, high = critical_angles(battery, 0.02 * np.pi, 0.07 * np.pi, 14.0)
    assert low == pytest.approx(0.02 * np.pi), "the lead still holds there"
    assert high / np.pi == pytest.approx(0.046542, rel=2e-5)
    spin = qb.batteries.Collisional(SPIN)
    high = critical_angles(spin, 0.004 * np.pi, 0.01 * np.pi, 2.0)[1]
    assert high / np.pi == pytest.approx(0.00508186, rel=1e-6)
    assert int(lead(spin, 0.002 * np.pi, 1.0, collisions=160).first_collisions) == 100
    assert int(lead(spin, 0.004 * np.pi, 1.0, collisions=160).first_collisions) == 57


def test_the_battery_keeps_its_terms_when_its_loss_is_another():
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(9), 0.1, 0.2, 0.3, "runs_on")
    qubits = {"collisions": 8, "duration": 0.8}
    excess = _Excess(battery, 0.1, 0.2, 0.8, {})
    other = qb.batteries.Collisional(battery.ladder, jnp.asarray(0.05), 0.2, 0.3, "runs_on")
    assert excess(0.1, 0.05) == float(lead(other, 0.1, **qubits).excess)
    assert excess(0.1, 0.05) != excess(0.1)


@pytest.mark.slow
def test_a_map_in_one_program():
    """Many angles and losses at once are what each is alone."""
    angles, losses = np.array([0.02, 0.03]) * np.pi, np.array([0.0, 0.003])

    def one(theta, loss):
        battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(50), loss)
        return lead(battery, theta, 7.0, collisions=120, against="lossy")

    found = jax.vmap(jax.vmap(one, (None, 0)), (0, None))(angles, losses)
    for i, theta in enumerate(angles):
        for j, loss in enumerate(losses):
            alone = one(theta, jnp.asarray(loss))
            assert float(found.excess[i, j]) == pytest.approx(float(alone.excess), abs=1e-12)
            assert int(found.collisions[i, j]) == int(alone.collisions)


def test_too_short_a_ladder_says_so():
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(20))
    with pytest.warns(TruncationWarning, match="the lead depends on where"):
        critical_angles(battery, 0.03, 0.1, 10.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: lead(None, 0.1, 1.0, collisions=2), TypeError, "`battery`"),
        (lambda: lead(lossy(0), 0.0, 1.0, collisions=2), ValueError, "`theta`"),
        (lambda: lead(lossy(0), 0.1, -1.0, collisions=2), ValueError, "`duration`"),
        (lambda: lead(lossy(0), 0.1, 1.0, collisions=0), ValueError, "`collisions`"),
        (lambda: lead(lossy(0), 0.1, 1.0, collisions=2, against="x"), ValueError, "`against`"),
        (lambda: critical_angles(lossy(0), 0.2, 0.1), ValueError, "`high` must be greater"),
        (lambda: critical_loss(3), TypeError, "`ladder`"),
        (lambda: critical_loss(OSCILLATOR, ground_population=2), ValueError, "`ground_population`"),
        (lambda: critical_loss(OSCILLATOR, duration=np.nan), ValueError, "`duration`"),
        (
            lambda: critical_loss(qb.algebra.ladders.uniform(9), 0.4, 0.9, 2.0),
            ValueError,
            "`ladder` must leave coherent qubits a lead",
        ),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
