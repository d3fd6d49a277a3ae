r"""One excitation shared by cells and chargers: its motion, its closed form, its merits.

A state is the pair of amplitudes $a_j$, as rows (re, im), cells first, and of the two numbers
(q, k) that the chargers started with: $\rho = q|a\rangle\langle a|
+ k(|a\rangle\langle0| + |0\rangle\langle a|) + (1 - q|a|^2)|0\rangle\langle0|$.
"""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.algebra.spectral import root
from qbjax.batteries.bloch import _motion as pair
from qbjax.batteries.bloch import _prepared as start
from qbjax.batteries.bloch import _swing as swings
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import State, edges_of, signals
from qbjax.interface.single_excitation import mean_concurrence, pack, unpack
from qbjax.merit import two_level
from qbjax.protocols import BlochPreparation

Amplitudes = Float[Array, "n 2"]

UNITS = (
    *pair.UNITS,
    ("local_ergotropy", "omega_b"),
    ("cell_concurrence", "1"),
    ("populations", "1"),
)


def prepared(battery: Any, protocol: BlochPreparation, state: State) -> State:
    """The state in which the chargers share the excitation that they were prepared with."""
    share = np.where(np.arange(battery.cells + battery.chargers) < battery.cells, 0.0, 1.0)
    each = share / np.sqrt(battery.chargers)
    phase = jnp.stack([jnp.cos(protocol.phi), jnp.sin(protocol.phi)])
    began = [f(protocol.theta, protocol.length) for f in (start.population, start.coherence)]
    content = jnp.asarray(each)[:, None] * phase[None], jnp.stack(began)
    return dataclasses.replace(state, content=content)


def motion(battery: Any, state: State, times: Float[Array, " T"], *, coupled, envelope) -> Flow:
    """The flow of the amplitudes from `times[0]`; arguments as of `_motion.motion`."""
    _, began = state.content

    def coupling(t):
        if not coupled:
            return jnp.zeros(())
        return battery.coupling if envelope is None else battery.coupling * envelope.signal(t)

    def field(t, y):
        return _moved(battery, coupling(t), y)

    def turned(t, y) -> State:
        angle = battery.frequency * (t - times[0])
        phases = lax.complex(jnp.cos(angle), -jnp.sin(angle))
        content = pack(phases * unpack(y)), began
        return dataclasses.replace(state, content=content, layout="moved", made=t)

    pumps = [] if envelope is None else [envelope]
    constant = envelope is None or envelope.is_piecewise_constant
    return Flow(
        field=field,
        initial=state.content[0],
        edges=edges_of(pumps),
        signals=signals(pumps, times),
        state=turned,
        observe=lambda t, y: observables(battery, y, began),
        linear=Linear(field, lambda t: _bounds(battery)) if constant else None,
        finish=pair.with_more_powers,
        units=UNITS,
    )


def _moved(battery, coupling, y: Amplitudes) -> Amplitudes:
    r"""The time derivative: $\dot x = -\frac\gamma2x + (\delta + JA)y$, $\dot y$ with a minus."""
    cell = np.arange(battery.cells + battery.chargers) < battery.cells
    lost = jnp.where(cell, battery.cell_decay, battery.decay) / 2
    turn = jnp.where(cell, 0.0, battery.detuning)
    turned = turn[:, None] * y + coupling * _neighbours(battery, y)
    return jnp.stack([turned[:, 1], -turned[:, 0]], axis=1) - lost[:, None] * y


def _neighbours(battery, y: Amplitudes) -> Amplitudes:
    """Sums of the neighbours' amplitudes."""
    n = battery.cells
    if battery.geometry == "star":
        each = [(y[n:], n), (y[:n], battery.chargers)]
        return jnp.concatenate([jnp.tile(jnp.sum(z, axis=0)[None], (k, 1)) for z, k in each])
    line = jnp.concatenate([y[n:][::-1], y[:n]])  # the farthest charger first
    padded = jnp.pad(line, ((1, 1), (0, 0)))
    total = padded[:-2] + padded[2:]
    return jnp.concatenate([total[battery.chargers :], total[: battery.chargers][::-1]])


def _bounds(battery):
    """Bounds on the spectrum: minus the least real part, the largest imaginary one."""
    star = np.sqrt(battery.cells * battery.chargers)
    widest = battery.coupling * (star if battery.geometry == "star" else 2.0)
    lost = jnp.maximum(jnp.asarray(battery.cell_decay, float), jnp.asarray(battery.decay, float))
    return lost / 2, widest + jnp.abs(jnp.asarray(battery.detuning, float))


def amplitudes(battery: Any, t: Float[Array, "..."]) -> Complex[Array, "... n"]:
    """Amplitudes in closed form; see `BlochArray.amplitudes`."""
    if battery.geometry == "star":
        arrived, rest = swings.amplitudes(battery.collective(), t)
        cells = -1j * jnp.asarray(arrived, complex) / math.sqrt(battery.cells)
        chargers = jnp.asarray(rest, complex) / math.sqrt(battery.chargers)
        counts = (cells, battery.cells), (chargers, battery.chargers)
        return jnp.concatenate([jnp.repeat(a[..., None], k, axis=-1) for a, k in counts], axis=-1)
    known = _checks.is_concrete((battery.decay, battery.cell_decay))
    if not _checks.is_plain_zero(battery.detuning) or (
        known and float(battery.decay) != float(battery.cell_decay)
    ):
        raise ValueError(
            "Argument `geometry` must be 'star' for a formula with detuning or losses that differ, "
            "but is 'chain': qb.charge has an answer."
        )
    size = battery.cells + battery.chargers
    places = np.arange(1, size + 1)
    waves = np.sin(np.pi * np.outer(places, places) / (size + 1))
    begun = waves[: battery.chargers].sum(axis=0) / np.sqrt(battery.chargers)
    turns = 2 * np.cos(np.pi * places / (size + 1))
    angles = jnp.tensordot((battery.coupling * t)[..., None], turns[None], 1)
    phases = lax.complex(jnp.cos(angles), -jnp.sin(angles))
    line = 2 / (size + 1) * (phases @ (begun[:, None] * waves).astype(complex))
    left = jnp.exp(-jnp.asarray(battery.decay, float) * t / 2)
    fallen = left.astype(complex)[..., None] * line
    first = fallen[..., : battery.chargers][..., ::-1]
    return jnp.concatenate([fallen[..., battery.chargers :], first], axis=-1)


def observables(battery: Any, y: Amplitudes, began: Float[Array, "2"]) -> dict[str, Array]:
    """Merits of all cells together and of each, and entanglement, with `trace_defect`."""
    q, k = began
    squares = jnp.sum(y**2, axis=1)
    cells, chargers = squares[: battery.cells], squares[battery.cells :]
    stored, left = jnp.sum(cells), jnp.sum(chargers)
    together = _merits(q * stored, k * root(stored), battery.frequency)
    each = jax.vmap(_merits, (0, 0, None))(q * cells, k * root(cells), battery.frequency)
    return together | {
        "local_ergotropy": jnp.sum(each["ergotropy"]),
        "charger_energy": battery.charger_frequency * q * left,
        "concurrence": 2 * q * root(stored * left),
        "cell_concurrence": q * mean_concurrence(cells),
        "populations": q * squares,
        "trace_defect": jnp.maximum(stored + left - 1, 0.0),
    }


def _merits(population, coherence, frequency) -> dict[str, Array]:
    """Merits of a state with one excited level, or of one in which many act as one."""
    low, _ = two_level.eigenvalues(population, coherence)
    return {
        "energy": frequency * population,
        "energy_variance": frequency**2 * population * (1 - population),
        "ergotropy": two_level.ergotropy(population, coherence, frequency),
        "coherent_ergotropy": two_level.coherent_ergotropy(population, coherence, frequency),
        "incoherent_ergotropy": two_level.incoherent_ergotropy(population, frequency),
        "passive_energy": frequency * low,
        "purity": population**2 + (1 - population) ** 2 + 2 * coherence**2,
    }


def density_matrix(packed: Amplitudes, began: Float[Array, "2"]) -> Complex[Array, "d d"]:
    """Density matrix of some of the qubits, the others traced out: level 0 is empty."""
    a, (q, k) = unpack(packed), began
    coherence = jnp.asarray(k, complex) * a
    excited = jnp.asarray(q, complex) * jnp.outer(a, jnp.conj(a))
    ground = jnp.asarray(1 - q * jnp.sum(packed**2), complex)[None]
    top = jnp.concatenate([ground, jnp.conj(coherence)])
    return jnp.concatenate([top[None], jnp.concatenate([coherence[:, None], excited], axis=1)])
