"""Batteries of one's own with more levels: what `refined()` builds is what one would build."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import operators, symbols

a, s, n = symbols.destroy(1), symbols.spin_minus(0), symbols.number(0)
PULSE = qb.protocols.Constant(0.7)


def named(levels=4, coupling=0.2, decay=0.1):
    """Two spins and a mode, by name."""
    return qb.batteries.Lindblad(
        [(coupling, a.dag() @ a @ a.dag() @ a)],
        [(decay, a), (0.02, s)],
        dims=(3, levels),
        cell=0,
        cell_hamiltonian=[(2.0, n)],
        controls=[s.dag() @ a + s @ a.dag()],
        initial=np.eye(1, 3 * levels, 3)[0],
        observables={"photons": a.dag() @ a},
        conserved=n + symbols.number(1),
        truncated=1,
        lowering=s,
    )


def plain(levels=4, coupling=0.2, decay=0.1):
    """The same of arrays."""
    dims = (3, levels)
    A = operators.embed(operators.destroy(levels), dims, 1)
    S = operators.embed(operators.spin_minus(1), dims, 0)
    return qb.batteries.Lindblad(
        [(coupling, A.T @ A @ A.T @ A)],
        [(decay, A), (0.02, S)],
        dims=dims,
        cell=0,
        cell_hamiltonian=2.0 * np.arange(3.0),
        controls=[S.T @ A + S @ A.T],
        initial=np.eye(1, 3 * levels, 3)[0],
        observables={"photons": A.T @ A},
        conserved=np.add.outer(np.arange(3.0), np.arange(float(levels))).ravel(),
        truncated=1,
        lowering=operators.spin_minus(1),
    )


def energy(battery):
    return qb.charge(battery, PULSE, [0.0, 1.5]).energy[-1]


def same(one, other):
    """Whether two batteries have the same operators, numbers and start."""
    assert one.model == other.model
    for name in ("coefficients", "rates", "cell_levels"):
        np.testing.assert_allclose(
            *(np.stack(jax.tree.leaves(getattr(b, name))) for b in (one, other)), rtol=1e-14
        )
    np.testing.assert_array_equal(np.asarray(one.given), np.asarray(other.given))
    return True


def test_symbols_and_a_builder_give_what_arrays_give():
    assert same(named(), plain())
    assert same(named().refined(), plain(6))
    assert same(named().refined().refined(), plain(9))
    assert named().names == named(coupling=3.0).names  # so that members of an ensemble agree
    built = qb.batteries.Built(plain, 4)
    assert same(built.refined().lindblad, plain(6))
    assert same(built.refined().refined().lindblad, plain(9))
    assert built.recommended_levels(None) == {"factor 1": ("levels", 6)}
    assert plain().refined() is not None
    assert plain().refined().model.dims == (3, 4)  # known by arrays alone: nothing can grow


def lindblad(battery):
    return getattr(battery, "lindblad", battery)


def changed(battery):
    """Another coefficient and rate."""
    where = lambda b: (lindblad(b).coefficients[0], lindblad(b).rates[0])  # noqa: E731
    return eqx.tree_at(where, battery, (jnp.array(0.5), jnp.array(0.3)))


@pytest.mark.parametrize("battery", [named(), qb.batteries.Built(plain, 4)])
def test_numbers_go_on_as_they_are(battery):
    """Changed, as arguments of a compiled program, with their derivatives, and in an ensemble."""
    moved = changed(battery)
    assert same(lindblad(moved.refined()), plain(6, 0.5, 0.3))

    @eqx.filter_jit
    @eqx.filter_grad
    def slopes(battery):
        finer = lindblad(battery.refined())
        return finer.coefficients[0] * finer.rates[0] ** 2 + 0 * finer.cell_levels[1]

    found = lindblad(slopes(moved))
    assert float(found.rates[0]) == pytest.approx(2 * 0.5 * 0.3)
    assert float(found.coefficients[0]) == pytest.approx(0.09)
    pair = qb.ensemble([battery, moved]).refined().members()
    assert all(map(same, map(lindblad, pair), (plain(6), plain(6, 0.5, 0.3))))


@pytest.mark.slow
@pytest.mark.parametrize("battery", [named(), qb.batteries.Built(plain, 4)])
def test_a_sweep_of_refined_batteries(battery):
    def finer(rate):
        varied = eqx.tree_at(lambda b: lindblad(b).rates[0], battery, rate)
        return {"energy": energy(varied.refined())}

    found = qb.sweep(finer, {"rate": [0.1, 0.3]})
    right = [float(energy(plain(6, decay=rate))) for rate in (0.1, 0.3)]
    np.testing.assert_allclose(found["energy"], right, rtol=1e-9)


c, h = symbols.destroy(0), symbols.number(0)


def kerr(levels=6, frequency=1.0, kerr=0.1, parts=False):
    """A cell that is cut itself."""
    levels_of = [(frequency, h), (kerr, h @ h)]
    return qb.batteries.Lindblad(
        [(qb.protocols.Constant(0.3 + 0.2j), c), (qb.protocols.Constant(0.3 - 0.2j), c.dag())],
        [(0.1, c)],
        dims=(levels, 2),
        cell=(0, 1) if parts else 0,
        cell_hamiltonian=(levels_of, symbols.number(1)) if parts else levels_of,
        controls=[(2.0, c + c.dag())],
    )


def test_a_cell_that_grows():
    """Its Hamiltonian has the numbers of the present levels; a pump's halves keep their order."""
    assert same(kerr().refined(), kerr(9))
    assert same(kerr(parts=True).refined(), kerr(9, parts=True))
    assert np.shape(kerr(parts=True).refined().cell_parts[0]) == (9,)
    present = kerr()
    twice = eqx.tree_at(lambda b: b.cell_levels, present, 2 * present.cell_levels)
    np.testing.assert_allclose(twice.refined().cell_levels, 2 * kerr(9).cell_levels, rtol=1e-12)
    slope = jax.jit(jax.grad(lambda w: kerr(frequency=w).refined().cell_levels[8]))(1.0)
    assert float(slope) == pytest.approx(8.0)
    off = eqx.tree_at(lambda b: b.cell_levels, present, present.cell_levels + 1)
    with pytest.raises(ValueError, match="`cell_hamiltonian` must be levels that are known for"):
        off.refined()
    traced = jax.jit(lambda x: eqx.tree_at(lambda b: b.cell_levels, present, x).refined())
    assert np.all(np.isnan(traced(present.cell_levels + 1).cell_levels[1:]))


def test_a_start_that_was_changed_is_padded():
    built = qb.batteries.Built(plain, 4)
    other = qb.batteries.Lindblad([], [], dims=(3, 4), initial=np.eye(1, 12, 2)[0]).given
    moved = eqx.tree_at(
        lambda b: b.lindblad.given, built, other, is_leaf=lambda x: x is built.lindblad.given
    )
    assert np.argmax(np.asarray(moved.refined().lindblad.given)) == 2
    rho = np.zeros((12, 12))
    rho[5, 5] = 1.0
    mixed = qb.batteries.Lindblad([], [a], dims=(3, 4), initial=rho, truncated=1).refined()
    assert np.asarray(mixed.given).real.nonzero() == (np.array([7]), np.array([7]))


def leaning(levels):
    """A rate that depends on the levels."""
    b = operators.destroy(levels)
    return qb.batteries.Lindblad([b.T @ b], [(1.0 / levels, b)], dims=(levels,))


def test_numbers_that_depend_on_the_levels():
    battery = qb.batteries.Built(leaning, 4)
    assert float(battery.refined().rates[0]) == pytest.approx(1 / 6)
    moved = eqx.tree_at(lambda b: b.lindblad.rates[0], battery, jnp.array(0.5))
    with pytest.raises(ValueError, match="`build` must give numbers that depend on no levels"):
        moved.refined()
    assert np.isnan(eqx.filter_jit(lambda b: b.refined().rates[0])(moved))


@pytest.mark.parametrize(
    ("made", "error", "words"),
    [
        (lambda: qb.batteries.Built(lambda n: n, 4), TypeError, "`build` must be a function that"),
        (lambda: qb.batteries.Lindblad([], [a], dims=(2, 4), cell=0, cell_hamiltonian=a),
         ValueError, "`cell_hamiltonian` must act on the cell alone, but acts on factor 1"),
        (lambda: qb.batteries.Lindblad([a], [], dims=(2, 4)), ValueError,
         r"`hamiltonian\[0\]` must be Hermitian"),
        (lambda: qb.batteries.Lindblad([a], [], dims=(4,)), ValueError,
         "`dims` must have the levels of factor 1"),
    ],
)  # fmt: skip
def test_bad_input(made, error, words):
    with pytest.raises(error, match=words):
        made()
