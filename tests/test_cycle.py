"""The verbs: what they refuse, what they warn of, and how they batch."""

import warnings

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax import cycle
from qbjax.loads.pair import joined
from qbjax.protocols import Constant, SwitchOff
from tests.helpers import tree_allclose

BATTERY = qb.batteries.DOPO(8, 3)
TIMES = jnp.linspace(0.0, 1.0, 3)
DOPO = qb.batteries.DOPO
TwoLevel = qb.loads.TwoLevel


def unload(battery, state, times=TIMES, load=None, **options):
    load = TwoLevel(1.0) if load is None else load
    return qb.discharge(battery, state, load, times, **options)


def pair():
    """A pair's state, made without a run."""
    return joined(BATTERY, np.eye(8) / 8)


@pytest.fixture(scope="module")
def state():
    return qb.charge(BATTERY, Constant(0.5), TIMES).final_state


BAD = [
    (lambda s: DOPO(8, 3, signal_decay=-1.0), ValueError, "`signal_decay` must be at least 0"),
    (lambda s: DOPO(8, 3, coupling=-1), ValueError, "`coupling` must be at least 0"),
    (lambda s: DOPO(8, 3, pump_thermal=-0.1), ValueError, "`pump_thermal` must be at least 0"),
    (lambda s: DOPO(8, 3, detuning=np.nan), ValueError, "`detuning` must be finite"),
    (lambda s: DOPO(8, 3, detuning=1j), TypeError, "`detuning` must be real"),
    (lambda s: DOPO(8, 3, coupling=True), TypeError, "`coupling` must be made of numbers"),
    (lambda s: DOPO(1, 3), ValueError, "`signal_levels` must be at least 2, but is 1"),
    (lambda s: DOPO(8, 2.5), TypeError, "`pump_levels` must be an integer"),
    (lambda s: DOPO(8, 3, frame="dispaced"), ValueError, "did you mean 'displaced'"),
    (lambda s: DOPO(8, 3, coupling=np.float32(1)), TypeError, "`coupling` must be in double"),
    (lambda s: DOPO(200, 20).generator().matrix(), MemoryError, r"needs \d+\.\d GiB"),
    (lambda s: Constant(np.nan), ValueError, "`amplitude` must be finite"),
    (lambda s: Constant(jnp.ones(3)), ValueError, "`amplitude` must be a single number"),
    (lambda s: SwitchOff(1.0, jnp.float32(1)), TypeError, "`time` must be in double precision"),
    (lambda s: qb.charge(BATTERY, Constant(1.0)), ValueError, "`times` must be given"),
    (lambda s: qb.charge(BATTERY, Constant(1.0), []), ValueError, "`times` must hold at least"),
    (lambda s: qb.charge(BATTERY, Constant(1.0), [0, 1, 1]), ValueError, "increase strictly"),
    (lambda s: qb.charge(BATTERY, Constant(1.0), [[0.0, 1]]), ValueError, "must have shape"),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES.astype(jnp.float32)),
        TypeError,
        "`times` must be in double precision",
    ),
    (
        lambda s: qb.charge(BATTERY, SwitchOff(1.0, 2.0), TIMES),
        ValueError,
        r"`time` of SwitchOff must lie within the times \[0, 1\], but is 2",
    ),
    (lambda s: qb.charge(BATTERY, 3.0, TIMES), TypeError, "`protocol` must be a pump protocol"),
    (lambda s: qb.charge("dopo", Constant(1.0), TIMES), TypeError, "`battery` must be"),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, adjoint="backward"),
        ValueError,
        "`adjoint` must be one of",
    ),
    (lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, solver=1e-8), TypeError, "`solver`"),
    (lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, save=3), TypeError, "`save`"),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, initial=np.eye(8)),
        ValueError,
        "`initial` must have trace 1, but has trace 8",
    ),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, initial=np.diag([1.5, -0.5] + 6 * [0])),
        ValueError,
        "`initial` must be positive",
    ),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, initial=np.eye(7) / 7),
        ValueError,
        r"`initial` must have shape \(8, 8\), but has shape \(7, 7\)",
    ),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, initial=np.ones(8)),
        ValueError,
        "`initial` must have norm 1",
    ),
    (lambda s: qb.store(DOPO(9, 3), s, TIMES), ValueError, r"this battery DOPO\(9, 3, displaced\)"),
    (lambda s: qb.store(DOPO(8, 3, frame="lab"), s, TIMES), ValueError, "made by DOPO"),
    (lambda s: qb.store(DOPO(8, 3, coupling=0.4), s, TIMES), ValueError, "other parameters"),
    (lambda s: qb.store(DOPO(8, 3, detuning=0.1), s, TIMES), ValueError, "other parameters"),
    (lambda s: DOPO(9, 3).cell(s), ValueError, "must be a State of this battery"),
    (lambda s: qb.store(BATTERY, np.eye(8) / 8, TIMES), TypeError, "`state` must be the final"),
    (
        lambda s: qb.store(BATTERY, s, TIMES + 0.5),
        ValueError,
        r"`times` must start at 0 \(.*\) or not before the hand-over at 1, but start at 0.5",
    ),
    (lambda s: TwoLevel(1j), TypeError, "`coupling` must be real"),
    (lambda s: TwoLevel(Constant(1j)), TypeError, "`coupling` must be real, but is a complex"),
    (lambda s: TwoLevel(np.nan), ValueError, "`coupling` must be finite"),
    (lambda s: TwoLevel("strong"), TypeError, "`coupling` must be made of numbers"),
    (lambda s: TwoLevel(1.0, decay=-0.1), ValueError, "`decay` must be at least 0"),
    (lambda s: TwoLevel(1.0, 0.1, thermal=-1), ValueError, "`thermal` must be at least 0"),
    (lambda s: TwoLevel(1.0, detuning=1j), TypeError, "`detuning` must be real"),
    (lambda s: TwoLevel(1.0, frequency=0), ValueError, "`frequency` must be greater than 0"),
    (lambda s: unload("dopo", s), TypeError, "`battery` must be a qb.batteries battery"),
    (lambda s: unload(BATTERY, s, load=1.0), TypeError, "`load` must be a load such as qb.loads"),
    (
        lambda s: unload(BATTERY, s, load=TwoLevel(1.0, frequency=100.0)),
        ValueError,
        "must be the cell's level spacing 1 omega_s, .* but is 100: a load of another unit",
    ),
    (
        lambda s: unload(BATTERY, s, load=TwoLevel(SwitchOff(1.0, 2.0))),
        ValueError,
        r"`time` of SwitchOff must lie within the times \[0, 1\], but is 2",
    ),
    (lambda s: unload(BATTERY, None), TypeError, "`state` must be made of numbers, but is None"),
    (lambda s: unload(BATTERY, np.eye(8)), ValueError, "`state` must have trace 1"),
    (lambda s: unload(BATTERY, np.eye(7) / 7), ValueError, r"`state` must have shape \(8, 8\)"),
    (lambda s: unload(BATTERY, np.ones(8)), ValueError, "`state` must have norm 1"),
    (lambda s: unload(DOPO(9, 3), s), ValueError, "`state` must be a State of this battery DOPO"),
    (lambda s: unload(BATTERY, s, []), ValueError, "`times` must hold at least"),
    (lambda s: unload(BATTERY, s, [0, 1, 1]), ValueError, "increase strictly"),
    (lambda s: unload(BATTERY, s, [0.5, 1]), ValueError, "before the hand-over at 1, but start"),
    (lambda s: unload(BATTERY, s, adjoint="backward"), ValueError, "`adjoint` must be one of"),
    (lambda s: unload(BATTERY, s, solver=1e-8), TypeError, "`solver` must be a qb.Solver"),
    (lambda s: unload(BATTERY, s, save=3), TypeError, "`save` must be callable"),
    (
        lambda s: qb.charge(BATTERY, Constant(1.0), TIMES, initial=pair()),
        ValueError,
        r"this battery DOPO\(8, 3, displaced\), but was made by qb.discharge\(DOPO\(8, 3, disp",
    ),
    (lambda s: qb.store(BATTERY, pair(), TIMES), ValueError, r"made by qb.discharge\(DOPO"),
    (lambda s: unload(DOPO(9, 3), pair()), ValueError, r"State of this battery qb.discharge\(DOPO"),
    (lambda s: unload(DOPO(8, 3, 0.4), pair()), ValueError, "other parameters"),
    (lambda s: qb.loads.cell(s), TypeError, "the final_state of qb.discharge, but is made by DOPO"),
    (lambda s: qb.loads.load(np.eye(2)), TypeError, "final_state of qb.discharge, but is ndarray"),
    (lambda s: BATTERY.density_matrix(s), ValueError, '`frame` of the battery must be "lab"'),
]


@pytest.mark.parametrize(("call", "kind", "words"), BAD)
def test_bad_input_is_one_line_before_any_compilation(call, kind, words, state, monkeypatch):
    def compiled(*arguments):
        raise AssertionError("something was run before the input was checked")

    monkeypatch.setattr(cycle, "_charge", compiled)
    monkeypatch.setattr(cycle, "_discharge", compiled)
    with pytest.raises(kind, match=words) as error:
        call(state)
    assert "\n" not in str(error.value)


def test_double_precision_is_asked_for():
    with jax.enable_x64(False), pytest.raises(RuntimeError, match="jax_enable_x64"):
        qb.charge(BATTERY, Constant(1.0), TIMES)


def test_enough_levels_do_not_warn_and_traces_never_do():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        qb.charge(qb.batteries.DOPO(12, 5), Constant(0.5), TIMES)
        too_few = qb.batteries.DOPO(4, 2)
        run = jax.jit(lambda f: qb.charge(too_few, Constant(f), TIMES).truncation)
        assert jnp.max(run(3.0)) > 1e-3


def test_a_run_that_gives_up_warns_and_keeps_what_it_reached():
    solver = qb.Solver(max_steps=20)
    with pytest.warns(qb.dynamics.BreakdownWarning, match=r"step limit reached, after 20 steps"):
        run = qb.charge(BATTERY, Constant(0.5), jnp.array([0.0, 1e-3, 50.0]), solver=solver)
    assert int(run.status) == 1
    assert jnp.isfinite(run.energy).tolist() == [True, True, False]


def test_absolute_time_and_a_later_start():
    early = qb.charge(BATTERY, SwitchOff(1.0, 0.5), TIMES)
    late = qb.charge(BATTERY, SwitchOff(1.0, 3.5), TIMES + 3)
    assert tree_allclose(late.energy, early.energy, rtol=1e-9)
    assert tree_allclose(late.charging_power[1:], early.charging_power[1:], rtol=1e-9)


def test_free_numbers_count_as_their_values():
    free = qb.charge(BATTERY, SwitchOff(qb.free(1.0, 0, 2), qb.free(0.5, 0, 1)), TIMES)
    fixed = qb.charge(BATTERY, SwitchOff(1.0, 0.5), TIMES)
    assert tree_allclose(free.energy, fixed.energy, rtol=1e-12)


def test_batches_equal_loops_and_one_bad_lane_spoils_no_other():
    def end(amplitude):
        run = qb.charge(BATTERY, Constant(amplitude), TIMES)
        return run.energy, run.status

    amplitudes = jnp.array([0.3, jnp.nan, 0.9, 0.6])
    good = jnp.array([0, 2, 3])
    mapped = jax.jit(lambda a: jax.lax.map(end, a))(amplitudes)
    vmapped = jax.jit(jax.vmap(end))(amplitudes)
    alone = [end(a)[0] for a in amplitudes[good]]
    for energy, status in (mapped, vmapped):
        assert status.tolist() == [0, 2, 0, 0]
        assert tree_allclose(energy[good], jnp.stack(alone), rtol=1e-10)
        assert jnp.isnan(energy[1, -1])


def test_one_trace_serves_all_numbers():
    # Levels that no other test has, or the trace might be there already.
    traces = []

    class Counted(qb.protocols.Pump):
        amplitude: jax.Array

        def signal(self, time):
            traces.append(1)
            return self.amplitude

        def edges(self):
            return None

        def check_times(self, times):
            return None

        @property
        def is_complex(self):
            return False

        @property
        def is_piecewise_constant(self):
            return True

        @property
        def peak(self):
            return self.amplitude

    counts = []
    for amplitude, decay in ((0.3, 1.0), (0.5, 1.5)):
        battery = qb.batteries.DOPO(7, 3, signal_decay=decay)
        qb.charge(battery, Counted(jnp.array(amplitude)), TIMES)
        counts.append(len(traces))
    assert counts[0] == counts[1] > 0


def test_a_state_knows_when_it_was_made(state):
    assert float(state.time) == 1.0
    assert float(BATTERY.start().time) == -np.inf
    seen = qb.charge(BATTERY, Constant(0.5), TIMES, save=lambda t, s: s.time).saved
    assert seen.tolist() == TIMES.tolist()


@pytest.mark.parametrize("shift", [0.0, 1.0, 1.0 - 1e-12, 7.5])
def test_a_run_may_start_at_zero_or_after_the_hand_over(state, shift):
    runs = [qb.store(BATTERY, state, TIMES + shift), unload(BATTERY, state, TIMES + shift)]
    assert [float(run.final_state.time) for run in runs] == [1.0 + shift] * 2


def test_traced_times_are_not_asked():
    def energy(start):
        state = qb.charge(BATTERY, Constant(0.5), jnp.stack([0.0, start])).final_state
        return qb.store(BATTERY, state, jnp.stack([start, start + 1])).energy[-1]

    assert jnp.isfinite(jax.jit(energy)(jnp.array(1.0)))


def test_most_batteries_have_no_cell_to_discharge():
    with pytest.raises(TypeError, match=r"`battery` must have a cell that .* BlochArray has"):
        unload(qb.batteries.BlochArray(), np.eye(2) / 2)


def test_a_battery_is_a_pytree_of_its_numbers():
    numbers = eqx.filter(BATTERY, eqx.is_inexact_array)
    assert len(jax.tree.leaves(numbers)) == 3  # what was left out is no leaf
