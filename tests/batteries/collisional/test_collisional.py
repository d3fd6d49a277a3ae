"""Collisional batteries and the micromaser, against numbers found by brute force elsewhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.record.trajectory import TruncationWarning
from tests.helpers import EXACT, GRADIENT, central_difference, random_state, tree_allclose

LADDERS = qb.algebra.ladders
TRAP = np.pi / np.sqrt(15)
"""Swap angle at which the micromaser never climbs past level 14."""

saturated = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


def charge(battery, theta, *qubit, **options):
    every = options.pop("save_every", 1)
    return qb.charge(battery, qb.protocols.Collisions(theta, *qubit, save_every=every), **options)


@pytest.mark.parametrize(
    ("angle", "tau", "energy", "phase"),
    [
        pytest.param(0.01, 5, 6.2549799460, 0, marks=pytest.mark.slow),
        (0.01, 5, 6.2549799460, 0.7),
        (0.01, 10, 24.7401647946, 0),
        pytest.param(0.01, 20, 95.7228123342, 0, marks=pytest.mark.slow),
        (0.01, 28, 180.6072620257, 0),
        pytest.param(0.01, 28, 180.6072620257, 0.7, marks=pytest.mark.slow),
        pytest.param(0.005, 28, 191.8450570754, 0, marks=pytest.mark.slow),
    ],
)
def test_coherent_charging(angle, tau, energy, phase):
    count = int(tau / (angle * np.pi))
    battery = qb.batteries.Collisional(LADDERS.oscillator(250))
    run = charge(battery, np.full(count, angle * np.pi), 0.5, 1.0, phase, save_every=count)
    assert float(run.energy[-1]) == pytest.approx(energy, rel=1e-10)
    if (angle, tau) == (0.01, 28):
        assert float(run.purity[-1]) == pytest.approx(0.8435908824, rel=1e-9)
        assert float(run.ergotropy[-1]) == pytest.approx(180.5145356872, rel=1e-9)


def test_incoherent_micromaser_fills_its_trap():
    run = charge(qb.batteries.micromaser(30), np.full(1000, TRAP))
    expected = [13.36070078, 13.93736099, 13.99997810]
    np.testing.assert_allclose(run.energy[np.array([100, 300, 1000])], expected, rtol=1e-9)
    run = charge(qb.batteries.micromaser(30), np.full(5000, TRAP), 0.25, save_every=5000)
    assert float(run.energy[-1]) == pytest.approx(13.500001045, rel=1e-9)
    assert float(run.purity[-1]) == pytest.approx(0.500000070, rel=1e-8)


def test_coherent_micromaser_reaches_a_pure_state():
    run = charge(qb.batteries.micromaser(30), np.full(5000, TRAP), 0.25, 1.0, save_every=5000)
    assert float(run.energy[-1]) == pytest.approx(6.150291006486, rel=1e-10)
    assert float(run.purity[-1]) == pytest.approx(1.0, abs=1e-10)
    close = np.full(3000, np.pi / np.sqrt(15.6))
    run = charge(qb.batteries.micromaser(60), close, 0.25, 1.0, save_every=3000)
    assert float(run.energy[-1]) == pytest.approx(6.426892308, rel=1e-9)
    assert float(1 - run.purity[-1]) == pytest.approx(5.582e-4, rel=1e-4)


@pytest.mark.parametrize(
    ("trap", "loss", "count", "expected"),
    [
        (15, 0.1, 500, (3.801665551, 0.854388838, 0.615452753)),
        pytest.param(
            15.6, 0.1, 500, (3.909748408, 0.852345459, 0.618132646), marks=pytest.mark.slow
        ),
        pytest.param(
            15, 1e-3, 1000, (6.108582947, 0.996311417, 0.437875680), marks=pytest.mark.slow
        ),
        (15.6, 1e-3, 1000, (6.374940419, 0.995997309, 0.457637695)),
    ],
)
def test_lossy_micromaser(trap, loss, count, expected):
    battery = qb.batteries.micromaser(60, loss, 0.15)
    run = charge(battery, np.full(count, np.pi / np.sqrt(trap)), 0.25, 1.0, save_every=count)
    found = [float(run.observables[name][-1]) for name in ("energy", "purity", "fano")]
    np.testing.assert_allclose(found, expected, rtol=2e-9)


@saturated
def test_a_saturated_ladder_keeps_its_trace_and_says_so():
    battery = qb.batteries.Collisional(LADDERS.oscillator(5))
    with pytest.warns(TruncationWarning, match="Use size="):
        run = charge(battery, np.full(2000, 0.7))
    assert float(run.energy[-1]) == pytest.approx(4.0, abs=1e-9)
    assert float(run.trace_defect.max()) < EXACT
    spin = charge(qb.batteries.Collisional(LADDERS.spin(2)), np.full(50, 0.7))
    assert spin.truncation.shape == (51, 0)


@saturated
def test_spin_one_half_is_a_two_level_oscillator():
    theta = np.random.default_rng(1).uniform(0, 1, 9)
    spin, oscillator = (
        charge(qb.batteries.Collisional(ladder), theta, 0.3, 0.8)
        for ladder in (LADDERS.spin(0.5), LADDERS.oscillator(2))
    )
    for name, values in spin.observables.items():
        np.testing.assert_allclose(values, oscillator.observables[name], atol=EXACT)


def test_identities():
    """θ = 0 does nothing, and its power is undefined; q = 1 stays in the vacuum; q = 0 does not
    see coherence; no collisions leave the start."""
    battery = qb.batteries.Collisional(LADDERS.oscillator(12))
    still = charge(battery, np.zeros(3), 0.3, 1.0)
    assert np.all(still.energy == 0)
    assert np.all(np.isnan(still.charging_power))
    assert np.all(np.isnan(still.transient_power))
    assert np.all(charge(battery, np.full(5, 0.4), 1.0, 1.0).energy == 0)
    plain, coherent = (charge(battery, np.full(4, 0.4), 0.0, c).energy for c in (0.0, 1.0))
    assert tree_allclose(plain, coherent, rtol=EXACT)
    nothing = qb.charge(battery, qb.protocols.Collisions([0.4], made=0))
    assert nothing.times.tolist() == [0.0, 0.0]
    assert nothing.energy.tolist() == [0.0, 0.0]
    flipped = charge(qb.batteries.Collisional(LADDERS.spin(0.5)), np.array([np.pi / 2]))
    assert float(flipped.energy[-1]) == pytest.approx(1.0)


def test_a_run_may_be_continued_and_starts_from_any_state():
    battery = qb.batteries.Collisional(LADDERS.oscillator(25), loss=0.01)
    theta = np.random.default_rng(2).uniform(0.1, 0.4, 12)
    whole = charge(battery, theta, 0.4, 0.9, 0.3)
    first = charge(battery, theta[:5], 0.4, 0.9, 0.3)
    rest = charge(battery, theta[5:], 0.4, 0.9, 0.3, initial=first.final_state)
    assert tree_allclose(rest.energy, whole.energy[5:], rtol=1e-10)
    again = charge(battery, theta[5:], 0.4, 0.9, 0.3, initial=battery.cell(first.final_state))
    assert tree_allclose(again.ergotropy, rest.ergotropy, rtol=1e-9)
    phases = charge(battery, theta, 0.4, 0.9, np.full(12, 0.3))
    assert tree_allclose(
        battery.cell(phases.final_state), battery.cell(whole.final_state), rtol=1e-12
    )


def test_before_and_after_loss():
    battery = qb.batteries.Collisional(LADDERS.oscillator(20), loss=0.05)
    run = charge(battery, np.full(6, 0.5), 0.2)
    kept = np.exp(-0.05) * np.asarray(run.energy_before_loss)
    np.testing.assert_allclose(run.energy, kept, rtol=1e-12)
    gained = np.diff(run.energy) / 0.5
    np.testing.assert_allclose(run.transient_power[1:], gained, rtol=1e-10)
    assert float(battery.damping) == pytest.approx(1 - np.exp(-0.05))


def test_storing_loses_in_units_of_the_waiting_time():
    battery = qb.batteries.Collisional(LADDERS.oscillator(30), loss=0.02)
    run = charge(battery, np.full(20, 0.3), 0.25, 1.0)
    kept = qb.store(battery, run.final_state, np.array([0.0, 10.0, 50.0]))
    expected = run.energy[-1] * np.exp(-0.02 * np.array([0.0, 10.0, 50.0]))
    np.testing.assert_allclose(kept.energy, expected, rtol=1e-12)


SLOWER = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("ground_population", "coherence", "loss")
]


@saturated
@pytest.mark.parametrize("name", ["theta", "phase", *SLOWER])
def test_gradients(name):
    rng = np.random.default_rng(3)
    point = {n: rng.uniform(0.2, 0.8, 10) for n in ("theta", "ground_population", "coherence")}
    point |= {"phase": rng.uniform(0, 2, 10), "loss": np.array([0.02, 0.1])}

    def worth(value, adjoint="reverse"):
        given = {n: jnp.asarray(v) for n, v in point.items()} | {name: value}
        loss, thermal = given.pop("loss")
        battery = qb.batteries.Collisional(LADDERS.oscillator(12), loss, thermal)
        run = qb.charge(battery, qb.protocols.Collisions(**given, save_every=10), adjoint=adjoint)
        return run.ergotropy[-1] + run.purity[-1]

    value = jnp.asarray(point[name])
    slope = jax.jit(jax.grad(worth))(value)
    along = jax.jit(lambda v: jax.jacfwd(lambda x: worth(x, "forward"))(v))(value)
    assert tree_allclose(slope, along, rtol=1e-9)
    direction = rng.normal(size=value.shape)
    difference = central_difference(jax.jit(worth), value, direction)
    assert tree_allclose(jnp.vdot(slope, direction), difference, rtol=GRADIENT / 10)


def test_saves_and_populations_on_the_fly():
    battery = qb.batteries.Collisional(LADDERS.oscillator(10))
    run = charge(battery, np.full(4, 0.3), 0.2, save=lambda t, s: battery.populations(s))
    assert run.saved.shape == (5, 10)
    np.testing.assert_allclose(run.saved @ np.arange(10.0), run.energy, atol=EXACT)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: qb.batteries.Collisional(3), TypeError, "`ladder` must be a ladder"),
        (lambda: qb.batteries.micromaser(9, -0.1), ValueError, "`loss` must be at least 0"),
        (lambda: qb.batteries.micromaser(9, 0.1, np.nan), ValueError, "`thermal` must be finite"),
        (
            lambda: qb.charge(qb.batteries.micromaser(9), qb.protocols.Constant(1.0)),
            TypeError,
            "`protocol` must be qb.protocols.Collisions",
        ),
        (
            lambda: qb.charge(
                qb.batteries.micromaser(9), qb.protocols.Collisions([0.1]), [0.0, 1.0]
            ),
            ValueError,
            "`times` must be left out",
        ),
        (
            lambda: charge(qb.batteries.micromaser(9), [0.1], initial=random_state(1, 8)),
            ValueError,
            "`initial` must",
        ),
    ],
)
def test_bad_input(make, error, words):
    with pytest.raises(error, match=words):
        make()
