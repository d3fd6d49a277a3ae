"""No unit is special: energies and rates times s, times over s, give the scaled result.

Every row is a function of s that is compiled once; its results come with the power of s that they
go with. What is measured in units of its own (ladders and swap angles, the waveguide's ω₁₁, the
DOPO's ω_s) keeps them.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import ladders, operators, spectral
from qbjax.batteries import bloch_approximations, bloch_exact, bloch_moments, bloch_optima
from qbjax.dynamics import Chebyshev, Exponential, Implicit, Tsit5
from qbjax.strategies.bloch_angle import best_under_fluctuation, ergotropy_energy_front
from qbjax.strategies.bloch_band import best_worst_case
from qbjax.strategies.discharge import first_maximum
from qbjax.strategies.pump_pulse import best_pulse
from qbjax.strategies.switch_off import best_switch_off
from tests.helpers import REFERENCE, random_hermitian, random_state, random_unitary

SCALES = (1e-34, 1e-21, 1e-9, 1e-3, 1e6, 1e15)
TIMES = np.linspace(0.0, 2.0, 4)

RHO = random_state(0, 4)
LEVELS = np.array([0.0, 1.0, 1.0, 3.0])
TURN = random_unitary(2, 4)
FULL = (TURN * LEVELS) @ TURN.conj().T
FULL = (FULL + FULL.conj().T) / 2
"""Degenerate, and diagonal in no basis that anyone writes down."""

MOVING = RHO @ FULL @ RHO - np.trace(RHO @ FULL @ RHO) / 4 * np.eye(4)
"""A derivative of a state: Hermitian, without trace."""

LOWER = np.diag([1.0], 1)
SX = LOWER + LOWER.T
NUMBER = np.diag([0.0, 1.0])
ONE = np.eye(2)


def powers(name, energy):
    """With which power of s an observable goes, given that of an energy."""
    if name in ("pump_energy", "pump_photons"):
        return 0
    if name == "energy_variance":
        return 2 * energy
    if "power" in name:
        return energy + 1
    extensive = ("energy", "ergotropy", "capacity", "drive_work")
    return energy if any(word in name for word in extensive) else 0


def seen(run, energy=1):
    """All that a run or a steady state tells, with its powers of s."""
    told = {name: (value, powers(name, energy)) for name, value in run.observables.items()}
    return told | {"status": (run.status, 0), "truncation": (run.truncation, 0)}


def compare(row, scales=SCALES, *, jit=True):
    """Asserts that a row is that of s = 1, scaled."""
    exponents = {}

    def values(s):
        found = row(s)
        exponents.update({name: power for name, (_, power) in found.items()})
        return {name: value for name, (value, _) in found.items()}

    call, kind = (jax.jit(values), jnp.asarray) if jit else (values, float)
    expected = call(kind(1.0))
    for s in scales:
        for name, value in call(kind(s)).items():
            scaled, one = np.asarray(value) / s ** exponents[name], np.asarray(expected[name])
            size = max(1e-3, np.max(np.abs(one), initial=0.0, where=~np.isnan(one)))
            np.testing.assert_allclose(
                scaled, one, rtol=0, atol=REFERENCE * size, equal_nan=True, err_msg=f"{name}, {s}"
            )


# --- merits


def merits(s):
    unit = jnp.asarray(s, complex)
    H, drho = unit * FULL, unit * MOVING

    def in_unit(k):
        return qb.merit.coherent_ergotropy(RHO, k.astype(complex) * FULL)

    names = (
        *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "passive_energy"),
        *("active_energy", "antiergotropy", "capacity", "total_ergotropy"),
    )
    found = {name: (getattr(qb.merit, name)(RHO, H), 1) for name in names}
    two, parts = qb.merit.two_level, [s * SX, s * NUMBER]
    return found | {
        "energy_variance": (qb.merit.energy_variance(RHO, H), 2),
        "copies": (qb.merit.ergotropy_per_copy(RHO, H, 3), 1),
        "power": (qb.merit.instantaneous_power(drho, H), 2),
        "ergotropic_power": (qb.merit.instantaneous_ergotropic_power(RHO, drho, H), 2),
        "gap": (qb.merit.ergotropic_gap(RHO, parts), 1),
        "local": (qb.merit.local_ergotropy(RHO, parts), 1),
        "qubit": (qb.merit.qubit_ergotropy(RHO, H, (2, 2), 0), 1),
        "by levels": (qb.merit.coherent_ergotropy(RHO, s * LEVELS), 1),
        "by state": (jax.grad(lambda r: qb.merit.coherent_ergotropy(r, H))(RHO.real), 1),
        "by unit": (jax.grad(in_unit)(1.0 * s), 0),
        "two levels": (two.coherent_ergotropy(0.6, 0.2j, 1.0 * s), 1),
        "damped": (two.damped(0.6, 0.2j, 2 / s, 0.3 * s, 1.0 * s)[1], 0),
    }


# --- runs of Lindblad batteries


def lindblad(s, jumps=None, coupling=0.7):
    """Two qubits, the cell's levels along x."""
    terms = [(coupling * s, np.kron(SX, SX)), (1.3 * s, np.kron(NUMBER, ONE))]
    lossy = [(0.3 * s, np.kron(LOWER, ONE)), (0.1 * s, np.kron(ONE, LOWER))]
    return qb.batteries.Lindblad(
        terms, lossy if jumps is None else jumps, dims=(2, 2), cell=0, cell_hamiltonian=s * SX,
        controls=[np.kron(ONE, SX)],
    )  # fmt: skip


def bump(s):
    """A rate or signal with a maximum at 1/s."""
    return qb.protocols.Function(lambda t: s * jnp.exp(-8 * (t * s - 1) ** 2), duration=2 / s)


def off(s, time=0.9):
    return qb.protocols.SwitchOff(0.8 * s, time / s)


def segments(s):
    return qb.protocols.PiecewiseConstant(s * jnp.array([0.3, 0.9, -0.2]), 1.5 / s, 0.1 / s)


def charged(s, method=None, pump=off, jumps=None, adjoint="reverse"):
    if jumps is not None:
        jumps = jumps(s)
    solver = None if method is None else qb.Solver(method=method)
    return seen(qb.charge(lindblad(s, jumps), pump(s), TIMES / s, solver=solver, adjoint=adjoint))


def slopes(s, method, adjoint="reverse"):
    """Of the ergotropy, by a coupling, an amplitude, a switch-off time and the last time."""

    def work(x):
        pump, solver = qb.protocols.SwitchOff(x[1], x[2]), qb.Solver(method=method)
        run = qb.charge(lindblad(s, coupling=x[0] / s), pump, [0.0, x[3]], solver=solver,
                        adjoint=adjoint)  # fmt: skip
        return run.ergotropy[-1]

    derive = jax.grad if adjoint == "reverse" else jax.jacfwd
    found = derive(work)(jnp.stack([0.7 * s, 0.8 * s, 0.9 / s, 1.7 / s]))
    return {"rates": (found[:2], 0), "times": (found[2:], 2)}


def kept_and_spent(s):
    """Stored, then discharged."""
    battery = qb.batteries.Lindblad(
        [(0.4 * s, np.kron(SX, SX))], [(0.2 * s, np.kron(LOWER, ONE))], dims=(2, 2), cell=0,
        cell_hamiltonian=s * jnp.array([0.0, 1.0]), controls=[np.kron(ONE, SX)], lowering=LOWER,
    )  # fmt: skip
    run = qb.charge(battery, qb.protocols.Constant(0.8 * s), TIMES / s)
    kept = qb.store(battery, run.final_state, TIMES / s)
    load = qb.loads.TwoLevel(0.5 * s, 0.1 * s, frequency=1.0 * s)
    spent = qb.discharge(battery, kept.final_state, load, TIMES / s)
    return {f"kept {k}": v for k, v in seen(kept).items()} | seen(spent)


def settled(s):
    found = qb.steady_state(lindblad(s), qb.protocols.Constant(0.8 * s), gap=True)
    return seen(found) | {"gap": (found.gap, 1), "rate": (found.rate, 1)}


# --- the other batteries


def dopo(s, signal=8, pump=4, **options):
    return qb.batteries.DOPO(signal, pump, 0.5 * s, 1.0 * s, 16.0 * s, **options)


def dopo_run(s, frame):
    pump = qb.protocols.SwitchOff(jnp.sqrt(s), 1.2 / s)
    return seen(qb.charge(dopo(s, detuning=0.2 * s, frame=frame), pump, TIMES / s), 0)


def dopo_steady(s, frame, signal=10):
    pump = qb.protocols.Constant(jnp.sqrt(s))
    found = qb.steady_state(dopo(s, signal, 5, frame=frame), pump, gap=True)
    return seen(found, 0) | {"gap": (found.gap, 1)}


def bloch(s, decay):
    decay = decay * s if decay else 0
    return qb.batteries.BlochCharger(1.0 * s, decay, 3.0 * s)


def bloch_run(s, decay, method=None):
    solver = None if method is None else qb.Solver(method=method)
    protocol = qb.protocols.BlochPreparation(1.0, 0.3)
    return seen(qb.charge(bloch(s, decay), protocol, TIMES / s, solver=solver))


def bloch_formulas(s, decay):
    battery, times, thetas = bloch(s, decay), TIMES / s, jnp.array([0.5, 1.5, 3.0])
    found = {}
    names = ("energy", "ergotropy", "antiergotropy", "capacity", "energy_variance", "inversion",
             "coherence", "charging_power", "ergotropic_power")  # fmt: skip
    for name in names:
        found[name] = (getattr(bloch_exact, name)(battery, 1.0, times), powers(name, 1))
    for name in ("concurrence", "charger_energy", "exchange", "battery_lowering"):
        found[name] = (getattr(bloch_moments, name)(battery, 1.0, times), powers(name, 1))
    for name in ("energy", "ergotropy", "charging_power", "ergotropic_power"):
        best = getattr(bloch_optima, f"best_{name}")(battery, thetas)
        found |= {f"best {name}": (best.value, powers(name, 1)), f"{name} time": (best.time, -1)}
    for name in ("energy", "power", "ergotropic_power"):
        value = getattr(bloch_approximations, name)(battery, thetas).value
        found[f"about {name}"] = (value, powers(name, 1))
    return found | {"best angle": (bloch_optima.best_angle(battery, times), 0)}


def tavis_cummings(s, counter_rotating):
    battery = qb.batteries.TavisCummings(
        2, 1, frequency=1.0 * s, cavity=1.1 * s, cavity_decay=0.1 * s, spin_decay=0.02 * s,
        counter_rotating=counter_rotating, levels=8 if counter_rotating else None,
    )  # fmt: skip
    return seen(qb.charge(battery, qb.protocols.Constant(0.4 * s), TIMES / s))


def oscillators(s):
    battery = qb.batteries.Oscillators(
        5, coupling=1.0 * s, decay=0.3 * s, thermal=0.1, frequency=1.0 * s
    )
    return seen(qb.charge(battery, qb.protocols.Constant(0.2 * s), TIMES / s))


def chain(s):
    lossy = [(0.1 * s, operators.embed(LOWER, (2, 2, 2), 1))]
    battery = qb.batteries.SpinChain(
        3, hopping=1.0 * s, fields=3.0 * s, anisotropy=0.3, jumps=lossy
    )
    return seen(qb.charge(battery, qb.protocols.Constant(1.0 * s), TIMES / s))


def ladder_kept_and_spent(s):
    """In whatever unit of time the loss is given."""
    battery = qb.batteries.Collisional(ladders.oscillator(6), 0.05 * s, 0.1)
    rho = jnp.asarray(random_state(3, 6))
    kept = qb.store(battery, battery.initial_state(rho), TIMES / s)
    load = qb.loads.TwoLevel(0.7 * s, 0.2 * s)
    spent = qb.discharge(battery, rho, load, TIMES / s)
    return {f"kept {k}": v for k, v in seen(kept, 0).items()} | seen(spent, 0)


ROWS = {
    "merits": merits,
    "exponential": charged,
    "switched off at 0": partial(charged, pump=partial(off, time=0.0), method=Tsit5()),
    "steady": settled,
    "kept and spent": kept_and_spent,
    "bloch formulas": partial(bloch_formulas, decay=6.0),
}

MORE = {
    "ket": partial(charged, jumps=lambda s: []),
    "bloch": partial(bloch_run, decay=4.0),
    "ladder": ladder_kept_and_spent,
    "tsit5": partial(charged, method=Tsit5()),
    "implicit": partial(charged, method=Implicit()),
    "chebyshev": partial(charged, method=Chebyshev()),
    "ket by chebyshev": partial(charged, method=Chebyshev(), jumps=lambda s: []),
    "ket by tsit5": partial(charged, method=Tsit5(), jumps=lambda s: [], adjoint="forward"),
    "bump": partial(charged, pump=bump),
    "bump, implicit": partial(charged, pump=bump, method=Implicit()),
    "segments": partial(charged, pump=segments, method=Tsit5()),
    "switched off at 0, chebyshev": partial(
        charged, pump=partial(off, time=0.0), method=Chebyshev()
    ),
    "a rate in time": partial(charged, jumps=lambda s: [(bump(s), np.kron(LOWER, ONE))]),
    "slopes, exponential": partial(slopes, method=Exponential()),
    "slopes, tsit5": partial(slopes, method=Tsit5()),
    "slopes, implicit": partial(slopes, method=Implicit()),
    "slopes, chebyshev": partial(slopes, method=Chebyshev()),
    "slopes forward, tsit5": partial(slopes, method=Tsit5(), adjoint="forward"),
    "slopes forward, chebyshev": partial(slopes, method=Chebyshev(), adjoint="forward"),
    "dopo, displaced": partial(dopo_run, frame="displaced"),
    "dopo, lab": partial(dopo_run, frame="lab"),
    "steady dopo, displaced": partial(dopo_steady, frame="displaced"),
    "steady dopo, lab": partial(dopo_steady, frame="lab"),
    "steady dopo, by iteration": partial(dopo_steady, frame="lab", signal=18),
    "lossless bloch": partial(bloch_run, decay=0),
    "bloch, tsit5": partial(bloch_run, decay=0.5, method=Tsit5()),
    "lossless bloch formulas": partial(bloch_formulas, decay=0),
    "critical bloch formulas": partial(bloch_formulas, decay=4.0),
    "tavis and cummings": partial(tavis_cummings, counter_rotating=False),
    "counter-rotating": partial(tavis_cummings, counter_rotating=True),
    "oscillators": oscillators,
    "chain": chain,
}


@pytest.mark.parametrize("name", ROWS)
def test_no_unit_is_special(name):
    compare(ROWS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_no_unit_is_special_to_any_solver_and_battery(name):
    compare(MORE[name])


# --- on the host: what looks at numbers


def reservoir(s, J, band, coupling, times):
    battery = qb.batteries.Reservoir(partial(J, s), (s, s), (coupling, coupling), band=band)
    return seen(qb.charge(battery, None, times / s))


def ohmic(s, w):
    return 0.1 * w * jnp.exp(-w / (5 * s))


def lorentzian(s, w):
    return s * 0.05 / jnp.pi / ((w / s - 1) ** 2 + 0.05**2)


EVERYWHERE = (-np.inf, np.inf)
RESERVOIRS = {
    "ohmic": partial(
        reservoir, J=ohmic, band=(0.0, np.inf), coupling=1.0, times=np.linspace(0, 6.0, 4)
    ),
    "lorentzian": partial(
        reservoir, J=lorentzian, band=EVERYWHERE, coupling=0.5, times=np.linspace(0, 6.0, 4)
    ),
    "a single time": partial(
        reservoir, J=ohmic, band=(0.0, np.inf), coupling=1.0, times=np.zeros(1)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RESERVOIRS)
def test_no_unit_is_special_to_a_reservoir(name):
    compare(RESERVOIRS[name], (1e-34, 1e-9, 1e6, 1e15), jit=False)


def peak(x, data):
    """Largest at a·(1, 2), where it is worth `size`."""
    a, size = data
    return size / (1 + jnp.sum((x / a - jnp.array([1.0, 2.0])) ** 2))


class Peak:
    """The same with the unit inside, one program for all."""

    def __call__(self, plan):
        return peak(plan["x"], (plan["unit"], plan["size"]))


PEAK = Peak()


@pytest.mark.standard_promotion  # optax's L-BFGS
@pytest.mark.parametrize("bounds", [(0.0, np.inf), (-np.inf, 9.0), (-np.inf, np.inf), (0.0, 5.0)])
def test_no_unit_is_special_to_a_search(bounds):
    """Of what is chosen (by a), and of what is maximised (by its inverse)."""

    def searched(a):
        start = qb.free(a * np.array([0.3, 0.5]), *(a * np.asarray(bounds)))
        plan = {"x": start, "unit": 1.0 * a, "size": 3.0 / a}
        best = qb.maximize(PEAK, plan, steps=60)
        return {"x": (best.protocol["x"], 1), "value": (best.value, -1)} | {
            "steps": (len(best.history), 0)
        }

    # A flat top: the place is known to the root of what the value is known to.
    found = searched(1.0)
    np.testing.assert_allclose(found["value"][0], 3.0, rtol=1e-7)
    for a in (1e-34, 1e-9, 1e6, 1e15):
        scaled = searched(a)
        assert scaled["steps"] == found["steps"]
        np.testing.assert_allclose(scaled["value"][0] * a, found["value"][0], rtol=REFERENCE)
        np.testing.assert_allclose(scaled["x"][0] / a, found["x"][0], rtol=1e-7)


def angles(s):
    battery = bloch(s, 0.7)
    calm, front = best_under_fluctuation(battery, 0.3 * s), ergotropy_energy_front(battery, 2)
    safe = best_worst_case(battery, [0.9 * s, 1.1 * s], [0.0, 0.5 * s])
    return {
        "calm": (calm.power, 2),
        "price": (calm.price, 1),
        "front": (front.ergotropy, 1),
        "safe": (safe.ergotropy, 1),
    }


def best_moment(s):
    battery = qb.batteries.DOPO(4, 2, 0.5 * s, 0.1 * s, 16.0 * s)
    load, photon = qb.loads.TwoLevel(2.0 * s), qb.algebra.states.fock(4, 1)
    best = first_maximum(battery, photon, load, until=1.0 / s)
    return {"time": (best.time, -1), "ergotropy": (best.load_ergotropy, 0)}


def switch_off(s):
    bounds = {"start": 2.0 / s, "low": 0.5 / s, "high": 6.0 / s}
    best = best_switch_off("power", dopo(s), np.sqrt(s), **bounds)
    return {"power": (best.value, 1)}


def pulses(s):
    free = best_pulse(dopo(s), 2.0 / s, 1.0, segments=3, steps=6)
    bounded = best_pulse(dopo(s), 2.0 / s, 1.0, peak=2 * np.sqrt(s), fourier=2, steps=4)
    return {"free": (free.value, 0), "bounded": (bounded.value, 0)}


@pytest.mark.slow
@pytest.mark.standard_promotion  # optax's L-BFGS
@pytest.mark.parametrize("row", [angles, best_moment, switch_off, pulses])
def test_no_unit_is_special_to_a_strategy(row):
    compare(row, (1e-9, 1e15), jit=False)


# --- what is judged by its size


@pytest.mark.parametrize("s", [1.0, *SCALES])
def test_hermitian_is_what_is_so_to_its_own_size(s):
    rho = random_state(5, 2)
    for bad in (s * LOWER, s * (1e3 * ONE + 1e-4 * LOWER), s * (SX + 1e-7j * NUMBER)):
        with pytest.raises(ValueError, match="must be Hermitian"):
            qb.merit.energy(rho, bad)
        with pytest.raises(ValueError, match="must be Hermitian"):
            qb.batteries.Lindblad(bad, [], dims=2)
    noise = 1e-15 * random_hermitian(3, 2) * 1j
    for good in (s * SX, s * (SX + noise), s * (1e9 * (ONE + noise) + SX), 0 * SX):
        assert jnp.isfinite(qb.merit.energy(rho, good))
        assert qb.batteries.Lindblad(good, [], dims=2).model.dimension == 2


@pytest.mark.parametrize("s", [1e-34, 1.0, 1e15])
def test_levels_are_one_within_rounding_and_no_farther(s):
    """A split of 1e-6 of the width is one; that of rounding is none, also below an offset."""
    rho, split = random_state(6, 4), np.array([0.0, 1e-6, 1e-6, 0.0])
    for offset in (0.0, 7.3e6):
        levels, full = offset + LEVELS, offset * np.eye(4) + FULL
        alike = qb.merit.coherent_ergotropy(rho, s * levels)
        apart = qb.merit.coherent_ergotropy(rho, s * (levels + split * [0, 1, -1, 0]))
        assert abs(float(alike) - float(apart)) > 1e-3 * s
        turned = TURN @ rho @ TURN.conj().T
        np.testing.assert_allclose(
            qb.merit.coherent_ergotropy(turned, s * full), alike, rtol=1e-7 if offset else REFERENCE
        )
    for nothing in (np.zeros(4), s * np.eye(4)):
        assert float(qb.merit.coherent_ergotropy(rho, nothing)) == pytest.approx(0, abs=1e-15 * s)


@pytest.mark.parametrize("s", [1e-34, 1.0, 1e15])
def test_gaps_are_told_by_the_width_not_by_an_offset(s):
    levels = s * (1e6 + np.array([0.0, 1e-3, 1.0]))
    expected = spectral.eigensystem(np.diag(levels - levels[0]))
    turn = jax.jvp(lambda k: spectral.eigensystem(np.diag(levels) + k * s * 1e-4 * np.ones((3, 3))),
                   (0.0,), (1.0,))[1][1]  # fmt: skip
    # Between the two near levels: 1e-4/1e-3.
    assert abs(abs(float(turn[0, 1])) - 0.1) < 1e-3
    assert expected[0].shape == (3,)


@pytest.mark.parametrize("s", [1e-34, 1e15])
def test_checks_see_through_the_unit(s):
    levels, lower = s * np.arange(3.0), np.diag([1.0, 2**0.5], 1)
    cell = {"dims": 3, "cell": 0, "lowering": lower}
    uneven = s * np.array([1e8, 1e8 + 1, 1e8 + 3])
    with pytest.raises(ValueError, match=r"must have \[H, a\] = -ω a"):
        qb.batteries.Lindblad(np.zeros((3, 3)), [], cell_hamiltonian=uneven, **cell)
    battery = qb.batteries.Lindblad(
        np.diag(levels), [(s, lower)], cell_hamiltonian=levels, conserved=levels, **cell
    )
    assert len(battery.initial_state().blocks) == 3
    negative = qb.protocols.SwitchOff(-1.0 * s, 5 / s)
    with pytest.raises(ValueError, match="must be at least 0, but falls to"):
        qb.batteries.Lindblad(np.diag([0.0, s]), [(negative, LOWER)], dims=2)
    run = qb.charge(battery, None, np.array([0.5, 1.0]) / s)
    late = np.array([0.9, 1.2]) / s
    with pytest.raises(ValueError, match="not before the hand-over"):
        qb.store(battery, run.final_state, late)


@pytest.mark.parametrize("s", SCALES)
def test_a_pump_ends_just_after_its_time_in_any_unit(s):
    pump = off(s)
    assert float(pump.signal(jnp.asarray(0.9 / s))) == 0.8 * s
    assert float(pump.signal(jnp.asarray(0.9 / s * (1 + 1e-14)))) == 0.0
    at_once = off(s, 0.0)
    assert float(at_once.signal(jnp.zeros(()))) == 0.8 * s
    assert float(at_once.signal(jnp.asarray(1e-15 / s))) == 0.0
