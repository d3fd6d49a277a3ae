"""A run of a Lindblad battery, and what is read off its packed state."""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import merit
from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._signals import own_signals, signals_of
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.dual import of_structure
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import Stack, stack, unstack
from qbjax.dynamics.record.powers import powers
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.solve.integrate import Linear, integrate
from qbjax.interface import pumps as moving_pumps
from qbjax.interface.states import Options, State
from qbjax.protocols import Pump


def evolve(battery, protocol, state: State, times, options: Options) -> Trajectory:
    """See `interface.battery.Battery.motion`."""
    pumps = signals_of(protocol)
    generator = generator_of(battery, state.sectored, times[0])
    dual = dataclasses.replace(generator, backwards=options.adjoint == "reverse")
    structure = generator.structure

    def wrap(t, y) -> State:
        blocks = (y,) if state.pure else unstack(structure, y)
        return dataclasses.replace(state, blocks=blocks, made=t)

    def seen(y):
        return read_off(battery, state.sectored, y)

    def save(t, y):
        return seen(y), None if options.save is None else options.save(t, wrap(t, y))

    # What is seen of a ket is no linear function of it.
    linear = options.save is None and not state.pure
    how = {"save": lambda _, seen: (seen, None), "read": seen} if linear else {"save": save}
    everyone = [*pumps, *own_signals(battery)]
    solution = integrate(
        _field(battery, dual, pumps, pure=state.pure),
        moving_part(structure, state),
        times,
        **how,
        signals=moving_pumps.signals(everyone, times),
        edges=edges_of(everyone),
        solver=options.solver,
        adjoint=options.adjoint,
        moving=options.moving,
        linear=_linear(battery, generator, everyone, pumps, state),
    )
    return _trajectory(battery, times, solution, wrap(times[-1], solution.final))


def moving_part(structure, state: State) -> Stack | Ket:
    """What is integrated: all blocks in one array, or the ket."""
    return state.blocks[0] if state.pure else stack(structure, state.blocks)


def _field(battery, generator: Generator, pumps, *, pure: bool):
    """The vector field, on a stacked state or on a ket."""
    moving = bool(own_signals(battery))

    def now(t):
        return at_time(battery, generator, t) if moving else generator

    def signals(t):
        return [pump.signal(t) for pump in pumps]

    def mixed(t, y):
        return now(t).stacked(y, signals(t))

    def ket(t, y):
        weights = jnp.concatenate([now(t).coefficients, _stacked(signals(t))])
        return kets.moved(generator.structure, y, weights)

    return ket if pure else mixed


def _trajectory(battery, times, solution, final_state) -> Trajectory:
    read, saved = solution.saved
    # After the run, where a caller's `jit` can leave out what is not asked for.
    basis = cell_basis(battery.cell_hamiltonian)
    seen = {}
    if battery.model.cell:
        stored = (read["energy"], read["cell"])
        seen = lax.map(lambda now: merits(*now, *basis), stored)
    return Trajectory(
        times=times,
        observables=seen | (powers(times, seen) if seen else {}) | read["own"],
        saved=saved,
        status=solution.status,
        steps=solution.steps,
        final_state=final_state,
        modes=tuple(f"factor {k}" for k in battery.model.watched),
        truncation=read["truncation"],
        trace_defect=jnp.abs(read["trace"] - 1),
    )


def generator_of(battery, sectored: bool, time) -> Generator:
    """The generator with the battery's numbers at a time."""
    structure = models.layout(battery.model, sectored).structure
    return Generator(structure, *_numbers(battery, time))


def at_time(battery, generator: Generator, time) -> Generator:
    """The same generator with the battery's numbers at another time."""
    coefficients, rates = _numbers(battery, time)
    return dataclasses.replace(generator, coefficients=coefficients, rates=rates)


def rates(battery, time) -> Float[Array, " J"]:
    """Of the jumps, at a time."""
    return _at(battery.rates, time)


def _numbers(battery, time) -> tuple[Float[Array, " H"], Float[Array, " J"]]:
    return _at(battery.coefficients, time), rates(battery, time)


def _at(numbers, time) -> Float[Array, " N"]:
    return _stacked([x.signal(time) if isinstance(x, Pump) else x for x in numbers])


def packed_blocks(model: Model, sectored: bool, rho):
    """The blocks of a density matrix; coherence between sectors is dropped."""
    layout = models.layout(model, sectored)
    turn = np.exp(1j * layout.phases)
    packed = pack(jnp.asarray(rho) * (turn.conj()[:, None] * turn[None, :]))
    return tuple(packed[np.ix_(s.states, s.states)] for s in layout.structure.sectors)


def ket(model: Model, psi) -> Ket:
    """A ket, in the phases in which it moves."""
    return kets.split(jnp.asarray(psi, complex) * np.exp(-1j * models.layout(model, False).phases))


def elements(model: Model, sectored: bool, stacked: Stack | Ket, rows, columns):
    r"""Elements $\rho_{ij}$ of a stacked state, or of a ket's, complex."""
    phases = models.layout(model, sectored).phases
    if stacked.ndim == 2:
        psi = lax.complex(*stacked) * np.exp(1j * phases)
        return psi[np.asarray(rows)] * psi[np.asarray(columns)].conj()
    places = models.places(model, sectored, rows, columns)
    flat = stacked.ravel()
    here, there = flat[places.here], flat[places.there]
    turn = places.present * np.exp(1j * (phases[np.asarray(rows)] - phases[np.asarray(columns)]))
    return lax.complex((here + there) / 2, (here - there) / 2) * turn


def density_matrix(model: Model, sectored: bool, stacked: Stack | Ket) -> Complex[Array, "d d"]:
    """The whole state, in the basis of the operators."""
    rows, columns = np.indices((model.dimension, model.dimension))
    return elements(model, sectored, stacked, rows, columns)


def cell(model: Model, sectored: bool, stacked: Stack | Ket) -> Complex[Array, "c c"]:
    """The cell's state: the rest traced out."""
    joint = model.joint()
    rows, columns = np.broadcast_arrays(joint[:, None], joint[None, :])
    return jnp.sum(elements(model, sectored, stacked, rows, columns), axis=-1)


def populations(model: Model, sectored: bool, stacked: Stack | Ket) -> Float[Array, " d"]:
    """Of the basis states."""
    if stacked.ndim == 2:
        return jnp.sum(stacked**2, axis=0)
    sectors, n, _ = stacked.shape
    # Cut out with a stride: to gather takes several times as long.
    flat = stacked.reshape(sectors, n * n)
    diagonals = lax.slice(flat, (0, 0), (sectors, n * n), (1, n + 1)).ravel()
    basis = np.arange(model.dimension)
    sector, place = np.divmod(models.places(model, sectored, basis, basis).here, n * n)
    order = sector * n + place // (n + 1)
    return diagonals if np.array_equal(order, basis) else diagonals[order]


def expectation(model: Model, sectored: bool, stacked: Stack | Ket, operator) -> Float[Array, ""]:
    r"""$\mathrm{Tr}(O\rho)$ of a sparse Hermitian matrix."""
    coo = sp.coo_array(operator)
    if np.array_equal(coo.row, coo.col):
        weights = np.zeros(model.dimension)
        np.add.at(weights, coo.row, np.real(coo.data))
        return jnp.sum(weights * populations(model, sectored, stacked))
    if stacked.ndim == 2:
        found = elements(model, sectored, stacked, coo.col, coo.row)
        return jnp.sum(jnp.real(coo.data.astype(complex) * found))
    # As one real sum: ρ_ij = (R_ij + R_ji)/2 + i(R_ij − R_ji)/2, up to the phases of i and j.
    places = models.places(model, sectored, coo.col, coo.row)
    phases = models.layout(model, sectored).phases
    turned = coo.data * places.present * np.exp(1j * (phases[coo.col] - phases[coo.row])) / 2
    weights = np.concatenate([turned.real - turned.imag, turned.real + turned.imag])
    return jnp.sum(weights * stacked.ravel()[np.concatenate([places.here, places.there])])


def top_populations(model: Model, sectored: bool, stacked: Stack | Ket) -> Float[Array, " modes"]:
    """Of the two highest levels of every truncated factor."""
    found = populations(model, sectored, stacked)
    tops = [np.flatnonzero(model.levels_of(k) >= model.dims[k] - 2) for k in model.watched]
    return jnp.stack([jnp.sum(found[top]) for top in tops]) if tops else jnp.zeros(0)


def read_off(battery, sectored: bool, stacked: Stack | Ket) -> dict[str, Any]:
    """What is linear in a density matrix: the cell, packed, and its energy; certificate; and, under
    names of their own, the user's observables."""
    model = battery.model
    seen = {
        "truncation": top_populations(model, sectored, stacked),
        "trace": jnp.sum(populations(model, sectored, stacked)),
        "own": {
            name: expectation(model, sectored, stacked, operator)
            for name, operator in model.observables.items()
        },
    }
    return seen | (_read_cell(battery, sectored, stacked) if model.cell else {})


def _read_cell(battery, sectored: bool, stacked: Stack | Ket) -> dict[str, Array]:
    model, levels = battery.model, battery.cell_hamiltonian
    reduced = cell(model, sectored, stacked)
    if jnp.ndim(levels) == 1:  # on its own, so that a caller's `jit` can leave out the rest
        joint = populations(model, sectored, stacked)[model.joint()]
        energy = jnp.sum((levels - jnp.min(levels)) * jnp.sum(joint, axis=-1))
    else:
        energy = merit.energy(reduced, levels)
    return {"energy": energy, "cell": pack(reduced)}


def cell_basis(hamiltonian):
    """Levels and eigenvectors of the cell's Hamiltonian; None where it is diagonal."""
    return spectral.eigensystem(hamiltonian) if jnp.ndim(hamiltonian) == 2 else (hamiltonian, None)


def merits(energy, packed: Float[Array, "c c"], levels, vectors) -> dict[str, Array]:
    """Of a packed cell state and its energy, with levels and eigenvectors of the cell."""
    rho = unpack(packed, real=False)
    if vectors is not None:
        rho = spectral.rotated(vectors, rho)
    ergotropy = energy - merit.passive_energy(rho, levels)
    incoherent = merit.incoherent_ergotropy(rho, levels)
    return {
        "energy": energy,
        "ergotropy": ergotropy,
        "coherent_ergotropy": ergotropy - incoherent,
        "incoherent_ergotropy": incoherent,
        "purity": merit.purity(rho),
    }


def _stacked(numbers) -> Float[Array, " N"]:
    return jnp.stack([jnp.asarray(x, float) for x in numbers]) if len(numbers) else jnp.zeros(0)


def edges_of(pumps) -> Float[Array, " E"] | None:
    """All the times at which something jumps."""
    found = [edges for pump in pumps if (edges := pump.edges()) is not None]
    return jnp.sort(jnp.concatenate(found)) if found else None


def _linear(battery, generator, everyone, pumps, state: State) -> Linear | None:
    """What methods for linear equations need; None if a signal is not piecewise constant."""
    if not all(pump.is_piecewise_constant for pump in everyone):
        return None
    pure = state.pure

    def at(t):
        return at_time(battery, generator, t), [pump.signal(t) for pump in pumps]

    def extent(t):
        now, signals = at(t)
        return now.extent(signals, ket=pure)

    def weights(t):
        now, signals = at(t)
        return now.weights(signals)

    taken_apart = not pure and generator.banded
    dual = of_structure(generator.structure, weights) if taken_apart else None
    trace = None if pure else lambda y: jnp.sum(populations(battery.model, state.sectored, y))
    return Linear(_field(battery, generator, pumps, pure=pure), extent, dual, trace)
