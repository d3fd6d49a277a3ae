r"""The steady state of the DOPO battery.

In the lab frame the equation is linear. In the displaced frame it is, too, for any fixed β: what
is left of the drive, $\epsilon = \sqrt{\gamma_p}F - (\gamma_p/2 + 2i\Delta)\beta$, stands where
$\tfrac{\kappa}{2}m$ does in a run. So β is sought for which the two are the same,

$$\beta = \frac{\sqrt{\gamma_p}F - \tfrac{\kappa}{2}\mathrm{Tr}(a_s^2\tilde\rho_\beta)}
  {\gamma_p/2 + 2i\Delta},$$

and that is where a run stands still. With enough pump levels ρ̃ is the same state in every frame,
and the right side hardly depends on β: a few steps suffice.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.batteries.dopo import _mean_field as mean_field
from qbjax.batteries.dopo import _motion as motions
from qbjax.batteries.dopo._equation import Equation
from qbjax.batteries.dopo._terms import Layout
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.steady import gap as steady_gap
from qbjax.dynamics.steady.linear import ACCEPTED, steady
from qbjax.interface.states import State
from qbjax.interface.steady import SteadyState

NOT_HERE = ("pump_energy", "drive_work", "truncation", "trace_defect")
"""Observables of a run that say nothing about a steady state, or are kept elsewhere."""

SETTLED = 1e-12
"""Change of β, in units of 1 + |β|, below which a step has found it."""

MOST = 30
"""Most steps of β."""


def steady_state(equation: Equation, start: State, gap: bool | None) -> SteadyState:
    """Solves for the state that endless charging leads to.

    Args:
        equation: the field, of a constant pump.
        start: any state of the battery, laid out as the equation's.
        gap: as in `qb.steady_state`.
    """
    generator = equation.generator
    if equation.layout.displaced:
        found, beta, signals, guess = _displaced(equation)
    else:
        beta, signals = None, equation.drive(0.0)
        guess = _guess(equation.layout, _steady_pump(equation))
        found = steady(generator, signals, guess=guess)
    blocks = unstack(generator.structure, found.state)
    seen = motions.observables(equation, blocks, beta, jnp.zeros(2))
    content = motions.Content(blocks, beta)
    packing = start.layout._replace(real=equation.real)
    return SteadyState(
        observables={name: seen[name] for name in seen if name not in NOT_HERE},
        state=dataclasses.replace(start, content=content, layout=packing),
        residual=found.residual,
        gap=steady_gap.gap_if(gap, generator, signals, guess=guess),
        rate=found.rate,
        truncation=seen["truncation"],
        status=found.status,
        steps=found.steps,
        units=motions.UNITS,
        modes=("signal", "pump"),
    )


def _steady_pump(equation: Equation) -> Complex[Array, ""]:
    """The pump's mean-field amplitude."""
    return mean_field.steady_pump(equation.numbers, equation.pump.signal(jnp.zeros(())))


def _guess(layout: Layout, pump: Complex[Array, ""]) -> Complex[Array, " J"]:
    """Amplitudes of all jumps, for the preconditioner: the signal has none, by parity."""
    still = jnp.zeros((), complex)
    gain = [still] if layout.signal_thermal or layout.signal_squeezed else []
    gain += [jnp.conj(pump)] if layout.pump_thermal else []
    gain += [still, still] if layout.signal_squeezed else []
    return lax.stop_gradient(jnp.stack([still, pump, *gain]))


def _displaced(equation: Equation):
    r"""Solves for state and β in the displaced frame; gives signals and guess, too.

    β has one component where everything is real.
    """
    guess = _guess(equation.layout, jnp.zeros((), complex))
    drive, coupling = equation.drive(0.0), equation.numbers.coupling
    damping = _damping(equation, drive.size)

    def signals(beta):
        return jnp.stack([coupling / 2 * beta, drive - damping @ beta]).T.ravel()

    def next_beta(beta, start):
        found = steady(equation.generator, signals(beta), guess=guess, start=start)
        pull = drive - coupling / 2 * equation.m(found.state)
        return jnp.linalg.solve(damping, pull), found

    begin = _steady_pump(equation)
    begin = lax.stop_gradient(jnp.stack([jnp.real(begin), jnp.imag(begin)])[: drive.size])
    beta, (state, steps) = lax.custom_root(
        lambda beta: next_beta(beta, None)[0] - beta,
        begin,
        lambda _, beta: _settled(next_beta, beta),
        _tangent,
        has_aux=True,
    )
    after, found = next_beta(beta, state)
    astray = jnp.max(jnp.abs(after - beta)) > ACCEPTED * (1 + jnp.max(jnp.abs(beta)))
    found = found._replace(
        steps=found.steps + steps.astype(int),
        status=jnp.where(astray, jnp.maximum(found.status, 1), found.status),
    )
    return found, jnp.pad(beta, (0, 2 - drive.size)), signals(beta), guess


def _settled(next_beta, beta):
    """Iterates to the β that stays; gives the state there, and all steps of the linear solver."""

    def better(carry):
        beta, _, state, steps, count = carry
        after, found = next_beta(beta, state)
        return after, jnp.max(jnp.abs(after - beta)), found.state, steps + found.steps, count + 1

    def unsettled(carry):
        beta, change, _, _, count = carry
        return (change > SETTLED * (1 + jnp.max(jnp.abs(beta)))) & (count < MOST)

    beta, found = next_beta(beta, None)
    begin = (beta, jnp.asarray(jnp.inf), found.state, found.steps, 0)
    beta, _, state, steps, _ = lax.while_loop(unsettled, better, begin)
    return beta, (state, steps.astype(float))  # `custom_root` cannot carry an integer


def _damping(equation: Equation, size: int) -> Float[Array, "_ _"]:
    r"""The damping $\gamma_p/2 + 2i\Delta$ on (re, im), or on re alone."""
    turn = 2.0 * equation.numbers.detuning * np.array([[0.0, -1.0], [1.0, 0.0]])
    return (equation.numbers.pump_decay / 2 * np.eye(2) + turn)[:size, :size]


def _tangent(linear, y):
    """Solves a linear equation for one number, or two."""
    columns = lax.map(linear, jnp.eye(y.size))
    return jnp.linalg.solve(columns.T, y)
