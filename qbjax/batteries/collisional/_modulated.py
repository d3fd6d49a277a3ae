r"""Collisions beyond the rotating-wave approximation, with both frequencies modulated.

Ladder and qubit of one frequency ω, modulated together by $\eta\nu\cos\nu t$, have the phase
$\varphi(t) = t/r + \eta\sin\nu t$ (times in 1/g, ν in g, r = g/ω), and in the interaction picture

$$H_I(t) = A\sigma_+ + A^\dagger\sigma_- + e^{2i\varphi(t)}A^\dagger\sigma_+
  + e^{-2i\varphi(t)}A\sigma_- .$$

The mean of $e^{2i\eta\sin\nu t}$ is $J_0(2\eta)$: at η = 1.2024 and $\nu \gg g$ the
counter-rotating terms average out. With $\mathcal N = n + \sigma_z/2$ and
$V = (A + A^\dagger)\sigma_x$ the propagator is

$$U_I(t_1, t_0) = e^{i\varphi(t_1)\mathcal N}\,S(t_1)S(t_0)^\dagger\,e^{-i\varphi(t_0)\mathcal N},
  \qquad \dot S = -i(\dot\varphi\,\mathcal N + V)S ,$$

in two sectors of parity as in `_counter_rotating`. S repeats itself: $S(kT + s) = S(s)F^k$ with
F = S(T), T = 2π/ν. One period is split into `STEPS` steps of sixth order, in each of which both
exponentials are exact; F is squared again and again, and a collision costs some thirty products of
matrices.

References: V. Shaghaghi et al., "Lossy micromaser battery" (2023), Eq. (6); W. Kahan and R.-C. Li,
Math. Comp. 66, 1089 (1997), for the sixth order.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.collisional._channels import Collision
from qbjax.batteries.collisional._counter_rotating import excited, traced_over
from qbjax.batteries.collisional._outgoing import Qubit

STEPS = 128
"""Steps per period."""

STAGES = np.array([0.39216144400731413928, 0.33259913678935943860, -0.70624617255763935981,
                   0.082213596293550800230, 0.79854399093482996340])  # fmt: skip
"""Lengths of the first five of nine symmetric stages."""

BITS = 24
"""Largest number of periods is 2^24 − 1."""

TOLERANCE = 1e-9
"""Largest error of one period that is taken for exact; half as many steps have 64 times it. It is
more where ν is far below ω: then all is NaN."""


class Period(NamedTuple):
    """The propagators of one period, in both sectors of parity.

    Attributes:
        frequency: 1/r.
        amplitude, rate: η and ν.
        values, vectors: of V.
        inside: S at the beginning of every step, (STEPS, 2, N, N).
        powers: $F^{2^b}$, (BITS, 2, N, N). Both are NaN if the steps are too long.
    """

    frequency: Scalar
    amplitude: Scalar
    rate: Scalar
    values: Float[np.ndarray, " N"]
    vectors: Float[np.ndarray, "N N"]
    inside: Complex[Array, "S 2 N N"]
    powers: Complex[Array, "B 2 N N"]

    def phase(self, t: Scalar) -> Scalar:
        """The phase φ(t)."""
        return t * self.frequency + self.amplitude * jnp.sin(self.rate * t)


def period(couplings, ratio: Scalar, amplitude: Scalar, rate: Scalar) -> Period:
    """Prepares one period, which serves any number of collisions.

    Args:
        couplings: $a_1 … a_{N-1}$.
        ratio: r = g/ω > 0.
        amplitude: η.
        rate: ν, in units of g.
    """
    beside = np.diag(couplings, 1) + np.diag(couplings, -1)
    values, vectors = np.linalg.eigh(beside)
    nothing = jnp.zeros((0, 2, len(values), len(values)), complex)
    made = Period(1 / ratio, amplitude, rate, values, vectors, nothing, nothing)
    F, inside = _whole(made, STEPS)
    coarse, _ = _whole(made, STEPS // 2)
    error = jnp.max(jnp.abs(lax.stop_gradient(F - coarse))) / 63
    F, inside = (jnp.where(error <= TOLERANCE, x, jnp.nan) for x in (F, inside))
    powers = lax.scan(lambda F, _: (F @ F, F), F, None, length=BITS)[1]
    return made._replace(inside=inside, powers=powers)


def collide(
    made: Period, packed: Float[Array, "N N"], collision: Collision
) -> tuple[Float[Array, "N N"], Qubit]:
    """One collision of a packed state and a qubit.

    Args:
        made: `period`.
        packed: one real matrix (`algebra.packing`) in the gauge of `_channels`.
        collision: its numbers, scalars.

    Returns:
        The packed state and the qubit afterwards.
    """
    end = collision.theta
    if collision.start is None:
        before, S = jnp.zeros(()), _until(made, end)
    else:
        end = collision.start + collision.theta
        before = made.phase(collision.start)
        S = _until(made, end) @ _until(made, collision.start).conj().swapaxes(1, 2)
    return traced_over(S[0], S[1], before, made.phase(end), packed, collision)


def checked_frequency(battery, given: Any) -> Scalar | None:
    """Checks ν of a battery, and that its modulation goes with what else it has."""
    if battery.is_steady:
        if given is not None:
            raise ValueError(
                "Argument `modulation_frequency` must be left out where nothing is modulated, but "
                f"is {_checks.show(given)}."
            )
        return None
    if battery.is_rotating_wave or not battery.is_brief:
        what = (
            "a g/ω, whose terms it modulates" if battery.is_rotating_wave else "no collision loss"
        )
        shown = _checks.show(battery.modulation)
        raise ValueError(f"Argument `modulation` must go with {what}, but is {shown}.")
    return _checks.scalar("modulation_frequency", given, low=0, open_low=True)


def _whole(made: Period, steps: int) -> tuple[Complex[Array, "2 N N"], Complex[Array, "S 2 N N"]]:
    """The propagator of a period, and those up to the beginning of each step."""
    length = 2 * jnp.pi / made.rate / steps
    one = jnp.broadcast_to(jnp.eye(made.values.size, dtype=complex), (2, *made.vectors.shape))

    def step(S, k):
        return _step(made, k * length, length, S), S

    return lax.scan(step, one, jnp.arange(float(steps)))


def _step(made: Period, start, length, S) -> Complex[Array, "2 N N"]:
    """Moves S on by a step of sixth order."""
    stages = np.concatenate([STAGES, STAGES[3::-1]])
    ends = np.cumsum(stages)
    # Halves of V on both sides of each stage; those of neighbours are one.
    kicks = np.concatenate([stages[:1], stages[1:] + stages[:-1], stages[-1:]]) / 2
    S = _kicked(made, kicks[0] * length, S)

    def stage(S, numbers):
        begin, end, kick = numbers
        turn = made.phase(start + end * length) - made.phase(start + begin * length)
        return _kicked(made, kick * length, _turned(made, turn, S)), None

    return lax.scan(stage, S, tuple(map(jnp.asarray, (ends - stages, ends, kicks[1:]))))[0]


def _kicked(made: Period, time, S) -> Complex[Array, "2 N N"]:
    """The exponential of −i·time·V, at work."""
    vectors = jnp.asarray(made.vectors, complex)
    phases = _unit(-time * made.values)
    return vectors @ (phases[None, :, None] * (vectors.T @ S))


def _turned(made: Period, turn, S) -> Complex[Array, "2 N N"]:
    """The exponential of −i·turn·𝒩, at work."""
    n = np.arange(float(made.values.size))
    return _unit(-turn * (n + np.stack(excited(n.size)) - 0.5))[:, :, None] * S


def _until(made: Period, t: Scalar) -> Complex[Array, "2 N N"]:
    """S(t), t ≥ 0."""
    length = 2 * jnp.pi / made.rate / STEPS
    count = jnp.floor(lax.stop_gradient(t / length)).astype(int)
    periods, inside = count // STEPS, count % STEPS
    rest = t - length * count.astype(float)
    S = _step(made, length * inside.astype(float), rest, made.inside[inside])

    def multiplied(S, bit):
        power, is_set = bit
        return jnp.where(is_set, S @ power, S), None

    bits = (periods >> jnp.arange(BITS)) % 2 == 1
    return lax.scan(multiplied, S, (made.powers, bits))[0]


def _unit(angles) -> Complex[Array, "..."]:
    return lax.complex(jnp.cos(angles), jnp.sin(angles))
