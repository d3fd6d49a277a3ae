r"""Ising machines of any size and of any number of photons, by truncated Wigner trajectories.

A trajectory is one amplitude $\alpha_i$ per cell, the Wigner function their distribution
(`_wigner`): of energies, photon numbers, and whatever is read off quadratures, means are quantum
averages in symmetric order. Left out is what third derivatives of the Wigner function do, small
with $\Gamma_2/\gamma_s$, $\Gamma_2 = \kappa^2/\gamma_p$: beyond $\Gamma_2 = \gamma_s(\bar n +
\frac12)$ the noise has no root, and the machine is refused. Against the exact pair at
$\Gamma_2/\gamma_s = 1/16$ the energy is right to 1 per cent, at 1/4 to 11, once it oscillates to 6.

There is no density matrix, hence no ergotropy: a quantum state of many photons would be needed for
that. `gaussian_ergotropy` is what Gaussian unitaries extract, a lower bound.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Int

from qbjax import _checks
from qbjax.batteries.lindblad.ising import _estimates as estimates
from qbjax.batteries.lindblad.ising import _wigner as wigner
from qbjax.batteries.lindblad.ising import instance
from qbjax.batteries.lindblad.ising._estimates import Estimate
from qbjax.batteries.lindblad.ising._wigner import Equation, Mesh
from qbjax.batteries.lindblad.ising.machine import IsingMachine
from qbjax.dynamics.record.doubt import NON_FINITE, OK, all_finite
from qbjax.interface.pumps import checked_pumps
from qbjax.protocols import Pump, resolve

SHARE = 0.05
"""A step in units of the shortest time of the mean field."""


class PhaseSpace(eqx.Module):
    r"""Trajectories of a machine, and what they say of it, as `Estimate`s of mean and error.

    Attributes:
        times: that were saved, (T,).
        amplitudes: $\alpha_i$ of every trajectory, (count, T, N).
        couplings: J.
        ground_energy: the lowest Ising energy; NaN if nobody knows it.
        smallness: $\Gamma_2/\gamma_s$, which the approximation is small in.
        status: 0, or 2 if some amplitude is not finite (the step was too long).
    """

    times: Float[Array, " T"]
    amplitudes: Complex[Array, "count T N"]
    couplings: Float[Array, "N N"]
    ground_energy: float = eqx.field(static=True)
    smallness: Any
    status: Int[Array, ""]

    @property
    def photons(self) -> Estimate:
        r"""Photons $\langle a_i^\dagger a_i\rangle$ of every cell, (T, N)."""
        return estimates.mean(jnp.abs(self.amplitudes) ** 2 - 0.5)

    @property
    def energy(self) -> Estimate:
        """Energy of all cells in units of ω_s, (T,)."""
        return estimates.mean(jnp.sum(jnp.abs(self.amplitudes) ** 2 - 0.5, axis=-1))

    @property
    def correlations(self) -> Estimate:
        r"""Correlations of quadratures as of `IsingMachine.correlations`, (T, N, N)."""
        return estimates.of_moments(estimates.correlations, self.amplitudes)

    @property
    def gaussian_ergotropy(self) -> Estimate:
        r"""Work that Gaussian unitaries on all cells extract, (T,): no more than the ergotropy.

        $$W_G = E - \sum_k(\nu_k - \tfrac12) \le W$$

        with the symplectic eigenvalues of the second moments. A mixture of amplitudes ±α has more
        ergotropy than that. NaN if there are fewer trajectories than 2N.
        """
        return estimates.of_moments(estimates.gaussian_ergotropy, self.amplitudes)

    @property
    def signs(self) -> Float[Array, "count T N"]:
        """Signs of the quadratures x, ±1: what homodyne detection at that time reads."""
        return jnp.where(jnp.real(self.amplitudes) < 0, -1.0, 1.0)

    @property
    def ising_energy(self) -> Estimate:
        """Ising energy of the signs, (T,); it has no derivatives."""
        return estimates.mean(instance.energy(self.couplings, self.signs))

    @property
    def success(self) -> Estimate:
        """Probability that the signs have the lowest Ising energy, (T,); NaN if that is unknown."""
        reached = instance.energy(self.couplings, self.signs) - self.ground_energy
        tie = instance.TIE * jnp.sum(jnp.abs(self.couplings))
        hit = jnp.where(reached <= tie, 1.0, 0.0)
        return estimates.mean(hit if np.isfinite(self.ground_energy) else jnp.nan * hit)


def phase_space(
    machine: IsingMachine | Any,
    protocol: Pump | Any,
    times: Any,
    *,
    count: int | Any = 1000,
    key: Any,
    step: float | Any = None,
    ground_energy: float | Any = None,
) -> PhaseSpace:
    r"""Runs an Ising machine from the vacuum as truncated Wigner trajectories.

    Trajectory k has the random numbers of the key with k folded in, whatever their count: for a
    fixed key a run may be differentiated by the numbers of machine and protocol (not by times).

    Args:
        machine: with or without levels, pumps eliminated or explicit.
        protocol: one real pump, as for `qb.charge`.
        times: strictly increasing, (T,), known; the vacuum belongs to the first.
        count: of trajectories, at least 2.
        key: of JAX.
        step: longest step; None for 1/20 of the shortest time of the mean field, whose inverse is
            $\gamma_s/2 + \Gamma\lambda_\text{max}(K)/2 + 3S$, explicit
            $\gamma_s/2 + \Gamma\lambda_\text{max}(K)/2 + \gamma_p/2 + 3S$. To be given where
            numbers are traced.
        ground_energy: the lowest Ising energy, for `success`; None to look at all patterns of up to
            20 cells, and for nothing beyond.

    Returns:
        A `PhaseSpace`.

    Raises:
        TypeError, ValueError: for bad arguments; if $\Gamma_2 > \gamma_s(\bar n + \frac12)$ with
            pumps eliminated.

    Example:
        400 photons per cell, which no Fock space holds:

        >>> import jax, numpy as np, qbjax as qb
        >>> pair = np.array([[0.0, 1.0], [1.0, 0.0]])
        >>> machine = qb.batteries.IsingMachine(pair, coupling=0.1)
        >>> run = qb.batteries.ising.phase_space(
        ...     machine, qb.protocols.Constant(15.0), [0.0, 30.0], count=40, key=jax.random.key(0)
        ... )
        >>> [round(float(n), -1) for n in run.photons.mean[-1]], float(run.success.mean[-1])
        ([400.0, 400.0], 1.0)
    """
    _checks.instance("machine", machine, IsingMachine, "a qb.batteries.IsingMachine")
    (pump,) = checked_pumps(resolve(protocol), 1)
    _checks.known("times", times)
    saved = np.asarray(_checks.times("times", times))
    pump.check_times(jnp.asarray(saved))
    number = _checks.integer("count", count, low=2)
    _checks.key("key", key)
    explicit = machine.pump == "explicit"
    _check_noise(machine, explicit)
    lowest = _ground_energy(machine, ground_energy)
    mesh = _mesh(saved, pump, _longest(machine, pump, step))
    M, N = mesh.spans.size, machine.cells
    _checks.room("count", number, 2 * min(number, wigner.TOGETHER) * M * N, "what is kept of steps")
    equation = Equation(machine.numbers, *machine.spectrum)
    found = wigner.trajectories(equation, pump, mesh, key, number, explicit)
    return PhaseSpace(
        times=jnp.asarray(saved),
        amplitudes=found,
        couplings=machine.couplings,
        ground_energy=lowest,
        smallness=machine.numbers.two_photon_loss / machine.signal_decay,
        status=jnp.where(all_finite(found), OK, NON_FINITE),
    )


def _check_noise(machine: IsingMachine, explicit: bool) -> None:
    numbers = machine.numbers
    if explicit or not _checks.is_concrete(numbers):
        return
    least = float(numbers.signal_decay * (numbers.signal_thermal + 0.5))
    if float(numbers.two_photon_loss) > least:
        raise ValueError(
            f"Argument `coupling` of the machine must be at most "
            f"{np.sqrt(least * float(numbers.pump_decay)):.4g} in phase space, where κ²/γ_p = "
            f"γ_s(n̄ + 1/2), but is {float(numbers.coupling):.4g}."
        )


def _longest(machine: IsingMachine, pump: Pump, step: Any) -> float:
    """The longest step: as given, or what the mean field asks for."""
    if step is not None:
        return _checks.plain("step", step, low=0, open_low=True)
    numbers = machine.numbers
    if not _checks.is_concrete((numbers, pump)):
        raise TypeError(
            "Argument `step` must be given where numbers of machine or protocol are traced, but is "
            "None."
        )
    if not np.isfinite(peak := float(pump.peak)):
        raise ValueError("Argument `step` must be given for a pump without a known peak.")
    coupled = float(numbers.injection) * float(machine.spectrum[0][-1])
    rate = (float(numbers.signal_decay) + coupled) / 2 + 3 * float(numbers.gain) * peak
    rate += float(numbers.pump_decay) / 2 if machine.pump == "explicit" else 0.0
    return SHARE / rate


def _mesh(times: Float[np.ndarray, " T"], pump: Pump, longest: float) -> Mesh:
    """Steps that end at saved times and at edges of the pump."""
    edges = pump.edges()
    _checks.known("protocol", edges)
    inner = np.zeros(0) if edges is None else np.asarray(edges)
    inner = inner[(inner > times[0]) & (inner < times[-1])]
    nodes = np.union1d(times, inner)
    counts = np.ceil(np.diff(nodes) / longest * (1 - 1e-12)).astype(int)
    spans = np.repeat(np.diff(nodes) / np.maximum(counts, 1), counts)
    ends = np.concatenate([[nodes[0]], nodes[0] + np.cumsum(spans)])
    before = np.concatenate([[0], np.cumsum(counts)])[np.searchsorted(nodes, times)]
    return Mesh(jnp.asarray(spans), jnp.asarray(ends[:-1] + spans / 2), jnp.asarray(before))


def _ground_energy(machine: IsingMachine, given: Any) -> float:
    if given is not None:
        return _checks.plain("ground_energy", given)
    if machine.cells > instance.MOST or not _checks.is_concrete(machine.couplings):
        return float("nan")
    return instance.ground_states(machine.couplings).energy
