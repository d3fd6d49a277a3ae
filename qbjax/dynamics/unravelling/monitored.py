"""A master equation as an unravelling takes it."""

import abc
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.solve.lookout import Signal


class Monitored(eqx.Module):
    r"""A master equation whose jumps are watched; see `dynamics.unravelling`.

    All of it is traceable. Kets are two real rows, in whatever basis suits the battery.

    Attributes:
        kets: a start is one of these, (R, 2, d), each of norm one.
        chances: with these probabilities, (R,); R = 1 of a pure start.
        jumps: names of the J jumps.
        units: name to unit.
        modes: names of the truncated modes.
    """

    kets: eqx.AbstractVar[Float[Array, "R 2 d"]]
    chances: eqx.AbstractVar[Float[Array, " R"]]
    jumps: eqx.AbstractVar[tuple[str, ...]]
    units: eqx.AbstractVar[tuple[tuple[str, str], ...]]
    modes: eqx.AbstractVar[tuple[str, ...]]

    @abc.abstractmethod
    def operator(self, t: Float[Array, ""]) -> PyTree[Array]:
        r"""Numbers in which $A(t) = -iH - \frac12\sum L_j^\dagger L_j$ is linear.

        So the operator of a mean over times is the mean of these.
        """

    @abc.abstractmethod
    def drift(self, operator: PyTree[Array], psi: Ket) -> Ket:
        """The operator applied to a ket."""

    @abc.abstractmethod
    def extent(self, operator: PyTree[Array]) -> tuple[Array, Array, Array]:
        """The strongest decay, the least and the largest energy, by bounds (`kets.discs`)."""

    @abc.abstractmethod
    def rates(self, t: Float[Array, ""]) -> Float[Array, " J"]:
        r"""The rates $\gamma_j(t)$."""

    @abc.abstractmethod
    def leapt(self, kets: Float[Array, "J 2 d"]) -> Float[Array, "J 2 d"]:
        r"""Each jump at rate one of a ket of its own, $\ell_j\psi_j$, phases included."""

    def jumped(self, t: Float[Array, ""], psi: Ket) -> Float[Array, "J 2 d"]:
        r"""All jumps of a ket, $\sqrt{\gamma_j(t)}\,\ell_j\psi$: NaN where a rate is negative."""
        kets = jnp.broadcast_to(psi, (len(self.jumps), *psi.shape))
        return jnp.sqrt(self.rates(t))[:, None, None] * self.leapt(kets)

    @abc.abstractmethod
    def observe(self, psi: Ket) -> dict[str, Array]:
        r"""All that is linear in $|\psi\rangle\langle\psi|$, of a ket of norm one.

        The user's observables by name, `truncation` and `norm_squared`; if something stores,
        `energy` and `packed_cell`.
        """

    @abc.abstractmethod
    def merits(self, seen: dict[str, Array]) -> dict[str, Array]:
        """Merits and observables of a state of norm one from what `observe` has seen of it.

        Of many moments by `lax.map`, not by `vmap`: on a CPU, JAX's solver of a batch of eigenvalue
        problems waits for other threads, two at a time for each other, and for ever.
        """

    @abc.abstractmethod
    def edges(self) -> Float[Array, " E"] | None:
        """Times at which A or a rate is discontinuous; None if there are none."""

    @abc.abstractmethod
    def signals(self, times: Float[Array, " T"]) -> Sequence[Signal]:
        """All that moves between edges in a run; nothing if A is constant there."""


def is_constant(monitored: Monitored, times: Float[Array, " T"]) -> bool:
    """Whether nothing of an equation changes in time."""
    return monitored.edges() is None and not monitored.signals(times)
