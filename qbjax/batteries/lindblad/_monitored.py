"""A Lindblad battery whose jumps are watched, as trajectories take it: kets, whatever it loses."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.batteries.lindblad import _gauge as gauge
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._equation import Equation, Numbers
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._reading import Readings, Stored
from qbjax.batteries.lindblad._sparse import Slotted
from qbjax.dynamics.generator import kets as generator
from qbjax.dynamics.generator.action import Action
from qbjax.dynamics.generator.jumped import Jumped, jumped_of
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import edges_of, signals
from qbjax.interface.pumps import pumps_of
from qbjax.protocols import Pump

LEAST = 1e-14
"""Smallest probability of a start, relative to the largest, that is no rounding of nothing."""

LOOKS = 1024
"""Times at which a rate that moves is looked at."""


class Watched(Monitored):
    """A master equation whose jumps are watched.

    Attributes:
        kets, chances, jumps, units, modes: as of any.
        form: of the operator that moves a ket.
        leaps: the jumps at rate one.
        readings: of a ket.
        numbers: of the operators.
        pumps: of the protocol, one per control.
        stored: Hamiltonian of the cell.
    """

    kets: Float[Array, "R 2 d"]
    chances: Float[Array, " R"]
    form: generator.Form
    leaps: Jumped | sparse.Leaps
    readings: Readings
    numbers: Numbers
    pumps: tuple[Pump, ...]
    stored: Stored
    jumps: tuple[str, ...] = eqx.field(static=True)
    units: tuple[tuple[str, str], ...] = eqx.field(static=True)
    modes: tuple[str, ...] = eqx.field(static=True)

    def operator(self, t):
        action = Action(self.form, *self.numbers.at(t))
        weights = action.weights(self.numbers.amplitudes(self.pumps, t))
        return generator.operator_of(self.form, weights)

    def drift(self, operator, psi):
        return generator.applied(self.form, operator, psi)

    def extent(self, operator):
        return generator.discs(self.form, operator)

    def rates(self, t):
        _, rates = self.numbers.at(t)
        return rates

    def leapt(self, kets):
        return self.leaps(kets)

    def observe(self, psi):
        seen = reading.read_off(self.readings, self.stored.whole, psi)
        found = {**seen["own"], "truncation": seen["truncation"], "norm_squared": seen["trace"]}
        if isinstance(self.readings, Slotted):
            return found | {"energy": seen["energy"]}
        if self.readings.cell is None:
            return found
        return found | {"energy": seen["energy"], "packed_cell": seen["cell"]}

    def merits(self, seen):
        rest = {k: x for k, x in seen.items() if k not in ("packed_cell", "norm_squared")}
        if isinstance(self.readings, Slotted):
            return rest | sparse.merits_of_one(seen)
        if self.readings.cell is None:
            return rest
        return rest | reading.merits_of(self.stored)(seen["energy"], seen["packed_cell"])

    def edges(self):
        return edges_of(self._moving)

    def signals(self, times):
        return signals(self._moving, times)

    @property
    def _moving(self) -> list[Pump]:
        return [*self.pumps, *self.numbers.signals]


def watched(equation: Equation, stored: Stored, protocol: Any, start: Any, times: Any) -> Watched:
    """A battery as trajectories take it.

    Args:
        equation: of the battery.
        stored: Hamiltonian of its cell.
        protocol: of the run.
        start: ket (d,) or density matrix (d, d) of all factors, in the basis of the operators.
        times: of the run.

    Raises:
        ValueError: if there are no jumps, or one has a negative rate.
    """
    model = equation.model
    if not model.jumps:
        raise ValueError(
            "Argument `battery` must have jumps to be watched, but has none: its state is pure, "
            "and qb.charge follows it."
        )
    _check_rates(equation.rates, times)
    pure, chances = _parts(start)
    large = model.stored is not None
    laid = sparse.ket if large else places.ket
    return Watched(
        kets=jax.vmap(lambda psi: laid(model, psi))(jnp.asarray(pure, complex)),
        chances=jnp.asarray(chances),
        form=sparse.moving(model)
        if large
        else generator.form_of(models.layout(model, False).structure),
        leaps=sparse.leaps(model) if large else _leaps(model),
        readings=places.readings(model, False, True),
        numbers=equation.numbers,
        pumps=pumps_of(protocol),
        stored=stored,
        jumps=tuple(f"jumps[{j}]" for j in range(len(model.jumps))),
        units=(),
        modes=model.modes,
    )


@functools.lru_cache(maxsize=64)
def _leaps(model: Model) -> Jumped:
    """The jumps between the basis states in which a ket moves, each with its phase."""
    phases = models.layout(model, False).phases
    return jumped_of([sp.csr_array(gauge.turned(jump, phases)) for jump in model.jumps])


def _parts(start: Any) -> tuple[Any, Any]:
    """Kets (R, d) that a start is a mixture of, and their probabilities (R,)."""
    if start.ndim == 1:
        return start[None], np.ones(1)
    if not _checks.is_concrete(start):
        traced, vectors = spectral.eigensystem(start)
        positive = jnp.maximum(traced, 0.0)
        return vectors.T, positive / jnp.sum(positive)
    chances, columns = np.linalg.eigh(np.asarray(start))
    there = chances > LEAST * chances[-1]
    return columns.T[there], chances[there] / np.sum(chances[there])


def _check_rates(rates: Any, times: Any) -> None:
    """Raises ValueError if a rate that moves is seen to be negative."""
    looks = np.linspace(0.0, 1.0, LOOKS)
    for j, rate in enumerate(rates):
        if not isinstance(rate, Pump) or not _checks.is_concrete((rate, times)):
            continue
        first, *_, last = np.asarray(times)
        seen = np.asarray(jax.vmap(rate.signal)(first + (last - first) * looks))
        if np.min(seen) < 0:
            at = first + (last - first) * looks[np.argmin(seen)]
            raise ValueError(
                f"Argument `battery` must have rates >= 0 to be watched, but jumps[{j}] has "
                f"{np.min(seen):.3g} at t = {at:.3g}."
            )
