"""Bounds that a search quotes: reached where they can be, and left out where they do not hold."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.strategies import bound
from qbjax.strategies.best import Best
from qbjax.strategies.search import Problem
from qbjax.strategies.sensitivity import Asked
from qbjax.strategies.statistic import Statistic, weighed
from tests.helpers import random_hermitian, random_state

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

LEVELS = np.array([0.0, 1.0])
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
SX = LOWER + LOWER.T
T = 1.2
SEGMENTS = qb.protocols.PiecewiseConstant(qb.free([0.1, 0.3], -0.5, 0.5), T)
ENERGY = qb.final("energy", [0.0, T])


def qubit(jumps=()):
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), list(jumps), dims=(2,), cell=0, cell_hamiltonian=LEVELS, controls=[SX]
    )


PAIR = qb.batteries.TavisCummings(spins=1, photons=4)


@pytest.mark.slow  # its fast siblings: the doctest of `final`, and the next
def test_the_gap_closes():
    """A spin and four photons, found by a search."""
    best = qb.maximize(ENERGY, SEGMENTS, battery=PAIR, tolerance=1e-12, steps=20)
    assert best.bound_name == "angle"
    assert abs(best.bound - np.sin(0.5 * 2 * T) ** 2) < 1e-9
    assert abs(best.gap) < 1e-6
    assert set(best.bounds) == {"top", "angle", "backward"}
    assert best.bound >= best.verified_value - 1e-7


def test_the_gap_of_a_qubit_is_closed_by_a_constant():
    value = ENERGY(qb.protocols.Constant(0.5), qubit())
    assert abs(least(ENERGY, SEGMENTS, qubit())[0] - value) < 1e-6


def test_the_gap_of_a_pair_is_closed_by_a_constant():
    value = ENERGY(qb.protocols.Constant(0.5), PAIR)
    assert abs(least(ENERGY, SEGMENTS, PAIR)[0] - value) < 1e-6


def bounds_of(objective, protocol, battery):
    """Bounds of a question; no search has to answer it."""
    return bound.bounds_of(Asked(Problem(objective, protocol, "reverse"), battery, (), (), []))


def least(objective, protocol, battery):
    return bound.least_of(bounds_of(objective, protocol, battery))


def test_a_lossy_qubit_has_both_bounds():
    found = bounds_of(ENERGY, SEGMENTS, qubit([(0.3, LOWER)]))
    assert abs(found["backward"] - 0.5 * (1 - np.exp(-0.3 * T)) / 0.3) < 1e-4
    assert found["angle"] < np.sin(0.5 * T) ** 2 < found["backward"]
    value = ENERGY(qb.protocols.Constant(0.5), qubit([(0.3, LOWER)]))
    assert value < found["angle"] < value + 0.05


def test_powers_are_over_the_time_and_ergotropies_no_more_than_the_energy():
    energy, _ = least(ENERGY, SEGMENTS, PAIR)
    times = [0.0, T]
    assert least(qb.final("ergotropy", times), SEGMENTS, PAIR)[0] == energy
    assert least(qb.final("charging_power", times), SEGMENTS, PAIR)[0] == energy / T


@pytest.mark.parametrize(
    ("pulse", "angle"),
    [
        (qb.protocols.Constant(qb.free(0.1, 0.0, 0.4)), 0.4 * T),
        (qb.protocols.SwitchOff(0.4, 0.5), 0.4 * 0.5),
        (qb.protocols.PiecewiseConstant([0.4, -0.2], 0.8), 0.4 * 0.4 + 0.4 * 0.2),
        (qb.protocols.PiecewiseConstant([0.4, -0.2], qb.free(0.8, 0.2, 2.0)), 0.4 * T),
        (
            qb.protocols.PiecewiseConstant.with_energy(qb.free([0.1, 0.2, 0.3]), T, energy=0.2),
            np.sqrt(0.2 * T),
        ),
        (
            qb.protocols.PiecewiseConstant.with_energy(
                qb.free([0.1, 0.2]), T, energy=0.2, peak=0.41
            ),
            np.sqrt(0.2 * T),
        ),
    ],
)
def test_every_pulse_has_the_bound_of_its_free_numbers(pulse, angle):
    found = bounds_of(ENERGY, pulse, qubit())["angle"]
    assert abs(found - np.sin(angle) ** 2) < 1e-9


def own(protocol, battery):
    return qb.charge(battery, protocol, [0.0, T]).energy[-1]


CUT = qb.batteries.TavisCummings(1, 2, counter_rotating=True, levels=8)
OSCILLATORS = qb.batteries.Oscillators(levels=5)
LADDER = qb.algebra.ladders.oscillator(12)
STREAM = qb.protocols.Collisions(qb.free([0.3, 0.4], 0.0, 1.0), 0.5)


@pytest.mark.parametrize(
    ("objective", "protocol", "battery", "why"),
    [
        (own, SEGMENTS, PAIR, "does not say what it is"),
        (ENERGY, SEGMENTS, OSCILLATORS, "cut to some levels"),
        (ENERGY, qb.protocols.SwitchOff(qb.free(1.0, 0.0, 2.0), T), qb.batteries.DOPO(4, 2),
         "known for a DOPO"),
    ],
)  # fmt: skip
def test_no_bound_where_an_assumption_fails(objective, protocol, battery, why):
    value, reason = least(objective, protocol, battery)
    assert value is None
    assert why in reason


@pytest.mark.parametrize(
    ("protocol", "battery", "why"),
    [
        (qb.protocols.Constant(qb.free(0.1)), PAIR, "no bounds"),
        (qb.protocols.Function(lambda t: t, T), PAIR, "of a Function is not known"),
        (SEGMENTS, CUT, "cut to some levels"),
        (SEGMENTS, qubit([(qb.protocols.Constant(0.1), LOWER)]), "moves in time"),
    ],
)
def test_of_a_whole_cell_the_highest_level_is_left(protocol, battery, why):
    found = bounds_of(ENERGY, protocol, battery)
    assert found["top"] == 1.0
    assert why in found["angle"]
    assert why in found["backward"]


def test_the_operators_of_a_battery_are_those_of_its_bounds():
    """Fixed signals leave the energy of a run, of a battery in which nothing is symmetric."""
    rng = np.random.default_rng(3)
    L = [rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6)) for _ in range(2)]
    H, C, rho = random_hermitian(1, 6), random_hermitian(2, 6), random_state(5, 6)
    cell = random_hermitian(4, 2)
    battery = qb.batteries.Lindblad(
        [(0.8, H)], [(0.05, L[0]), (0.02, L[1])], dims=(3, 2), cell=1, cell_hamiltonian=cell,
        controls=[(0.7, C)], initial=rho,
    )  # fmt: skip
    pulse = qb.protocols.PiecewiseConstant([0.4, -0.3, 0.6], T)
    found = bounds_of(ENERGY, pulse, battery)["backward"]
    energy = float(ENERGY(pulse, battery))
    assert energy - 1e-7 < found < energy + 5e-3


def test_what_charges_is_what_does_not_commute():
    H, C, cell = random_hermitian(1, 6), random_hermitian(2, 6), random_hermitian(4, 3)
    levels = np.array([1.0, 2.0, 1.0])
    for storage, dense in ((cell, cell), (levels, np.diag(levels))):
        battery = qb.batteries.Lindblad(
            [(0.8, H)], [], dims=(2, 3), cell=1, cell_hamiltonian=storage, controls=[(0.7, C)]
        )
        stored, charging = battery.charging(qb.protocols.Constant(0.5), jnp.asarray(0.1))
        whole, total = np.kron(np.eye(2), dense), 0.8 * H + 0.35 * C
        assert np.allclose(stored, whole, atol=1e-12)
        assert np.allclose(charging @ whole - whole @ charging, total @ whole - whole @ total)
        assert abs(np.trace(charging @ whole)) < 1e-12
    lossy = qubit([(0.3, LOWER)])
    assert lossy.charging(qb.protocols.Constant(0.5), jnp.asarray(0.1)) is None


FINAL = qb.final("energy")


def test_a_stream_of_classical_qubits_has_the_incoherent_bound():
    battery = qb.batteries.Collisional(LADDER)
    value, name = least(FINAL, STREAM, battery)
    assert name == "incoherent"
    assert value == float(qb.merit.bounds.incoherent_energy(LADDER, 2.0))
    lossy = qb.batteries.Collisional(LADDER, loss=0.1)
    shared = qb.protocols.Collisions(qb.protocols.share([1.0, 1.0, 1.0], 2.0))
    assert least(FINAL, shared, lossy)[0] == float(
        qb.merit.bounds.incoherent_energy(LADDER, 2.0, 0.1)
    )


ANGLES = qb.free([0.3, 0.4], 0.0, 1.0)


@pytest.mark.parametrize(
    ("stream", "battery", "why"),
    [
        (qb.protocols.Collisions(ANGLES, 0.5, 1.0), {}, "coherent"),
        (qb.protocols.Collisions(ANGLES, 0.5, qb.free(0.0, 0.0, 1.0)), {}, "coherent"),
        (qb.protocols.Collisions(ANGLES, detuning=0.1), {}, "detuned"),
        (qb.protocols.Collisions(qb.free([0.3], 0.0)), {}, "angles have no bounds"),
        (STREAM, {"loss": 0.1, "thermal": 0.1}, "warm"),
        (STREAM, {"counter_rotating": 0.1}, "rotate"),
        (STREAM, {"collision_loss": 0.1}, "loses while"),
        (STREAM, {"ladder": qb.algebra.ladders.spin(2.0), "loss": 0.1}, "spin ladder"),
    ],
)
def test_no_incoherent_bound_where_an_assumption_fails(stream, battery, why):
    value, reason = least(FINAL, stream, qb.batteries.Collisional(**{"ladder": LADDER, **battery}))
    assert value is None
    assert why in reason


@pytest.mark.parametrize(("name", "share"), [("worst", 0.0), ("mean", 0.5)])
def test_a_statistic_has_that_of_the_members_bounds(name, share):
    """The second qubit takes the signal twice as strong."""
    one, two = bounded = [
        qb.batteries.Lindblad(
            np.zeros((2, 2)), [], dims=(2,), cell=0, cell_hamiltonian=LEVELS, controls=[(s, SX)]
        )
        for s in (1.0, 2.0)
    ]
    devices = weighed(qb.ensemble(bounded, name), None, 1.0)
    found, _ = least(Statistic(ENERGY), SEGMENTS, devices)
    low, high = (least(ENERGY, SEGMENTS, each)[0] for each in (one, two))
    assert found == pytest.approx(low + share * (high - low))
    assert high > low + 0.3


def test_the_objective_reads_the_end_of_a_charge():
    pulse = qb.protocols.Constant(0.4)
    for name in ("energy", "ergotropy", "charging_power"):
        run = qb.charge(PAIR, pulse, [0.0, T])
        assert qb.final(name, [0.0, T])(pulse, PAIR) == getattr(run, name)[-1]
    assert qb.final("energy", (0, T)) == qb.final("energy", jnp.array([0.0, T]))


def test_an_answer_without_a_question_has_no_bound():
    found = Best(None, jnp.ones(()), None, np.ones(1), True, np.ones(1))
    assert found.bound is None
    assert found.gap is None
    assert "not found by" in found.bound_name
