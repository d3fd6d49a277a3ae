"""Every public function with arguments that are good, and the kind of each."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

import qbjax as qb
from qbjax import batteries, protocols
from qbjax.algebra import jumps, ladders, operators, phase_space, spectral, states, symbols


class Door(NamedTuple):
    """A function, good arguments, and the kind of those that are tried with bad ones."""

    function: Callable
    good: dict[str, Any]
    kinds: dict[str, str]


def door(function: Callable, /, **arguments: tuple[Any, str] | Any) -> Door:
    """An argument is (good value, kind)."""
    good = {name: value for name, (value, _) in arguments.items()}
    kinds = {name: kind for name, (_, kind) in arguments.items() if kind}
    return Door(function, good, kinds)


LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
SX = LOWER + LOWER.T
LEVELS = np.array([0.0, 1.0])
PAIR = np.array([[0.0, -1.0], [-1.0, 0.0]])
MIXED, TWO = np.diag([0.6, 0.4]), np.diag([0.4, 0.3, 0.2, 0.1])
TIMES = [0.0, 1.0]
QUBIT = batteries.Lindblad(
    np.diag(LEVELS), [(0.1, LOWER)], dims=(2,), cell=0, cell_hamiltonian=LEVELS, controls=[SX],
    lowering=LOWER,
)  # fmt: skip
WITHOUT_CELL = batteries.Lindblad(np.diag(LEVELS), [(0.1, LOWER)], dims=(2,))
DOPO = batteries.DOPO(4, 2)
NETWORK = batteries.Gaussian(2, levels=4)
CHAIN = batteries.SpinChain(2)
LADDER = ladders.oscillator(4)
CAVITY = batteries.Collisional(LADDER)
LOSSY = batteries.micromaser(4, loss=0.1)
CHARGER = batteries.BlochCharger()
ARRAY = batteries.BlochArray(2)
GUIDE = batteries.Waveguide()
METRES = {
    "width": (0.03, "positive"), "height": (0.03, "positive"), "frequency": (4.2e10, "positive"),
    "dipole": (5.6e-21, "positive"), "separation": (0.033, "positive"), "x": (None, "positive?"),
    "y": (None, "positive?"),
}  # fmt: skip
IN_METRES = batteries.waveguide.RectangularGuide(0.03, 0.03, 4.2e10, 5.6e-21, 0.033)
PLAIN = ladders.uniform(2)
SWAPPED = batteries.repeated.cascade(PLAIN, PLAIN)
ANCILLAS = protocols.Ancillas([0.1], [1.0, 0.0])
CONSTANT = protocols.Constant(1.0)
QUBITS = protocols.Collisions([0.1, 0.2], 0.5, 1.0)
LOAD = qb.loads.TwoLevel(1.0)


def with_identity(factors):
    """`operators.tensor`, which takes its factors without a name."""
    return operators.tensor(np.eye(2), factors)


OPERATORS = [
    *(
        door(f, levels=(3, "levels"))
        for f in (operators.destroy, operators.create, operators.number, operators.identity)
    ),
    *(
        door(f, j=(0.5, "spin"))
        for f in (
            operators.spin_plus, operators.spin_minus, operators.spin_x, operators.spin_y,
            operators.spin_z,
        )
    ),
    *(
        door(f, factor=(0, "count"))
        for f in (
            symbols.destroy, symbols.number, symbols.position, symbols.momentum,
            symbols.spin_minus, symbols.spin_x, symbols.spin_y, symbols.spin_z,
        )
    ),
    door(symbols.own, make=(np.eye, "callable"), factor=(0, "count")),
    door(operators.embed, op=(SX, "matrix"), dims=((2, 2), "dims"), index=(0, "index")),
    door(
        operators.partial_trace, rho=(TWO, "matrix"), dims=((2, 2), "dims"), keep=(0, "kept")
    ),
    door(with_identity, factors=(SX, "matrix")),
    door(states.fock, levels=(3, "levels"), n=(1, "index")),
    door(states.ground, levels=(3, "levels")),
    door(states.coherent, levels=(3, "levels"), alpha=(0.5, "complex")),
    door(states.thermal, levels=(3, "levels"), mean_number=(0.5, "not negative")),
    door(states.bloch, theta=(1.0, "real"), phi=(0, "real")),
    door(states.density, ket=([1.0, 0.0], "ket")),
    door(jumps.occupation, frequency=(1.0, "positive"), temperature=(0.5, "not negative")),
    door(
        jumps.loss, rate=(0.1, "not negative"), dims=((2, 2), "dims"), factors=(0, "places"),
        thermal=(0, "not negative"),
    ),
    door(
        jumps.collective_loss, rate=(0.1, "not negative"), dims=((2, 2), "dims"),
        factors=((0, 1), "places"),
    ),
    door(
        jumps.dephasing, rate=(0.1, "not negative"), dims=((2, 2), "dims"), factors=(0, "places")
    ),
    door(ladders.oscillator, size=(3, "levels")),
    door(ladders.uniform, size=(3, "levels")),
    door(ladders.spin, j=(0.5, "spin")),
    door(
        phase_space.wigner, rho=(MIXED, "state"), x=([0.0, 1.0], "vector"), p=([0.0], "vector")
    ),
    door(spectral.eigensystem, rho=(MIXED, "matrix")),
    door(spectral.eigenvalues, rho=(MIXED, "matrix")),
    door(spectral.directional_derivative, rho=(MIXED, "matrix"), drho=(MIXED, "matrix")),
]  # fmt: skip

BATTERIES = [
    door(
        batteries.DOPO, signal_levels=(4, "levels"), pump_levels=(2, "levels"),
        coupling=(0.5, "not negative"), signal_decay=(1.0, "not negative"),
        pump_decay=(16.0, "not negative"), signal_thermal=(0, "not negative"),
        pump_thermal=(0, "not negative"), detuning=(0, "real"), frame=("lab", "choice"),
        signal_squeezing=(0, "real"),
    ),
    door(
        batteries.Lindblad, hamiltonian=(np.diag(LEVELS), "operator"), jumps=([LOWER], "jumps"),
        dims=((2,), "dims"), cell=(0, "places?"), cell_hamiltonian=(LEVELS, "hamiltonian?"),
        controls=([SX], "operators"), initial=(None, "state?"),
        observables=({"n": np.diag(LEVELS)}, "names?"), conserved=(None, "charge?"),
        truncated=(None, "places?"), lowering=(None, "matrix?"), tlist=(None, "times?"),
    ),
    door(
        batteries.Built, build=(lambda levels: batteries.Lindblad([], [], dims=levels), "callable"),
        levels=(2, "levels"),
    ),
    door(
        batteries.Oscillators, levels=(3, "levels"), coupling=(1.0, "real"),
        decay=(0, "not negative"), thermal=(0, "not negative"), frequency=(1.0, "positive"),
    ),
    door(
        batteries.Gaussian, modes=(2, "levels"), hamiltonian=(SX, "operator?"),
        squeezing=(SX, "pairs?"), decay=(0, "not negative"), thermal=(0, "not negative"),
        bath_squeezing=(0, "complex"), jumps=([], "rows"), cell=(0, "places"),
        frequencies=(1.0, "not negative"), drives=([0], "driven"), levels=(4, "levels?"),
    ),
    door(
        batteries.gaussian.moments, modes=(1, "levels"), displacement=(0, "complex"),
        squeezing=(0, "complex"), thermal=(0, "not negative"),
    ),
    door(
        batteries.SpinEnsemble, spins=(2, "levels"), photons=(1, "photons?"),
        levels=(None, "levels?"), frequency=(1.0, "positive"), cavity=(None, "not negative?"),
        cavity_decay=(0, "not negative"), local_decay=(0, "not negative"),
        local_pump=(0, "not negative"), local_dephasing=(0, "not negative"),
        collective_decay=(0, "not negative"), counter_rotating=(False, "flag"),
        lost=(None, "positive count?"),
    ),
    door(NETWORK.moments, state=(NETWORK.start(), "thing")),
    door(NETWORK.symplectic_eigenvalues, state=(NETWORK.start(), "thing")),
    door(NETWORK.logarithmic_negativity, state=(NETWORK.start(), "thing"), part=(0, "places?")),
    door(
        batteries.TavisCummings, spins=(1, "levels"), photons=(1, "photons"),
        frequency=(1.0, "positive"), cavity=(None, "not negative?"),
        cavity_decay=(0, "not negative"), spin_decay=(0, "not negative"),
        counter_rotating=(False, "flag"), levels=(None, "levels?"),
    ),
    door(
        batteries.SpinChain, spins=(2, "levels"), hopping=(1.0, "real or more"),
        anisotropy=(0, "real"), fields=(3.0, "real or more"), jumps=(None, "jumps?"),
    ),
    door(CHAIN.block_ergotropy, state=(CHAIN.start(), "thing"), size=(1, "positive count")),
    door(CHAIN.reduced, state=(CHAIN.start(), "thing"), factors=(0, "places")),
    door(
        batteries.IsingMachine, couplings=(PAIR, "couplings"), levels=(3, "levels?"),
        coupling=(0.5, "positive"), signal_decay=(1.0, "positive"), pump_decay=(16.0, "positive"),
        injection=(1.0, "not negative"), signal_thermal=(0, "not negative"),
        pump=("eliminated", "choice"), pump_levels=(2, "levels"),
    ),
    door(batteries.IsingMachine(PAIR).correlations, run=(None, "thing?")),
    door(batteries.IsingMachine(PAIR).mean_photons, amplitude=(1.0, "real")),
    door(batteries.ising.energy, couplings=(PAIR, "couplings"), signs=([1.0, 1.0], "reals")),
    door(batteries.ising.ground_states, couplings=(PAIR, "couplings")),
    door(
        batteries.ising.phase_space, machine=(batteries.IsingMachine(PAIR), "thing"),
        protocol=(CONSTANT, "thing"), times=(TIMES, "times"), count=(2, "positive count"),
        key=(jax.random.key(0), "key"), step=(None, "positive?"), ground_energy=(None, "real?"),
    ),
    door(
        batteries.Collisional, ladder=(LADDER, "thing"), loss=(0, "not negative"),
        thermal=(0, "not negative"), counter_rotating=(0, "not negative"),
        clock=("restarts", "choice"), collision_loss=(0, "not negative"),
        modulation=(0, "real"), modulation_frequency=(None, "positive?"),
    ),
    door(
        batteries.micromaser, levels=(4, "levels"), loss=(0, "not negative"),
        thermal=(0, "not negative"),
    ),
    door(
        batteries.stationary_state, battery=(LOSSY, "thing"),
        collision=(protocols.Collisions([0.3], 0.5, 1.0), "thing"), initial=(None, "state?"),
        slow=(1e-4, "positive"),
    ),
    door(batteries.trapping_angle, m=(2, "positive count")),
    door(batteries.trapping_angles, ladder=(LADDER, "thing"), limit=(3.0, "positive")),
    door(
        batteries.trapping_state, m=(2, "positive count"), ground_population=(0.4, "share"),
        coherence=(1.0, "share"), phase=(0.0, "real"), turns=(1, "positive count"),
    ),
    door(
        batteries.chambers, ladder=(LADDER, "thing"), theta=(1.0, "positive"), leakage=(0, "share")
    ),
    door(
        batteries.BlochCharger, coupling=(1.0, "positive"), decay=(0, "not negative"),
        frequency=(1.0, "positive"), detuning=(0, "real"), thermal=(0, "not negative"),
        dephasing=(0, "not negative"), cell_decay=(0, "not negative"),
        cell_thermal=(0, "not negative"), cell_dephasing=(0, "not negative"),
        counter_rotating=(False, "flag"),
    ),
    door(
        batteries.BlochArray, cells=(2, "levels"), chargers=(1, "levels"),
        geometry=("star", "choice"), coupling=(1.0, "positive"), decay=(0, "not negative"),
        frequency=(1.0, "positive"), detuning=(0, "real"), cell_decay=(0, "not negative"),
    ),
    door(ARRAY.amplitudes, t=(1.0, "reals")),
    door(ARRAY.cell, state=(ARRAY.start(), "thing")),
    door(ARRAY.density_matrix, state=(ARRAY.start(), "thing")),
    door(
        batteries.RepeatedInteractions, hamiltonian=(LEVELS, "hamiltonian of any size"),
        ancilla=(LEVELS, "hamiltonian of any size"), interaction=(np.eye(4), "operator"),
        unitary=(None, "matrix?"), jumps=([LOWER], "jumps"), cells=(1, "levels"),
        top_levels=(0, "index"),
    ),
    door(SWAPPED.kraus, theta=(0.1, "not negative"), state=(MIXED, "state")),
    door(SWAPPED.cell, state=(SWAPPED.start(), "thing")),
    door(batteries.repeated.exchange, ladder=(PLAIN, "thing"), ancilla=(PLAIN, "thing")),
    door(
        batteries.repeated.cascade, ladder=(PLAIN, "thing"), ancilla=(PLAIN, "thing"),
        cells=(1, "levels"), loss=(0, "not negative"), thermal=(0, "not negative"),
    ),
    door(
        batteries.repeated.cycle, battery=(SWAPPED, "thing"), charging=(ANCILLAS, "thing"),
        discharging=(ANCILLAS, "thing"), initial=(None, "state?"),
    ),
    door(
        batteries.Waveguide, frequency=(1.0, "positive"), distance=(0.1, "not negative"),
        decay=(0.5, "not negative"), longest=(1000.0, "positive"),
        outside_decay=(0, "not negative"),
        loss=(0, "not negative"),
    ),
    door(GUIDE.amplitudes, times=(TIMES, "times")),
    door(GUIDE.markov_amplitudes, times=(TIMES, "times")),
    door(GUIDE.continuum_states, tolerance=(1e-6, "not negative")),
    door(GUIDE.steady_energy_range, tolerance=(1e-6, "not negative")),
    door(GUIDE.steady_ergotropy_range, tolerance=(1e-6, "not negative")),
    door(GUIDE.ageing_free_time, fraction=(0.9, "share")),
    door(GUIDE.first_peak, until=(None, "positive?")),
    door(
        batteries.waveguide.WaveguideArray, positions=([0.0, 0.1, 0.3], "vector"),
        chargers=((0,), "kept"), frequency=(1.0, "positive"), decay=(0.5, "not negative"),
        longest=(1000.0, "positive"),
    ),
    door(batteries.waveguide.RectangularGuide, **METRES),
    door(IN_METRES.battery, longest=(1000.0, "positive"), shielded=(False, "flag")),
    door(
        batteries.waveguide.geometry.free_dipole, rate=(1e8, "not negative"),
        frequency=(3e15, "positive"),
    ),
    door(
        batteries.Reservoir, J=(lambda w: 0.1 * w * np.exp(-w), "callable"),
        frequencies=([1.0], "angles"), couplings=([1.0], "vector"),
        band=((0.0, 1.0), "thing"), excited=(0, "index"), cell=(None, "index?"),
        step=(None, "positive?"),
    ),
    door(batteries.reservoir.Lorentzian, center=(1.0, "real"), width=(0.5, "positive")),
    door(
        batteries.reservoir.Lattice, center=(1.0, "real"), hopping=(0.5, "positive"),
        sites=(None, "sites"), end=(False, "flag"),
    ),
    door(batteries.reservoir.Ohmic, exponent=(1.0, "positive"), cutoff=(0.5, "positive")),
    door(batteries.Oscillators(3).closed_form, amplitude=(0.2, "real"), times=(TIMES, "times")),
    door(DOPO.mean_photons, amplitude=(1.0, "complex")),
    *(
        door(battery.info, initial=(None, "state?")) for battery in (DOPO, QUBIT, CAVITY, CHARGER)
    ),
    *(
        door(battery.cell, state=(battery.start(), "thing"))
        for battery in (DOPO, QUBIT, CAVITY, CHARGER, GUIDE, NETWORK)
    ),
    *(
        door(battery.density_matrix, state=(battery.start(), "thing"))
        for battery in (batteries.DOPO(4, 2, frame="lab"), QUBIT, CHARGER)
    ),
]  # fmt: skip
