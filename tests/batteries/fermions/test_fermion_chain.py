"""Free-fermion chains against all levels of few spins, and uniform rings against momentum sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.fermions import Drive
from tests.batteries.fermions import brute_force as brute
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

N = 5
TIMES = np.array([0.0, 0.4, 0.8, 2.0])
DRAW = np.random.default_rng(4)
J, D, B = DRAW.normal(size=N), DRAW.normal(size=N), DRAW.normal(size=N) + 2
CELL = [1, 2, 3]


def chain(scale=(1.0, 1.0, 1.0), ring=False, **more):
    """Five sites with random numbers; one structure for all that share `more`."""
    bonds = N if ring else N - 1
    return qb.batteries.FermionChain(
        N, hopping=scale[0] * J[:bonds], pairing=scale[1] * D[:bonds], fields=scale[2] * B,
        ring=ring, **more,
    )  # fmt: skip


def spins(ring=False):
    bonds = N if ring else N - 1
    return brute.hamiltonian(N, J[:bonds], D[:bonds], B, ring)


@pytest.mark.parametrize(
    ("ring", "parity"),
    [
        (False, None),
        (True, "odd"),
        pytest.param(True, "even", marks=pytest.mark.slow),
        pytest.param(False, "odd", marks=pytest.mark.slow),
        pytest.param(False, "even", marks=pytest.mark.slow),
    ],
)
def test_a_quench_of_all_levels(ring, parity):
    """The whole as spins: density matrix, energy above the ground state of all, its variance."""
    battery, H = chain(ring=ring, parity=parity), spins(ring)
    assert tree_allclose(np.asarray(battery.cell_hamiltonian), H, rtol=EXACT)
    field = brute.hamiltonian(N, fields=1.0)
    kets = brute.evolved(H - 1.7 * field, brute.ground(H, parity), TIMES)
    run = qb.charge(battery, qb.protocols.Constant(-1.7), TIMES, states="cell")
    rho = np.array([np.outer(psi, psi.conj()) for psi in kets])
    assert tree_allclose(np.asarray(run.states), rho, rtol=EXACT)
    mean, square = (np.array([np.vdot(x, A @ x).real for x in kets]) for A in (H, H @ H))
    lowest = np.linalg.eigvalsh(H)[0]
    assert tree_allclose(run.energy, mean - lowest, rtol=EXACT)
    assert tree_allclose(run.ergotropy, run.energy, rtol=EXACT)
    assert tree_allclose(run.energy_variance, square - mean**2, rtol=1e-11)
    filled = [[np.linalg.norm(s @ x) ** 2 for s in brute.lowering(N)] for x in kets]
    assert tree_allclose(run.occupations, np.array(filled), rtol=EXACT)
    alone = [qb.merit.qubit_ergotropy(rho[-1], H, (2,) * N, k) for k in range(N)]
    assert tree_allclose(run.site_ergotropies[-1], np.array(alone), rtol=1e-11)
    own = qb.merit.local_ergotropy(rho[-1], [np.array([0.0, b]) for b in B])
    assert tree_allclose(run.local_ergotropy[-1], own, rtol=EXACT)
    assert tree_allclose(jnp.sum(run.energy_density, axis=1), mean, rtol=EXACT)


def test_a_block_under_a_pulse():
    """Three spins inside, by QuTiP under a smooth field and a coupling: merits of their state."""
    import qutip

    pulse = qb.protocols.Fourier([1.0, 0.5], 2.0)
    battery = chain(cell=CELL, drives=["fields", Drive(hopping=0.5, pairing=J[: N - 1])])
    run = qb.charge(
        battery, [pulse, qb.protocols.Constant(0.3)], TIMES, states="cell",
        solver=qb.Solver(1e-11, 1e-12),
    )  # fmt: skip
    H, V = spins(), brute.hamiltonian(N, 0.5, J[: N - 1])
    moving = qutip.QobjEvo(
        [
            qutip.Qobj(H + 0.3 * V),
            [qutip.Qobj(brute.hamiltonian(N, fields=1.0)), lambda t: float(pulse.signal(t))],
        ]
    )
    options = {"rtol": 1e-11, "atol": 1e-12, "nsteps": 10**5, "progress_bar": ""}
    kets = qutip.sesolve(moving, qutip.Qobj(brute.ground(H)), TIMES, options=options).states
    own = brute.hamiltonian(3, J[1:3], D[1:3], B[1:4])
    assert tree_allclose(np.asarray(battery.cell_hamiltonian), own, rtol=EXACT)
    for k, psi in enumerate(kets):
        rho = brute.reduced(psi.full().ravel(), 1, 3)
        for name in ("energy", "ergotropy", "energy_variance", "entropy", "purity"):
            expected = getattr(qb.merit, name)(
                *((rho,) if name in ("entropy", "purity") else (rho, own))
            )
            assert tree_allclose(run.observables[name][k], expected, rtol=1e-8), name
        assert tree_allclose(np.asarray(run.states[k]), rho, rtol=1e-8)
    alone = qb.merit.qubit_ergotropy((kets[-1] * kets[-1].dag()).full(), H, (2,) * N, 2)
    assert tree_allclose(run.site_ergotropies[-1, 2], alone, rtol=1e-8)
    assert np.all(np.asarray(run.gaussian_ergotropy) <= np.asarray(run.ergotropy) + EXACT)
    assert np.asarray(run.ergotropy)[-1] > np.asarray(run.gaussian_ergotropy)[-1] + 1e-6


def test_what_a_coupling_stores_does_not_depend_on_its_strength():
    r"""R. Grazi et al., arXiv:2503.20424: from a classical point, for long and in long chains.

    Spins in a field B, an Ising coupling J switched on and off: $E/N = B/4$ for every $2J > B$, by
    $\int_0^\pi\sin^2q\,dq/(1 + g^2 + 2g\cos q) = \pi/2$ with $g = B/2J < 1$; $J^2/B$ for others.
    """
    ring = qb.batteries.FermionChain(
        200, hopping=0.0, pairing=0.0, fields=1.0, ring=True, drives=[Drive(None, 1.0, 1.0)]
    )
    times = np.array([0.0, 40.0, 60.0, 63.0])
    for J, expected in ((5.0, 0.25), (1.0, 0.25), (0.25, 0.0625)):
        run = qb.charge(ring, qb.protocols.SwitchOff(J, 60.0), times)
        momenta = brute.quench(200, (0.0, 0.0, 1.0), (J, J, 1.0), [0.0, 40.0, 60.0, 60.0])
        assert tree_allclose(run.energy, momenta, rtol=1e-11)
        assert np.all(np.abs(run.energy[1:] / 200 - expected) < 1e-3)
        assert np.all(np.asarray(run.trace_defect) < EXACT)


def test_modes_of_a_ring_have_the_known_energies():
    ring = qb.batteries.FermionChain(40, hopping=1.0, pairing=0.8, fields=2.7, ring=True)
    q = (2 * np.arange(40) + 1) * np.pi / 40
    modes = np.sort(np.hypot(2.7 + 2 * np.cos(q), 1.6 * np.sin(q)))[::-1]
    assert tree_allclose(np.asarray(ring.modes()), modes, rtol=EXACT)


@pytest.mark.slow
def test_a_thousand_sites_by_momenta():
    """The field is switched off, across the critical point, and on; the energy stays then."""
    ising = qb.batteries.FermionChain(1000, hopping=1.0, pairing=0.8, fields=2.7, ring=True)
    times = np.array([0.0, 0.7, 3.3, 17.0, 19.0])
    run = qb.charge(ising, qb.protocols.SwitchOff(-2.5, 17.0), times)
    expected = brute.quench(1000, (1.0, 0.8, 2.7), (1.0, 0.8, 0.2), times)
    expected[-1] = expected[-2]
    assert tree_allclose(run.energy, expected, rtol=1e-11)


def work(x, cell=None, adjoint="reverse"):
    """A number that all numbers, a switching time and times of looking have a part in."""
    battery = chain(x[:3], cell=cell, drives=["fields", "hopping"])
    pumps = [qb.protocols.SwitchOff(x[3], x[5]), qb.protocols.Constant(x[4])]
    run = qb.charge(battery, pumps, [0.0, x[6], 1.9], adjoint=adjoint)
    more = run.entropy[-1] if cell else jnp.sum(run.site_ergotropies[1])
    return run.ergotropy[-1] + run.energy[1] + 0.1 * run.energy_variance[1] + more


@pytest.mark.parametrize("cell", [CELL, pytest.param(None, marks=pytest.mark.slow)])
def test_gradients(cell):
    at = jnp.array([1.0, 1.1, 0.9, -1.3, 0.4, 0.8, 0.6])
    v = jnp.array([0.3, -0.2, 0.5, 0.4, 0.6, 0.3, 0.2])

    @jax.jit
    def both(x):
        forth = jax.jvp(lambda x: work(x, cell, "forward"), (x,), (v,))[1]
        return jax.grad(work)(x, cell), forth

    back, forth = both(at)
    difference = central_difference(jax.jit(lambda x: work(x, cell)), at, v)
    assert tree_allclose(forth, difference, rtol=GRADIENT)
    assert tree_allclose(back @ v, forth, rtol=1e-10)


def test_gradients_where_all_modes_are_alike():
    """Two spins that pairing joins are a qubit of |00⟩ and |11⟩; both modes have its energy."""

    def energy(u):
        pair = qb.batteries.FermionChain(
            2, hopping=0.0, pairing=0.0, fields=2.0, drives=["pairing"]
        )
        return qb.charge(pair, qb.protocols.Constant(u), [0.0, 0.5]).energy[-1]

    def known(u):
        return 4 * u**2 / (4 + u**2) * jnp.sin(0.5 * jnp.sqrt(4 + u**2)) ** 2

    found = jax.jit(jax.value_and_grad(energy))(0.3)
    assert tree_allclose(found, jax.jit(jax.value_and_grad(known))(0.3), rtol=EXACT)
    with pytest.raises(NotImplementedError, match=r"first derivatives .* but no second ones"):
        jax.hessian(energy)(0.3)


@pytest.mark.slow
@pytest.mark.standard_promotion  # optax mixes integers
def test_maximize_and_sweep_and_vmap():
    def last(protocol, battery):
        return qb.charge(battery, protocol, [0.0, 2.0]).energy[-1]

    free = qb.protocols.PiecewiseConstant(qb.free([-0.5, -1.0], -3.0, 0.0), 2.0)
    best = qb.maximize(last, free, battery=chain(), steps=4)
    assert float(best.value) > float(
        last(qb.protocols.PiecewiseConstant([-0.5, -1.0], 2.0), chain())
    )
    data = qb.sweep(
        lambda u: {"energy": last(qb.protocols.Constant(u), chain())}, {"u": np.array([-1.0, -1.7])}
    )
    many = jax.vmap(lambda u: last(qb.protocols.Constant(u), chain()))(jnp.array([-1.0, -1.7]))
    assert tree_allclose(np.asarray(data.energy), np.asarray(many), rtol=1e-10)


@pytest.mark.slow
def test_a_thousand_sites_with_slopes_by_all_fields():
    """Random fields on an open chain, late: no momenta help; differences do."""
    draw = np.random.default_rng(1)
    fields, v = jnp.asarray(3 + draw.normal(size=1000)), jnp.asarray(draw.normal(size=1000))

    def energy(x):
        battery = qb.batteries.FermionChain(1000, pairing=1.0, fields=x)
        return qb.charge(battery, qb.protocols.Constant(-3.0), [0.0, 50.0]).energy[-1]

    slope = jax.jit(jax.grad(energy))(fields) @ v
    difference = central_difference(jax.jit(energy), fields, v, step=1e-4)
    assert tree_allclose(slope, difference, rtol=1e-5)
