"""The Bloch charger whose jumps are watched, as trajectories take it."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.algebra import spectral
from qbjax.algebra.packing import unpack
from qbjax.batteries.bloch import _motion as motions
from qbjax.batteries.bloch import _terms as terms
from qbjax.dynamics.generator import kets as generator
from qbjax.dynamics.generator.jumped import Jumped, jumped_of
from qbjax.dynamics.generator.pattern import Shifts
from qbjax.dynamics.generator.products import Products
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import edges_of, signals
from qbjax.interface.states import State
from qbjax.protocols import Pump


class Watched(Monitored):
    """The pair in the frame of `_motion`, kets of cell ⊗ charger.

    Attributes:
        kets, chances, jumps, units, modes: as of any.
        form: of the operator that moves a ket.
        leaps: the jumps at rate one.
        still, driven: coefficients of the Hamiltonians, and what the envelope multiplies of them.
        strengths: rates of the jumps.
        envelope: of the coupling, None for a constant one.
        battery: its numbers.
    """

    kets: Float[Array, "R 2 4"]
    chances: Float[Array, " R"]
    form: Shifts | Products
    leaps: Jumped
    still: Float[Array, " H"]
    driven: Float[Array, " H"]
    strengths: Float[Array, " J"]
    envelope: Pump | None
    battery: Any
    jumps: tuple[str, ...] = eqx.field(static=True)
    units: tuple[tuple[str, str], ...] = eqx.field(static=True)
    modes: tuple[str, ...] = eqx.field(static=True)

    def operator(self, t):
        share = jnp.ones(()) if self.envelope is None else self.envelope.signal(t)
        weights = jnp.concatenate([self.still + share * self.driven, self.strengths])
        return generator.operator_of(self.form, weights)

    def drift(self, operator, psi):
        return generator.applied(self.form, operator, psi)

    def extent(self, operator):
        return generator.discs(self.form, operator)

    def rates(self, t):
        return self.strengths

    def leapt(self, kets):
        return self.leaps(kets)

    def observe(self, psi):
        real, imaginary = psi
        turned = jnp.outer(imaginary, real)
        pair = jnp.outer(real, real) + jnp.outer(imaginary, imaginary) + turned - turned.T
        cell = motions.cell(pair)
        return {
            "energy": self.battery.frequency * cell[1, 1],
            "packed_cell": cell,
            "packed_pair": pair,
            "truncation": jnp.zeros(0),
            "norm_squared": jnp.trace(pair),
        }

    def merits(self, seen):
        found = motions.observables(self.battery, seen["packed_pair"])
        return {k: x for k, x in found.items() if k != "trace_defect"} | {
            "truncation": seen["truncation"]
        }

    def edges(self):
        return edges_of(self._moving)

    def signals(self, times):
        return signals(self._moving, times)

    @property
    def _moving(self) -> list[Pump]:
        return [] if self.envelope is None else [self.envelope]


def watched(battery: Any, state: State, *, coupled: bool, envelope: Pump | None) -> Watched:
    """A battery as trajectories take it; arguments as of `_motion.motion`.

    Raises:
        ValueError: if nothing is lost.
    """
    jumps = {
        (place, kind): rate
        for place in terms.PLACES
        for kind, rate in terms.rates(battery, place).items()
    }
    if not jumps:
        raise ValueError(
            "Argument `battery` must have jumps to be watched, but has none: its state is pure, "
            "and qb.charge follows it."
        )
    still = terms.hamiltonian(battery, 0.0)
    driven = terms.hamiltonian(battery, battery.coupling if coupled else 0.0)
    structure = terms.structure(tuple(still), tuple(jumps))
    chances, vectors = spectral.eigensystem(unpack(jnp.asarray(state.content), real=False))
    positive = jnp.maximum(chances, 0.0)
    return Watched(
        kets=jnp.stack([jnp.real(vectors.T), jnp.imag(vectors.T)], axis=1),
        chances=positive / jnp.sum(positive),
        form=generator.form_of(structure),
        leaps=jumped_of(structure.jumps),
        still=_numbers(still),
        driven=_numbers(driven) - _numbers(still),
        strengths=_numbers(jumps),
        envelope=envelope,
        battery=battery,
        jumps=tuple(f"{kind} of the {place}" for place, kind in jumps),
        units=motions.UNITS,
        modes=(),
    )


def _numbers(named: dict[Any, Any]) -> Float[Array, " n"]:
    return jnp.stack([jnp.asarray(x, float) for x in named.values()])
