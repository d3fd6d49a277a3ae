r"""A stream of ancillas in any states: the angles at which each meets its cells, and its state.

Ancilla k of d levels comes in the state $\rho_Q^{(k)}$ and meets cell c with the angle
$\theta_{kc}$, strength times time, after the cells before it.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact, Int

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.algebra.spectral import root
from qbjax.protocols.collisions import up_to
from qbjax.protocols.free import Trainable, checked, is_free, resolve


class Ancillas(eqx.Module):
    r"""Ancillas that meet one or several cells one after the other, K of them.

    Streams of several kinds, as one that charges and one that discharges, are one stream with K
    states; or two runs, the second from the `final_state` of the first.

    Args:
        theta: angles θ ≥ 0, shape (K,), the same for every cell of a battery, or (K, cells), or
            `qb.free(…)` of so many.
        state: of all ancillas, a ket (d,) or density matrix (d, d); or K density matrices
            (K, d, d).
        save_every: observables after so many ancillas only, and after the last.
        made: how many are let pass, an integer that may be traced; None for all. The rest is
            left out: no ancilla, no loss, no time.

    Raises:
        ValueError, TypeError: for what is no angle or no state, or not so many states as angles.

    Example:
        >>> stream = Ancillas([0.3, 0.2], [0.0, 0.0, 1.0])
        >>> stream.count, stream.levels, stream.times().round(4).tolist()
        (2, 3, [0.0, 0.3, 0.5])
    """

    theta: Trainable
    state: Inexact[Array, "d d"] | Inexact[Array, "K d d"]
    made: Int[Array, ""] | None
    save_every: int = eqx.field(static=True)

    def __init__(
        self, theta: Any, state: TensorLike, save_every: int | Any = 1, made: Any | None = None
    ):
        two = _checks.axes(theta.value if is_free(theta) else theta) == 2
        shape = ("K", "cells") if two else ("K",)
        self.theta = checked(_checks.array, "theta", theta, shape=shape, low=0.0)
        self.state = _states(state, self.count)
        self.save_every = _checks.integer("save_every", save_every, low=1)
        self.made = None if made is None else up_to("made", made, self.count)

    @staticmethod
    def with_weights(
        theta: Any,
        weights: Any,
        coherence: Any = 0,
        phase: Any = 0,
        save_every: int | Any = 1,
        made: Any | None = None,
    ) -> "Ancillas":
        r"""Ancillas that are all in one state, given by its populations and one coherence.

        $$\rho_Q = c|\psi\rangle\langle\psi| + (1-c)\sum_np_n|n\rangle\langle n|, \qquad
          |\psi\rangle = \sum_n\sqrt{p_n}\,e^{i\alpha n}|n\rangle$$

        Of two levels, and with $p_0 = q$, it is the qubit of `qb.protocols.Collisions`. The slope
        with respect to a population is infinite where that is 0, and counts as 0 there.

        Args:
            theta: as of `Ancillas`.
            weights: shape (d,), ≥ 0; the populations are these, divided by their sum.
            coherence: c in [0, 1].
            phase: α.
            save_every, made: as of `Ancillas`.

        Raises:
            ValueError, TypeError: as `Ancillas`; for weights that are negative or all vanish.

        Example:
            >>> Ancillas.with_weights([0.1], [1.0, 3.0], 1.0).state.real.round(4).tolist()
            [[0.25, 0.433], [0.433, 0.75]]
        """
        given = _checks.array("weights", weights, shape=("d",), low=0.0)
        if _checks.is_concrete(given) and not np.any(np.asarray(given) > 0):
            raise ValueError("Argument `weights` must not all vanish, but are all 0.")
        share = _checks.scalar("coherence", coherence, low=0.0, high=1.0)
        turn = _checks.scalar("phase", phase)
        populations = given / jnp.sum(given)
        amplitudes = root(populations)
        n = np.arange(float(given.shape[0]))
        angles = turn * (n[:, None] - n[None, :])
        pure = jnp.outer(amplitudes, amplitudes)
        beside = share * pure * (1 - np.eye(n.size))
        real = jnp.diag(populations) + beside * jnp.cos(angles)
        return Ancillas(theta, lax.complex(real, beside * jnp.sin(angles)), save_every, made)

    @property
    def count(self) -> int:
        """The number K of ancillas, those that are left out included."""
        return np.shape(resolve(self.theta))[0]

    @property
    def levels(self) -> int:
        """The number d of an ancilla's levels."""
        return self.state.shape[-1]

    def states(self) -> Complex[Array, "K d d"]:
        """The state of every ancilla."""
        d = self.levels
        return jnp.broadcast_to(self.state.astype(complex), (self.count, d, d))

    def angles(self, cells: int) -> Float[Array, "K cells"]:
        """The angle of every ancilla with every one of so many cells."""
        theta = jnp.asarray(resolve(self.theta))
        wide = theta[:, None] if theta.ndim == 1 else theta
        return jnp.broadcast_to(wide, (self.count, cells))

    def times(self, cells: int = 1) -> Float[Array, " T"]:
        """Sums of all angles so far: 0, and after every ancilla."""
        # On the host, if it is known: there no program is compiled.
        theta = resolve(self.theta)
        xp = np if _checks.is_concrete((theta, self.made)) else jnp
        theta = xp.asarray(theta)
        each = theta * cells if theta.ndim == 1 else xp.sum(theta, axis=1)
        if self.made is not None:
            each = xp.where(np.arange(self.count) < xp.asarray(self.made), each, 0.0)
        return _checks.settled(xp.concatenate([xp.zeros(1), xp.cumsum(each)]))


def _states(given: Any, count: int) -> Inexact[Array, "..."]:
    """Checks one state for all, a ket or a density matrix, or one density matrix for each."""
    axes = _checks.axes(given)
    if axes == 1:
        psi = _checks.ket("state", given)
        return jnp.outer(psi, psi.conj())
    if axes != 3:
        return _checks.density_matrix("state", given)
    each = _checks.array("state", given, shape=(count, "d", "d"), complex_ok=True)
    if _checks.is_concrete(each):
        for k, one in enumerate(np.asarray(each)):
            _checks.density_matrix(f"state[{k}]", one)
    return each
