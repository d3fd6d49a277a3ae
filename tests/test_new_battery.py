"""A battery that follows CONTRIBUTING's recipe has every verb, and gradients that are right."""

import dataclasses
from dataclasses import MISSING, fields
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import programs
from qbjax.dynamics.motion import Flow
from tests.helpers import GRADIENT, central_difference, slope_and_value, tree_allclose
from tests.toy import LEVELS, LOWER, Qutrit

# The recipe shows what users type, who mix real and complex numbers.
pytestmark = pytest.mark.standard_promotion

TIMES = np.linspace(0.0, 3.0, 5)
PULSE = qb.protocols.SwitchOff(0.7, 1.3)
SHARP = qb.Solver(1e-11, 1e-13)


def energy(decay=0.1, off=1.3, end=3.0, adjoint="reverse"):
    """The energy at the end of a run, as a function of its numbers."""
    times = [0.0, 1.0, end]
    pulse = qb.protocols.SwitchOff(0.7, off)
    return qb.charge(Qutrit(decay), pulse, times, adjoint=adjoint, solver=SHARP).energy[-1]


def test_it_takes_less_than_sixty_lines():
    assert len(Path(__file__).with_name("toy.py").read_text().splitlines()) < 60


def test_charge_and_store_are_those_of_the_same_lindblad_battery():
    same = qb.batteries.Lindblad(
        np.zeros((3, 3)), [(0.1, LOWER)], dims=(3,), cell=0, cell_hamiltonian=LEVELS,
        controls=[LOWER + LOWER.T], truncated=(),
    )  # fmt: skip
    runs = []
    for battery in (Qutrit(0.1), same):
        run = qb.charge(battery, PULSE, TIMES, solver=SHARP)
        kept = qb.store(battery, run.final_state, TIMES, solver=SHARP)
        runs.append([r.observables[n] for r in (run, kept) for n in ("energy", "ergotropy")])
        assert int(run.status) == int(kept.status) == 0
    assert tree_allclose(*runs, rtol=1e-8, atol=1e-10)


OTHERS = [("decay", "forward"), ("off", "forward"), ("end", "reverse")]


@pytest.mark.parametrize(
    ("number", "adjoint"),
    [("decay", "reverse"), ("off", "reverse"), ("end", "forward"),
     *(pytest.param(*pair, marks=pytest.mark.slow) for pair in OTHERS)],
)  # fmt: skip
def test_gradients(number, adjoint):
    at = {"decay": 0.1, "off": 1.3, "end": 3.0}[number]

    def value(x):
        return energy(**{number: x}, adjoint=adjoint)

    both = slope_and_value(jax.grad if adjoint == "reverse" else jax.jacfwd, value)
    slope = both(at)[0]
    assert abs(float(slope)) > 1e-3
    assert tree_allclose(slope, central_difference(lambda x: both(x)[1], at), rtol=GRADIENT)
    assert tree_allclose(both(at)[1], value(at), rtol=1e-9)


def test_a_late_pulse_is_not_stepped_over():
    late = qb.protocols.Function(lambda t: jnp.exp(-(((t - 90.0) / 0.1) ** 2)), 100.0)
    run = qb.charge(Qutrit(0.0), late, [0.0, 100.0])
    assert float(run.energy[-1]) > 0.02


def test_batches_and_sweeps(tmp_path):
    decays = jnp.array([0.05, 0.1, 0.2])
    one_by_one = jnp.stack([energy(d) for d in decays])
    assert tree_allclose(jax.vmap(energy)(decays), one_by_one, rtol=1e-7)
    data = qb.sweep(lambda decay: {"energy": energy(decay)}, {"decay": np.asarray(decays)})
    assert tree_allclose(data.energy.values, np.asarray(one_by_one), rtol=1e-7)


def test_maximize():
    def work(protocol, battery):
        return qb.charge(battery, protocol, TIMES).ergotropy[-1]

    pulse = qb.protocols.SwitchOff(qb.free(0.7, 0.0, 1.0), 1.3)
    best = qb.maximize(work, pulse, battery=Qutrit(0.1), steps=5)
    assert float(best.value) > float(work(PULSE, Qutrit(0.1)))
    assert tree_allclose(best.verified_value, best.value, rtol=1e-6)


def test_states_info_and_tables():
    run = qb.charge(Qutrit(0.1), PULSE, TIMES, states="cell", save=lambda t, state: t)
    assert tree_allclose(jnp.einsum("tii,i->t", run.states, LEVELS).real, run.energy, rtol=1e-9)
    assert tree_allclose(run.saved, TIMES, rtol=1e-9)
    assert Qutrit(0.1).info() == {
        "battery": "Qutrit", "numbers": "decay=0.1", "cell": "3 levels", "method": "Tsit5",
    }  # fmt: skip
    assert set(run.to_xarray().data_vars) >= {"energy", "ergotropic_power", "states"}


def test_what_it_cannot_do_is_said():
    run = qb.charge(Qutrit(), PULSE, TIMES)
    with pytest.raises(
        TypeError, match="a cell that a load can be coupled to, but Qutrit has none"
    ):
        qb.discharge(Qutrit(), run.final_state, qb.loads.TwoLevel(1.0), TIMES)
    with pytest.raises(TypeError, match="a Lindblad generator"):
        qb.steady_state(Qutrit(), PULSE)
    with pytest.raises(TypeError, match='"cell" for a Qutrit'):
        qb.charge(Qutrit(), PULSE, TIMES, states="all")


def test_edges_cannot_be_left_out():
    """Without them the gradient by a switching time would be zero, in silence."""
    given = {f.name: None for f in fields(Flow) if f.default is MISSING and f.name != "edges"}
    with pytest.raises(TypeError, match="edges"):
        Flow(**given)


@pytest.mark.parametrize(("left_out", "modes"), [("trace_defect", ()), ("truncation", ("qutrit",))])
def test_a_motion_must_tell_whether_to_believe_it(monkeypatch, left_out, modes):
    programs.forget()  # as if nothing had been compiled before
    whole = Qutrit.motion

    def without(self, *of):
        flow = whole(self, *of)

        def observe(t, y):
            return {n: x for n, x in flow.observe(t, y).items() if n != left_out}

        return dataclasses.replace(flow, observe=observe, modes=modes)

    monkeypatch.setattr(Qutrit, "motion", without)
    with pytest.raises(TypeError, match=f"must tell .*{left_out}, but tells energy, ergotropy"):
        qb.charge(Qutrit(0.3), PULSE, TIMES)
