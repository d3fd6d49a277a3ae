r"""Emitters that share a reservoir of any spectral density, with one excitation between them.

$$\dot c_j + i\omega_jc_j + \sum_l g_jg_l\int_0^t f_{jl}(t-\tau)\,c_l(\tau)\,d\tau = 0, \qquad
  f_{jl}(t) = \int J_{jl}(\omega)\,e^{-i\omega t}\,d\omega$$

solved exactly, with its memory (`_memory`). One emitter starts excited and charges
another, the storage cell, through the reservoir alone.

| symbol | argument | good value |
|---|---|---|
| J(ω) | `J` | `lambda w: 0.1 * w * jnp.exp(-w / 5)` |
| $\omega_j$ | `frequencies` | (1.0, 1.0) |
| $g_j$ | `couplings` | (1.0, 1.0) |

Units: ħ = 1, frequencies in the user's own; the cell's energy is $\omega_c|c_c|^2$. Its state has
no coherence: its ergotropy is $\omega_c\max(0, 2|c_c|^2 - 1)$.

Reference: W.-L. Song, H.-B. Liu, B. Zhou, W.-L. Yang and J.-H. An, "Remote charging and degradation
suppression for the quantum battery", Phys. Rev. Lett. 132, 090401 (2024), Eq. (3), for two emitters
of one frequency; more of them, and their own frequencies, are ours.
"""

import copy
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.batteries.reservoir import _band as bands
from qbjax.batteries.reservoir import _memory as memory
from qbjax.batteries.reservoir import _named as named
from qbjax.batteries.reservoir import _response as memories
from qbjax.batteries.reservoir import _uniform as uniform
from qbjax.batteries.reservoir._density import Density
from qbjax.batteries.reservoir.densities import NamedDensity
from qbjax.dynamics.motion import Path, with_powers
from qbjax.dynamics.record.observed import POWERS
from qbjax.interface import Battery, Origin, State, check_origin, single_excitation

ERROR_LIMIT = 1e-4
"""Estimated error of an amplitude above which a run is marked as broken down, its values NaN."""


class Reservoir(Battery):
    r"""Emitters in a structured reservoir; see the module's docstring.

    A run takes no protocol and no initial state, and cannot be cut: the reservoir remembers. Its
    memory begins at `times[0]`. Frequencies, couplings and the numbers of a named density are
    differentiated, in both modes, if `step` is given, or the battery is made outside of what is
    differentiated; those inside a function J are not. `observables` have `amplitude_error`: how far
    a run with two points fewer per element is off at most so far, well above the error of the run.

    Args:
        J: spectral density. One of `qb.batteries.reservoir` that have a name, `Lorentzian`,
            `Lattice` or `Ohmic`, whose numbers may be traced. Or a function: at a real ω inside the
            band a number ≥ 0, or a positive symmetric matrix (n, n). Integrable; an inverse root is
            fine at the ends of the band. Asked on the host: traced by JAX if that is possible, else
            called with floats. Its numbers must be known before compilation: under `jit` or `vmap`
            build another battery outside.
        frequencies: $\omega_j > 0$, shape (n,).
        couplings: $g_j$, real, shape (n,).
        band: where a function J lives; an end may be infinite if J/ω is integrable there. Peaks
            narrower than a hundredth of their distance from the ends and from 0 may be overlooked:
            put ends near.
        excited: the emitter that starts excited, or several that share the excitation equally.
        cell: the emitter that stores, by default the last. Of several all merits are those of all
            cells together, as far as they are reached: level 0 has no excitation, level j has it in
            the j-th cell; `local_ergotropy` is what unitaries on each extract, `concurrence` that
            of the cells and the other emitters, `cell_concurrence` the mean of all pairs of cells.
        step: longest element of the mesh; by default 2 radians of the highest frequency, bare or
            dressed, as it was when the battery was made. Halving it divides the error by about
            $2^{10}$.

    Raises:
        TypeError, ValueError: for numbers out of range. When charging: for a J that is not finite,
            real and positive, naming ω, or that cannot be resolved.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> def lorentzian(w):
        ...     return 0.05 / jnp.pi / ((w - 1) ** 2 + 0.05**2)
        >>> everywhere = (-jnp.inf, jnp.inf)
        >>> pair = qb.batteries.Reservoir(lorentzian, (1.0, 1.0), (0.5, 0.5), band=everywhere)
        >>> run = qb.charge(pair, None, jnp.array([0.0, 2.0, 4.0]))
        >>> [round(float(E), 6) for E in run.energy], bool(run.amplitude_error[-1] < 1e-9)
        ([0.0, 0.167116, 0.856013], True)
    """

    frequencies: Float[Array, " n"]
    couplings: Float[Array, " n"]
    density: NamedDensity | None
    J: Callable | None = eqx.field(static=True)
    band: tuple[float, float] = eqx.field(static=True)
    excited: tuple[int, ...] = eqx.field(static=True)
    stored: tuple[int, ...] = eqx.field(static=True)
    step: float | None = eqx.field(static=True)
    scale: memories.Scale | None = eqx.field(static=True)
    weights: Any
    shapes: Any

    def __init__(
        self,
        J: Any,
        frequencies,
        couplings,
        *,
        band=(0.0, np.inf),
        excited=0,
        cell=None,
        step=None,
    ):
        self.frequencies = _checks.array("frequencies", frequencies, shape=("n",), low=0.0)
        n = self.frequencies.size
        self.couplings = _checks.array("couplings", couplings, shape=(n,))
        self.excited = _places("excited", excited, n)
        self.stored = _places("cell", n - 1 if cell is None else cell, n)
        _checks.known("step", step)
        self.step = (
            None if step is None else float(_checks.scalar("step", step, low=0, open_low=True))
        )
        # For a caller's program that takes the battery as an argument, and traces its numbers.
        if isinstance(J, NamedDensity):
            self.density, self.J, self.band = named.checked(J, n, band), None, bands.EVERY
        else:
            self.density, self.band = None, bands.checked(band)
            self.J = Density(J, n, self._probe).J
        self.scale = self._scale() if step is None else None
        self.weights = self.shapes = None  # Until a run's times are known: `prepared`.

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        single_excitation.check_undriven(protocol, "reservoir")
        checked = _checks.times("times", times)
        if not _checks.is_concrete(times):
            raise TypeError(
                "Argument `times` must be known before compilation for a reservoir, whose memory "
                "is computed for them, but is traced."
            )
        return checked

    def prepared(self, times) -> "Reservoir":
        """The battery with the memory's weights for a run at some times.

        Once for many runs with other frequencies and couplings.
        """
        host = np.asarray(times, float)
        elapsed = host - host[0]
        if self._is_ready(elapsed):
            return self
        if self.density is not None:
            step = named.longest_step(self.step, self._scale() or self.scale)
            patterns = self.density.patterns(self.frequencies.size)
            return self._ready(uniform.mesh(elapsed, step), patterns)
        # A single time has no memory, but still a shape.
        duration = float(elapsed[-1]) or memories.PHASE / bands.highest(self.frequencies)
        density = Density(self.J, self.frequencies.size, self._probe)
        kept, alike = memories.shapes(density, bands.probes(self.band, duration, self._probe))
        known = self._scale() or self.scale
        step = memories.longest_step(self.step, known)
        memories.check_size(duration / step, len(kept), elapsed.size, step, duration)
        found = memories.response(density, kept, self.band, duration)
        if self.step is None and known is not None:
            step = min(step, memories.dressed_step(found, known.strength))
        weights = memories.weights(found, step, elapsed)
        return self._ready(weights, memories.patterns(alike, self.frequencies.size))

    def _ready(self, weights, patterns) -> "Reservoir":
        ready = eqx.tree_at(
            lambda b: (b.weights, b.shapes), self, (weights, patterns), is_leaf=lambda x: x is None
        )
        ready = copy.copy(ready)
        object.__setattr__(ready, "scale", None)  # or each frequency would have its own program
        return ready

    def _is_ready(self, elapsed) -> bool:
        if self.weights is None or not _checks.is_concrete(self.weights):
            return False
        return np.array_equal(self.weights.times, elapsed)

    def start(self, initial=None) -> State:
        if initial is not None:
            raise ValueError(
                "Argument `initial` must be left out for a reservoir, which remembers what was "
                f"before, but is {type(initial).__name__}; `excited` names the emitter that "
                "starts, and later times belong in the same run."
            )
        start = np.zeros((self.frequencies.size, 2))
        start[list(self.excited), 0] = 1 / np.sqrt(len(self.excited))
        return State(start, self._origin)

    def motion(self, protocol, state, times) -> Path:
        start = single_excitation.unpack(state.content)
        mixing = memories.mixing(self.shapes, self.couplings)
        given = (self.weights, self.frequencies, mixing, start)
        if self.density is None:
            found, error = memory.amplitudes(*given)
        else:
            found, error = uniform.amplitudes(self.density.response, *given)
        return Path(
            points=found,
            error=error,
            limit=ERROR_LIMIT,
            state=self._state,
            observe=self._observed,
            finish=lambda times, seen: with_powers(times, seen | {"amplitude_error": error}),
            steps=jnp.array(self.weights.elements),
            picture=(("energy", "ergotropy"), POWERS, ("populations", "field_population")),
        )

    def idle(self):
        raise TypeError(
            "Argument `battery` must have a charger that can be switched off, but a Reservoir has "
            "none and its memory cannot be cut: charge it for longer."
        )

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the storage cell, ground state first; of several, a level for each."""
        amplitudes = single_excitation.unpack(check_origin(state, self._origin).content)
        return single_excitation.cells(amplitudes[np.array(self.stored)])

    @property
    def cell_hamiltonian(self):
        """Levels 0, and the frequency of each cell."""
        return jnp.append(jnp.zeros(1), self.frequencies[np.array(self.stored)])

    def facts(self, initial):
        return {
            "moves": f"{self.frequencies.size} amplitudes",
            "method": "memory kernel on a grid of times",
        } | named.told(self.density)

    def refined(self) -> "Reservoir":
        """The battery with half the step, if one was given; the default is fine already."""
        if self.step is None:
            return self
        return Reservoir(
            self.J if self.density is None else self.density,
            self.frequencies,
            self.couplings,
            band=self.band,
            excited=self.excited,
            cell=self.stored,
            step=self.step / 2,
        )

    def _scale(self) -> memories.Scale | None:
        if self.density is not None:
            return named.scale(self.density, self.frequencies, self.couplings)
        return memories.scale(self.frequencies, self.couplings)

    @property
    def _probe(self) -> float:
        return bands.inside(self.band, bands.highest(self.frequencies))

    @property
    def _origin(self) -> Origin:
        name = ("Reservoir", self.frequencies.size, self.excited, self.stored)
        numbers = jax.tree.leaves(self.density)
        return Origin(name, (self.frequencies, self.couplings, *numbers))

    def _state(self, time, amplitudes) -> State:
        return State(single_excitation.pack(amplitudes), self._origin, made=time)

    def _observed(self, time, amplitudes) -> dict[str, Array]:
        populations, cells = jnp.abs(amplitudes) ** 2, np.array(self.stored)
        field = 1 - jnp.sum(populations)
        if cells.size > 1:
            levels, shared = self.cell_hamiltonian, single_excitation.cells(amplitudes[cells])
            seen = single_excitation.observables_of(levels, shared, field)
            return seen | single_excitation.shared(levels[1:], populations, self.stored)
        frequency, (population,) = self.frequencies[cells[0]], populations[cells]
        seen = single_excitation.observables(frequency, population, field)
        return seen | {"populations": populations}


def _places(name: str, given: Any, count: int) -> tuple[int, ...]:
    """Places of emitters, one or several, each once."""
    found = tuple(sorted(set(_checks.indices(name, given, count))))
    if not found:
        raise ValueError(f"Argument `{name}` must name an emitter, but is empty.")
    return found
