r"""The Lindblad generator as a structured superoperator.

$$\dot\rho = -i[H, \rho] + \sum_j \gamma_j \left(L_j\rho L_j^\dagger
  - \tfrac12 L_j^\dagger L_j\rho - \tfrac12 \rho L_j^\dagger L_j\right)
  = G\rho + \rho G^\dagger + \sum_j \gamma_j L_j\rho L_j^\dagger,
  \qquad H = \sum_j c_j H_j + \sum_j u_j(t) C_j .$$

The state is packed (`algebra.packing`): one real matrix per sector, Hermitian by
construction. `Generator.__call__` acts without building anything: shifts of the padded
blocks times row and column vectors, or matrix products where the operators are not
banded (`action.Action`). `Generator.matrix` is the dense $d^2 \times d^2$ form, for small systems,
exact propagation and tests.
"""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _memory
from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.generator.action import Action, form_of, is_banded
from qbjax.dynamics.generator.shifts import Blocks, Stack, stack, unstack
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
        return is_banded(self.structure, self.storage)

    @property
    def action(self) -> Action:
        """The generator without its operators: what moves a state."""
        form = form_of(self.structure, self.storage)
        return Action(form, self.coefficients, self.rates, self.backwards)

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
        return self.action.stacked(state, signals)

    def dual(self, state: Stack, signals: Sequence | Float[Array, " C"] = ()) -> Stack:
        """The dual generator applied to an observable: the transpose of `stacked`."""
        return self.action.dual(state, signals)

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
        return self.action.spectral_bounds(signals, ket=ket)

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
        """Numbers of all drift operators, those of the controls last."""
        return self.action.weights(signals)


def _combine(operators, weights, d):
    total = jnp.zeros((d, d), dtype=complex)
    for weight, operator in zip(weights, operators, strict=True):
        dense = jnp.asarray(operator.toarray(), dtype=complex)
        total = total + weight.astype(complex) * dense
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
