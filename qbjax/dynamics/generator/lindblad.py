r"""The Lindblad generator as a structured superoperator.

$$\dot\rho = -i[H, \rho] + \sum_j \gamma_j \left(L_j\rho L_j^\dagger
  - \tfrac12 L_j^\dagger L_j\rho - \tfrac12 \rho L_j^\dagger L_j\right)
  = G\rho + \rho G^\dagger + \sum_j \gamma_j L_j\rho L_j^\dagger,
  \qquad H = \sum_j c_j H_j + \sum_j u_j(t) C_j .$$

The state is packed (`algebra.packing`): one real matrix per sector, Hermitian by
construction. `Generator.__call__` acts without building anything: shifts of the padded
blocks times row and column vectors, or matrix products where the operators are not
banded. `Generator.matrix` is the dense $d^2 \times d^2$ form, for small systems,
exact propagation and tests.
"""

from collections.abc import Sequence
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _memory
from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.generator.shifts import (
    Blocks,
    Stack,
    factors,
    shifted,
    shifted_dual,
    shifted_with_dual,
    shifts_of,
    stack,
    unstack,
)
from qbjax.dynamics.generator.structure import Structure


class Generator(eqx.Module):
    r"""A Lindblad generator: a `Structure` with its numbers.

    Args:
        structure: which operators there are; concrete, static.
        coefficients: $c_j$ of the Hamiltonians, shape (H,).
        rates: $\gamma_j$ of the jumps, shape (J,).
        storage: "banded" (shifts), "dense" (matrix products) or "auto" (the cheaper).
        backwards: whether reverse mode alone will differentiate it: much cheaper then, for
            the dual generator is known (`shifts.shifted_with_dual`).

    Example:
        A decaying qubit, $\dot\rho_{11} = -\gamma\rho_{11}$:

        >>> import jax.numpy as jnp, numpy as np
        >>> from qbjax.dynamics.generator.structure import Structure
        >>> decay = Structure([], [np.diag([1.0], 1)])
        >>> L = Generator(decay, jnp.zeros(0), jnp.array([0.5]))
        >>> (excited,) = L.blocks(jnp.diag(jnp.array([0.0, 1.0])))
        >>> L((excited,))[0].diagonal().tolist()
        [0.5, -0.5]
    """

    structure: Structure = eqx.field(static=True)
    coefficients: Float[Array, " H"]
    rates: Float[Array, " J"]
    storage: str = eqx.field(static=True, default="auto")
    backwards: bool = eqx.field(static=True, default=False)

    @property
    def real(self) -> bool:
        """Whether a real density matrix stays real."""
        return not self.structure.imaginary

    @property
    def banded(self) -> bool:
        """Whether `__call__` works by shifts."""
        if self.storage == "auto":
            return self.structure.reads <= self.structure.products
        return self.storage == "banded"

    def __call__(self, blocks: Blocks, signals: Sequence | Float[Array, " C"] = ()) -> Blocks:
        """The time derivative of a packed state.

        Args:
            blocks: one packed real matrix per sector.
            signals: control amplitudes $u_j$, in the order of the controls.

        Returns:
            Blocks of the same shapes.
        """
        return unstack(self.structure, self.stacked(stack(self.structure, blocks), signals))

    def stacked(self, state: Stack, signals: Sequence | Float[Array, " C"] = ()) -> Stack:
        """The time derivative of a state as one array of all blocks (`shifts.stack`).

        Integrators use this form.
        """
        weights = self.weights(signals)
        if not self.banded:
            blocks = unstack(self.structure, state)
            return stack(self.structure, _multiplied(self.structure, blocks, weights, self.rates))
        move = shifted_with_dual if self.backwards else shifted
        return move(self.structure, state, weights, self.rates)

    def dual(self, state: Stack, signals: Sequence | Float[Array, " C"] = ()) -> Stack:
        """The dual generator applied to an observable: the transpose of `stacked`."""
        if self.banded:
            return shifted_dual(self.structure, state, self.weights(signals), self.rates)
        (back,) = jax.linear_transpose(lambda x: self.stacked(x, signals), state)(state)
        return back

    def blocks(self, rho: Inexact[Array, "d d"]) -> Blocks:
        """The packed blocks of a density matrix; coherence between sectors is dropped."""
        packed = pack(rho)
        return tuple(packed[np.ix_(s.states, s.states)] for s in self.structure.sectors)

    def density_matrix(self, blocks: Blocks, *, real: bool = False) -> Inexact[Array, "d d"]:
        """The density matrix that packed blocks stand for, in the original basis."""
        d = self.structure.dimension
        packed = jnp.zeros((d, d))
        for sector, block in zip(self.structure.sectors, blocks, strict=True):
            packed = packed.at[np.ix_(sector.states, sector.states)].set(block)
        return unpack(packed, real=real)

    def spectral_bounds(self, signals: Sequence | Float[Array, " C"] = (), *, ket: bool = False):
        """Bounds on the spectrum, roughly: (minus the least real part, largest imaginary part).

        Twice the strongest decay of a basis state; and the width of the discs of Gershgorin
        round the diagonal of the Hamiltonian, in which its energies lie. A ket turns with the
        energies themselves, not with their differences: for one, the farthest of them from zero.
        Jumps that lead back, or whose L†L is not diagonal, may reach farther.
        """
        shifts = shifts_of(self.structure, self.structure.sectors)
        if not shifts.drifts:
            return jnp.zeros(()), jnp.zeros(())
        values = factors(shifts, self.weights(signals))

        def total(some, values):
            return jnp.tensordot(np.array(some, dtype=float), values, 1)

        still = [d.offset == 0 for d in shifts.drifts]
        turns = [d.imaginary for d in shifts.drifts]
        decays = -total(np.logical_and(still, np.logical_not(turns)), values)
        energies = -total(np.logical_and(still, turns), values)
        radii = total(np.logical_not(still), jnp.abs(values))
        # Smaller sectors are padded.
        there = np.arange(energies.shape[1]) < np.array(self.structure.sizes)[:, None]
        top = jnp.max(jnp.where(there, energies + radii, -jnp.inf), axis=1)
        bottom = jnp.min(jnp.where(there, energies - radii, jnp.inf), axis=1)
        spread = jnp.maximum(top, -bottom) if ket else top - bottom
        return 2 * jnp.maximum(jnp.max(decays), 0.0), jnp.max(spread)

    def matrix(self, signals: Sequence | Float[Array, " C"] = ()) -> Complex[Array, "dd dd"]:
        r"""The dense superoperator on row-stacked matrices, vec(AρB) = (A ⊗ Bᵀ) vec(ρ).

        Raises:
            MemoryError: if the d²×d² complex matrix would not fit in memory.
        """
        structure, d = self.structure, self.structure.dimension
        _check_fits(d)
        drift = _combine(structure.drift_operators(), self.weights(signals), d)
        identity = jnp.eye(d, dtype=complex)
        total = jnp.kron(drift, identity) + jnp.kron(identity, drift.conj())
        for rate, jump in zip(self.rates, structure.jumps, strict=True):
            dense = jnp.asarray(jump.toarray(), dtype=complex)
            total = total + rate.astype(complex) * jnp.kron(dense, dense.conj())
        return total

    def weights(self, signals) -> Float[Array, " W"]:
        parts = [self.coefficients, self.rates]
        if len(signals):
            parts.append(jnp.asarray(signals))
        return jnp.concatenate(parts)


@partial(jax.jit, static_argnums=0)
def _multiplied(structure, blocks, weights, rates) -> Blocks:
    """Applies the generator by matrix products, for operators without a band structure."""
    states = [s.states for s in structure.sectors]
    out = []
    for target, block in enumerate(blocks):
        here = np.ix_(states[target], states[target])
        operators = [np.asarray(m.toarray())[here] for m in structure.drift_operators()]
        G = _combine(operators, weights, len(states[target]))
        G = G if structure.imaginary else G.real
        total = _sandwich(G, None, block) + _sandwich(None, G, block)
        for rate, L in zip(rates, structure.jumps, strict=True):
            for source, origin in enumerate(blocks):
                part = L.toarray()[np.ix_(states[target], states[source])]
                if part.any():
                    total = total + rate * _sandwich(part, part, origin)
        out.append(total)
    return tuple(out)


def _sandwich(a, b, packed):
    r"""The packed form of $a \rho b^\dagger$; None is the identity.

    With $a = a_r + ia_i$ it is $a_r R b_r^T + a_i R b_i^T + a_i R^T b_r^T - a_r R^T b_i^T$.
    """
    a_r, a_i = _parts(a)
    b_r, b_i = _parts(b)

    def product(left, middle, right):
        inner = middle if right is None else middle @ right.T
        return inner if left is None else left @ inner

    total = product(a_r, packed, b_r)
    if a_i is not None and b_i is not None:
        total = total + product(a_i, packed, b_i)
    if a_i is not None:
        total = total + product(a_i, packed.T, b_r)
    if b_i is not None:
        total = total - product(a_r, packed.T, b_i)
    return total


def _parts(matrix):
    """Splits a matrix into real and imaginary part; None for an identity's and a vanishing one."""
    if matrix is None:
        return None, None
    if not np.iscomplexobj(matrix):
        return matrix, None
    if isinstance(matrix, np.ndarray) and not np.imag(matrix).any():
        return np.real(matrix), None
    return jnp.real(matrix), jnp.imag(matrix)


def _combine(operators, weights, d):
    total = jnp.zeros((d, d), dtype=complex)
    for weight, operator in zip(weights, operators, strict=True):
        dense = operator if isinstance(operator, np.ndarray) else operator.toarray()
        total = total + weight.astype(complex) * jnp.asarray(dense, dtype=complex)
    return total


def _check_fits(d: int):
    size = 16 * d**4
    memory = _memory.here()
    if size > memory / 4:  # building it takes about four copies
        raise MemoryError(
            f"The dense superoperator of {d} levels must fit in memory, but needs "
            f"{size / 2**30:.1f} GiB (a quarter of the {memory / 2**30:.0f} GiB here is "
            "the limit); apply the generator instead of its matrix."
        )
