r"""A bound on the energy of a charging: how fast what is stored can turn.

With e and e + W the least and the largest stored energy, and $E = e + W\sin^2\alpha$,

$$\dot\alpha \le \tfrac12\left(\lambda_\text{max} - \lambda_\text{min}\right)\!\Big[R_0
  + \sum_ku_k(t)R_k\Big] - \tfrac\gamma2\tan\alpha .$$

For a Hamiltonian has the power $\langle i[R, H_B]\rangle \le 2\,\Delta R\,\Delta H_B$ (Robertson),
and $\Delta R$ is at most half the width of its spectrum, $(\Delta H_B)^2 \le (E - e)(e + W - E)$
(Bhatia and Davis), in mixed states, too. R may be the Hamiltonian, or what is left of it without
its part between states of equal energy, which commutes with $H_B$. (A drift that commutes leaves
nothing.) The noise has the power $\langle D^\dagger(H_B)\rangle$; γ is the largest number with
$D^\dagger(H_B) \le -\gamma(H_B - e)$: 0 for noise of the charger alone, or dephasing, positive if
the cell decays. If there is none the noise heats, and all there is may be stored.

Without γ the angle Θ from $\alpha_0$ is the integral of the first term, and the bound is that of
Bures's angle; it is never more than $\pi/2$.

References: L. Mandelstam and I. Tamm, J. Phys. USSR 9, 249 (1945); H. P. Robertson, Phys. Rev. 34,
163 (1929); R. Bhatia and C. Davis, Am. Math. Mon. 107, 353 (2000); A. Uhlmann, Phys. Lett. A 161,
329 (1992).
"""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Complex, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.algebra import spectral
from qbjax.merit.bounds.driven import Driven

FEW = 6
"""Controls whose corners are all looked at; of more, every one counts for itself."""

STEPS = 256
"""Steps of the angle in every stretch of time."""

ROUNDING = 16 * float(np.finfo(float).eps)
"""Share of the largest energy below which a start has none."""


class Reach(eqx.Module):
    """The signals that a protocol may have: the range of each in every stretch of time.

    Args:
        duration: of the stretches, (S,), or a number for one.
        low, high: least and largest $u_k$, (S, K); (K,) or a number are the same in all.
        area: largest $\\int|u_k|dt$ of the whole, (K,); None if the ranges are all there is.

    Raises:
        TypeError, ValueError: for other shapes, a duration that is negative, a low above its high.

    Example:
        >>> Reach(2.0, -1.0, 1.0).low.shape
        (1, 1)
    """

    duration: Float[Array, " S"]
    low: Float[Array, "S K"]
    high: Float[Array, "S K"]
    area: Float[Array, " K"] | None

    def __init__(self, duration: Any, low: Any, high: Any, area: Any = None):
        given = [duration] if _checks.axes(duration) == 0 else duration
        self.duration = _checks.array("duration", given, shape=("S",), low=0.0)
        stretches = self.duration.shape[0]
        self.low, self.high = _ranged("low", low, stretches), _ranged("high", high, stretches)
        if self.low.shape != self.high.shape:
            raise ValueError(
                f"Argument `high` must have the shape of `low`, {self.low.shape}, but has shape "
                f"{self.high.shape}."
            )
        ends = self.low, self.high
        if _checks.is_concrete(ends) and np.any(np.greater(*map(np.asarray, ends))):
            raise ValueError("Argument `high` must not be below `low`, but is somewhere.")
        self.area = None
        if area is not None:
            self.area = _checks.array("area", area, shape=(self.low.shape[1],), low=0.0)


def angle_energy(driven: Driven | Any, reach: Reach | Any) -> Scalar:
    r"""The largest energy that can have been stored, by how fast it can turn.

    $$E(T) \le e + W\sin^2\alpha(T), \qquad \alpha \le \pi/2$$

    Rigorous for every protocol whose signals keep to their ranges, and, if areas are given,
    $\int|u_k|dt$ to those: from a pulse's energy by $\int|u|dt \le \sqrt{T\int u^2dt}$. Tight for a
    qubit without loss, and for whatever turns in two dimensions once it is cut down to them
    (`reachable`). The width of the spectra is the least of three: with R for all Hamiltonians, for
    the drift alone, for none. Noise that heats leaves the largest energy there is.

    Args:
        driven: the system.
        reach: the signals, one per control.

    Returns:
        a number, from the ground state.

    Raises:
        TypeError, ValueError: for another number of signals than controls.

    Example:
        A qubit, |u| ≤ 1, for a time of π/6: no pulse stores more than sin²(π/6).

        >>> import numpy as np
        >>> qubit = Driven(np.zeros((2, 2)), [np.eye(2)[::-1]], np.array([0.0, 1.0]))
        >>> round(float(angle_energy(qubit, Reach(np.pi / 6, -1.0, 1.0))), 9)
        0.25
    """
    check_pair(driven, reach)
    return _angle_energy(driven, reach)


def check_pair(driven: Any, reach: Any) -> None:
    """Checks that there is one signal per control."""
    _checks.instance("driven", driven, Driven, "a qb.merit.bounds.Driven")
    _checks.instance("reach", reach, Reach, "a qb.merit.bounds.Reach")
    if reach.low.shape[1] != driven.controls.shape[0]:
        raise ValueError(
            f"Argument `reach` must have {driven.controls.shape[0]} signals, one per control, but "
            f"has {reach.low.shape[1]}."
        )


@eqx.filter_jit
def _angle_energy(driven: Driven, reach: Reach) -> Scalar:
    levels, V = spectral.eigensystem(driven.stored)
    lowest, width = levels[0], levels[-1] - levels[0]
    wide = jnp.where(width > 0, width, 1.0)
    start = jnp.real(jnp.sum(driven.stored * driven.start.T)) - lowest
    share = jnp.clip(start / wide, 0.0, 1.0)
    share = jnp.where(share > ROUNDING, share, 0.0)
    first = jnp.arctan2(spectral.root(share), spectral.root(1 - share))
    label = spectral.clusters(levels, spectral.closeness(levels))
    between = (label[:, None] != label[None, :]).astype(complex)

    def changing(A):
        return between * spectral.rotated(V, A)

    drift, controls = driven.hamiltonian, driven.controls
    rest, moving = changing(drift), jax.vmap(changing)(controls)
    pairs = [(rest, moving), (V @ rest @ V.conj().T, controls), (drift, controls)]
    found = [_speeds(*pair, reach) for pair in pairs]
    speed, swept = (jnp.min(jnp.stack(x), axis=0) for x in zip(*found, strict=True))
    loss, heats = _loss(driven, levels, V)
    angle = jnp.minimum(_turned(first, reach.duration, speed, loss), first + swept)
    angle = jnp.where(heats, jnp.pi / 2, jnp.minimum(angle, jnp.pi / 2))
    return lowest - driven.ground + width * jnp.sin(angle) ** 2


def _loss(driven: Driven, levels, V) -> tuple[Scalar, Bool[Array, ""]]:
    """The rate γ at which noise takes at least what is stored, and whether it heats instead."""
    if driven.noise.shape[0] == 0:
        return jnp.zeros(()), jnp.zeros((), bool)
    above = levels - levels[0]
    L = jax.vmap(lambda A: spectral.rotated(V, A))(driven.noise)
    gained = jnp.einsum("jab,a,jac->bc", L.conj(), above.astype(complex), L)
    decays = jnp.einsum("jab,jac->bc", L.conj(), L) * above.astype(complex)[None, :] / 2
    power = gained - decays - decays.conj().T
    heats = spectral.eigenvalues(power)[-1] > ROUNDING * levels.size * jnp.sum(jnp.abs(decays))
    # Beside the lowest level: there, what does not heat does nothing.
    stores = above > 1e-9 * above[-1]
    root = jnp.sqrt(jnp.where(stores, above, 1.0))
    both = stores[:, None] & stores[None, :]
    share = jnp.where(both, -power / (root[:, None] * root[None, :]).astype(complex), 0.0)
    free = jnp.where(stores, 0.0, jnp.sum(jnp.abs(share)))
    rate = spectral.eigenvalues(share + jnp.diag(free).astype(complex))[0]
    return jnp.maximum(rate, 0.0), heats


def _turned(first, durations, speeds, loss) -> Scalar:
    r"""The largest angle α at the end: steps from above.

    The slope $F = c - \frac\gamma2\tan\alpha$ falls with α. In a step h the angle stays above the
    lesser of α and α + hF(α), where the slope is no less than along the step.
    """

    def stretch(angle, numbers):
        duration, speed = numbers
        step = duration / STEPS

        def slope(x):
            return speed - loss / 2 * jnp.tan(x)

        def one(angle, _):
            least = jnp.clip(angle + step * jnp.minimum(slope(angle), 0.0), 0.0, jnp.pi / 2)
            return jnp.minimum(angle + step * slope(least), jnp.pi / 2), None

        return lax.scan(one, angle, None, length=STEPS)[0], None

    return lax.scan(stretch, first, (durations, speeds))[0]


def _speeds(drift, controls: Complex[Array, "K d d"], reach: Reach) -> tuple[Array, Scalar]:
    """The largest speed of the angle in every stretch, and what the areas let it turn at most."""
    widths = jax.vmap(_width)(controls)
    each = jax.vmap(lambda low, high: _widest(drift, controls, widths, low, high))
    speed = each(reach.low, reach.high) / 2
    if reach.area is None:
        return speed, jnp.asarray(jnp.inf)
    swept = jnp.sum(reach.duration) * _width(drift) + jnp.sum(reach.area * widths)
    return speed, swept / 2


def _widest(drift, controls, widths, low, high) -> Scalar:
    """The largest width of a spectrum; as it is convex in the signals, that of a corner."""
    count = controls.shape[0]
    if count > FEW:
        middle = drift + jnp.tensordot(((low + high) / 2).astype(complex), controls, 1)
        return _width(middle) + jnp.sum((high - low) / 2 * widths)
    picks = np.array(list(itertools.product((0.0, 1.0), repeat=count))).reshape(2**count, count)
    corners = (low[None, :] + picks * (high - low)[None, :]).astype(complex)
    return jnp.max(jax.vmap(lambda u: _width(drift + jnp.tensordot(u, controls, 1)))(corners))


def _width(A) -> Scalar:
    levels = spectral.eigenvalues(A)
    return levels[-1] - levels[0]


def _ranged(name: str, given: Any, stretches: int) -> Float[Array, "S K"]:
    axes = _checks.axes(given)
    if axes == 0:
        given = [given]
    found = _checks.array(name, given, shape=("K",) if axes < 2 else (stretches, "K"))
    return jnp.broadcast_to(found, (stretches, found.shape[-1])) if axes < 2 else found
