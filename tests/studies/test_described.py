"""Sweeps described in words: against the same sweep in Python; what is wrong is told."""

import copy
import datetime
import re
from pathlib import Path

import jax.numpy as jnp
import pytest

import qbjax as qb
from qbjax.studies import described

DOPO = {
    "objective": ["ergotropy", "charging_power"],
    "battery": {"kind": "dopo", "signal_levels": 8, "pump_levels": 3, "coupling": "kappa"},
    "protocol": {"kind": "constant", "amplitude": "F"},
    "charge": {"until": 0.5},
    "grid": {
        "F": {"from": 0.5, "to": 1.0, "points": 3, "units": "1"},
        "kappa": {"values": [0.4, 0.5]},
    },
}
STREAM = {
    "objective": "energy",
    "battery": {"kind": "micromaser", "levels": 12, "loss": "loss"},
    "protocol": {"kind": "collisions", "theta": "theta", "count": 20, "coherence": 1.0,
                 "ground_population": "q"},
    "grid": {"kind": "zipped", "theta": {"values": [0.2, 0.3]}, "q": {"values": [0.3, 0.4]},
             "loss": {"values": [0.1, 0.2]}},
}  # fmt: skip


TIMES = 0.5 * jnp.linspace(0.0, 1.0, 9)


def changed(tables, path, value):
    """The tables with one entry replaced, or dropped if the value is None."""
    tables = copy.deepcopy(tables)
    *way, last = path.split(".")
    inner = tables
    for name in way:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return tables


def test_pumped_battery_is_what_python_says():
    study = described.Study(DOPO)
    assert (study.grid.names, study.grid.sizes) == (("F", "kappa"), {"F": 3, "kappa": 2})
    assert study.grid.axes["F"].attrs == {"units": "1"}
    assert study.units == {"ergotropy": "omega_s", "charging_power": "omega_s gamma_s"}
    # The same times as a sweep: one compilation for both.
    there = study(F=0.75, kappa=0.4)
    battery = qb.batteries.DOPO(signal_levels=8, pump_levels=3, coupling=0.4)
    run = qb.charge(battery, qb.protocols.Constant(0.75), TIMES)
    assert float(there["ergotropy"]) == pytest.approx(float(run.ergotropy[-1]), rel=1e-12)
    assert set(there) == {*DOPO["objective"], *run.summary()}


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_streams_of_every_ladder_are_what_python_says():
    there = described.Study(STREAM)(theta=0.2, q=0.3, loss=0.1)
    stream = qb.protocols.Collisions(jnp.full(20, 0.2), 0.3, 1.0)
    run = qb.charge(qb.batteries.micromaser(12, 0.1), stream)
    assert float(there["energy"]) == pytest.approx(float(run.energy[-1]), rel=1e-12)
    spin = {"kind": "collisional", "ladder": "spin", "spin": 2.5, "loss": "loss"}
    there = described.Study(changed(STREAM, "battery", spin))(theta=0.2, q=0.3, loss=0.1)
    battery = qb.batteries.Collisional(qb.algebra.ladders.spin(2.5), 0.1)
    run = qb.charge(battery, stream)
    assert float(there["energy"]) == pytest.approx(float(run.energy[-1]), rel=1e-12)


def test_the_end_and_the_switch_off_may_be_swept():
    tables = changed(DOPO, "protocol", {"kind": "switch_off", "amplitude": 1.0, "time": "t"})
    tables = changed(tables, "charge.until", "F")
    tables["grid"]["t"] = {"values": [0.2, 0.4]}
    study = described.Study(tables)
    battery = qb.batteries.DOPO(signal_levels=8, pump_levels=3, coupling=0.4)
    run = qb.charge(battery, qb.protocols.SwitchOff(1.0, 0.2), TIMES / 2)
    there = study(F=0.25, kappa=0.4, t=0.2)
    assert float(there["ergotropy"]) == pytest.approx(float(run.ergotropy[-1]), rel=1e-12)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_points_of_a_box(kind):
    grid = {"kind": kind, "count": 8, "seed": 3, "F": {"low": 0.5, "high": 1.0, "units": "1"}}
    tables = changed(changed(DOPO, "grid", grid), "battery.coupling", 0.5)
    drawn = getattr(qb.studies.grids, kind)(8, 3, F=(0.5, 1.0, "1"))
    assert described.Study(tables).grid.coordinates["F"].identical(drawn.coordinates["F"])


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("objective", ["ergotrpy"], "`objective`.*'ergotropy'"),
        ("objective", [], "`objective`"),
        ("objective", ["energy", "energy"], "once"),
        ("grid", None, "`grid` must be given"),
        ("charge", None, "`charge` must be given"),
        ("protocl", {}, r"`protocl`.*did you mean `protocol`"),
        ("battery", 3, r"table \[battery\]"),
        ("battery.kind", "dpo", r"'dpo' \(did you mean 'dopo'\?\), in \[battery\]"),
        ("battery.kind", None, r"one of dopo, collisional.*left out, in \[battery\]"),
        ("battery.kind", ["dopo"], r"`kind`.*in \[battery\]"),
        ("battery.signal_level", 8, r"did you mean `signal_levels`\?\), in \[battery\]"),
        ("battery.signal_levels", None, r"`signal_levels` must be given.*\[battery\]"),
        ("battery.signal_levels", "F", r"`signal_levels` must be an integer.*\[battery\]"),
        ("battery.signal_levels", 8.0, r"`signal_levels` must be an integer.*\[battery\]"),
        ("battery.coupling", "kapa", r"did you mean 'kappa'\?\), in \[battery\]"),
        ("battery.coupling", 0.5, r"`kappa` must be used.*\[grid\]"),
        ("battery.coupling", -1.0, r"`coupling` must be at least 0.*\[battery\]"),
        ("battery.coupling", True, r"`coupling` must be made of numbers.*\[battery\]"),
        ("battery.frame", "labb", r"'lab'.*\[battery\]"),
        ("protocol.kind", "collisions", r"'constant', 'switch_off'.*\[protocol\]"),
        ("protocol.time", 1.0, r"`time`.*\[protocol\]"),
        ("charge.until", -1, r"`until` must be greater than 0.*\[charge\]"),
        ("charge.untl", 1, r"did you mean `until`\?\), in \[charge\]"),
        ("grid.kind", "produkt", r"did you mean 'product'.*\[grid\]"),
        ("grid.kind", "sobol", r"low, high.*\[grid\]"),
        ("grid.kappa.values", [-0.1, 0.5], r"`coupling` must be at least 0, but is -0.1.*battery"),
        ("grid.kappa.values", [], r"empty.*\[grid\]"),
        ("grid.kappa.values", [0.5, 0.5], r"repeat.*\[grid\]"),
        ("grid.kappa.values", ["a"], r"`kappa.values` must be.*\[grid\]"),
        ("grid.kappa.values", [0.4, True], r"made of numbers, but is \[0.4, True\], in \[grid\]"),
        ("grid.kappa.values", [0.4, datetime.date.min], r"made of numbers.*\[grid\]"),
        ("grid.kappa.values", {"a": 0.4}, r"made of numbers.*\[grid\]"),
        ("grid.F.from", True, r"`F.from` must be made of numbers.*\[grid\]"),
        ("grid.F.points", True, r"`F.points` must be an integer.*\[grid\]"),
        ("grid", {}, r"`grid` must name at least one coordinate.*\[grid\]"),
        *(
            ("grid", {name: {"values": [0.4]}}, r"names that files can have.*\[grid\]")
            for name in ("../../x", ".qbjax", "axes", "")
        ),
        ("grid.kappa.value", [0.5], r"did you mean `values`\?\), in \[grid\]"),
        ("grid.kappa", [0.5], r"\{ values \} or.*\[grid\]"),
        ("grid.kappa.points", 3, r"but has values, points, in \[grid\]"),
        ("grid.kappa.units", 3, r"`kappa.units` must be a text.*\[grid\]"),
        ("grid.F.points", 1, r"`F.points` must be at least 2.*\[grid\]"),
        ("grid.F.points", 2_000_000, r"at most 1000000 points unless you say --yes.*4000000"),
        ("grid.steps", {"values": [1.0]}, r"`steps` must have another name.*\[grid\]"),
    ],
)
def test_what_is_wrong_is_told(path, value, words):
    with pytest.raises((ValueError, TypeError), match=words):
        described.Study(changed(DOPO, path, value))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("charge", {"until": 3.0}, "`charge` must be left out"),
        ("protocol.kind", "constant", r"'collisions', but is 'constant', in \[protocol\]"),
        ("protocol.count", "q", r"`count` must be an integer.*\[protocol\]"),
        ("protocol.looks", 3, r"`looks` must be one of.*\[protocol\]"),
        ("grid.q.values", [0.3, 1.4], r"`ground_population` must be .*1.4, in \[protocol\]"),
        ("grid.q.values", [0.3], "one length"),
        ("battery", {"kind": "collisional", "levels": 8, "ladder": "spin", "loss": "loss"},
         r"`spin` must be given.*\[battery\]"),
        ("battery", {"kind": "collisional", "levels": 8, "spin": 1.5, "loss": "loss"},
         r"`spin` must be left out.*\[battery\]"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_stream_is_told(path, value, words):
    with pytest.raises((ValueError, TypeError), match=words):
        described.Study(changed(STREAM, path, value))


LIST = {
    "objective": "energy",
    "battery": {"kind": "spin_chain", "spins": 1, "fields": ["B"], "decay": 0.1},
    "protocol": [{"kind": "segments", "amplitudes": ["F", 1.0], "duration": 0.5}],
    "charge": {"until": 0.5},
    "grid": {"F": {"values": [0.5, 1.0]}, "B": {"values": [1.0, 2.0]}},
}


def test_lists_may_hold_coordinates_and_there_may_be_a_protocol_per_control():
    study = described.Study(LIST)
    chain = qb.batteries.SpinChain(1, fields=1.5, jumps=qb.algebra.jumps.loss(0.1, (2,), 0))
    run = qb.charge(chain, qb.protocols.PiecewiseConstant([0.7, 1.0], 0.5), TIMES)
    assert float(study(F=0.7, B=1.5)["energy"]) == pytest.approx(float(run.energy[-1]), rel=1e-9)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("battery.fields", ["C"], r"but is 'C'.*\[battery\]"),
        ("battery.fields", [1.0], r"`B` must be used.*\[grid\]"),
        ("protocol", [], r"`protocol` must be given"),
        ("protocol", [3], r"table \[protocol\]"),
        ("protocol", LIST["protocol"] * 2, r"must be 1 pump protocol.*holds 2, in \[protocol\]"),
        ("protocol", [{"amplitude": 1.0}], r"one of constant, .*left out, in \[protocol\]"),
        ("battery", {"kind": "waveguide", "distance": "B"}, r"`kind` must be one of 'none', but"),
        ("battery.spins", [1], r"`spins` must be an integer.*\[battery\]"),
    ],
)
def test_what_is_wrong_with_a_list_is_told(path, value, words):
    with pytest.raises((ValueError, TypeError), match=words):
        described.Study(changed(LIST, path, value))


def test_what_nothing_drives_needs_no_protocol():
    guide = {"kind": "waveguide", "distance": "B", "frequency": 1.4}
    tables = changed(changed(LIST, "battery", guide), "protocol", None)
    study = described.Study(changed(tables, "grid.F", None))
    run = qb.charge(qb.batteries.Waveguide(1.4, 1.5), None, TIMES)
    assert float(study(B=1.5)["energy"]) == pytest.approx(float(run.energy[-1]), rel=1e-9)
    given = changed(study.configuration, "charge", None)
    with pytest.raises(ValueError, match="`charge` must be given"):
        described.Study(given)


def test_a_coordinate_may_be_called_as_it_likes():
    tables = changed(changed(DOPO, "battery.coupling", "self"), "grid.self", {"values": [0.4]})
    study = described.Study(changed(tables, "grid.kappa", None))
    assert float(study(F=0.75, self=0.4)["ergotropy"]) > 0


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("grid.F.points", 10**12),
        ("grid", {"kind": "random", "count": 10**12, "F": {"low": 0.0, "high": 1.0}}),
    ],
)
def test_even_those_that_are_meant_must_fit_into_the_memory(path, value):
    with pytest.raises(ValueError, match=r"`grid` must ask for what fits .* points take"):
        described.Study(changed(DOPO, path, value), most=None)


def test_any_number_of_points_may_be_meant():
    tables = changed(DOPO, "grid.F.points", 50)
    with pytest.raises(ValueError, match="100"):
        described.Study(tables, most=99)
    assert described.Study(tables, most=None).grid.count == 100


def test_a_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    for text, words in [
        ("[battery", f"must be TOML, but {path}"),
        ('objective = "energy"', f"`battery` must be given, but is left out, in {path}."),
        ("[battery]\nkind = 'dpo'\n[protocol]\n[charge]\n[grid]\n", "`objective`"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=re.escape(words)):
            described.read(path)
    text = (Path(__file__).parents[2] / "docs/sweep.toml").read_text()
    path.write_text(text.replace("0.45", "-0.45"))
    with pytest.raises(ValueError, match=re.escape(f"-0.45, in [battery] of {path}.")):
        described.read(path)


def test_differences_go_both_ways():
    there, here = {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "d": 2}, "e": 3}
    assert described.differences(there, there) == []
    assert described.differences(there, here) == [
        "a.c is 2 there and missing here",
        "a.d is missing there and 2 here",
        "e is missing there and 3 here",
    ]
