"""The wings' strategies and searches, with arguments that are good, and the kind of each."""

from qbjax.batteries.bloch import angle as bloch_angle
from qbjax.batteries.bloch import band as bloch_band
from qbjax.batteries.collisional import (
    advantage,
    classical,
    critical,
    purity,
    resources,
    swap_angles,
)
from qbjax.batteries.waveguide import continuum as waveguide_continuum
from qbjax.batteries.waveguide import designs as waveguide_designs
from qbjax.batteries.waveguide import front as waveguide_front
from qbjax.batteries.waveguide import noise as waveguide_noise
from qbjax.batteries.waveguide import position as waveguide_position
from qbjax.strategies import discharge, pump_pulse, switch_off
from tests.front_door.doors import (
    CAVITY,
    DOPO,
    LOAD,
    LOSSY,
    QUBITS,
    door,
)
from tests.front_door.more_doors import BLOCH, LADDERS, MADE_RUN, PULSE

PROGRESS = {"progress": (None, "callable?")}
SEARCHED = {"starts": (1, "positive count"), "key": (None, "key?"), **PROGRESS}
MASER = {"battery": (CAVITY, "thing")}

STATES = {
    "frequency": (0.9, "positive"), "distance": (0.1, "positive"), "decay": (0.5, "positive"),
}  # fmt: skip

GUIDE = {
    "frequency": ((0.9, 1.1), "range"),
    "distance": (0.1, "range"),
    "decay": (0.5, "positive"),
    **PROGRESS,
}

STRATEGIES = [
    door(classical.full_swap, **MASER, count=(2, "positive count")),
    door(
        classical.greedy, **MASER, count=(2, "positive count"), criterion=("average", "choice")
    ),
    door(classical.in_time, protocol=(QUBITS, "thing"), duration=(1.0, "not negative")),
    door(bloch_angle.best_under_fluctuation, **BLOCH, limit=(0.1, "positive")),
    door(bloch_angle.ergotropic_power_curve, **BLOCH, thetas=([1.0, 2.0], "angles")),
    door(bloch_angle.ergotropy_energy_front, **BLOCH, count=(2, "positive count")),
    door(
        bloch_band.best_worst_case, **BLOCH, couplings=([0.9, 1.1], "angles"),
        decays=([0.0, 0.1], "angles"),
    ),
    door(
        advantage.best_lead, **MASER, count=(2, "positive count?"),
        against=("lossless", "choice"), start=(None, "thing?"), **SEARCHED,
    ),
    door(
        advantage.critical_stream, **LADDERS, count=(2, "positive count?"),
        against=("lossless", "choice"), start=(None, "thing?"), **PROGRESS,
    ),
    door(
        critical.critical_loss, **LADDERS, low=(0.1, "positive"), high=(0.2, "positive"),
        duration=(20.0, "positive"), ground_population=(0.5, "share?"),
    ),
    door(
        critical.critical_angles, battery=(LOSSY, "thing"), low=(0.1, "positive"),
        high=(0.2, "positive"), duration=(20.0, "positive"),
    ),
    door(
        critical.lead, battery=(LOSSY, "thing"), theta=(0.1, "positive"),
        duration=(1.0, "positive"), collisions=(3, "positive count"),
        ground_population=(0.5, "share"), coherence=(1.0, "share"),
        against=("lossless", "choice"),
    ),
    door(
        discharge.first_maximum, battery=(DOPO, "thing"), state=(DOPO.start(), "state"),
        load=(LOAD, "thing"), until=(1.0, "positive"), start=(0.0, "real"), points=(5, "count"),
        adjoint=("forward", "choice"), solver=(None, "solver?"),
    ),
    door(
        pump_pulse.best_pulse, battery=(DOPO, "thing"), duration=(1.0, "positive"),
        energy=(1.0, "positive"), peak=(3.0, "positive?"), segments=(2, "positive count"),
        fourier=(None, "positive count?"), start=(None, "pulse?"), steps=(1, "positive count"),
        tolerance=(1e-4, "not negative"), **PROGRESS,
    ),
    door(
        pump_pulse.constant_pulse, battery=(DOPO, "thing"), duration=(1.0, "positive"),
        energy=(1.0, "positive"), segments=(2, "positive count"),
    ),
    door(
        pump_pulse.cosines_of, pulse=(PULSE, "thing"), count=(2, "positive count"),
        peak=(None, "positive?"),
    ),
    door(pump_pulse.segments_of, pulse=(PULSE, "thing"), count=(2, "positive count")),
    door(
        purity.best_pure_energy, **MASER, count=(2, "positive count"), purity=(0.9, "share"),
        coherence=(1.0, "share"), theta=((0.8, 0.1, 1.5), "three numbers"), **SEARCHED,
    ),
    door(
        resources.power_with_waiting, run=(MADE_RUN, "thing"), waiting=(0.1, "not negative"),
        of=("ergotropy", "choice"),
    ),
    door(
        swap_angles.best_energy, **MASER, duration=(1.0, "positive"), count=(2, "positive count?"),
        coherent=(False, "flag"), start=(None, "thing?"), **SEARCHED,
    ),
    door(swap_angles.best_power, **MASER, count=(2, "positive count"), **SEARCHED),
    door(
        switch_off.best_switch_off, aim=("power", "choice"), battery=(DOPO, "thing"),
        amplitude=(1.0, "complex"), wait=(1.0, "positive"), load=(None, "thing?"),
        start=(11.0, "real"), low=(5.0, "real"), high=(20.0, "real"), **PROGRESS,
    ),
    door(
        waveguide_designs.continuum_designs, frequency=((0.9, 1.1), "range"),
        distance=((0.1, 0.3), "range"), decay=(0.5, "positive"), orders=(1, "positive count"),
        **PROGRESS,
    ),
    door(
        waveguide_continuum.continuum_distance, order=(1, "positive count"),
        frequency=(1.0, "positive"), decay=(0.5, "positive"),
    ),
    *(door(f, **GUIDE) for f in (
        waveguide_position.best_steady_energy, waveguide_position.best_steady_ergotropy,
    )),
    door(waveguide_position.best_power, **GUIDE, until=(None, "positive?")),
    door(
        waveguide_front.best_in_time, time=(20.0, "positive"), distance=((0.1, 0.3), "range"),
        **PROGRESS,
    ),
    door(waveguide_front.half_beat, **STATES),
    door(waveguide_noise.loss_rates, **STATES, loss=(0.1, "not negative")),
    door(waveguide_noise.ergotropy_time, **STATES, loss=(0.1, "not negative")),
    door(
        waveguide_noise.dephased, **STATES, dephasing=(0.1, "not negative"),
        until=(5.0, "positive"), loss=(0.0, "not negative"), points=(10, "positive count"),
    ),
]  # fmt: skip
