"""Bounds of the Bloch charger: the best preparation reaches them, no other one passes."""

import numpy as np
import pytest

import qbjax as qb

T = 0.9
ENERGY = qb.final("energy", [0.0, T])
POINT = qb.protocols.BlochPreparation(qb.free(1.0, 0.0, np.pi), qb.free(0.3, 0.0, 6.0))
FULL = qb.protocols.BlochPreparation(np.pi)


def test_without_loss_the_angle_is_reached():
    battery = qb.batteries.BlochCharger(coupling=0.8, frequency=2.0)
    found = battery.energy_bounds(POINT, ENERGY.times)
    assert abs(found["angle"] - 2.0 * np.sin(0.8 * T) ** 2) < 1e-9
    assert abs(float(ENERGY(FULL, battery)) - found["angle"]) < 1e-6


NOISY = {
    "decay": 0.7, "detuning": 0.4, "thermal": 0.2, "dephasing": 0.1, "cell_decay": 0.2,
    "cell_thermal": 0.3, "cell_dephasing": 0.15,
}  # fmt: skip


def test_with_loss_the_backward_equation_has_the_best_preparation():
    battery = qb.batteries.BlochCharger(**NOISY, counter_rotating=True)
    found = battery.energy_bounds(POINT, ENERGY.times)["backward"]
    tried = [
        float(ENERGY(qb.protocols.BlochPreparation(theta, phi), battery))
        for theta in np.linspace(0.0, np.pi, 5)
        for phi in (0.0, 2.0, 4.0)
    ]
    assert max(tried) - 1e-7 < found < max(tried) + 2e-3


def test_an_envelope_that_may_be_less_is_worth_no_more():
    battery = qb.batteries.BlochCharger(decay=0.3)
    less = qb.protocols.PiecewiseConstant(qb.free([0.1, 0.2], -0.5, 0.5), T)
    some = qb.protocols.BlochPreparation(1.0, envelope=less)
    bounds = [battery.energy_bounds(p, ENERGY.times)["backward"] for p in (some, FULL)]
    assert bounds[0] < bounds[1]
    assert battery.energy_bounds(FULL, ENERGY.times)["angle"] == pytest.approx(np.sin(T) ** 2)
    assert "prepared" in battery.energy_bounds(None, ENERGY.times)["top"]
