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
from jaxtyping import Array, Float

from qbjax.batteries.dopo import _frames as frames
from qbjax.batteries.dopo import _layout as layouts
from qbjax.batteries.dopo import _mean_field as mean_field
from qbjax.batteries.dopo import _observables as observe
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.steady import gap as steady_gap
from qbjax.dynamics.steady.linear import ACCEPTED, steady
from qbjax.interface.steady import SteadyState

NOT_HERE = ("instantaneous_power", "pump_energy", "drive_work", "truncation", "trace_defect")
"""Of a run's observables, those that say nothing about a steady state, or are kept elsewhere."""

SETTLED = 1e-12
"""β has been found when a step changes it by no more, in units of 1 + |β|."""

MOST = 30
"""Steps of β."""


def steady_state(battery, protocol, gap: bool | None) -> SteadyState:
    """See `interface.battery.Battery.steady_state`."""
    layout = battery.layout(True, protocol.is_complex)
    generator = battery.generator(layout)
    if layout.displaced:
        found, beta, signals, guess = _displaced(battery, layout, generator, protocol)
    else:
        beta, signals = None, frames.lab_signals(battery, layout, protocol, 0.0)
        guess = _guess(layout, mean_field.steady_pump(battery, protocol.amplitude))
        found = steady(generator, signals, guess=guess)
    blocks = unstack(generator.structure, found.state)
    nothing = tuple(0 * b for b in blocks)
    seen = observe.everything(layout, blocks, beta, jnp.zeros(2), rate=nothing, real=generator.real)
    wanted = steady_gap.is_small(generator) if gap is None else gap
    return SteadyState(
        observables={name: seen[name] for name in seen if name not in NOT_HERE},
        state=dataclasses.replace(
            battery.start(), blocks=blocks, displacement=beta, real=generator.real
        ),
        residual=found.residual,
        gap=steady_gap.gap(generator, signals, guess=guess) if wanted else None,
        rate=found.rate,
        truncation=seen["truncation"],
        status=found.status,
        steps=found.steps,
        units=observe.UNITS,
        modes=("signal", "pump"),
    )


def _guess(layout, pump):
    """Amplitudes of all jumps, for the preconditioner: the signal has none, by parity."""
    still = jnp.zeros((), complex)
    gain = [still] if layout.signal_thermal else []
    gain += [jnp.conj(pump)] if layout.pump_thermal else []
    return lax.stop_gradient(jnp.stack([still, pump, *gain]))


def _displaced(battery, layout, generator, protocol):
    r"""State, β, signals and guess. β has one component where everything is real."""
    guess = _guess(layout, jnp.zeros((), complex))
    size = 2 if layout.complex_fields else 1
    drive = frames.lab_signals(battery, layout, protocol, 0.0)

    def signals(beta):
        return jnp.stack(
            [battery.coupling / 2 * beta, drive - _damping(battery, size) @ beta]
        ).T.ravel()

    def next_beta(beta, start):
        found = steady(generator, signals(beta), guess=guess, start=start)
        m = layouts.squared_signal(layout, size == 1)(found.state)
        pull = drive - battery.coupling / 2 * jnp.stack(m)
        return jnp.linalg.solve(_damping(battery, size), pull), found

    begin = mean_field.steady_pump(battery, protocol.amplitude)
    begin = lax.stop_gradient(jnp.stack([jnp.real(begin), jnp.imag(begin)])[:size])
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
    return found, jnp.pad(beta, (0, 2 - size)), signals(beta), guess


def _settled(next_beta, beta):
    """β that stays, the state there, and all steps of the linear solver."""

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


def _damping(battery, size: int) -> Float[Array, "_ _"]:
    r"""$\gamma_p/2 + 2i\Delta$ on (re, im), or on re alone."""
    turn = 2.0 * battery.detuning * np.array([[0.0, -1.0], [1.0, 0.0]])
    return (battery.pump_decay / 2 * np.eye(2) + turn)[:size, :size]


def _tangent(linear, y):
    """Solves a linear equation for one number, or two."""
    columns = lax.map(linear, jnp.eye(y.size))
    return jnp.linalg.solve(columns.T, y)
