"""Collisions averaged over what is not known of their qubits, `qbjax.protocols.Scatter`."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.algebra.ladders import Ladder
from qbjax.protocols import Collisions
from qbjax.protocols.scatter import MOST_NODES, TOLERANCE, Scatter


def averaged(meet: Callable, scatter: Scatter | None, largest: ScalarLike) -> Callable:
    """Makes of a collision the average of it.

    Args:
        meet: meet(packed, collision) -> (packed, qubit).
        scatter: what is not known; None is nothing.
        largest: frequency of the fastest rotation by θ, without the part of the detuning.

    Returns:
        A collision of the same kind, whose qubit is the average of those that came. NaN, if the
        quadrature has too few nodes.
    """
    if scatter is None:
        return meet
    nodes, weights = scatter.rule()
    by_theta, by_detuning = (jnp.asarray(x, float) for x in (scatter.theta, scatter.detuning))

    def mean(packed, collision):
        detuning = jnp.zeros(()) if collision.detuning is None else collision.detuning
        errors = scatter.error(jnp.stack(_frequencies(scatter, collision.theta, detuning, largest)))
        marked = jnp.where(jnp.max(errors) <= TOLERANCE, jnp.asarray(weights), jnp.nan)

        def add(total, node):
            (x, y), weight = node
            one = collision._replace(theta=collision.theta * (1 + by_theta * x))
            if not _checks.is_plain_zero(scatter.detuning):
                one = one._replace(detuning=detuning + by_detuning * y)
            return jax.tree.map(lambda a, b: a + weight * b, total, meet(packed, one)), None

        shapes = jax.eval_shape(meet, packed, collision)
        nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        return lax.scan(add, nothing, (jnp.asarray(nodes), marked))[0]

    def met(packed, collision):
        moved, qubit = meet(packed, collision) if len(weights) == 1 else mean(packed, collision)
        return moved + scatter.missed * (packed - moved), qubit

    return met


def check(battery, protocol: Collisions) -> None:
    """Refuses scatter that has no such average, or needs more nodes, where that is known.

    Args:
        battery: a `Collisional`.
        protocol: the stream.
    """
    scatter = protocol.scatter
    if not battery.is_steady and not resonant(protocol):
        raise ValueError(
            "Argument `detuning` must be left out where frequencies are modulated, but is not."
        )
    if scatter is None:
        return
    if battery.clock == "runs_on" and not (
        battery.is_rotating_wave or _checks.is_plain_zero(scatter.theta)
    ):
        raise ValueError(
            "Argument `theta` of the scatter must be left out while the clock runs on, whose times "
            f"would scatter with all angles before, but is {_checks.show(scatter.theta)}."
        )
    ladder, clock = battery.ladder, clock_of(battery)
    _check_populations(scatter, protocol)
    numbers = scatter, protocol.theta, protocol.detuning, clock
    if protocol.count == 0 or not _checks.is_concrete(numbers):
        return
    theta, detuning = np.max(protocol.theta), np.max(np.abs(protocol.detuning))
    sizes = jnp.stack(_frequencies(scatter, theta, detuning, fastest(ladder, clock)))
    if np.max(scatter.error(sizes)) <= TOLERANCE:
        return
    enough = [n for n in range(2, MOST_NODES + 1) if np.max(scatter.error(sizes, n)) <= TOLERANCE]
    wanted = f"at least {enough[0]}" if enough else f"more than {MOST_NODES}"
    raise ValueError(
        f"Argument `nodes` of the scatter must be {wanted} for so wide a scatter of θ or Δ on so "
        f"many levels, but is {scatter.nodes}{'' if enough else ': scatter less'}."
    )


def clock_of(battery) -> ScalarLike:
    """The largest frequency of the phase of counter-rotating terms, halved; 0 for none."""
    clock = 0.0 if battery.is_rotating_wave else 1 / battery.counter_rotating
    if battery.is_steady:
        return clock
    return clock + abs(battery.modulation) * battery.modulation_frequency


def resonant(protocol: Collisions) -> bool:
    """Whether no qubit of a stream is detuned."""
    scatter = protocol.scatter
    is_sharp = scatter is None or _checks.is_plain_zero(scatter.detuning)
    return is_sharp and _checks.is_plain_zero(protocol.detuning)


def fastest(ladder: Ladder, clock: ScalarLike) -> Scalar:
    """The frequency of the fastest rotation by θ of a ladder, and of a clock."""
    return jnp.max(jnp.asarray(ladder.couplings), initial=0.0) + 2 * jnp.asarray(clock, float)


def _frequencies(scatter: Scatter, theta, detuning, largest) -> list[Float[Array, ""]]:
    """The largest frequencies that θ and Δ have in their standard deviations."""
    by_theta, by_detuning = (jnp.asarray(x, float) for x in (scatter.theta, scatter.detuning))
    return [2 * by_theta * theta * (largest + jnp.abs(detuning) / 2), by_detuning * theta]


def _check_populations(scatter: Scatter, protocol: Collisions) -> None:
    q, sigma = protocol.ground_population, scatter.ground_population
    if _checks.is_plain_zero(sigma) or not _checks.is_concrete((q, sigma)):
        return
    least = float(np.min(np.asarray(q) * (1 - np.asarray(q))))
    if float(sigma) ** 2 >= least:
        raise ValueError(
            "Argument `ground_population` of the scatter must be less than √(q(1 − q)) = "
            f"{least**0.5:.4g}, but is {float(sigma):g}."
        )
