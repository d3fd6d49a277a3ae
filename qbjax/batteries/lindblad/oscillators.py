r"""An oscillator charged by another, which is driven and lossy: exactly solvable.

In the frame that rotates with both,

$$H = g(a^\dagger b + b^\dagger a) + F(t)(a + a^\dagger), \qquad
  \kappa(\bar n + 1)D[a]\rho + \kappa\bar nD[a^\dagger]\rho ,$$

a being the charger and b the cell. From the ground state, and at $\bar n = 0$, everything stays
coherent: with the amplitudes

$$\dot\alpha = -ig\beta - iF - \tfrac\kappa2\alpha, \qquad \dot\beta = -ig\alpha$$

the stored energy is $\omega|\beta|^2$, all of it ergotropy. Heat adds the same thermal noise to
every run, and no ergotropy: $E = \omega(|\beta|^2 + N_b(t))$ and $W = \omega|\beta|^2$.

| symbol | argument | good value |
|---|---|---|
| g | `coupling` | 1 |
| κ | `decay` | 0.5 |
| $\bar n$ | `thermal` | 0 |
| F(t) | the protocol | 0.5 |
| levels | `levels` | 20: a few times the energy to store |

References: G. M. Andolina, D. Farina, A. Mari, V. Pellegrini, V. Giovannetti and M. Polini, Phys.
Rev. B 98, 205423 (2018); D. Farina, G. M. Andolina, A. Mari, M. Polini and V. Giovannetti, Phys.
Rev. B 99, 035421 (2019).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import jumps, operators
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad.battery import Lindblad


class Oscillators(Composed):
    r"""Two coupled oscillators; see the module's docstring.

    Its numbers go into the master equation when it is built: to change one, or to differentiate by
    it, build another, inside the function that is differentiated.

    Args:
        levels: of each, or a pair (cell, charger).
        coupling: g.
        decay: κ of the charger.
        thermal: $\bar n$ of its bath.
        frequency: ω of the cell, the unit of energy.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.Oscillators(8, decay=0.5)
        >>> run = qb.charge(battery, qb.protocols.Constant(0.2), [0.0, 2.0])
        >>> amplitude, _ = battery.closed_form(0.2, [0.0, 2.0])
        >>> bool(abs(run.energy[-1] - amplitude[-1] ** 2) < 1e-6)
        True
    """

    lindblad: Lindblad
    coupling: Any
    decay: Any
    thermal: Any
    frequency: Any
    levels: tuple[int, int] = eqx.field(static=True)

    def __init__(self, levels: Any, *, coupling=1.0, decay=0, thermal=0, frequency=1.0):
        both = (levels, levels) if _checks.axes(levels) == 0 else levels
        _checks.sequence("levels", both)
        if len(both) != 2:
            raise ValueError(
                f"Argument `levels` must be one number or two, but is {_checks.show(levels)}."
            )
        cell, charger = (_checks.integer("levels", n, low=2) for n in both)
        _checks.room("levels", levels, (cell * charger) ** 2, "one density matrix")
        self.levels = (cell, charger)
        self.coupling = _checks.scalar("coupling", coupling)
        self.decay = _checks.optional_scalar("decay", decay, low=0)
        self.thermal = _checks.optional_scalar("thermal", thermal, low=0)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        dims = self.levels
        b, a = (operators.embed(operators.destroy(n), dims, k) for k, n in enumerate(dims))
        self.lindblad = Lindblad(
            [(self.coupling, a.T @ b + b.T @ a)],
            jumps.loss(self.decay, dims, 1, self.thermal),
            dims=dims,
            cell=0,
            cell_hamiltonian=self.frequency * np.arange(float(dims[0])),
            controls=[a + a.T],
            truncated=(0, 1),
            observables={"charger_quanta": a.T @ a},
            lowering=operators.destroy(cell),
        )

    def closed_form(
        self, amplitude: Any, times: Any
    ) -> tuple[Float[Array, " T"], Float[Array, " T"]]:
        r"""Size $|\beta|$ and thermal quanta $N_b$ for a constant drive from the ground state.

        Moments are linear: with $M = \begin{pmatrix}-\kappa/2 & -ig\\ -ig & 0\end{pmatrix}$ on
        $(\alpha, \beta)$, displacement and covariance follow from $e^{Mt}$, computed here as the
        exponential of one matrix that holds both.

        Args:
            amplitude: F.
            times: since the start.

        Returns:
            two arrays of the shape of `times`.
        """
        amplitude = _checks.scalar("amplitude", amplitude)
        times = _checks.array("times", _checks.times("times", times), low=0.0)
        g, k, n = (jnp.asarray(x, float) for x in (self.coupling, self.decay, self.thermal))
        # With α = −iα', the equations of (α', β, 1) are real: α'˙ = gβ + F − κα'/2, β˙ = −gα'.
        drift = jnp.array([[-k / 2, g, amplitude], [-g, 0.0, 0.0], [0.0, 0.0, 0.0]])
        # (N_a, N_b, x, 1) with x = Re of the cross moment in the same phases.
        noise = jnp.array(
            [
                [-k, 0.0, 2 * g, k * n],
                [0.0, 0.0, -2 * g, 0.0],
                [-g, g, -k / 2, 0.0],
                [0.0, 0.0, 0.0, 0.0],
            ]
        )

        def at(t):
            mean = jax.scipy.linalg.expm(t * drift)[1, 2]
            return jnp.abs(mean), jax.scipy.linalg.expm(t * noise)[1, 3]

        return jax.vmap(at)(times)

    def recommended_levels(self, protocol):
        return {f"factor {k}": (f"levels[{k}]", -(-3 * n // 2)) for k, n in enumerate(self.levels)}

    def refined(self) -> "Oscillators":
        """The battery with a third more levels."""
        cell, charger = (n + max(4, n // 3) for n in self.levels)
        return Oscillators(
            (cell, charger),
            coupling=self.coupling,
            decay=self.decay,
            thermal=self.thermal,
            frequency=self.frequency,
        )
