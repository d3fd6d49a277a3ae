"""Lindblad batteries: against QuTiP, against themselves in blocks, and what they refuse."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
import scipy.sparse as sp

import qbjax as qb
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad import _places as places
from tests.helpers import GRADIENT, central_difference, random_hermitian, random_state

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
EXACTLY = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000}


def tavis_cummings(spin=1.0, levels=5):
    """Cell, cavity, Hamiltonian terms and jumps, as QuTiP has them."""
    n = int(2 * spin + 1)
    a = qt.tensor(qt.qeye(n), qt.destroy(levels))
    excited = qt.tensor(qt.Qobj(np.diag(np.arange(float(n)))), qt.qeye(levels))
    J = qt.tensor(qt.Qobj(qb.algebra.operators.spin_minus(spin)), qt.qeye(levels))
    terms = [a.dag() * a, excited, J.dag() * a + J * a.dag()]
    return a, J, terms, [0.6 * a, 0.3 * J]


def start(n, levels, photons):
    return qt.tensor(qt.basis(n, 0), qt.basis(levels, photons))


@pytest.mark.parametrize("driven", [False, True])
def test_against_qutip(driven):
    a, _, terms, jumps = tavis_cummings()
    drive = (a + a.dag()) / 2
    psi = start(3, 5, 2)
    H = terms[0] + 0.9 * terms[1] + 0.7 * terms[2]
    battery = qb.batteries.Lindblad(
        [terms[0], (0.9, terms[1]), (0.7, terms[2])],
        jumps,
        dims=(3, 5),
        cell=0,
        cell_hamiltonian=np.arange(3.0),
        controls=[drive] if driven else (),
        initial=psi.full()[:, 0],
        observables={"photons": a.dag() * a},
        truncated=(),
    )
    times = np.linspace(0.0, 3.0, 7)
    run = qb.charge(battery, qb.protocols.Constant(0.4) if driven else None, times)
    H = H + 0.4 * drive if driven else H
    out = qt.mesolve(H, psi, times, jumps, options={**EXACTLY, "store_states": True})
    photons = [qt.expect(a.dag() * a, s) for s in out.states]
    np.testing.assert_allclose(run.photons, photons, atol=1e-8)
    np.testing.assert_allclose(
        battery.density_matrix(run.final_state), out.states[-1].full(), atol=1e-8
    )
    cell = out.states[-1].ptrace(0).full()
    np.testing.assert_allclose(battery.cell(run.final_state), cell, atol=1e-8)
    for name in ("ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "energy"):
        expected = jax.jit(getattr(qb.merit, name))((cell + cell.conj().T) / 2, np.arange(3.0))
        assert float(run.observables[name][-1]) == pytest.approx(float(expected), abs=1e-7)
    assert np.isnan(run.charging_power[0])
    assert float(run.charging_power[-1]) == pytest.approx(float(run.energy[-1]) / 3)


def random_battery(seed, d=4, **more):
    """Dense, complex, without any structure."""
    rng = np.random.default_rng(seed)
    jump = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    return qb.batteries.Lindblad(
        random_hermitian(seed, d), [0.4 * jump], dims=(2, d // 2), cell=1,
        cell_hamiltonian=np.arange(d / 2), initial=random_state(seed, d), **more,
    ), jump  # fmt: skip


def test_dense_and_complex():
    battery, jump = random_battery(3)
    run = qb.charge(battery, None, [0.0, 0.7])
    H, rho = (qt.Qobj(np.asarray(m)) for m in (random_hermitian(3, 4), battery.given))
    out = qt.mesolve(H, rho, [0.0, 0.7], [qt.Qobj(0.4 * jump)], options=EXACTLY)
    np.testing.assert_allclose(
        battery.density_matrix(run.final_state), out.states[-1].full(), atol=1e-8
    )


def sparse_battery(conserved, couple=0.7):
    _, _, terms, jumps = tavis_cummings()
    charge = np.add.outer(np.arange(3), np.arange(5)).ravel() if conserved else None
    return qb.batteries.Lindblad(
        [terms[0], (0.9, terms[1]), (couple, terms[2])],
        jumps, dims=(3, 5), cell=0, cell_hamiltonian=np.arange(3.0),
        initial=start(3, 5, 3).full()[:, 0], conserved=charge, truncated=(),
    )  # fmt: skip


def test_blocks_change_nothing():
    whole, blocked = sparse_battery(False), sparse_battery(True)
    assert blocked.start().layout.sectored
    times = np.linspace(0.0, 2.0, 3)
    one, other = (qb.charge(b, None, times) for b in (whole, blocked))
    np.testing.assert_allclose(one.ergotropy, other.ergotropy, atol=1e-10)
    np.testing.assert_allclose(
        whole.density_matrix(one.final_state), blocked.density_matrix(other.final_state), atol=1e-9
    )


def test_the_blocked_generator_acts_like_the_plain_one():
    battery = sparse_battery(True)
    rho = random_state(5, 15)
    charge = battery.model.charge
    rho = np.where(charge[:, None] == charge[None, :], rho, 0)  # what blocks can hold
    slopes = []
    for sectored in (False, True):
        generator = battery.equation.generator(sectored, 0.0)
        moved = generator.stacked(jnp.asarray(places.packed(battery.model, sectored, rho)))
        readings = places.readings(battery.model, sectored, pure=False)
        slopes.append(readings.density_matrix(moved))
    np.testing.assert_allclose(*slopes, atol=1e-12)


def test_coherence_between_sectors_is_kept():
    """A start that the blocks cannot hold is kept whole."""
    battery = sparse_battery(True)
    ket = np.zeros(15)
    ket[[0, 3]] = np.sqrt(0.5)
    changed = eqx.tree_at(lambda b: b.given, battery, np.outer(ket, ket) + 0j)
    assert not changed.start().layout.sectored


def test_a_real_drive_needs_no_transposes():
    """Kerr cavity: a → ia leaves one turned term, the diagonal of the Hamiltonian."""
    a = qb.algebra.operators.destroy(6)
    H = 0.1 * a.T @ a + 2.0 * (a + a.T)
    battery = qb.batteries.Lindblad(
        H, [a], dims=(6,), cell=0, cell_hamiltonian=np.arange(6.0), truncated=()
    )
    layout = models.layout(battery.model, False)
    assert np.any(layout.phases)
    turned = [d.offset for d in layout.structure.sectors[0].drifts if d.imaginary]
    assert turned == [0]


def test_gradients_of_numbers():
    times = np.array([0.0, 1.5])

    def energy(numbers, adjoint):
        a, _, terms, _ = tavis_cummings()
        battery = qb.batteries.Lindblad(
            [terms[0], (numbers[0], terms[2])], [(numbers[1], a)], dims=(3, 5), cell=0,
            cell_hamiltonian=np.arange(3.0), initial=start(3, 5, 2).full()[:, 0], truncated=(),
        )  # fmt: skip
        return qb.charge(battery, None, times, adjoint=adjoint).energy[-1]

    numbers = jnp.array([0.7, 0.2])
    value = jax.jit(lambda x: energy(x, "reverse"))
    forward = jax.jit(jax.jacfwd(lambda x: energy(x, "forward")))(numbers)
    reverse = jax.jit(jax.grad(lambda x: energy(x, "reverse")))(numbers)
    differences = [central_difference(value, numbers, e) for e in np.eye(2)]
    np.testing.assert_allclose(forward, differences, rtol=GRADIENT)
    np.testing.assert_allclose(reverse, forward, rtol=GRADIENT)


def qubit(jumps=(), controls=(), **more):
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), list(jumps), dims=(2,), cell=0, cell_hamiltonian=np.array([0.0, 1.0]),
        controls=controls, **more,
    )  # fmt: skip


def test_rates_that_change():
    """ṗ = −γ(t)p with a rate that stops."""
    battery = qubit([(qb.protocols.SwitchOff(0.5, 1.0), LOWER)], initial=np.array([0.0, 1.0]))
    run = qb.charge(battery, None, [0.0, 0.5, 1.0, 2.0])
    np.testing.assert_allclose(run.energy, np.exp([0.0, -0.25, -0.5, -0.5]), atol=1e-8)


def test_two_controls():
    """Orthogonal drives, one after the other: a rotation about x, then about y."""
    ops = qb.algebra.operators
    battery = qubit(controls=[ops.pauli_x() / 2, ops.pauli_y() / 2])
    first = qb.protocols.PiecewiseConstant([np.pi, 0.0], 2.0)
    second = qb.protocols.PiecewiseConstant([0.0, np.pi / 2], 2.0)
    run = qb.charge(battery, (first, second), [0.0, 1.0, 2.0])
    np.testing.assert_allclose(run.energy, [0.0, 1.0, 0.5], atol=1e-8)
    kept = qb.store(battery, run.final_state, [2.0, 3.0])
    np.testing.assert_allclose(kept.energy, 0.5, atol=1e-8)


@pytest.mark.parametrize("method", [qb.dynamics.Chebyshev(), qb.dynamics.Exponential()])
def test_other_methods_agree(method):
    battery = sparse_battery(False)
    fast = qb.charge(battery, None, [0.0, 1.0], solver=qb.Solver(method=method))
    slow = qb.charge(battery, None, [0.0, 1.0])
    assert float(fast.energy[-1]) == pytest.approx(float(slow.energy[-1]), abs=1e-8)
    smooth = qubit(controls=[LOWER + LOWER.T])
    pump = qb.protocols.Function(jnp.sin, 1.0)
    with pytest.raises(ValueError, match="linear and constant between edges"):
        qb.charge(smooth, pump, [0.0, 1.0], solver=qb.Solver(method=method))


def test_decays_of_basis_states():
    """On the host as within a run."""
    jumps = [(0.3, np.kron(LOWER, np.eye(3))), (0.8, np.kron(LOWER, np.diag([1.0, 1j], 1)))]
    battery = qb.batteries.Lindblad(np.zeros((6, 6)), jumps, dims=(2, 3))
    strongest = np.max(models.decays(battery.model) @ [0.3, 0.8])
    assert strongest == pytest.approx(float(battery.generator().spectral_bounds()[0]), rel=1e-14)


def test_cells():
    """Two factors that store, in the middle of four; a matrix for their Hamiltonian."""
    dims, cell = (2, 3, 2, 2), (1, 3)
    rho = random_state(7, 24)
    H = random_hermitian(8, 6)
    battery = qb.batteries.Lindblad(
        np.zeros((24, 24)), [], dims=dims, cell=cell, cell_hamiltonian=H, initial=rho
    )
    expected = qt.Qobj(rho, dims=[list(dims)] * 2).ptrace(cell).full()
    np.testing.assert_allclose(battery.cell(battery.start()), expected, atol=1e-14)
    run = qb.charge(battery, None, [0.0, 1.0])
    assert float(run.ergotropy[0]) == pytest.approx(float(qb.merit.ergotropy(expected, H)))
    ket = np.eye(6)[2]
    moved = battery.cell(battery.start(ket))
    np.testing.assert_allclose(moved, np.outer(ket, ket), atol=1e-14)


@pytest.mark.parametrize("form", [np.asarray, np.diag])
def test_energy_counts_from_the_lowest_level(form):
    levels = np.array([0.5, -0.5])
    battery = qb.batteries.Lindblad(
        np.zeros((2, 2)), [(0.1, LOWER)], dims=(2,), cell=0, cell_hamiltonian=form(levels)
    )
    run = qb.charge(battery, None, [0.0, 1.0], initial=np.diag([0.3, 0.7]))
    found = (run.energy[0], run.ergotropy[0], run.incoherent_ergotropy[0])
    np.testing.assert_allclose(found, [0.3, 0.0, 0.0], atol=1e-14)


def test_one_program_for_equal_operators():
    one, other = sparse_battery(False), sparse_battery(False, couple=0.1)
    assert one.model == other.model
    assert models.layout(one.model, False) is models.layout(other.model, False)


def test_truncation_is_watched():
    a = qb.algebra.operators.destroy(5)
    battery = qb.batteries.Lindblad(
        np.zeros((5, 5)), [], dims=(5,), cell=0, cell_hamiltonian=np.arange(5.0),
        controls=[a + a.T],
    )  # fmt: skip
    with pytest.warns(qb.dynamics.TruncationWarning, match=r"factor 0 mode.*dims\[0\]=8"):
        qb.charge(battery, qb.protocols.Constant(2.0), [0.0, 1.0])


@pytest.mark.parametrize("make", [np.asarray, jnp.asarray, sp.csr_matrix, qt.Qobj])
def test_operators_of_any_make(make):
    battery = qubit([make(0.5 * LOWER)], initial=np.array([0.0, 1.0]))
    run = qb.charge(battery, None, [0.0, 1.0])
    assert float(run.energy[-1]) == pytest.approx(np.exp(-0.25), abs=1e-8)


class LikeQArray:
    """What dynamiqs gives an operator."""

    dims = (2,)

    def to_numpy(self):
        return 0.5 * LOWER


def test_operators_of_dynamiqs():
    battery = qubit([LikeQArray()], initial=np.array([0.0, 1.0]))
    assert len(battery.model.jumps) == 1
