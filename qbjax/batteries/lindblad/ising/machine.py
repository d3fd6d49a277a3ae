r"""A coherent Ising machine as a battery: N cells of degenerate oscillators that are coupled.

Every cell is a DOPO: a signal mode $a_i$ that stores, with a pump mode $b_i$ of its own, driven by
F(t). Cells i and j share a lossy mode, which takes what does not fit the sign of $J_{ij}$:

$$\dot\rho = -i\sum_i[H_i, \rho] + \sum_i(\gamma_sD[a_i] + \gamma_pD[b_i])\rho
  + \Gamma\sum_{i<j}|J_{ij}|\,D[a_i - \mathrm{sgn}(J_{ij})a_j]\rho,$$
$$H_i = i\tfrac\kappa2(a_i^{\dagger2}b_i - a_i^2b_i^\dagger)
  + i\sqrt{\gamma_p}F(t)(b_i^\dagger - b_i).$$

Mutual injection is the same: in a cascade, one-way injections from i to j and back, each of rate
Γ|J|/2, have the jump $a_i - \mathrm{sgn}(J)a_j$ and Hamiltonians that cancel. The mean field loses
$\frac\Gamma2\sum_jK_{ij}\alpha_j$, $K = \mathrm{diag}(\sum_j|J_{ij}|) - J$ the signed Laplacian:
of the pattern s, $s^TKs = 2(E(s) + \sum_{i<j}|J_{ij}|)$ in terms of its Ising energy
$E(s) = -\sum_{i<j}J_{ij}s_is_j$, so that the lowest energy oscillates first. A pattern that leaves
no pair discontent loses nothing, and stores what free cells store; frustrated ones pay.

A pump that is fast, $\gamma_p \gg \gamma_s, \kappa\sqrt n$, follows the signal,
$b = (2F - \kappa a^2/\sqrt{\gamma_p})/\sqrt{\gamma_p}$, and is *eliminated*:

$$H_i = \frac{iS}2(a_i^{\dagger2} - a_i^2), \quad \frac{\kappa^2}{\gamma_p}D[a_i^2], \qquad
  S = \frac{2\kappa F}{\sqrt{\gamma_p}} .$$

| symbol | argument | good value |
|---|---|---|
| J | `couplings` | ±1 |
| Γ | `injection` | 1: as strong as the loss |
| κ, γ_s, γ_p | `coupling`, `signal_decay`, `pump_decay` | 0.5 (2 for few levels), 1, 16 |
| n̄ | `signal_thermal` | 0 |
| F(t) | the protocol | 1 to 1.5 of `threshold()` |

References: Z. Wang, A. Marandi, K. Wen, R. L. Byer and Y. Yamamoto, Phys. Rev. A 88, 063853 (2013);
K. Takata, A. Marandi and Y. Yamamoto, Phys. Rev. A 92, 043821 (2015); J.-T. Zhang et al., "Quantum
batteries in coherent Ising machine" (2026), App. A, for one cell.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.batteries.lindblad.ising import _equation as equations
from qbjax.batteries.lindblad.ising import instance
from qbjax.batteries.lindblad.ising._numbers import Numbers, numbers
from qbjax.dynamics.record.observed import Observed
from qbjax.interface.pumps import pumps_of
from qbjax.protocols import resolve

PUMPS = ("eliminated", "explicit")


class IsingMachine(Composed):
    r"""Coupled DOPO cells, exact in Fock space; see the module's docstring.

    Its cell is all signal modes together. Besides `ergotropy`, which a unitary on all cells
    extracts, a run has

    * `local_ergotropy`, the sum of what unitaries on single cells extract;
    * `photons_0`, … of every cell;
    * `x0x0`, `x0x1`, …: $\langle x_ix_j\rangle$ with $x = (a + a^\dagger)/\sqrt2$, ½ in the vacuum;
      `correlations` makes a matrix of them;
    * `success`, the probability that homodyne detection of all x at that time finds signs of lowest
      Ising energy; `ising_energy`, the mean energy of the signs that it finds.

    Two and three cells fit into Fock space, in sectors of their total parity; without `levels` the
    machine has no density matrix, and `qb.batteries.ising.phase_space` runs it, of any size.

    Its numbers go into the master equation when it is built: to change one, or to differentiate by
    it, build another, inside the function that is differentiated.

    Args:
        couplings: J, symmetric (N, N) with zeros on the diagonal, known before compilation.
        levels: of every signal mode; None for none.
        coupling: κ > 0.
        signal_decay: γ_s > 0.
        pump_decay: γ_p > 0.
        injection: Γ ≥ 0, the rate that a coupling of one is worth.
        signal_thermal: n̄ ≥ 0 of the baths of the signal.
        pump: "eliminated", or "explicit" for a mode per cell, in the lab frame.
        pump_levels: of every explicit pump mode.

    Attributes:
        spectrum: eigenvalues and eigenvectors of K.

    Raises:
        ValueError: for numbers out of range, couplings that are no instance. TypeError: for what is
            no number, traced couplings.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> pair = np.array([[0.0, -1.0], [-1.0, 0.0]])  # opposite signs
        >>> machine = qb.batteries.IsingMachine(pair, 9, coupling=2.0)
        >>> run = qb.charge(machine, qb.protocols.Constant(0.5), [0.0, 2.0])
        >>> bool(run.x0x1[-1] < 0), run.success.round(3).tolist()
        (True, [0.5, 0.597])
    """

    couplings: Float[Array, "N N"]
    spectrum: tuple[Float[Array, " N"], Float[Array, "N N"]]
    coupling: Any
    signal_decay: Any
    pump_decay: Any
    injection: Any
    signal_thermal: Any
    exact: Lindblad | None
    cells: int = eqx.field(static=True)
    levels: int | None = eqx.field(static=True)
    pump: str = eqx.field(static=True)
    pump_levels: int = eqx.field(static=True)

    def __init__(
        self,
        couplings: Any,
        levels: int | Any = None,
        *,
        coupling=0.5,
        signal_decay=1.0,
        pump_decay=16.0,
        injection=1.0,
        signal_thermal=0,
        pump: str | Any = "eliminated",
        pump_levels: int | Any = 4,
    ):
        J = instance.checked("couplings", couplings)
        given = numbers(coupling, signal_decay, pump_decay, injection, signal_thermal)
        self.couplings, self.cells = _checks.settled(J), len(J)
        values, vectors = np.linalg.eigh(instance.laplacian(J))
        self.spectrum = (_checks.settled(values), _checks.settled(vectors))
        self.coupling, self.signal_decay, self.pump_decay, self.injection, _ = given
        self.signal_thermal = given.signal_thermal
        self.pump = _checks.choice("pump", pump, PUMPS)
        self.pump_levels = _checks.levels("pump_levels", pump_levels, low=2)
        self.levels = None if levels is None else _checks.integer("levels", levels, low=3)
        if self.levels is None:
            self.exact = None
            return
        each = self.levels * (self.pump_levels if self.pump == "explicit" else 1)
        _checks.room("levels", self.levels, each ** (2 * self.cells) // 2, "one density matrix")
        modes = equations.Modes(self.cells, self.levels, self.pump_levels, self.pump == "explicit")
        self.exact = equations.lindblad(J, modes, given)

    # For an abstract variable of equinox mypy takes attributes alone.
    @property  # type: ignore[misc]
    def lindblad(self) -> Lindblad:  # type: ignore[override]
        """The master equation of the machine."""
        if self.exact is None:
            raise ValueError(
                "Argument `levels` of the IsingMachine must be given for a density matrix, but is "
                "None: qb.batteries.ising.phase_space needs no levels."
            )
        return self.exact

    def recommended_levels(self, protocol):
        """Levels of coherent states of free cells: $n + 10\\sqrt n$, and half more at least."""
        model, peaks = self.lindblad.model, [p.peak for p in pumps_of(resolve(protocol))]
        pumps, numbers = self.cells, self.numbers
        signal, pump = -(-3 * (self.levels or 0) // 2), self.pump_levels + 2
        if peaks and _checks.is_concrete((peaks, numbers)):
            n = float(self.mean_photons(peaks[0]))
            signal = max(signal, int(np.ceil(n + 10 * np.sqrt(n))))
            b = 4 * float(peaks[0]) ** 2 / float(numbers.pump_decay)
            pump = max(pump, int(np.ceil(b + 10 * np.sqrt(b))))
        enough = {True: ("levels", signal), False: ("pump_levels", pump)}
        return {f"factor {k}": enough[k < pumps] for k in model.watched}

    def refined(self) -> "IsingMachine":
        """The machine with a third more levels of every mode."""
        if self.levels is None:
            return self
        return IsingMachine(
            self.couplings,
            self.levels + max(3, self.levels // 3),
            **self.numbers._asdict(),
            pump=self.pump,
            pump_levels=self.pump_levels + max(1, self.pump_levels // 3),
        )

    # --- what a machine has besides

    @property
    def numbers(self) -> Numbers:
        """The numbers κ, γ_s, γ_p, Γ, n̄."""
        return Numbers(*(getattr(self, name) for name in Numbers._fields))

    def threshold(self) -> Float[Array, ""]:
        r"""Pump amplitude at which the mean field of some pattern begins to oscillate.

        $F_{th} = \sqrt{\gamma_p}(\gamma_s + \Gamma\lambda)/4\kappa$ with the least eigenvalue λ of
        K: 0, as of free cells, if no pair is frustrated.

        Example:
            >>> triangle = np.eye(3) - 1
            >>> [float(IsingMachine(J).threshold().round(6)) for J in (-triangle, triangle)]
            [2.0, 4.0]
        """
        least = jnp.maximum(self.spectrum[0][0], 0.0)
        lost = self.signal_decay + self.injection * least
        return jnp.sqrt(self.pump_decay) * lost / (4 * self.coupling)

    def correlations(self, run: Any) -> Float[Array, "... N N"]:
        r"""Correlations $\langle x_ix_j\rangle/\sqrt{\langle x_i^2\rangle\langle x_j^2\rangle}$.

        They are 0 in the vacuum, ±1 where signs and amplitudes are certain of each other.

        Args:
            run: a `Trajectory` of this machine, or a steady state.

        Returns:
            array (T, N, N), or (N, N).

        Raises:
            TypeError, ValueError: for what is none.
        """
        kind = "a run or steady state of this machine"
        _checks.instance("run", run, Observed, kind)
        found, N = run.observables, range(self.cells)
        if f"x0x{self.cells - 1}" not in found:
            raise ValueError(f"Argument `run` must be {kind}, but is of another battery.")
        rows = [[found[f"x{min(i, j)}x{max(i, j)}"] for j in N] for i in N]
        x = jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
        scale = jnp.sqrt(jnp.diagonal(x, axis1=-2, axis2=-1))
        return x / (scale[..., :, None] * scale[..., None, :])

    def mean_photons(self, amplitude) -> Float[Array, ""]:
        r"""Steady mean-field photons of a cell that its neighbours suit: those of one DOPO.

        $n = \frac2\kappa(\sqrt{\gamma_p}F - \gamma_p\gamma_s/4\kappa)$, 0 below threshold.

        Args:
            amplitude: F, real.
        """
        F = jnp.abs(_checks.scalar("amplitude", amplitude))
        pull = jnp.sqrt(self.pump_decay) * F
        stop = self.pump_decay * self.signal_decay / (4 * self.coupling)
        return 2 / self.coupling * jnp.maximum(pull - stop, 0.0)
