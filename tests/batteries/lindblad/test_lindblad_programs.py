"""Programs of Lindblad batteries: one for all operators of a structure, and for neighbouring sizes.

Counted are functions that JAX traces: what is not traced anew is not compiled anew.
"""

from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _room as rooms
from qbjax.dynamics.generator.pattern import shifts_of
from tests.helpers import random_hermitian, random_state

TIMES = np.linspace(0.0, 1.0, 5)
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
PADDED = 1e-13


@contextmanager
def traced():
    """A list that fills with what is traced."""
    found, event = [], "/jax/core/compile/jaxpr_trace_duration"

    def listen(name, _, **more):
        found.extend([more] if name == event else [])

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def qubit(energy=1.0, rate=0.1, drive=1.0, level=1.0):
    battery = qb.batteries.Lindblad(
        np.diag([0.0, energy]), [np.sqrt(rate) * LOWER], dims=(2,), cell=0,
        cell_hamiltonian=[0.0, level], controls=[drive * (LOWER + LOWER.T)],
        observables={"x": drive * (LOWER + LOWER.T), "z": np.diag([energy, -1.0])},
    )  # fmt: skip
    return qb.charge(battery, qb.protocols.Constant(1.0), TIMES)


def full(seed):
    """Dense operators, moved by products."""
    jump = np.random.default_rng(seed).normal(size=(5, 5)) / 5
    battery = qb.batteries.Lindblad(
        random_hermitian(seed, 5), [jump], dims=(5,), cell=0, cell_hamiltonian=np.arange(5.0)
    )
    return qb.charge(battery, None, TIMES)


def closed(energy):
    battery = qb.batteries.Lindblad(
        np.diag([0.0, energy]), [], dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0],
        controls=[LOWER + LOWER.T],
    )  # fmt: skip
    return qb.charge(battery, qb.protocols.Constant(1.0), TIMES)


@pytest.mark.filterwarnings("ignore:Too few levels")
@pytest.mark.parametrize(
    ("call", "one", "other"),
    [
        (qubit, {}, {"energy": 1.3}),
        (qubit, {}, {"rate": 0.2}),
        (qubit, {}, {"drive": 0.7, "level": 2.0}),
        (full, {"seed": 0}, {"seed": 1}),
        (closed, {"energy": 1.0}, {"energy": 1.3}),
    ],
)
def test_other_values_of_operators_trace_nothing(call, one, other):
    first = call(**one)
    with traced() as again:
        second = call(**other)
    assert not again
    assert float(first.ergotropy[-1]) != float(second.ergotropy[-1])
    with traced() as found:
        jax.jit(lambda x: x + 1)(1.0)
    assert found  # or nothing would ever be


def unpadded(monkeypatch, call):
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "room_of", lambda *_: None)
        return call()


def kerr(levels):
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    battery = qb.batteries.Lindblad(
        0.1 * a.T @ a.T @ a @ a, [a], dims=(levels,), cell=0, controls=[a + a.T],
        cell_hamiltonian=np.arange(float(levels)), observables={"x": a + a.T},
    )  # fmt: skip
    return battery, qb.protocols.SwitchOff(0.6, 0.55)


def tavis_cummings(spins, photons, **more):
    more = {"cavity_decay": 0.1, "spin_decay": 0.05} | more
    battery = qb.batteries.TavisCummings(spins, photons, **more)
    return battery, qb.protocols.Constant(1.0)


@pytest.mark.parametrize(
    ("make", "one", "other"),
    [
        (tavis_cummings, (4, 4), (5, 5)),
        pytest.param(kerr, (21,), (24,), marks=pytest.mark.slow),
    ],
)
def test_neighbouring_sizes_share_a_program_and_show_no_padding(make, one, other, monkeypatch):
    battery, protocol = make(*one)
    qb.charge(battery, protocol, TIMES)
    battery, protocol = make(*other)
    battery.start()
    with traced() as again:
        run = qb.charge(battery, protocol, TIMES)
    assert not again
    alone = unpadded(monkeypatch, lambda: qb.charge(battery, protocol, TIMES))
    for name in run.observables:
        np.testing.assert_allclose(
            run.observables[name], alone.observables[name], rtol=0, atol=PADDED
        )
    np.testing.assert_allclose(run.truncation, alone.truncation, rtol=0, atol=PADDED)
    np.testing.assert_allclose(run.trace_defect, alone.trace_defect, rtol=0, atol=PADDED)
    assert (run.steps, run.status, run.modes) == (alone.steps, alone.status, alone.modes)
    whole = battery.density_matrix(run.final_state)
    np.testing.assert_allclose(
        whole, battery.density_matrix(alone.final_state), rtol=0, atol=PADDED
    )
    assert battery.cell(run.final_state).shape == battery.cell_hamiltonian.shape * 2
    assert qb.store(battery, run.final_state, [1.0, 2.0]).status == 0


def test_whoever_looks_at_states_sees_the_levels_asked_for():
    battery, protocol = tavis_cummings(4, 4)
    run = qb.charge(battery, protocol, TIMES)
    kept = qb.charge(battery, protocol, TIMES, states="all", save=lambda t, s: battery.cell(s).real)
    assert kept.states.shape == (5, 45, 45)
    whole, cell = battery.density_matrix(run.final_state), battery.cell(run.final_state)
    np.testing.assert_allclose(kept.states[-1], whole, rtol=0, atol=1e-10)
    np.testing.assert_allclose(kept.saved[-1], cell.real, rtol=0, atol=1e-10)


def test_large_and_tiny_batteries_are_not_padded():
    found = []
    for battery in (kerr(12)[0], kerr(21)[0], kerr(50)[0]):
        structure = battery.equation.generator(False, 0.0).structure
        found.append(rooms.room_of(battery.model, structure))
    assert found == [None, (1, 24, 24, 1), None]


@pytest.mark.slow
def test_gradients_by_numbers_beside_tables():
    """Reverse and forward mode, inside a program that knows nothing of the operators' values."""

    def energy(decay, adjoint):
        battery, protocol = tavis_cummings(2, 2, cavity_decay=decay)
        return qb.charge(battery, protocol, TIMES, adjoint=adjoint).energy[-1]

    back = jax.grad(energy)(0.1, "reverse")
    _, forth = jax.jvp(lambda x: energy(x, "forward"), (0.1,), (1.0,))
    values = [float(energy(decay, "reverse")) for decay in (0.1001, 0.0999)]
    np.testing.assert_allclose([back, forth], np.subtract(*values) / 2e-4, rtol=1e-6)


def test_aligned_sectors_move_as_the_whole_does():
    """Photons leave by one slice, and the spins' decay by another."""
    battery = tavis_cummings(3, 2)[0].lindblad
    generators = [battery.equation.generator(sectored, 0.0) for sectored in (False, True)]
    charge = battery.model.charge
    rho = random_state(0, charge.size)
    rho = np.where(charge[:, None] == charge[None, :], rho, 0)
    slopes = []
    for sectored, generator in zip((False, True), generators, strict=True):
        packed = jnp.asarray(places.packed(battery.model, sectored, rho))
        moved = generator.stacked(packed, [0.7])
        slopes.append(places.readings(battery.model, sectored, pure=False).density_matrix(moved))
    np.testing.assert_allclose(*slopes, atol=1e-12)
    structure = generators[1].structure
    assert max(structure.origins) > 0
    assert [len(leap.slices) for leap in shifts_of(structure).pattern.leaps] == [1, 1]


def test_discharges_of_other_values_trace_nothing():
    def delivered(level, rate):
        battery = qb.batteries.Lindblad(
            np.zeros((2, 2)), [np.sqrt(rate) * LOWER], dims=(2,), cell=0, lowering=level * LOWER,
            cell_hamiltonian=[0.0, level], initial=np.array([0.6, 0.8]),
        )  # fmt: skip
        load = qb.loads.TwoLevel(1.0, frequency=level)
        run = qb.discharge(battery, battery.start(), load, TIMES)
        assert run.final_state.origin.name[1][0] == "Lindblad"
        return float(run.load_ergotropy[-1])

    first = delivered(1.0, 0.1)
    with traced() as again:
        second = delivered(1.3, 0.2)
    assert not again
    assert first != second
