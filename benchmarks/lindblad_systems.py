"""The batteries of lindblad.py, and the matrices the others get."""

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb

KERR, DETUNING, DRIVE = 0.025, 0.1, 2.0
SPINS, LEVELS, FILLED, COUPLING, LOSS = 10, 30, 10, 0.1, 0.05
HEAT = 0.2


def lowering(n):
    return np.diag(np.sqrt(np.arange(1.0, n)), 1)


def signal(t):
    """Constant, but nobody knows."""
    return DRIVE * jnp.cos(0.0 * t)


def cavity(levels, drive=None, detuning=DETUNING, loss=1.0, *, stores=True):
    """The Kerr cavity, its drive a control or a number; a cell, or asked for its photons alone."""
    a = lowering(levels)
    terms = [(detuning, a.T @ a), (KERR, a.T @ a.T @ a @ a)]
    terms += [] if drive is None else [(drive, a + a.T)]
    return qb.batteries.Lindblad(
        terms, [(loss * (1 + HEAT), a), (loss * HEAT, a.T)], dims=(levels,),
        cell=0 if stores else None, cell_hamiltonian=np.arange(float(levels)) if stores else None,
        controls=[a + a.T] if drive is None else [], observables={"photons": a.T @ a},
    )  # fmt: skip


def cavity_matrices(levels):
    """Hamiltonian, jumps, first state and ⟨n⟩'s operator, for everybody else."""
    a = lowering(levels)
    H = DETUNING * a.T @ a + KERR * a.T @ a.T @ a @ a + DRIVE * (a + a.T)
    return H, [(1 + HEAT) ** 0.5 * a, HEAT**0.5 * a.T], np.eye(levels)[0], a.T @ a


def dicke(opened):
    """Ten spins (first) in a cavity, with its parity kept."""
    loss = LOSS * opened
    return qb.batteries.TavisCummings(
        SPINS, FILLED, counter_rotating=True, levels=LEVELS, cavity_decay=loss, spin_decay=loss
    )


def dicke_matrices(opened):
    """Free Hamiltonian, exchange, jumps, first state, excited spins."""
    up = np.kron(qb.algebra.operators.spin_plus(SPINS / 2), np.eye(LEVELS))
    a = np.kron(np.eye(SPINS + 1), lowering(LEVELS))
    excited = np.kron(np.diag(np.arange(SPINS + 1.0)), np.eye(LEVELS))
    jumps = [LOSS**0.5 * a, LOSS**0.5 * up.T] if opened else []
    free, exchange = excited + a.T @ a, (up + up.T) @ (a + a.T)
    return free, exchange, jumps, np.eye(len(up))[FILLED], excited


def dicke_by_hand(opened):
    """The same from its matrices alone: no sectors."""
    free, exchange, jumps, start, _ = dicke_matrices(opened)
    return qb.batteries.Lindblad(
        free, jumps, dims=(SPINS + 1, LEVELS), cell=0, initial=start, controls=[exchange],
        cell_hamiltonian=np.arange(SPINS + 1.0),
    )  # fmt: skip


def photons(parameters, adjoint, solver):
    """⟨n⟩ of 100 levels at the end, from (Δ, F, γ)."""
    detuning, drive, loss = parameters
    battery = cavity(100, drive, detuning, loss)
    ends = jnp.array([0.0, 10.0])
    return qb.charge(battery, None, ends, adjoint=adjoint, solver=solver).energy[-1]


def slope(differentiate, function, *arguments):
    """A jitted derivative at (1, 1, 1)."""
    compiled = jax.jit(differentiate(lambda p: function(p, *arguments)))
    return lambda: compiled(jnp.ones(3))
