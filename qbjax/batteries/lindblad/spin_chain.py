r"""A chain of spins that is itself the battery, charged by a field: Heisenberg's XXZ model.

$$H_\text{cell} = \sum_kB_kn_k + \sum_kJ_k\left[\sigma^+_k\sigma^-_{k+1} + \text{h.c.}
  + \Delta\,n_kn_{k+1}\right], \qquad H = H_\text{cell} + \tfrac{\Omega(t)}2\sum_k\sigma^x_k$$

with $n = \sigma^+\sigma^-$, 0 for a spin in its ground state. (In terms of Pauli matrices,
$n_kn_{k+1}$ is $\sigma^z_k\sigma^z_{k+1}/4$ up to local fields, which belong to the $B_k$ here: the
state without flipped spins then has energy zero at any Δ.) The whole chain stores, so its ergotropy
is global, with respect to the interacting $H_\text{cell}$, whose ground state is the start.

| symbol | argument | good value |
|---|---|---|
| N | `spins` | 6 |
| $J_k$ | `hopping` | 1, a number or N − 1 of them |
| Δ | `anisotropy` | 0 (XX), 1 (XXX) |
| $B_k$ | `fields` | 3, a number or N of them; above 2J the ground state has no flipped spin |
| Ω(t) | the protocol | 2 |

Without hopping every spin turns by itself, $E = \sum_kB_k(\Omega/\Omega_k)^2\sin^2(\Omega_kt/2)$
with $\Omega_k^2 = \Omega^2 + B_k^2$; with hopping one flipped spin has the energies of a particle
on a line, $B + 2J\cos(\pi m/(N+1))$.

Reference: T. P. Le, J. Levinsen, K. Modi, M. M. Parish and F. A. Pollock, "Spin-chain model of a
many-body quantum battery", Phys. Rev. A 97, 022106 (2018).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import operators, spectral
from qbjax.algebra.jumps import Jumps
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad.battery import Lindblad


class SpinChain(Composed):
    r"""N spins on a line; see the module's docstring.

    Its numbers go into the master equation when it is built: to change one, or to differentiate by
    it, build another, inside the function that is differentiated.

    Args:
        spins: N; states are of 2^N levels.
        hopping: $J_k$, a number or shape (N − 1,).
        anisotropy: Δ.
        fields: $B_k$, a number or shape (N,).
        jumps: as `Lindblad` takes them, e.g. `qb.algebra.jumps.dephasing(0.1, (2,) * N, range(N))`.

    Raises:
        ValueError, TypeError: for numbers out of range, or not so many as spins; for a chain with
            two ground states, of which neither can be the start.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.SpinChain(2, hopping=0, fields=1.0)
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, np.pi / np.sqrt(2)])
        >>> round(float(run.energy[-1]), 6)
        1.0
    """

    lindblad: Lindblad
    hopping: Float[Array, " B"]
    anisotropy: Any
    fields: Float[Array, " N"]
    spins: int = eqx.field(static=True)

    def __init__(
        self,
        spins: int | Any,
        *,
        hopping: Any = 1.0,
        anisotropy: Any = 0,
        fields: Any = 3.0,
        jumps: Jumps | Any = None,
    ):
        self.spins = count = _checks.integer("spins", spins, low=1)
        _checks.room("spins", count, 1 << 2 * min(count, 512), "one density matrix")
        self.hopping = _each("hopping", hopping, count - 1)
        self.fields = _each("fields", fields, count)
        self.anisotropy = _checks.optional_scalar("anisotropy", anisotropy)
        dims = (2,) * count
        terms = self._terms(dims)
        lower = [operators.embed(operators.destroy(2), dims, k) for k in range(count)]
        chain = sum(jnp.asarray(g) * jnp.asarray(H) for g, H in terms)
        self.lindblad = Lindblad(
            terms,
            [] if jumps is None else jumps,
            dims=dims,
            cell=tuple(range(count)),
            cell_hamiltonian=chain,
            controls=[np.sum([(s + s.T) / 2 for s in lower], axis=0)],
            initial=_ground(chain),
            truncated=(),
            lowering=operators.destroy(2) if count == 1 else None,
        )

    def _terms(self, dims) -> list[tuple[Any, Any]]:
        lower = [operators.embed(operators.destroy(2), dims, k) for k in range(self.spins)]
        flipped = [s.T @ s for s in lower]
        terms: list[tuple[Any, Any]] = [(self.fields[k], n) for k, n in enumerate(flipped)]
        for k in range(self.spins - 1):
            hop = lower[k].T @ lower[k + 1]
            terms.append((self.hopping[k], hop + hop.T))
            if not _checks.is_plain_zero(self.anisotropy):
                both = flipped[k] @ flipped[k + 1]
                terms.append((self.hopping[k] * self.anisotropy, both))
        return terms


def _each(name: str, value: Any, count: int) -> Float[Array, " N"]:
    """Numbers for all of so many, of which one may have been given for all."""
    if _checks.axes(value) == 0:
        return jnp.full(count, _checks.scalar(name, value))
    return _checks.array(name, value, shape=(count,))


def _ground(H) -> Array | np.ndarray:
    """The ket of lowest energy; on the host if that is known."""
    if _checks.is_concrete(H):
        levels, vectors = np.linalg.eigh(np.asarray(H))
        if len(levels) > 1 and levels[1] - levels[0] <= 1e-9 * np.max(np.abs(levels)):
            raise ValueError(
                "Arguments `fields` and `hopping` must leave the chain one ground state, but its "
                f"two lowest levels are {levels[0]:g} and {levels[1]:g}."
            )
        return vectors[:, 0]
    return spectral.eigensystem(H)[1][:, 0]
