r"""The state that an observer knows: a ket where all jumps are seen, else a density matrix.

Between two jumps it moves linearly, and loses in size, as they fail to appear:

$$\psi' = A\psi, \qquad
  \rho' = A\rho + \rho A^\dagger + \sum_j(1 - \eta_j)\,\gamma_j\ell_j\rho\ell_j^\dagger,$$

the size being $\lVert\psi\rVert^2$ or $\mathrm{Tr}\,\rho$, the probability that none has appeared.
A density matrix is kept as its real and imaginary part (2, d, d).
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.unravelling.monitored import Monitored

Matrix = Float[Array, "2 d d"]


class Conditional(eqx.Module):
    """The motion of the state that is known; see the module's docstring."""

    @abc.abstractmethod
    def start(self, key: PRNGKeyArray) -> Array:
        """The state at the first time, of size one."""

    @abc.abstractmethod
    def operator(self, t: Float[Array, ""]) -> PyTree[Array]:
        """Numbers of the motion at a time, in which `act` is linear."""

    @abc.abstractmethod
    def radius(self, operator: PyTree[Array]) -> Float[Array, ""]:
        """A bound of its norm, roughly."""

    @abc.abstractmethod
    def act(self, operator: PyTree[Array], state: Array) -> Array:
        """The derivative of a state."""

    @abc.abstractmethod
    def size(self, state: Array) -> Float[Array, ""]:
        """The size of a state."""

    @abc.abstractmethod
    def of_size_one(self, state: Array) -> Array:
        """The state that goes on from one of any size."""

    @abc.abstractmethod
    def jumped(self, t: Float[Array, ""], state: Array) -> Float[Array, "J ..."]:
        """The states after each jump that may be seen, their sizes the rates of these."""

    @abc.abstractmethod
    def seen(self, state: Array) -> dict[str, Array]:
        """The numbers of a state of size one that `Monitored.observe` sees of a ket."""


class Kets(Conditional):
    """A ket: every jump is seen. A mixed start is one of its eigenvectors, drawn by chance."""

    monitored: Monitored

    def start(self, key):
        chances = self.monitored.chances
        drawn = jax.random.uniform(key, (), chances.dtype)
        return self.monitored.kets[picked(chances, drawn)]

    def operator(self, t):
        found = self.monitored.operator(t)
        _, least, largest = self.monitored.extent(found)
        # Energies are counted from their middle: a phase that nobody sees, and half the norm.
        return found, (least + largest) / 2

    def radius(self, operator):
        decay, least, largest = self.monitored.extent(operator[0])
        return decay + (largest - least) / 2

    def act(self, operator, state):
        found, middle = operator
        return self.monitored.drift(found, state) + middle * _turned(state)

    def size(self, state):
        return jnp.sum(state**2)

    def of_size_one(self, state):
        return state / jnp.sqrt(self.size(state))

    def jumped(self, t, state):
        return self.monitored.jumped(t, state)

    def seen(self, state):
        return self.monitored.observe(state)


class Densities(Conditional):
    """A density matrix: of jump j the share `efficiency[j]` is seen.

    Attributes:
        monitored: the master equation.
        efficiency: shape (J,).
    """

    monitored: Monitored
    efficiency: Float[Array, " J"]

    def start(self, key):
        del key  # a mixed start is what is known
        kets = self.monitored.kets
        real, imaginary = kets[:, 0], kets[:, 1]
        weighted = self.monitored.chances[:, None, None] * kets
        into = [weighted[:, 0].T @ real + weighted[:, 1].T @ imaginary]
        return jnp.stack([*into, weighted[:, 1].T @ real - weighted[:, 0].T @ imaginary])

    def operator(self, t):
        own = Kets(self.monitored).operator(t)
        return own, (1 - self.efficiency) * self.monitored.rates(t)

    def radius(self, operator):
        own, _ = operator
        decay, _, _ = self.monitored.extent(own[0])
        return 2 * Kets(self.monitored).radius(own) + 2 * decay

    def act(self, operator, state):
        own, unseen = operator
        half = self._columns(lambda psi: Kets(self.monitored).act(own, psi), state)
        fed = jnp.sum(unseen[:, None, None, None] * self._between(state), axis=0)
        return half + _dagger(half) + (fed + _dagger(fed)) / 2

    def size(self, state):
        return jnp.trace(state[0])

    def of_size_one(self, state):
        return state / self.size(state)

    def jumped(self, t, state):
        rates = self.efficiency * self.monitored.rates(t)
        return rates[:, None, None, None] * self._between(state)

    def seen(self, state):
        # What is seen is quadratic in a ket: its polar form, of columns and basis states, is
        # linear in the matrix.
        d = state.shape[1]
        basis = jnp.stack([jnp.eye(d), jnp.zeros((d, d))])

        def of(unit, column):
            return jax.jvp(self.monitored.observe, (unit,), (column / 2,))[1]

        parts = jax.vmap(of, (2, 2))(basis, state)
        # Energies are counted from the lowest, which nothing at all does not have.
        nothing = self.monitored.observe(jnp.zeros((2, d)))
        return jax.tree.map(lambda x, none: jnp.sum(x, axis=0) + none, parts, nothing)

    def _between(self, state: Matrix) -> Float[Array, "J 2 d d"]:
        r"""Puts a state between every jump and its adjoint, $\ell_j\rho\ell_j^\dagger$."""
        leapt = jax.vmap(self.monitored.leapt, in_axes=3, out_axes=3)
        all_alike = jnp.broadcast_to(state, (len(self.monitored.jumps), *state.shape))
        return leapt(jax.vmap(_dagger)(leapt(all_alike)))

    def _columns(self, move, state: Matrix) -> Matrix:
        return jax.vmap(move, in_axes=2, out_axes=2)(state)


def picked(weights: Float[Array, " n"], drawn: Float[Array, ""]) -> Any:
    """The index that a uniform number in [0, 1) picks by weights, which need not add up to one."""
    sums = jnp.cumsum(weights)
    return jnp.minimum(jnp.sum(sums <= drawn * sums[-1]), weights.size - 1)


def _turned(psi: Ket) -> Ket:
    """A ket times i."""
    return jnp.stack([-psi[1], psi[0]])


def _dagger(matrix: Matrix) -> Matrix:
    return jnp.stack([matrix[0].T, -matrix[1].T])
