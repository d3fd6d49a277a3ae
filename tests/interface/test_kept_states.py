"""States on request: those that a `save` of one's own would read, for every battery and verb."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from jax import lax

import qbjax as qb
from qbjax import cycle
from qbjax.interface import kept as kept_states
from qbjax.protocols import BlochPreparation, Collisions, Constant
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

TIMES = np.linspace(0.0, 1.0, 3)
LOWER = qb.algebra.operators.destroy(2)


def pair(jumps=(), start=None):
    """Two qubits that exchange excitations, the second one the cell."""
    up = np.kron(LOWER.T, LOWER)
    return qb.batteries.Lindblad(
        up + up.T,
        [np.kron(LOWER, np.eye(2)) * rate for rate in jumps],
        dims=(2, 2),
        cell=1,
        cell_hamiltonian=np.array([0.0, 1.0]),
        initial=np.array([0.0, 0.6, 0.8j, 0.0]) if start is None else start,
    )


def collisions(coherence):
    return Collisions(np.full(3, 0.3), 0.2, coherence)


CASES = {
    "bloch": (qb.batteries.BlochCharger(), BlochPreparation(1.0, 0.4), TIMES, (2,), (2, 2)),
    "lindblad": (pair([0.5]), None, TIMES, (2,), (2, 2)),
    "closed": (pair(), None, TIMES, (2,), (2, 2)),
    "lab": (qb.batteries.DOPO(6, 4, frame="lab"), Constant(0.02), TIMES, (6,), (6, 4)),
    "displaced": (qb.batteries.DOPO(6, 3), Constant(0.1), TIMES, (6,), None),
    "collisional": (qb.batteries.micromaser(6, loss=0.1), collisions(1.0), None, (6,), None),
    "classical": (qb.batteries.micromaser(6, loss=0.1), collisions(0), None, (6,), None),
    "waveguide": (qb.batteries.Waveguide(distance=0.25, decay=0.1), None, TIMES, (2,), None),
}
ALL = [name for name, case in CASES.items() if case[4]]


def parts(rho):
    return {"real": jnp.real(rho), "imaginary": jnp.zeros(rho.shape) + jnp.imag(rho)}


@pytest.mark.parametrize("name", CASES)
def test_the_cell_beside_what_the_caller_saves(name):
    battery, protocol, times, dims, _ = CASES[name]
    save = (lambda t, s: parts(battery.cell(s))) if name != "waveguide" else None
    run = qb.charge(battery, protocol, times, save=save, states="cell")
    assert run.states.dtype == complex
    assert run.dims == dims
    assert run.states.shape == (run.times.size, *2 * dims)
    assert tree_allclose(run.states[-1], battery.cell(run.final_state), rtol=0, atol=EXACT)
    # Rounding, where eigenvalues and levels multiply it.
    for i in range(run.times.size):
        energy = qb.merit.energy(run.states[i], battery.cell_hamiltonian)
        assert tree_allclose(energy, run.energy[i], rtol=0, atol=EXACT)
    if save is not None:
        kept = lax.complex(run.saved["real"], run.saved["imaginary"])
        assert tree_allclose(run.states, kept, rtol=0, atol=EXACT)
    else:
        assert run.saved is None


@pytest.mark.parametrize("name", ALL)
def test_everything(name):
    battery, protocol, times, cell, dims = CASES[name]
    run = qb.charge(battery, protocol, times, states="all")
    assert (run.dims, run.saved) == (dims, None)
    assert tree_allclose(
        run.states[-1], battery.density_matrix(run.final_state), rtol=0, atol=EXACT
    )
    keep = 1 if isinstance(battery, qb.batteries.Lindblad) else 0
    reduced = qb.algebra.operators.partial_trace(run.states[1], dims, keep)
    energy = jnp.real(jnp.diagonal(reduced)) @ battery.cell_hamiltonian
    assert tree_allclose(energy, run.energy[1], rtol=0, atol=EXACT)
    assert reduced.shape == 2 * cell
    assert tree_allclose(jnp.real(jnp.trace(run.states[1])), 1.0, rtol=0, atol=1e-8)


def test_a_cell_of_several_factors_in_sectors():
    """Of three qubits with one excitation the outer two store."""
    hop = sum(
        qb.algebra.operators.tensor(
            *[A if k == j else B if k == j + 1 else np.eye(2) for k in range(3)]
        )
        for j in (0, 1)
        for A, B in ((LOWER, LOWER.T), (LOWER.T, LOWER))
    )
    number = np.diag([0.0, 1.0])
    excitations = np.add.outer(np.add.outer([0, 1], [0, 1]), [0, 1]).ravel().astype(float)
    battery = qb.batteries.Lindblad(
        hop,
        [0.3 * qb.algebra.operators.tensor(np.eye(2), LOWER, np.eye(2))],
        dims=(2, 2, 2),
        cell=(0, 2),
        cell_hamiltonian=np.add.outer(np.diag(number), np.diag(number)).ravel(),
        conserved=excitations,
        initial=np.eye(8)[2],
    )
    both = {kind: qb.charge(battery, None, TIMES, states=kind) for kind in ("cell", "all")}
    assert both["all"].final_state.layout.sectored
    assert (both["cell"].dims, both["all"].dims) == ((2, 2), (2, 2, 2))
    reduced = qb.algebra.operators.partial_trace(both["all"].states[-1], (2, 2, 2), (0, 2))
    assert tree_allclose(reduced, both["cell"].states[-1], rtol=0, atol=EXACT)


def test_every_method_keeps_states():
    solver = qb.Solver(method=qb.dynamics.Chebyshev())
    battery, protocol, times, *_ = CASES["lab"]
    run = qb.charge(battery, protocol, times, states="cell", solver=solver)
    assert tree_allclose(run.states[-1], battery.cell(run.final_state), rtol=0, atol=EXACT)
    other = qb.charge(battery, protocol, times, states="cell")
    assert tree_allclose(run.states, other.states, rtol=0, atol=1e-8)


def test_nothing_is_kept_unasked():
    run = qb.charge(CASES["bloch"][0], None, TIMES)
    assert run.states is None
    assert run.dims == ()


def test_storing_and_discharging():
    battery = CASES["bloch"][0]
    state = qb.charge(battery, BlochPreparation(1.0, 0.4), TIMES).final_state
    kept = qb.store(battery, state, TIMES, states="cell")
    assert tree_allclose(kept.states[0], battery.cell(state), rtol=0, atol=EXACT)
    load = qb.loads.TwoLevel(1.0, decay=0.1)
    out = qb.discharge(battery, state, load, TIMES, states="all")
    assert out.dims == (2, 2)
    for keep, read in enumerate((qb.loads.cell, qb.loads.load)):
        part = qb.algebra.operators.partial_trace(out.states[-1], (2, 2), keep)
        assert tree_allclose(part, read(out.final_state), rtol=0, atol=EXACT)


def test_a_discharge_in_sectors():
    """No coherence between even and odd levels: the pair is two blocks, here put together."""
    battery, rho = qb.batteries.DOPO(6, 2), np.diag([0.2, 0.3, 0.5, 0, 0, 0])
    rho[0, 2] = rho[2, 0] = 0.1
    out = qb.discharge(battery, rho, qb.loads.TwoLevel(1.0, decay=0.1), TIMES, states="cell")
    assert out.dims == (6,)
    assert tree_allclose(out.states[0], jnp.asarray(rho, complex), rtol=0, atol=EXACT)
    assert out.final_state.layout.sectored
    both = qb.loads.pair.density_matrix(out.final_state)
    for keep, read in enumerate((qb.loads.cell, qb.loads.load)):
        part = qb.algebra.operators.partial_trace(both, (6, 2), keep)
        expected = jnp.asarray(read(out.final_state), complex)
        assert tree_allclose(part, expected, rtol=0, atol=EXACT)


def test_what_was_not_reached_is_nan():
    solver = qb.Solver(max_steps=20)
    with pytest.warns(qb.dynamics.BreakdownWarning):
        run = qb.charge(
            qb.batteries.DOPO(8, 3), Constant(0.5), [0.0, 1e-3, 50.0], solver=solver, states="cell"
        )
    assert np.isfinite(run.states).all(axis=(1, 2)).tolist() == [True, True, False]


def test_states_are_batched_and_differentiated():
    def coherence(theta):
        run = qb.charge(CASES["bloch"][0], BlochPreparation(theta), TIMES, states="cell")
        return jnp.abs(run.states[-1, 0, 1])

    batch = jax.jit(jax.vmap(coherence))
    expected = central_difference(lambda theta: batch(jnp.array([0.1, theta]))[1], 0.7)
    assert abs(expected) > 0.1
    assert tree_allclose(jax.jit(jax.grad(coherence))(0.7), expected, rtol=GRADIENT)


def test_a_dataset_comes_back_from_a_file(tmp_path):
    run = qb.charge(CASES["lindblad"][0], None, TIMES, states="all")
    run.to_xarray().to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        states = data["states"]
        assert states.dims == ("time", "row", "column", "part")
        assert states.attrs["dims"].tolist() == [2, 2]
        back = states.sel(part="real") + 1j * states.sel(part="imaginary")
        np.testing.assert_array_equal(back.values, run.states)


def test_a_battery_without_a_cell_has_no_cell_to_keep():
    battery = CASES["lindblad"][0]
    with pytest.raises(TypeError, match='`states` must be "all" for a battery without a cell'):
        kept_states.dims(battery, battery.start(), "cell", {"cell": (), "all": (2, 2)})


@pytest.mark.parametrize(
    ("name", "states", "error", "words"),
    [
        ("collisional", "all", TypeError, '`states` must be "cell" for a Collisional'),
        ("waveguide", "all", TypeError, '`states` must be "cell" for a Waveguide'),
        ("displaced", "all", ValueError, '`frame` of the battery must be "lab"'),
        ("bloch", "cells", ValueError, r"`states` must be one of .* \(did you mean 'cell'\?\)"),
        ("bloch", True, ValueError, "`states` must be one of 'cell', 'all', but is True"),
    ],
)
def test_what_is_refused_before_any_compilation(name, states, error, words, monkeypatch):
    def compiled(*arguments):
        raise AssertionError("something was run before the input was checked")

    monkeypatch.setattr(cycle, "_charge", compiled)
    battery, protocol, times, *_ = CASES[name]
    with pytest.raises(error, match=words):
        qb.charge(battery, protocol, times, states=states)
