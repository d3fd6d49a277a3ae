"""No unit is special: energies and rates times s, times over s, give the scaled result.

Every row is a function of s that is compiled once; its results come with the power of s that they
go with. What is measured in units of its own (ladders and swap angles, the waveguide's ω₁₁, the
DOPO's ω_s) keeps them.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import ladders, operators
from qbjax.batteries.bloch import approximations as bloch_approximations
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.batteries.bloch import optima as bloch_optima
from qbjax.dynamics import Chebyshev, Exponential, Implicit, Tsit5
from tests.helpers import random_state
from tests.scaling import (
    FULL,
    LEVELS,
    LOWER,
    NUMBER,
    ONE,
    SX,
    bloch,
    compare,
    dopo,
    off,
    powers,
    seen,
)

TIMES = np.linspace(0.0, 2.0, 4)

RHO = random_state(0, 4)
MOVING = RHO @ FULL @ RHO - np.trace(RHO @ FULL @ RHO) / 4 * np.eye(4)
"""A derivative of a state: Hermitian, without trace."""


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


class Bump(eqx.Module):
    """A rate or signal with a maximum at 1/s."""

    s: jax.Array

    def __call__(self, t):
        return self.s * jnp.exp(-8 * (t * self.s - 1) ** 2)


def bump(s):
    return qb.protocols.Function(Bump(s), duration=2 / s)


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
        # Rounding alone tells the first steps apart: at the default tolerance that is 3e-9 here.
        pump, solver = qb.protocols.SwitchOff(x[1], x[2]), qb.Solver(1e-12, 1e-14, method=method)
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


def dopo_run(s, frame):
    pump = qb.protocols.SwitchOff(jnp.sqrt(s), 1.2 / s)
    return seen(qb.charge(dopo(s, detuning=0.2 * s, frame=frame), pump, TIMES / s), 0)


def dopo_steady(s, frame, signal=10):
    pump = qb.protocols.Constant(jnp.sqrt(s))
    found = qb.steady_state(dopo(s, signal, 5, frame=frame), pump, gap=True)
    return seen(found, 0) | {"gap": (found.gap, 1)}


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
    kept = qb.store(battery, battery.start(rho), TIMES / s)
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
