"""Every battery of the catalogue, by its example: what all of them have in common."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.cli import any_battery
from qbjax.interface import catalogue
from qbjax.interface.battery import factors_of, refined
from qbjax.studies import described
from qbjax.studies.described_parts import Reader, arguments_of
from tests.helpers import GRADIENT, tree_allclose

LOOKS = 2
SLACK = 1e-8
"""What the default solver may be off."""

METHODS = {
    "bloch": "Exponential",
    "cascade": "one unitary per",
    "collisional": "one channel per",
    "dopo": "Tsit5",
    "fermion_chain": "Exponential",
    "gaussian": "Exponential",
    "micromaser": "one channel per",
    "reservoir": "memory kernel",
    "reservoir_lattice": "memory kernel",
    "reservoir_lorentzian": "memory kernel",
    "reservoir_ohmic": "memory kernel",
    "waveguide": "integral of the resolvent",
    "waveguide_array": "integral of the resolvent",
    "waveguide_si": "integral of the resolvent",
}
"""How the page of a battery says that it is solved, where that is no matter of its size."""

DIFFERENTIATED = {
    "bloch", "bloch_array", "cascade", "collisional", "dopo", "fermion_chain", "gaussian",
    "ising_machine", "lindblad", "micromaser", "oscillators", "reservoir", "reservoir_lattice",
    "reservoir_lorentzian", "reservoir_ohmic", "spin_chain", "spin_ensemble", "tavis_cummings",
    "waveguide", "waveguide_array", "waveguide_si",
}  # fmt: skip
"""Batteries whose wings compare gradients with differences, in tests that take seconds."""

PARTS = {
    "gaussian": ("displacement_ergotropy", "squeezing_ergotropy"),
    "fermion_chain": ("gaussian_ergotropy",),  # of a pure state all there is
}
"""The parts of the ergotropy, where they are not the coherent and the incoherent one."""

every_battery = pytest.mark.parametrize("entry", catalogue.entries(), ids=lambda e: e.name)


def battery_of(entry, **other):
    return entry.battery.make(**{**entry.example.battery, **other})


def protocol_of(entry):
    maker = entry.protocols[entry.example.protocol]
    looks = {"looks": LOOKS} if maker.stream else {}
    return maker.make(**entry.example.settings, **looks)


def times_of(entry):
    until = entry.example.until
    return None if until is None else np.linspace(0.0, until, LOOKS + 1)


def in_words(values, folder):
    """Arguments as a command line has them; functions go into a file."""
    words = []
    for name, value in values.items():
        if callable(value):
            home = f"from {value.__module__} import {value.__name__} as {name}\n"
            (folder / f"{name}.py").write_text(home)
            value = folder / f"{name}.py"
        words.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
    return words


@every_battery
def test_it_charges(entry):
    battery = battery_of(entry)
    run = qb.charge(battery, protocol_of(entry), times_of(entry), states="cell")
    assert int(run.status) == 0
    assert run.times.size == LOOKS + 1
    for name, values in run.observables.items():
        assert np.all(np.isfinite(values[1:])), name
    assert np.all(np.asarray(run.trace_defect) < SLACK)
    assert np.all(run.ergotropy >= -SLACK)
    assert np.all(run.energy >= run.ergotropy - SLACK)
    assert run.energy[-1] > 1e-3
    names = PARTS.get(entry.name, ("coherent_ergotropy", "incoherent_ergotropy"))
    parts = sum(run.observables[name] for name in names)
    assert tree_allclose(parts, run.ergotropy, rtol=SLACK)
    levels = battery.cell_hamiltonian.shape[0]
    assert run.states.shape == (LOOKS + 1, levels, levels)
    cell = np.asarray(battery.cell(run.final_state), complex)
    assert tree_allclose(np.asarray(run.states[-1]), cell, rtol=SLACK)
    data = run.to_xarray()
    assert data["energy"].dims == ("time",)
    assert data.attrs["status_name"] == "ok"
    _check_store(entry, battery, run)
    _check_refined(entry, battery, run)


def _check_refined(entry, battery, run):
    """What is cut has more levels when refined; what is not, is the battery itself."""
    finer = refined(battery)
    if not run.modes:
        assert finer is battery or entry.name.startswith("reservoir")  # a finer mesh
        return
    (cell, *_), (larger, *_) = factors_of(battery).values(), factors_of(finer).values()
    assert all(n < more for n, more in zip(cell, larger, strict=True))
    again = factors_of(refined(finer))["cell"]
    assert all(n < more for n, more in zip(larger, again, strict=True))


def _check_store(entry, battery, run):
    """A battery waits without its charger, or says that it has none."""
    if entry.name.startswith("reservoir") or entry.name == "waveguide_array":
        with pytest.raises(TypeError, match="must have a charger that can be switched off"):
            qb.store(battery, run.final_state, [0.0, 1.0])
    else:
        # As charging was asked for: where a pump is merely 0 then, the program is the same.
        waiting = np.arange(LOOKS + 1.0)
        kept = qb.store(battery, run.final_state, waiting, states="cell")
        assert int(kept.status) == 0
        assert tree_allclose(kept.energy[0], run.energy[-1], rtol=SLACK)


@every_battery
def test_it_tells_of_itself(entry, tmp_path):
    """In Python; and on the command line, where it is made of words."""
    battery = battery_of(entry)
    info = battery.info()
    assert info["battery"] == type(battery).__name__
    assert "levels" in info["cell"]
    assert info["method"].startswith(METHODS.get(entry.name, ""))
    assert str(info).splitlines()[0].split() == ["battery", info["battery"]]
    first, *others = any_battery.sheets(entry.name, in_words(entry.example.battery, tmp_path))
    assert first.rows == [(name, str(value)) for name, value in info.items()]
    assert [kind for kind, _ in others[-1].rows] == list(entry.protocols)
    protocol = any_battery.settings("set_protocol", in_words(entry.example.settings, tmp_path))
    said = [(entry.example.protocol, protocol)]
    read = Reader(looks=LOOKS).protocol(entry.name, said, together=False).at({})
    assert tree_allclose(read, protocol_of(entry), rtol=0)


def number_of(entry):
    """What the example is differentiated by: a number, or some."""
    name = entry.example.slope
    return entry.example.battery.get(name, arguments_of(entry.battery)[name].default)


@every_battery
def test_a_sweep_file_may_vary_a_number(entry):
    """Everything but the runs, which `tests/studies` compares for some: tables are read, values
    checked where they are smallest and largest, a run is traced."""
    example, number = entry.example, number_of(entry)
    x, swept = (number, "x") if np.ndim(number) == 0 else (number[0], ["x", *number[1:]])
    tables = {
        "objective": ["energy", "ergotropic_power"],
        "battery": {"kind": entry.name, **example.battery, example.slope: swept},
        "protocol": {"kind": example.protocol, **example.settings},
        "charge": {"until": example.until},
        "grid": {"x": {"from": x, "to": 1.1 * x, "points": 3}},
    }
    if example.until is None:
        del tables["charge"]
    if example.protocol == "none":
        del tables["protocol"]
    study = described.Study(tables)
    assert study.grid.sizes == {"x": 3}
    assert set(study.units) <= set(study.objective)


@pytest.mark.parametrize(
    "entry",
    [
        # Two compilations each: of these only all tests together ask for them.
        pytest.param(e, marks=[pytest.mark.slow] if e.name in DIFFERENTIATED else [], id=e.name)
        for e in catalogue.entries()
    ],
)
def test_its_gradients_agree(entry):
    """By the example's number, in both modes."""
    start, protocol, times = number_of(entry), protocol_of(entry), times_of(entry)
    ends = times if times is None else times[[0, -1]]

    def energy(shift, adjoint):
        battery = battery_of(entry, **{entry.example.slope: jnp.asarray(start, float) + shift})
        return qb.charge(battery, protocol, ends, adjoint=adjoint).energy[-1]

    @jax.jit
    def slopes(shift):
        forth = jax.jvp(lambda s: energy(s, "forward"), (shift,), (jnp.ones(()),))[1]
        return jax.grad(lambda s: energy(s, "reverse"))(shift), forth

    back, forth = slopes(jnp.zeros(()))
    assert abs(float(back)) > 1e-3
    assert tree_allclose(back, forth, rtol=GRADIENT)
