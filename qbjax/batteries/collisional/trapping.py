r"""Trapping states of the micromaser, in closed form.

When $\theta\sqrt m$ is a multiple of π no collision lifts the cavity past level m − 1. If m is the
lowest such level of $\theta = Q\pi/\sqrt m$, the levels below hold a steady state:

* of classical qubits, by detailed balance, $p_n \propto \left(\frac{1-q}q\right)^n$;
* of coherent ones, if Q is odd, pure, the cotangent state

$$|\phi\rangle \propto \sum_{n<m} (-ie^{i\alpha})^n\left(\frac{1-q}q\right)^{n/2}
  \prod_{k=1}^n\cot\frac{\theta\sqrt k}2\;|n\rangle .$$

Check: with $c_n = \cos\theta\sqrt n$, $s_n = \sin\theta\sqrt n$ a collision takes $\phi$ to
$\sqrt q\,(c_n + s_n\tan\tfrac{\theta\sqrt n}2)\phi_n = \sqrt q\,\phi_n$ beside $|g\rangle$, and to
$-\sqrt{1-q}\,\phi_n$ beside $|e\rangle$: a product, and the cavity is where it was. From the top,
$|m-1,e\rangle$ stays with amplitude $\cos Q\pi$, which is that −1 for odd Q alone.

On any ladder the angle θ closes the step to level m when $\theta a_m = Q\pi$: `trapping_angles`
lists such angles, `chambers` the closed steps of one angle. As the $a_m^2$ are whole numbers, θ
closes the step where $(\theta/\pi)^2a_m^2$ is a square, which is decided in whole numbers if
$(\theta/\pi)^2$ is a fraction: π/√15.6, which looks like no trap, is closed at 15.6 · 25 = 390
(Q = 5).

So Eq. (14), pure for all Q, fails for even ones: coherent qubits end in a mixture there, which has
no closed form. Traps of Q ≥ 2 are slow to fill.

Reference: V. Shaghaghi et al., "Lossy micromaser battery: almost pure states in the
Jaynes–Cummings regime" (2023), Eqs. (11)–(16), whose incoherent steady state is printed with
$|m\rangle$ for $|m-1\rangle$; J. J. Slosser and P. Meystre, Phys. Rev. A 41, 3867 (1990).
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from qbjax import _checks
from qbjax._types import Rho, Scalar, ScalarLike
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional._channels import rephased

MOST_ANGLES = 1e6
"""Largest number of trapping angles that are listed."""


def trapping_angle(m: int | Any) -> Scalar:
    r"""The smallest swap angle that traps a cavity below level m, $\pi/\sqrt m$.

    Args:
        m: levels of the trap, at least 1.

    Raises:
        ValueError, TypeError: if it is no such integer.

    Example:
        >>> round(float(trapping_angle(4)), 6)
        1.570796
    """
    return jnp.asarray(np.pi / np.sqrt(_checks.integer("m", m, low=1)))


def trapping_state(
    m: int | Any,
    ground_population: ScalarLike,
    coherence: Any,
    phase: ScalarLike = 0.0,
    turns: int | Any = 1,
) -> Rho:
    r"""The steady state of a lossless micromaser at $\theta = Q\pi/\sqrt m$.

    Args:
        m: levels of the trap, at least 1.
        ground_population: q of the qubits.
        coherence: their c, 0 or 1; in between there is no closed form.
        phase: their α.
        turns: Q, odd for coherent qubits.

    Returns:
        Density matrix (m, m).

    Raises:
        ValueError, TypeError: for numbers out of range, a coherence that is neither; if θ closes a
            lower step, or Q is even and the qubits are coherent.

    Example:
        >>> import qbjax as qb
        >>> rho = trapping_state(15, 0.25, 1)
        >>> round(float(qb.merit.energy(rho, jnp.arange(15.0))), 9)
        6.150291006
    """
    m = _checks.integer("m", m, low=1)
    q = _checks.scalar("ground_population", ground_population, low=0, high=1)
    phase = _checks.scalar("phase", phase)
    coherence = _checks.plain("coherence", coherence, low=0, high=1)
    if coherence not in (0.0, 1.0):
        raise ValueError(
            "Argument `coherence` must be 0 or 1, for which there are closed forms, but is "
            f"{coherence:g}; charge with many collisions instead."
        )
    turns = _turns(turns, m, coherence)
    n = np.arange(float(m))
    weights = (1 - q) ** n * q ** (m - 1 - n)
    if coherence == 0:
        return jnp.diag(weights / jnp.sum(weights)).astype(complex)
    halves = turns * np.pi * np.sqrt(np.arange(1, m) / m) / 2
    cotangents = np.concatenate([[1.0], np.cumprod(1 / np.tan(halves))])
    phi = jnp.sqrt(weights) * cotangents
    phi = phi / jnp.linalg.norm(phi)
    return rephased(jnp.outer(phi, phi), phase - np.pi / 2)


def _turns(given, m: int, coherence: float) -> int:
    turns = _checks.integer("turns", given, low=1)
    lower = (k for k in range(1, m) if _is_square(Fraction(turns**2 * k, m)))
    if (k := next(lower, m)) < m:
        raise ValueError(
            f"Argument `turns` must close no step below m = {m}, but {turns} also closes step {k}: "
            f"ask for m = {k} with {math.isqrt(turns**2 * k // m)}."
        )
    if coherence == 1 and turns % 2 == 0:
        raise ValueError(
            "Argument `turns` must be odd for coherent qubits, as those of even turns end in a "
            f"mixture without a closed form, but is {turns}; see qb.batteries.stationary_state."
        )
    return turns


FRACTIONS = 100_000
"""Largest denominator of a fraction that (θ/π)² is taken for: as rounding makes few numbers fit one
by chance, and as levels are fewer."""

ROUNDING = 4e-15
"""Largest relative distance of (θ/π)² from its fraction: some roundings."""


class TrappingAngles(NamedTuple):
    r"""Angles that close a ladder, ascending.

    Attributes:
        angles: θ, (n,).
        levels: the lowest m with θ a_m = Qπ: level m is the first out of reach, (n,).
        turns: its Q, (n,).
    """

    angles: Float[np.ndarray, " n"]
    levels: Int[np.ndarray, " n"]
    turns: Int[np.ndarray, " n"]


class Chambers(NamedTuple):
    r"""The steps that one angle closes, or nearly.

    From level 0, and from every closed step m on, levels up to the next closed step are a
    chamber that lossless collisions do not leave.

    Attributes:
        levels: m of the steps m − 1 → m, ascending, (n,).
        leakage: sin²(θ a_m), the chance to pass, exactly 0 at a closed one, (n,).
        closed: whether it is closed exactly, (n,).
    """

    levels: Int[np.ndarray, " n"]
    leakage: Float[np.ndarray, " n"]
    closed: Bool[np.ndarray, " n"]


def trapping_angles(ladder: Ladder | Any, limit: ScalarLike) -> TrappingAngles:
    r"""All angles up to a limit that close a ladder below one of its levels.

    $$\theta = \frac{Q\pi}{a_m}, \qquad Q = 1, 2, …, \quad m = 1 … N-1$$

    Args:
        ladder: an oscillator, a spin, or a uniform ladder.
        limit: largest angle, > 0.

    Returns:
        `TrappingAngles`: each angle once, with the lowest level it closes.

    Raises:
        TypeError, ValueError: if `ladder` is none, if `limit` is no positive number.

    Example:
        >>> import qbjax as qb
        >>> found = trapping_angles(qb.algebra.ladders.oscillator(5), 3.2)
        >>> found.levels.tolist(), found.turns.tolist()
        ([4, 3, 2, 1], [1, 1, 1, 1])

    References: V. Shaghaghi et al. (2023), Eq. (14).
    """
    squares = _squares(ladder)
    most = _checks.plain("limit", limit, low=0, open_low=True) / math.pi
    count = most * sum(map(math.sqrt, squares))
    if count > MOST_ANGLES:
        raise ValueError(
            f"Argument `limit` must leave at most {MOST_ANGLES:g} angles, but "
            f"{most * math.pi:g} leaves about {count:.1e}."
        )
    lowest: dict[Fraction, tuple[int, int]] = {}
    for m, square in enumerate(squares, 1):
        for turns in range(1, int(most * math.sqrt(square) * (1 + ROUNDING)) + 1):
            lowest.setdefault(Fraction(turns**2, square), (m, turns))
    order = sorted(lowest)
    found = np.array([lowest[key] for key in order], int).reshape(-1, 2)
    angles = np.array([math.pi * math.sqrt(key) for key in order])
    return TrappingAngles(angles, found[:, 0], found[:, 1])


def chambers(ladder: Ladder | Any, theta: ScalarLike, leakage: ScalarLike = 0) -> Chambers:
    r"""The steps that an angle closes, and those it nearly does.

    Step m is closed where $(\theta/\pi)^2a_m^2$ is the square of a whole number. If
    $(\theta/\pi)^2$ is within rounding of a fraction, the fraction is meant, and closed steps are
    exact.

    Args:
        ladder: an oscillator, a spin, or a uniform ladder; its size is how far to look.
        theta: θ > 0.
        leakage: steps with $\sin^2\theta a_m$ up to this are listed as well.

    Returns:
        `Chambers`.

    Raises:
        TypeError, ValueError: if `ladder` is none, for numbers out of range.

    Example:
        >>> import math, qbjax as qb
        >>> ladder = qb.algebra.ladders.oscillator(400)
        >>> chambers(ladder, math.pi / math.sqrt(15)).levels.tolist()
        [15, 60, 135, 240, 375]
        >>> chambers(ladder, math.pi / math.sqrt(15.6)).levels.tolist()
        [390]

    References: V. Shaghaghi et al. (2023), Eqs. (8), (14).
    """
    squares = _squares(ladder)
    angle = _checks.plain("theta", theta, low=0, open_low=True)
    most = _checks.plain("leakage", leakage, low=0, high=1)
    ratio = _fraction((angle / math.pi) ** 2)
    closed = np.array([ratio is not None and _is_square(ratio * a) for a in squares], bool)
    passing = np.where(closed, 0.0, np.sin(angle * ladder.couplings) ** 2)
    listed = closed | (passing <= most)
    return Chambers(np.flatnonzero(listed) + 1, passing[listed], closed[listed])


def _squares(ladder) -> list[int]:
    if not isinstance(ladder, Ladder):
        raise TypeError(
            "Argument `ladder` must be a ladder such as qb.algebra.ladders.oscillator(250), "
            f"but is {_checks.show(ladder)}."
        )
    return [round(square) for square in ladder.squared_couplings]


def _fraction(value: float) -> Fraction | None:
    near = Fraction(value).limit_denominator(FRACTIONS)
    return near if abs(near - Fraction(value)) <= Fraction(ROUNDING) * near else None


def _is_square(value: Fraction) -> bool:
    return value.denominator == 1 and math.isqrt(value.numerator) ** 2 == value.numerator
