"""The most energy, the least time and the largest power of qubits without coherence.

What is bounded, why, and how far the two forms are bounds is said in `bounds`.
"""

from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.algebra.ladders import Ladder
from qbjax.merit.bounds import flows

Form = Literal["rigorous", "printed"] | str

EARLY = 1e-8
"""Time below which E/τ is its series: the derivative of the quotient would lose as many digits."""


def incoherent_energy(
    ladder: Ladder | Any,
    tau: ScalarLike,
    loss: ScalarLike = 0,
    form: Form | Any = "rigorous",
    *,
    thermal: ScalarLike = 0,
) -> Scalar:
    r"""The largest energy that classical qubits can have stored in a ladder by a time.

    $$E \le R_0\tau\left(1 + \frac{R_0\tau}{4}\right)$$

    for an oscillator, $R_0\tau$ for a uniform ladder; for a spin, which is full at 2j and stays
    so, and with loss see `flows`.

    Args:
        ladder: an oscillator, spin or uniform ladder.
        tau: Ωτ ≥ 0.
        loss: $\kappa t_0$ ≥ 0 after each collision, for an oscillator. Plain 0 drops it.
        form: "rigorous" or "printed"; see above.
        thermal: occupation of the bath: with a loss, plain 0.

    Returns:
        a number, in level spacings. With a loss, "printed" ends at `printed_limit`: NaN beyond
        if traced.

    Raises:
        TypeError, ValueError: for anything out of range; for a loss and another ladder than an
            oscillator, or a warm bath; with a loss, when concrete, if "printed" is no bound any
            more.

    Example:
        >>> from qbjax.algebra import ladders
        >>> incoherent_energy(ladders.oscillator(250), 20.0).round(4).item()
        66.9984
        >>> incoherent_energy(ladders.spin(1 / 2), 1.0).round(4).item()
        0.7246

    References: Salvia et al. (2023), Eqs. (15), (28), (C4).
    """
    lost = _loss_of(ladder, loss, thermal, form)
    t = _checks.scalar("tau", tau, low=0)
    E = _energy(ladder, t, lost, form)
    if lost is None or form == "rigorous":
        return E
    return _up_to_limit("tau", t, E, E, printed_limit(ladder, lost))


def incoherent_time(
    ladder: Ladder | Any,
    energy: ScalarLike,
    loss: ScalarLike = 0,
    form: Form | Any = "rigorous",
    *,
    thermal: ScalarLike = 0,
) -> Scalar:
    r"""The least time in which classical qubits can have stored an energy.

    The inverse of `incoherent_energy`. A spin is full not before

    $$\Omega\tau^* = \frac{1}{R_0}\left[2\arcsin\frac{2j-1}{2j+1} + \frac{1}{j + 1/2}\right],
      \quad\text{printed}\quad
      \frac{1}{R_0}\left[\frac{\pi}{2} + \arcsin\frac{2j-1}{2j+1}\right],$$

    where the slope of the printed one is infinite.

    Args:
        ladder: an oscillator, spin or uniform ladder.
        energy: E ≥ 0, of a spin at most 2j.
        loss, form, thermal: as for `incoherent_energy`.

    Returns:
        Ωτ; infinite if the loss does not let the energy come about.

    Raises:
        TypeError, ValueError: as `incoherent_energy`.

    Example:
        >>> from qbjax.algebra import ladders
        >>> spin = ladders.spin(99 / 2)
        >>> incoherent_time(spin, 99).round(6).item()
        3.810212
        >>> incoherent_time(spin, 99, form="printed").round(6).item()
        4.059083

    References: Salvia et al. (2023), Eqs. (15), (28), (29), (C4).
    """
    lost = _loss_of(ladder, loss, thermal, form)
    top = ladder.size - 1 if ladder.is_whole else None
    E = _checks.scalar("energy", energy, low=0, high=top)
    t = _time(ladder, E, lost, form)
    if lost is None or form == "rigorous":
        return t
    return _up_to_limit("energy", E, t, E, printed_limit(ladder, lost))


def incoherent_power(
    ladder: Ladder | Any,
    tau: ScalarLike,
    loss: ScalarLike = 0,
    form: Form | Any = "rigorous",
    *,
    thermal: ScalarLike = 0,
) -> Scalar:
    r"""The largest average power of classical qubits, $E(\tau)/\tau$; at τ = 0 its limit.

    Returns a number, in level spacings times Ω; arguments and errors are those of
    `incoherent_energy`. Source: Salvia et al. (2023), Eq. (16).

    Example:
        >>> from qbjax.algebra import ladders
        >>> incoherent_power(ladders.oscillator(250), 0).item() == flows.R0
        True
    """
    E = incoherent_energy(ladder, tau, loss, form, thermal=thermal)
    lost = _loss_of(ladder, loss, thermal, form)
    t = _checks.scalar("tau", tau, low=0)
    slope = jax.grad(lambda s: _energy(ladder, s, lost, form))
    first, second = jax.value_and_grad(slope)(jnp.zeros(()))
    early = t < EARLY
    return jnp.where(early, first + second * t / 2, E / jnp.where(early, 1.0, t))


def printed_limit(ladder: Ladder | Any, loss: ScalarLike = 0) -> Scalar:
    r"""The energy up to which the printed form is a bound: where r(E) stops rising.

    $$E^* = \left[\frac{\pi R_0(1-\gamma)}{4\gamma}\right]^2 - 1 \quad\text{(oscillator)},
      \qquad E^* = j - \tfrac12 \quad\text{(spin)} .$$

    Args:
        ladder: an oscillator, spin or uniform ladder.
        loss: as for `incoherent_energy`.

    Returns:
        E*, infinite if there is no limit, and 0 if r falls from the start: for γ > 0.363.

    Raises:
        TypeError, ValueError: for a loss that is negative, no number, or not of an oscillator.

    Example:
        >>> from qbjax.algebra import ladders
        >>> printed_limit(ladders.spin(5)).item(), printed_limit(ladders.oscillator(9)).item()
        (4.5, inf)

    References: Salvia et al. (2023), Eqs. (13), (26), (C3).
    """
    peak = _flow(ladder, _loss_of(ladder, loss, 0, "printed"), "printed").peak
    return jnp.asarray(jnp.inf) if peak is None else peak


def check_ladder(ladder: Ladder | Any) -> Ladder:
    """Checks that an argument is a ladder, and returns it."""
    _checks.x64()
    if not isinstance(ladder, Ladder):
        raise TypeError(
            "Argument `ladder` must be a ladder such as qb.algebra.ladders.spin(5), "
            f"but is {_checks.show(ladder)}."
        )
    return ladder


def check_form(form: Form | Any) -> None:
    """Checks that the form is one of the two, "rigorous" and "printed"."""
    _checks.choice("form", form, ("rigorous", "printed"))


def _loss_of(ladder, loss, thermal, form) -> Scalar | None:
    """Checks that a bound is known for the loss; returns the loss, None if there is none."""
    check_ladder(ladder)
    check_form(form)
    if _checks.is_plain_zero(loss):
        return None
    lost = _checks.scalar("loss", loss, low=0)
    if ladder.kind != "oscillator":
        raise ValueError(
            "Argument `loss` must be the plain number 0 unless the ladder is an oscillator, but is "
            f"{_checks.show(loss)}: for a {ladder.kind} ladder only the bound without loss is "
            "known; in a cold bath it holds all the same."
        )
    if not _checks.is_plain_zero(thermal):
        raise ValueError(
            f"Argument `thermal` must be the plain number 0, but is {_checks.show(thermal)}: a "
            "warm bath charges the ladder, and no bound is known for it."
        )
    return lost


@partial(jax.jit, static_argnames="form")
def _energy(ladder, t, loss, form) -> Scalar:
    return _flow(ladder, loss, form).energy(t)


@partial(jax.jit, static_argnames="form")
def _time(ladder, E, loss, form) -> Scalar:
    return _flow(ladder, loss, form).time(E)


def _flow(ladder, loss, form) -> flows.Flow:
    if ladder.kind == "spin":
        flow = flows.spin((ladder.size - 1) / 2)
    elif ladder.kind == "uniform":
        flow = flows.uniform()
    else:
        flow = flows.oscillator() if loss is None else flows.lossy_oscillator(loss)
    return flows.widened(flow) if form == "rigorous" else flow


def _up_to_limit(name: str, given, result, E, limit) -> Scalar:
    """Returns the result of (C4) where it is a bound; elsewhere an error, or NaN if traced."""
    # To rounding: the time to reach the limit must lead to the limit.
    holds = limit * (1 + 1e-12) >= E
    if _checks.is_concrete(holds) and not holds:
        raise ValueError(
            f"Argument `{name}` must not lead beyond the energy {limit:.6g}, to which Eq. (C4) is "
            f'a bound at this loss, but is {given}: take form="rigorous".'
        )
    return jnp.where(holds, result, jnp.nan)
