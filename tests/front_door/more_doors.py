"""More public functions: protocols, merits, closed forms."""

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax import merit, protocols
from qbjax.batteries.bloch import approximations as bloch_approximations
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.batteries.bloch import optima as bloch_optima
from qbjax.loads.pair import joined
from qbjax.merit import bounds, two_level
from qbjax.protocols import BoundedFourier, Fourier, PiecewiseConstant
from tests.front_door.doors import (
    CHARGER,
    DOPO,
    LADDER,
    LEVELS,
    MIXED,
    SX,
    TIMES,
    TWO,
    door,
)

MADE_RUN = qb.dynamics.Trajectory(
    jnp.array([0.0, 0.3]), {"ergotropy": jnp.zeros(2), "collisions": jnp.arange(2.0)}, None,
    jnp.array(0), jnp.zeros((2, 0)), jnp.zeros(2), jnp.array(1), None,
)  # fmt: skip
PULSE = PiecewiseConstant([1.0, 2.0], 1.0)
TURNED, SIGNAL = bounds.Driven(np.zeros((2, 2)), [SX], LEVELS), bounds.Reach(1.0, -1.0, 1.0)
SPAN = {"duration": (1.0, "positive"), "start": (0.0, "real")}
BUDGET = {
    "duration": (1.0, "positive"),
    "energy": (1.0, "positive"),
    "peak": (3.0, "positive?"),
    "start": (0.0, "real"),
}

HUM = protocols.Noise([0.1], [1.0], [0.0])
ERRORS = {
    "gain": (1.0, "real"), "phase": (0.1, "real"), "offset": (0.1, "complex"),
    "delay": (0.1, "real"),
}  # fmt: skip
DRAWN = {
    "key": (jax.random.key(0), "key"), "rms": (0.1, "not negative"), "high": (9.0, "positive"),
    "count": (4, "positive count"),
}  # fmt: skip

PROTOCOLS = [
    door(protocols.Constant, amplitude=(1.0, "complex")),
    door(
        protocols.SwitchOff, amplitude=(1.0, "complex"), time=(1.0, "later"),
        ramp=(0, "not negative"),
    ),
    door(PiecewiseConstant, amplitudes=([1.0], "complex vector"), **SPAN),
    door(PiecewiseConstant.with_energy, amplitudes=([1.0, 0.5], "vector"), **BUDGET),
    door(Fourier, coefficients=([1.0], "complex vector"), **SPAN),
    door(Fourier.with_energy, coefficients=([1.0, 0.5], "vector"), **BUDGET),
    door(BoundedFourier, series=(([1.0], 0.0), "thing"), peak=(2.0, "positive"), **SPAN),
    door(protocols.Sampled, times=(TIMES, "times"), amplitudes=([0.0, 1.0], "complex vector")),
    door(
        protocols.Distorted, pump=(PULSE, "thing"), jitter=([0.0, 0.1, 0.0], "vector?"), **ERRORS
    ),
    door(
        protocols.Distortion, jitter=([0.0, 0.1, 0.0], "vector?"), noise=(HUM, "thing?"),
        relative=(True, "flag"), bandwidth=(2.0, "positive?"), **ERRORS,
    ),
    door(protocols.Feedback, function=(abs, "callable"), memory=(None, "memory")),
    door(qb.dynamics.Homodyne, phase=(0.0, "reals")),
    door(qb.dynamics.Heterodyne, phase=(0.0, "reals")),
    door(
        protocols.Filtered, pump=(PULSE, "thing"), bandwidth=(2.0, "positive"),
        points=(8, "several"),
    ),
    door(
        protocols.Noise, amplitudes=([0.1, 0.2], "vector"), frequencies=([1.0, 2.0], "angles"),
        phases=([0.0, 0.1], "vector"),
    ),
    door(
        protocols.Noise.power_law, low=(0.1, "positive"), exponent=(1.0, "real"), **DRAWN
    ),
    door(protocols.Noise.relaxing, rate=(2.0, "positive"), **DRAWN),
    door(
        protocols.Noisy, pump=(PULSE, "thing"), noise=(HUM, "thing"), relative=(True, "flag")
    ),
    door(
        protocols.Function, function=(lambda t: 1.0 * t, "callable"), edges=((), "inner times"),
        resolution=(None, "positive?"), **SPAN,
    ),
    door(
        protocols.Collisions, theta=([0.1, 0.2], "angles"), ground_population=(0.5, "share"),
        coherence=(0.5, "share"), phase=(0.0, "real"), save_every=(1, "positive count"),
        settled=(None, "not negative?"),
        made=(None, "made?"), detuning=(0.0, "real"), scatter=(None, "thing?"),
    ),
    door(
        protocols.Scatter, missed=(0.1, "share"), theta=(0.1, "not negative"),
        ground_population=(0.1, "share"), phase=(0.1, "not negative"),
        detuning=(0.1, "not negative"), waiting=("regular", "choice"), nodes=(4, "positive count"),
    ),
    door(
        protocols.Ancillas, theta=([0.1, 0.2], "angles of cells"), state=(MIXED, "state"),
        save_every=(1, "positive count"), made=(None, "made?"),
    ),
    door(
        protocols.Ancillas.with_weights, theta=([0.1, 0.2], "angles of cells"),
        weights=([1.0, 2.0], "angles"), coherence=(0.5, "share"), phase=(0.0, "real"),
        save_every=(1, "positive count"), made=(None, "made?"),
    ),
    door(
        protocols.BlochPreparation, theta=(1.0, "real"), phi=(0.0, "real"), length=(0.5, "share"),
        envelope=(None, "thing?"),
    ),
    door(protocols.share, values=([1.0, 2.0], "angles"), total=(1.0, "positive")),
    door(
        qb.loads.TwoLevel, coupling=(1.0, "real"), decay=(0, "not negative"),
        thermal=(0, "not negative"), detuning=(0, "real"), frequency=(1.0, "positive"),
    ),
    door(qb.loads.cell, state=(joined(DOPO, np.eye(4) / 4), "thing")),
    door(qb.loads.load, state=(joined(DOPO, np.eye(4) / 4), "thing")),
]  # fmt: skip

PAIR = {"rho": (MIXED, "state"), "H": (LEVELS, "hamiltonian")}
POPULATION = {"excited_population": (0.6, "share")}
QUBIT_STATE = {**POPULATION, "coherence": (0.1, "complex")}
LADDERS = {"ladder": (LADDER, "thing")}
FORM = {"form": ("rigorous", "choice")}
BATH = {"loss": (0.1, "not negative"), "thermal": (0, "not negative")}

MERITS = [
    *(
        door(f, **PAIR)
        for f in (
            merit.energy, merit.ergotropy, merit.passive_energy, merit.active_energy,
            merit.antiergotropy, merit.capacity, merit.energy_variance, merit.total_ergotropy,
        )
    ),
    *(
        door(f, **PAIR, atol=(1e-9, "not negative?"))
        for f in (merit.coherent_ergotropy, merit.incoherent_ergotropy)
    ),
    door(merit.instantaneous_power, drho=(0 * MIXED, "matrix"), H=PAIR["H"]),
    door(merit.instantaneous_ergotropic_power, **PAIR, drho=(0 * MIXED, "matrix")),
    door(merit.ergotropy_per_copy, **PAIR, copies=(2, "positive count")),
    door(merit.concurrence, rho=(TWO, "state")),
    door(merit.entropy, rho=(MIXED, "state")),
    door(merit.mutual_information, rho=(TWO, "state"), dims=((2, 2), "dims")),
    door(merit.negativity, rho=(TWO, "state"), dims=((2, 2), "dims"), factor=(0, "index")),
    door(merit.fano_factor, rho=(MIXED, "state")),
    door(merit.purity, rho=(MIXED, "state")),
    *(
        door(f, rho=(MIXED, "state"))
        for f in (merit.fano_factor, merit.g2, merit.parity, merit.purity, merit.squeezing)
    ),
    door(merit.quadrature_variance, rho=(MIXED, "state"), angle=(0.0, "real")),
    door(merit.fano_factor_of_populations, populations=(np.array([0.6, 0.4]), "vector")),
    door(
        merit.passive_energy_of_spectrum, eigenvalues=(np.array([0.6, 0.4]), "vector"),
        levels=(LEVELS, "vector"),
    ),
    door(merit.fidelity, rho=(MIXED, "state"), sigma=(MIXED, "state")),
    door(
        merit.ergotropic_gap, rho=(TWO, "state"),
        hamiltonians=([LEVELS] * 2, "levels of factors"),
    ),
    door(
        merit.local_ergotropy, rho=(TWO, "state"), hamiltonians=([LEVELS] * 2, "levels of factors"),
        factor=(0, "index?"),
    ),
    door(
        merit.qubit_ergotropy, rho=(TWO, "state"), H=(np.arange(4.0), "hamiltonian"),
        dims=((2, 2), "dims"), factor=(0, "index"),
    ),
    *(
        door(f, **POPULATION, frequency=(1.0, "not negative"))
        for f in (two_level.energy, two_level.incoherent_ergotropy)
    ),
    *(
        door(f, **QUBIT_STATE, frequency=(1.0, "not negative"))
        for f in (two_level.ergotropy, two_level.coherent_ergotropy, two_level.passive_energy)
    ),
    door(two_level.eigenvalues, **QUBIT_STATE),
    door(
        two_level.damped, **QUBIT_STATE, time=(1.0, "not negative"), decay=(1.0, "not negative"),
        frequency=(1.0, "real"),
    ),
    door(
        bounds.Driven, hamiltonian=(SX, "matrix"), controls=([SX], "operators"),
        stored=(LEVELS, "hamiltonian"), noise=([SX], "operators"), start=(None, "state?"),
        ground=(None, "real?"),
    ),
    door(
        bounds.Reach, duration=(1.0, "not negative"), low=(-1.0, "real"), high=(1.0, "real"),
        area=(None, "angles?"),
    ),
    door(bounds.reachable, operators=([SX], "operators"), start=(LEVELS, "state"),
         most=(None, "positive count?")),
    door(bounds.angle_energy, driven=(TURNED, "thing"), reach=(SIGNAL, "thing")),
    door(
        bounds.backward_energy, driven=(TURNED, "thing"), reach=(SIGNAL, "thing"),
        steps=(8, "positive count"),
    ),
    door(
        bounds.information_power, rho=(MIXED, "state"), drho=(SX, "matrix"),
        H=(LEVELS, "hamiltonian"),
    ),
    door(
        bounds.uncertainty_power, rho=(MIXED, "state"), H=(LEVELS, "hamiltonian"),
        charging=(SX, "matrix"),
    ),
    door(bounds.coherent_energy, **LADDERS, tau=(0.1, "not negative")),
    door(bounds.crossing_time, **LADDERS, **FORM),
    door(bounds.incoherent_energy, **LADDERS, tau=(0.1, "not negative"), **BATH, **FORM),
    door(bounds.incoherent_power, **LADDERS, tau=(0.1, "not negative"), **BATH, **FORM),
    door(bounds.incoherent_time, **LADDERS, energy=(0.1, "not negative"), **BATH, **FORM),
    door(bounds.printed_limit, **LADDERS, loss=(0.1, "not negative")),
]  # fmt: skip

BLOCH = {"battery": (CHARGER, "thing")}
THETA, T = {"theta": (1.0, "reals")}, {"t": (1.0, "reals")}
R = {"length": (1.0, "reals")}
NAMES = (
    "active_energy antiergotropy capacity charging_power coherence energy energy_variance "
    "ergotropic_power ergotropy inversion passive_energy passive_power"
)

CLOSED_FORMS = [
    *(door(getattr(bloch_exact, name), **BLOCH, **THETA, **T, **R) for name in NAMES.split()),
    *(door(f, **BLOCH, **T) for f in (bloch_exact.mean_speed, bloch_exact.swing)),
    *(
        door(f, **BLOCH, **THETA, **T, **R)
        for f in (bloch_moments.charger_energy, bloch_moments.concurrence, bloch_moments.exchange)
    ),
    *(
        door(f, **BLOCH, **THETA, **T, **R, phi=(0.0, "reals"))
        for f in (bloch_moments.battery_lowering, bloch_moments.charger_lowering)
    ),
    door(bloch_moments.remainder, **BLOCH, **T),
    door(bloch_optima.best_angle, **BLOCH, **T),
    *(
        door(f, **BLOCH, **THETA)
        for f in (
            bloch_optima.best_charging_power, bloch_optima.best_energy,
            bloch_optima.best_ergotropic_power, bloch_optima.best_ergotropy,
            bloch_approximations.energy, bloch_approximations.power,
            bloch_approximations.ergotropic_power, bloch_approximations.ergotropic_power_time,
        )
    ),
    *(
        door(f, **BLOCH)
        for f in (
            bloch_optima.energy_time, bloch_approximations.energy_time,
            bloch_approximations.power_time,
        )
    ),
]  # fmt: skip
