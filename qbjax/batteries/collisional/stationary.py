r"""The end of endless equal collisions, and the lifetime of what they reach on the way.

A battery on the way to its stationary state may stop for a very long time elsewhere. The lossy
micromaser that is called stable at $\gamma t_r = 10^{-3}$ (θ = π/√15, q = ¼, c = 1, n̄ = 0.15) is
such a one: 1000 collisions lead it to E = 6.1086, from where it escapes at 1.7e-10 per collision
to E ≈ 40.4. So both states are reported, with the lifetimes of whatever is slow between them, and
a warning where they differ or depend on where the ladder is cut.

Reference: V. Shaghaghi et al., "Lossy micromaser battery: almost pure states in the
Jaynes–Cummings regime" (2023), Sec. 5, Figs. 5–7.
"""

import warnings
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Complex, Float

from qbjax import _checks
from qbjax._types import Rho
from qbjax.batteries.collisional._channels import Collision, from_real_gauge, overlap, real_gauge
from qbjax.batteries.collisional._diagonals import diagonals
from qbjax.batteries.collisional._loss import Loss
from qbjax.batteries.collisional._metastable import RESOLUTION, MetastableWarning, Modes, modes
from qbjax.batteries.collisional._motion import observables
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.dynamics.record.trajectory import TruncationWarning
from qbjax.protocols import Collisions
from qbjax.protocols.free import resolve

ALIKE = 1e-3
"""Energies that differ by less, in units of the larger or of E_0, are the same here: a stationary
state is known no better than rounding over its slowest rate."""

POSITIVE = 1e-3
"""A population more negative than this is too much: that of a metastable state may be, by about
the ratio of slow to fast rates."""


class Standing(NamedTuple):
    """A state that stands still, and its merits.

    Attributes:
        density_matrix: ρ, (N, N), in the paper's phases.
        energy, ergotropy: in units of E_0.
        purity, fano: Tr ρ² and the Fano factor.
        truncation: population of the highest level; 0 for a ladder that ends of itself.
    """

    density_matrix: Rho
    energy: float
    ergotropy: float
    purity: float
    fano: float
    truncation: float


class StationaryReport(NamedTuple):
    r"""A report on a battery under endless equal collisions.

    Attributes:
        reached: what the start comes to once all fast modes are gone, and no slow one is.
        stationary: what it comes to in the end.
        eigenvalues: of the map, (M,), 1 first, then those that decay slowest, near 1 or −1.
        gap: $1 - |\lambda_2|$, nan if there is no other mode.
        slow: how many of the modes near 1 are slow.
        permanent: how many of those live for more than 1e13 collisions: if several, the end
            depends on the start.
        is_metastable: whether `reached` and `stationary` differ.
        depends_on_truncation: whether `stationary` is another one with more levels.
        refined_energy: its energy then; nan for a ladder that ends of itself.
    """

    reached: Standing
    stationary: Standing
    eigenvalues: Complex[np.ndarray, " M"]
    gap: float
    slow: int
    permanent: int
    is_metastable: bool
    depends_on_truncation: bool
    refined_energy: float

    @property
    def lifetimes(self) -> Float[np.ndarray, " M"]:
        r"""The lifetime $1/(1-|\lambda|)$ of each mode in collisions; infinite if permanent."""
        rates = 1 - np.abs(self.eigenvalues)
        return np.where(rates <= RESOLUTION, np.inf, 1 / np.maximum(rates, RESOLUTION))

    def summary(self) -> str:
        """The report in a few lines."""
        lives = self.lifetimes[np.isfinite(self.lifetimes)]
        slowest = f"the slowest decay takes {lives[0]:.3g} collisions" if lives.size else "no decay"
        lines = [
            f"reached     {_told(self.reached)}",
            f"stationary  {_told(self.stationary)}",
            f"{self.permanent} permanent of {self.slow} slow modes; {slowest}",
        ]
        if self.is_metastable:
            lines.append("what is reached is metastable")
        if self.depends_on_truncation:
            lines.append(f"with more levels the stationary energy is {self.refined_energy:.9g}")
        return "\n".join(lines)


def stationary_state(
    battery: Collisional | Any,
    collision: Collisions | Any,
    *,
    initial=None,
    slow: float | Any = 1e-4,
) -> StationaryReport:
    r"""The stationary state $\rho = \mathcal L\mathcal C\rho$ of one collision and its loss.

    Args:
        battery: a collisional battery.
        collision: a stream of one qubit, the one that is repeated.
        initial: where to start, as in `qb.charge`; coherences only of the phases that the
            collisions themselves make.
        slow: slow modes have |1 − λ| up to this, and the others decay 100 times faster at least;
            where no gap is so wide, those before the widest are slow.

    Returns:
        A `StationaryReport`. Concrete numbers: it is not differentiable.

    Raises:
        TypeError: for another battery or protocol, or if they are traced.
        ValueError: for several collisions, other coherences at the start, counter-rotating terms.

    Warns:
        MetastableWarning: if what is reached is not stationary.
        TruncationWarning: if what is stationary depends on the truncation.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.micromaser(20, loss=0.5)
        >>> report = stationary_state(battery, qb.protocols.Collisions([0.4], 0.25))
        >>> round(report.stationary.energy, 6), report.is_metastable
        (0.194133, False)

    References: Shaghaghi et al. (2023), Eqs. (7), (16).
    """
    collision, slow = _checked(battery, collision, slow)
    start = _start(battery, collision, initial)
    found = _modes(_map(battery, collision, len(start) > battery.ladder.size), start, slow)
    reached = _standing(battery, collision, found.reached(start))
    stationary = _standing(battery, collision, found.limit(start))
    refined = np.nan
    if not battery.ladder.is_whole:
        refined = _refined_energy(battery, collision, start, slow)
    rates = 1 - np.abs(found.eigenvalues)
    report = StationaryReport(
        reached=reached,
        stationary=stationary,
        eigenvalues=found.eigenvalues,
        gap=float(max(rates[1], 0.0)) if rates.size > 1 else np.nan,
        slow=found.slow,
        permanent=int(np.sum(np.abs(1 - np.linalg.eigvals(found.small)) <= RESOLUTION)),
        is_metastable=not _alike(reached.energy, stationary.energy),
        depends_on_truncation=not (np.isnan(refined) or _alike(refined, stationary.energy)),
        refined_energy=refined,
    )
    _warn(report)
    return report


def _checked(battery, collision, slow) -> tuple[Collisions, float]:
    check_collisional(battery)
    if not battery.is_rotating_wave:
        raise ValueError(
            "Argument `battery` must be without counter-rotating terms, which leave no map of few "
            "diagonals, but has some: charge with many collisions instead."
        )
    if not battery.is_brief:
        raise ValueError("Argument `battery` must lose nothing during collisions, but does.")
    _checks.instance("collision", collision, Collisions, "one qb.protocols.Collisions([theta])")
    battery.check(collision, None)
    if collision.count != 1:
        raise ValueError(
            "Argument `collision` must be one collision, which is repeated, but has "
            f"{collision.count}."
        )
    collision = resolve(collision)
    if collision.scatter is not None or not _checks.is_plain_zero(collision.detuning):
        raise ValueError(
            "Argument `collision` must be resonant and without scatter, for which there is a map "
            "of few real diagonals, but is not: charge with many collisions instead."
        )
    for name, value in (("battery", battery), ("collision", collision), ("slow", slow)):
        if not _checks.is_concrete(value):
            raise TypeError(f"Argument `{name}` must be known before compilation, but is traced.")
    return collision, float(_checks.scalar("slow", slow, low=0, high=0.5, open_low=True))


def _number(value) -> Float[np.ndarray, ""]:
    return np.asarray(value, float).reshape(())


def _map(battery: Collisional, collision: Collisions, coherent: bool):
    q = jnp.asarray(_number(collision.ground_population))
    size = overlap(q, jnp.asarray(_number(collision.coherence))) if coherent else None
    met = Collision(jnp.asarray(_number(collision.theta)), q, size)
    lossless = _checks.is_plain_zero(battery.loss)
    loss = None if lossless else Loss(battery.ladder, battery.loss, battery.thermal)
    return diagonals(battery.ladder, met, loss)


def _start(battery: Collisional, collision: Collisions, initial) -> Float[np.ndarray, " D"]:
    """The start, diagonal by diagonal, in the gauge in which the collision is real."""
    state = battery.start(initial)
    if state.layout.diagonal and _checks.is_plain_zero(collision.coherence):
        return np.asarray(state.content)
    rho = battery.cell(state)
    turned = np.asarray(real_gauge(rho, float(_number(collision.phase))))
    if np.max(np.abs(turned.imag)) > _checks.STATE_TOLERANCE:
        raise ValueError(
            "Argument `initial` must have no coherences but those that the collisions make, "
            f"but has others of {np.max(np.abs(turned.imag)):.3g}."
        )
    return np.concatenate([np.diagonal(turned.real, k) for k in range(len(turned))])


def _matrix(vector, size: int) -> Float[np.ndarray, "N N"]:
    """The symmetric matrix of which the diagonals are given."""
    if len(vector) == size:
        return np.diag(vector)
    sizes = np.arange(size, 0, -1)
    upper = sum(np.diag(d, k) for k, d in enumerate(np.split(vector, np.cumsum(sizes)[:-1])))
    return upper + np.triu(upper, 1).T


def _modes(diagonals, start, slow: float) -> Modes:
    """The slow modes, fewer if what they leave of the start is no state.

    The fastest of them is then not slow enough to be told from the rest.
    """
    found = modes(diagonals, slow)
    while found.slow > 1 and np.min(found.reached(start)[: diagonals.sizes[0]]) < -POSITIVE:
        slow = float(np.max(np.abs(1 - np.linalg.eigvals(found.small)))) / 2
        found = modes(diagonals, slow)
    return found


def _standing(battery: Collisional, collision: Collisions, vector) -> Standing:
    ladder = battery.ladder
    # Its trace is 1 but for rounding over the slowest rate.
    r = _matrix(vector / np.sum(vector[: ladder.size]), ladder.size)
    seen = observables(ladder, jnp.asarray(r), real=True, top=1)
    merits = {name: float(seen[name]) for name in ("energy", "ergotropy", "purity", "fano")}
    return Standing(
        density_matrix=from_real_gauge(jnp.asarray(r), float(_number(collision.phase))),
        truncation=float(jnp.sum(seen["truncation"])),
        **merits,
    )


def _refined_energy(battery: Collisional, collision: Collisions, start, slow: float) -> float:
    """The stationary energy with more levels."""
    larger, size = battery.refined(), battery.ladder.size
    more, coherent = larger.ladder.size - size, len(start) > size
    if coherent:
        full = np.pad(_matrix(start, size), (0, more))
        padded = np.concatenate([np.diagonal(full, k) for k in range(size + more)])
    else:
        padded = np.pad(start, (0, more))
    vector = modes(_map(larger, collision, coherent), slow).limit(padded)
    return _standing(larger, collision, vector).energy


def _alike(a: float, b: float) -> bool:
    return abs(a - b) <= ALIKE * max(abs(a), abs(b), 1.0)


def _told(standing: Standing) -> str:
    return (
        f"energy {standing.energy:.9g}  ergotropy {standing.ergotropy:.9g}  "
        f"purity {standing.purity:.9g}  top level {standing.truncation:.1e}"
    )


def _warn(report: StationaryReport) -> None:
    if report.is_metastable:
        lives = report.lifetimes[np.isfinite(report.lifetimes)]
        warnings.warn(
            f"The state that is reached (energy {report.reached.energy:.6g}) is metastable: "
            f"after up to {lives[0]:.2g} collisions it gives way to another (energy "
            f"{report.stationary.energy:.6g}). Both are in the report.",
            MetastableWarning,
            stacklevel=3,
        )
    if report.depends_on_truncation:
        warnings.warn(
            f"The stationary state depends on where the ladder was cut: its energy is "
            f"{report.stationary.energy:.6g}, and {report.refined_energy:.6g} with more levels.",
            TruncationWarning,
            stacklevel=3,
        )
