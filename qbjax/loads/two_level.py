r"""A two-level load on a cell's level spacing, as in Jaynes and Cummings' model.

In the frame that rotates with the cell's spacing $\omega_s$

$$H' = g(t)(a\sigma_+ + a^\dagger\sigma_-) + \delta\,\sigma_+\sigma_-, \qquad
  \dot\rho' = -i[H', \rho'] + \sum_j \gamma_j D[L_j]\rho'
  + \gamma_a(\bar n_a + 1)D[\sigma_-]\rho' + \gamma_a\bar n_a D[\sigma_+]\rho'$$

with the cell's own losses $\gamma_j, L_j$ (for the DOPO battery $\gamma_s D[a_s]$, and heat).

| symbol | argument | good value |
|---|---|---|
| g(t) | `coupling` | 1, in the units of the cell's rates |
| γ_a | `decay` | 0.1 |
| n̄_a | `thermal` | 0 |
| δ = ω_a − ω_s | `detuning` | 0 |
| ω | `frequency` | the cell's spacing: 1 for the DOPO battery |

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Eqs. (14)–(19).
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax.algebra import operators
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.structure import Structure
from qbjax.interface.battery import Battery, Cell, open_cell_of
from qbjax.loads import pair
from qbjax.protocols import Constant, Pump, is_free, resolve


class TwoLevel(eqx.Module):
    r"""A two-level system that a cell discharges into; see the module's docstring.

    A decay, thermal occupation or detuning left out, or given as the plain number 0, drops
    its term; pass `jnp.asarray(0.)` to keep it and differentiate at zero.

    Args:
        coupling: g, real: a number, `qb.free(...)`, or a protocol, which sees the times of
            the run.
        decay: γ_a, in the units of the cell's rates.
        thermal: occupation n̄_a of the load's bath.
        detuning: δ = ω_a − ω_s, in the units of the cell's rates.
        frequency: level spacing ω in the cell's unit of energy. The coupling keeps n + e, so
            it must be the cell's; a small mismatch is the detuning.

    Raises:
        ValueError: for negative or non-finite rates. TypeError: for a complex coupling, and
            for what is no number.

    Example:
        >>> load = TwoLevel(coupling=1.0, decay=0.1)
        >>> float(load.coupling.signal(0.0)), float(load.decay)
        (1.0, 0.1)
    """

    coupling: Pump
    decay: Any
    thermal: Any
    detuning: Any
    frequency: Any

    def __init__(
        self,
        coupling: Any,
        decay: Any = 0,
        thermal: Any = 0,
        detuning: Any = 0,
        frequency: Any = 1.0,
    ):
        self.coupling = _coupling(coupling)
        self.decay = _checks.optional_scalar("decay", decay, low=0)
        self.thermal = _checks.optional_scalar("thermal", thermal, low=0)
        self.detuning = _checks.optional_scalar("detuning", detuning)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)


def check_frequency(load: TwoLevel, alone: Cell) -> None:
    """Checks that load and cell are in resonance, and in one unit (when concrete).

    Raises:
        ValueError: if not.
    """
    mine, cells = load.frequency, alone.spacing
    if _checks.is_concrete((mine, cells)) and not np.isclose(mine, cells, rtol=1e-9, atol=0):
        raise ValueError(
            f"Argument `frequency` of the load must be the cell's level spacing {float(cells):g} "
            f"{alone.units.get('energy', 'of its Hamiltonian')}, for the coupling is resonant, "
            f"but is {float(mine):g}: a load of another unit? Give the spacing itself, and a small "
            "mismatch as `detuning`."
        )


def field(load: TwoLevel, generator: Generator) -> Callable:
    """Makes the function (t, blocks) -> their time derivative.

    Args:
        load: the load, resolved.
        generator: of cell and load, as `generated` makes it.
    """
    return lambda t, blocks: generator(blocks, load.coupling.signal(t)[None])


def generated(battery: Battery, load: TwoLevel, sectored: bool) -> Generator:
    """The Lindblad generator of cell and load; its one control is g.

    Args:
        battery: whose cell it is.
        load: the load, resolved.
        sectored: whether the state is split by the parity of n + e.
    """
    alone = open_cell_of(battery)
    return Generator(structure(alone, load, sectored), *strengths(alone.rates, load))


def structure(alone: Cell, load: TwoLevel, sectored: bool) -> Structure:
    """The structure of the generator of cell and load; arguments as of `generated`."""
    lossy, warm, detuned = (
        not _checks.is_plain_zero(x) for x in (load.decay, load.thermal, load.detuning)
    )
    return _structure(
        _Matrix.of(alone.lowering),
        tuple(map(_Matrix.of, alone.jumps)),
        sectored,
        detuned,
        lossy + (lossy and warm),
    )


def strengths(rates: Sequence[Any], load: TwoLevel):
    """The coefficients and rates of that generator, from the rates of the cell."""
    own = []
    if not _checks.is_plain_zero(load.decay):
        own.append(load.decay * (load.thermal + 1))
        own += [] if _checks.is_plain_zero(load.thermal) else [load.decay * load.thermal]
    shifts = [] if _checks.is_plain_zero(load.detuning) else [load.detuning]
    return _stacked(shifts), _stacked([*rates, *own])


class _Matrix(NamedTuple):
    """A constant matrix as a key of a cache."""

    data: bytes
    dtype: str
    levels: int

    @classmethod
    def of(cls, matrix) -> "_Matrix":
        host = np.ascontiguousarray(matrix)
        return cls(host.tobytes(), host.dtype.str, len(host))

    def sparse(self):
        host = np.frombuffer(self.data, self.dtype).reshape(self.levels, self.levels)
        return sp.csr_array(host)


@functools.lru_cache(maxsize=64)
def _structure(lowering, jumps, sectored, detuned, baths) -> Structure:
    """Structure of the pair's equation: operators in the order of the numbers.

    Hamiltonian: the detuning. Jumps: the cell's, then load loss, load gain. Control: g.
    """
    levels = lowering.levels
    minus = operators.sigma_minus()
    up = sp.kron(lowering.sparse(), minus.T)
    coupling = (1j * (up - up.conj().T)).tocsr()
    one = sp.eye_array(levels)
    excited = [sp.kron(one, minus.T @ minus, format="csr")] if detuned else []
    lost = [sp.kron(jump.sparse(), sp.eye_array(2), format="csr") for jump in jumps]
    lost += [sp.kron(one, m, format="csr") for m in (minus, minus.T)[:baths]]
    return Structure(excited, lost, [coupling], pair.sectors(levels, sectored))


def _stacked(numbers):
    return jnp.stack([jnp.asarray(x, float) for x in numbers]) if numbers else jnp.zeros(0)


def _coupling(value) -> Pump:
    if not isinstance(value, Pump):
        _checks.scalar("coupling", resolve(value))
        return Constant(value if is_free(value) else _checks.scalar("coupling", value))
    if resolve(value).is_complex:
        raise TypeError(
            "Argument `coupling` must be real, but is a complex protocol: turn the phase of the "
            "load's excited state instead."
        )
    return value
