"""A long charge is the run of `qb.charge`, is seen while it runs, and goes on where it ended."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import spans
from qbjax.dynamics.motion import Moved, Path, Stream
from qbjax.interface import catalogue
from qbjax.studies import long_charge
from tests.helpers import tree_allclose

SOLVER = 1e-9
"""What two runs of the default solver, with other steps, may differ by."""

RATIOS = {"g2": 1e-4}
"""A quotient of two numbers that are small at the start of a DOPO run, of looser tolerance."""

WHOLE = ("waveguide", "reservoir")
"""Beginnings of the names of batteries that are known at all times at once."""

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
QUBIT = qb.batteries.Lindblad(
    np.diag([0.0, 0.3]), [(0.1, LOWER)], dims=(2,), cell=0, cell_hamiltonian=np.arange(2.0),
    controls=[LOWER + LOWER.T],
)  # fmt: skip
PULSE = qb.protocols.PiecewiseConstant([1.0, 0.0, 2.0, -1.0], 4.0)
TIMES = np.linspace(0.0, 4.0, 9)
FEW, UNEVEN = np.array([0.0, 4.0]), np.array([0.0, 0.1, 0.11, 3.7, 5.0])


def populations(time, state):
    return {"at": time, "excited": jnp.real(QUBIT.cell(state)[1, 1])}


def given(entry):
    maker = entry.protocols[entry.example.protocol]
    protocol = maker.make(**entry.example.settings, **({"looks": 3} if maker.stream else {}))
    until = entry.example.until
    battery = entry.battery.make(**entry.example.battery)
    return battery, protocol, None if until is None else np.linspace(0.0, until, 8)


def assert_same_run(run, whole):
    """All fields, but for steps, and for when it was asked; NaN where the other is."""
    parts = [dataclasses.replace(r, steps=whole.steps, observables={}) for r in (run, whole)]
    assert tree_allclose(*parts, rtol=SOLVER)
    assert run.observables.keys() == whole.observables.keys()
    for name, values in whole.observables.items():
        ours, rtol = run.observables[name], RATIOS.get(name, SOLVER)
        assert np.array_equal(np.isnan(ours), np.isnan(values)), name
        assert tree_allclose(*map(np.nan_to_num, (ours, values)), rtol=rtol), name
    assert int(run.steps) >= int(whole.steps)
    made, expected = (r.provenance.attributes() for r in (run, whole))
    assert made | {"created": ""} == expected | {"created": ""}


@pytest.mark.slow
@pytest.mark.parametrize("entry", catalogue.entries(), ids=lambda entry: entry.name)
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_every_battery_runs_as_it_does_whole(entry):
    battery, protocol, times = given(entry)
    seen = []
    run = long_charge(battery, protocol, times, states="cell", spans=3, progress=seen.append)
    assert_same_run(run, qb.charge(battery, protocol, times, states="cell"))
    assert bool(seen) is not entry.name.startswith(WHOLE)


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(TIMES, id="even"),
        pytest.param(FEW, marks=pytest.mark.slow, id="few"),
        pytest.param(UNEVEN, id="uneven"),
    ],
)
def test_switches_are_right_across_borders(times):
    """Four segments in four spans, whose borders are the switches; also with few times."""
    how = {"save": populations, "states": "all"}
    seen = []
    run = long_charge(QUBIT, PULSE, times, spans=4, progress=seen.append, **how)
    assert_same_run(run, qb.charge(QUBIT, PULSE, times, **how))
    assert [now.done for now in seen] == [1, 2, 3, 4]
    assert seen[-1].time == times[-1]
    assert seen[-1].remaining == 0.0


def test_a_stream_is_looked_at_as_often_as_it_says():
    battery = qb.batteries.Collisional(qb.algebra.ladders.uniform(6))
    qubits = qb.protocols.Collisions(np.linspace(0.2, 0.9, 11), 0.2, 0.5, save_every=2)
    run = long_charge(battery, qubits, spans=3, progress=None)
    assert_same_run(run, qb.charge(battery, qubits))


def test_all_spans_share_a_program():
    traced = []

    def counted(time, state):
        traced.append(time)
        return time

    for spans_ in (2, 4):
        long_charge(QUBIT, PULSE, TIMES, save=counted, spans=spans_, progress=None)
        traced.append("end")
    first = traced.index("end")
    assert traced[first:] == ["end", "end"]  # also those of another number of spans


@pytest.mark.slow
def test_an_early_end_is_marked_as_in_one_run():
    tight = qb.Solver(max_steps=400, method=qb.dynamics.Tsit5())
    drive = qb.protocols.Function(lambda t: jnp.where(t < 1.0, 1.0, 3000.0), 4.0, edges=[1.0])
    with pytest.warns(qb.dynamics.record.trajectory.BreakdownWarning, match="step limit"):
        run = long_charge(
            QUBIT, drive, TIMES, solver=tight, spans=4, progress=None, save=populations
        )
    assert int(run.status) == 1
    assert np.all(np.isfinite(run.energy[:3]))
    assert np.all(np.isnan(run.energy[4:]))
    assert run.energy.shape == TIMES.shape


def test_spans_behind_an_early_end_are_not_a_number():
    plan = spans.cut(np.linspace(0.0, 4.0, 5), 4, None)
    rows = {"energy": np.arange(2.0), "cells": np.ones((2, 3))}
    parts = [
        Moved(rows, None, None, np.asarray(code), np.asarray(7), last)
        for code, last in [(0, 1), (2, 3)]
    ]
    whole = spans.joined(parts, plan)
    assert (int(whole.status), int(whole.steps), whole.last) == (2, 14, 3)
    assert np.array_equal(whole.seen["energy"], [0, 1, 1, np.nan, np.nan], equal_nan=True)
    assert whole.seen["cells"].shape == (5, 3)


def test_what_is_traced_is_refused():
    def energy(amplitude):
        pump = qb.protocols.Constant(amplitude)
        return long_charge(QUBIT, pump, TIMES, progress=None).energy[-1]

    for ask in (jax.grad(energy), jax.jit(energy), lambda x: jax.vmap(energy)(x[None])):
        with pytest.raises(TypeError, match=r"use qb\.charge within"):
            ask(jnp.ones(()))


def stopped_after(count):
    def tell(now):
        if now.done == count:
            raise KeyboardInterrupt

    return tell


def test_the_same_call_goes_on_where_one_was_stopped(tmp_path):
    how = {"save": populations, "spans": 4, "store": tmp_path / "kept"}
    with pytest.raises(KeyboardInterrupt):
        long_charge(QUBIT, PULSE, TIMES, progress=stopped_after(3), **how)
    seen = []
    run = long_charge(QUBIT, PULSE, TIMES, progress=seen.append, **how)
    assert [now.done for now in seen] == [4]
    once = long_charge(QUBIT, PULSE, TIMES, save=populations, spans=4, progress=None)
    assert_same_run(run, once)
    read = long_charge(QUBIT, PULSE, TIMES, progress=seen.append, **how)
    assert len(seen) == 1  # nothing was computed
    assert_same_run(read, once)
    _check_refusals(how)


def _check_refusals(how):
    other = qb.protocols.Constant(1.0)
    for protocol, more, word in ((other, {}, "protocol"), (PULSE, {"spans": 3}, "spans")):
        with pytest.raises(ValueError, match=f"must belong to this run.*another .*{word}"):
            long_charge(QUBIT, protocol, TIMES, progress=None, **{**how, **more})
    last = max(how["store"].glob("spans-*"))
    last.write_bytes(last.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{last.name} is damaged .*remove .*kept, and the run"):
        long_charge(QUBIT, PULSE, TIMES, progress=None, **how)


@pytest.mark.parametrize("place", ["file", "", "/proc/there"], ids=["file", "full", "proc"])
def test_a_store_that_cannot_be_is_refused_in_a_line(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises((ValueError, OSError), match=r"^Argument `store` must be") as caught:
        long_charge(QUBIT, PULSE, TIMES, store=tmp_path / place, progress=None)
    assert "\n" not in str(caught.value)


def test_the_bar_says_how_far(capsys):
    long_charge(QUBIT, PULSE, TIMES, spans=2)
    out, err = capsys.readouterr()
    assert out == ""
    assert "t = 4 of 4" in err


def test_what_cannot_be_cut():
    nothing = {"state": lambda t, y: y, "observe": lambda t, y: {}}
    path = Path(points=jnp.zeros(3), steps=jnp.array(1), **nothing)
    stream = Stream(step=max, inputs=jnp.zeros(3), initial=jnp.zeros(2), finish=dict, **nothing)
    assert spans.form(path) is None
    assert spans.form(stream).every == 1
    assert spans.form(dataclasses.replace(stream, settled=1e-9)) is None
    assert spans.form(dataclasses.replace(stream, made=jnp.array(2))) is None
