r"""A stream of qubits: the angle at which each one meets the battery, and its state.

Qubit k has

$$\rho_Q = q_k|g\rangle\langle g| + (1-q_k)|e\rangle\langle e|
  + c_k\sqrt{q_k(1-q_k)}\,(e^{-i\alpha_k}|g\rangle\langle e| + \text{h.c.})$$

and the swap angle $\theta_k = \Omega t_k$; a full exchange on a step of coupling 1 takes π/2.

References: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by
repeated interactions" (2023), Eq. (1).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.protocols.free import Trainable, checked, is_free, resolve
from qbjax.protocols.scatter import Scatter


class Collisions(eqx.Module):
    r"""Qubits that collide with a battery one after the other, K of them.

    A coherence left out, or given as the plain number 0, makes the qubits classical: then
    populations suffice for a diagonal battery. A phase that is one number is common to all
    qubits, and keeps the arithmetic real.

    Args:
        theta: swap angles θ_k ≥ 0, shape (K,), or `qb.free(…)` of so many.
        ground_population: q, a number or (K,), in [0, 1].
        coherence: c, a number or (K,), in [0, 1].
        phase: α, a number or (K,).
        save_every: observables after so many collisions only, and after the last.
        settled: leave the rest out once a collision changes no element of the state by more
            than this; the collisions must all be alike. Derivatives are those of the
            collisions that were made, `run.steps` of them.
        made: how many are made, an integer that may be traced; None for all. The rest is left
            out: no qubit, no loss, no time. So streams of different lengths share a program.
        detuning: $(\omega_q - \omega_F)/\Omega$ of qubits and ladder, a number or (K,). Phases
            count in the frame of the ladder.
        scatter: a `Scatter` of the numbers above about their means; None for none.

    Raises:
        ValueError, TypeError: for numbers out of range, or not so many as angles.

    Example:
        >>> full = Collisions([1.5707963, 1.1107207])
        >>> full.count, full.times().round(4).tolist()
        (2, [0.0, 1.5708, 2.6815])
    """

    theta: Trainable
    ground_population: Trainable
    coherence: Trainable
    phase: Trainable
    made: Int[Array, ""] | None
    detuning: Trainable
    scatter: Scatter | None
    save_every: int = eqx.field(static=True)
    settled: float | None = eqx.field(static=True)

    def __init__(
        self, theta, ground_population=0, coherence=0, phase=0, save_every=1, settled=None,
        made=None, detuning=0, scatter: Scatter | Any = None,
    ):  # fmt: skip
        self.theta = checked(_checks.array, "theta", theta, shape=("K",), low=0.0)
        count = self.count
        unit: dict[str, Any] = {"low": 0.0, "high": 1.0}
        self.ground_population = _one_or("ground_population", ground_population, count, **unit)
        self.coherence = _one_or("coherence", coherence, count, **unit)
        self.phase = _one_or("phase", phase, count)
        self.detuning = _one_or("detuning", detuning, count)
        if scatter is not None:
            _checks.instance("scatter", scatter, Scatter, "a qb.protocols.Scatter")
        self.scatter = scatter
        self.save_every = _checks.integer("save_every", save_every, low=1)
        self.made = None if made is None else up_to("made", made, count)
        self.settled = None
        if settled is not None:
            self.settled = _checks.plain("settled", settled, low=0)
            self._check_alike()

    def _check_alike(self) -> None:
        for name in ("theta", "ground_population", "coherence", "phase", "detuning"):
            value = resolve(getattr(self, name))
            if _checks.is_concrete(value) and np.size(value) and np.ptp(value) > 0:
                raise ValueError(
                    "Argument `settled` must be left out unless all collisions are alike, but "
                    f"`{name}` goes from {np.min(value):g} to {np.max(value):g}."
                )

    @property
    def count(self) -> int:
        """The number K of collisions, those that are left out included."""
        return np.shape(resolve(self.theta))[0]

    def times(self) -> Float[Array, " T"]:
        """Cumulative charging time Ωτ: 0, θ_1, θ_1 + θ_2, …"""
        # On the host, if it is known: there no program is compiled.
        theta = resolve(self.theta)
        xp = np if _checks.is_concrete((theta, self.made)) else jnp
        theta = xp.asarray(theta)
        if self.made is not None:
            theta = xp.where(np.arange(self.count) < xp.asarray(self.made), theta, 0.0)
        return _checks.settled(xp.concatenate([xp.zeros(1), xp.cumsum(theta)]))


def _one_or(name: str, given: Any, count: int, **bounds: Any) -> Trainable:
    if _checks.is_plain_zero(given):
        return given
    if _checks.axes(given.value if is_free(given) else given) == 0:
        return checked(_checks.scalar, name, given, **bounds)
    return checked(_checks.array, name, given, shape=(count,), **bounds)


def up_to(name: str, given: Any, count: int) -> Int[Array, ""]:
    """Checks a number of collisions, at most the count of the stream; it may be traced."""
    if _checks.is_concrete(given):
        return _checks.settled(_checks.integer(name, given, low=0, high=count))
    number = jnp.asarray(given)
    if number.shape or not jnp.issubdtype(number.dtype, jnp.integer):
        raise TypeError(f"Argument `{name}` must be an integer, but is {given!r}.")
    return number
