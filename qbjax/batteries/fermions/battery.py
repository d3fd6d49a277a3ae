r"""A chain of spins whose fermions are free: XY, transverse Ising and Kitaev chains of any length.

$$H = \sum_kB_kn_k + \sum_k\left[J_k\sigma^+_k\sigma^-_{k+1} + D_k\sigma^+_k\sigma^+_{k+1}
  + \text{h.c.}\right] + \sum_mu_m(t)V_m$$

with $n = \sigma^+\sigma^-$, 0 for a spin in its ground state. In terms of Pauli matrices a bond is
$\tfrac12(J + D)\sigma^x\sigma^x + \tfrac12(J - D)\sigma^y\sigma^y$. Jordan and Wigner's
$c_k = \prod_{j<k}(-1)^{n_j}\sigma^-_k$ makes it $J_kc_k^\dagger c_{k+1} + D_kc_k^\dagger
c_{k+1}^\dagger$ + h.c.: quadratic, so that states of N spins are covariances of 2N Majorana
operators (`_modes`), and nothing is left of $2^N$.

| chain | bond | arguments |
|---|---|---|
| XY | $\tfrac J2[(1 + \gamma)\sigma^x\sigma^x + (1 - \gamma)\sigma^y\sigma^y]$ | J, `pairing=γ*J` |
| transverse Ising, critical at B = 2J | $J\sigma^x\sigma^x$ | `hopping=J, pairing=J` |
| Kitaev, μ = −B | $-t(c^\dagger c + \text{h.c.}) + \Delta(cc + \text{h.c.})$ | −t and −Δ |

| symbol | argument | good value |
|---|---|---|
| N | `sites` | 6 … 1000 |
| $J_k$, $D_k$ | `hopping`, `pairing` | 1 and 0.5; a number, or one for each bond |
| $B_k$ | `fields` | 3, a number or N of them; 1 is the unit of energy |
| $V_m$ | `drives` | `["fields"]`: the protocol is a transverse field on all spins |

A uniform chain has modes of the energies
$\epsilon_q = \sqrt{(B + 2J\cos q)^2 + 4D^2\sin^2q}$.

Protocols that keep the fermions free drive transverse fields ($n_k$) and couplings of neighbours (J
and D): a quench of either and back is the usual charging. A field along x or y does not, nor does a
coupling $n_kn_{k+1}$, nor local dephasing: `SpinChain` has these, for some spins.

References: E. Lieb, T. Schultz and D. Mattis, Ann. Phys. 16, 407 (1961); A. Yu. Kitaev, Phys.-Usp.
44, 131 (2001); R. Grazi et al., Phys. Rev. Lett. 133, 197001 (2024), charging by two quenches.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.batteries.fermions import _checked as checked
from qbjax.batteries.fermions import _ground as grounds
from qbjax.batteries.fermions import _merits as merits
from qbjax.batteries.fermions import _motion as motions
from qbjax.batteries.fermions import _spins as spins
from qbjax.batteries.fermions._chain import Chain, Drive
from qbjax.batteries.fermions._merits import MOST, Sites
from qbjax.batteries.fermions._modes import Blocks
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Origin, State, check_origin, edges_of
from qbjax.interface.pumps import checked_pumps, pumps_of
from qbjax.protocols import Constant

STEP = 24
"""Matrices (N, N) that a step of the motion has at hand."""


class FermionChain(Battery):
    r"""Spins on a line, or a ring, that are free fermions; see the module's docstring.

    A run is exact wherever its signals are constant (`_modes`), at any time; pulses are integrated
    (`_motion`). All numbers may be traced; there are first derivatives by all.

    Args:
        sites: N.
        hopping: $J_k$, one number or N − 1, of a ring N.
        pairing: $D_k$, likewise.
        fields: $B_k$, one number or N.
        cell: neighbouring sites that store, `range(3, 6)`; None for all. Its Hamiltonian has the
            bonds within it.
        drives: for every signal u of the protocol what it drives: "fields", "hopping" or "pairing"
            of all sites or bonds alike, or a `qb.batteries.fermions.Drive`.
        ring: whether the last site is the first one's neighbour.
        parity: "even" or "odd" number of flipped spins, which nothing changes; the start is then
            the lowest state of that parity. None is the ground state of an open chain; a ring is
            even.

    `energy` counts from the ground state of the cell, of a ring that of either parity. `ergotropy`
    is that by all unitaries on the cell, if it is the whole of a pure state (then it is the energy)
    or has at most ten sites. Of more it is `gaussian_ergotropy`, by Gaussian unitaries, and others
    extract no more than `ergotropy_ceiling`, the energy above the thermal state of equal entropy.
    `site_ergotropies` are those by a unitary on one spin alone, its bonds included;
    `local_ergotropy` is what all spins of the cell give against their fields, when the bonds are
    cut. `energy_variance` of a whole chain that starts in its ground state is that of the work,
    measured at both ends. `occupations`, $\langle n_k\rangle$, and `energy_density`, with half of
    each bond, are of all sites.

    Raises:
        ValueError: for numbers out of range, or not so many as sites or bonds; for a chain with two
            ground states, as by zero modes at its ends, where the start is to be one of them.
            TypeError: for what is no number.

    Example:
        >>> import qbjax as qb
        >>> chain = qb.batteries.FermionChain(100, hopping=1.0, pairing=1.0, fields=3.0)
        >>> run = qb.charge(chain, qb.protocols.Constant(-3.0), [0.0, 0.5, 1.0])
        >>> [round(float(x), 4) for x in run.energy[1:]]
        [99.2243, 118.3468]
    """

    chain: Chain
    sites: int = eqx.field(static=True)
    stored: tuple[int, int] = eqx.field(static=True)
    parity: int | None = eqx.field(static=True)

    def __init__(
        self,
        sites: Any,
        *,
        hopping: Any = 1.0,
        pairing: Any = 0.5,
        fields: Any = 3.0,
        cell: Any = None,
        drives: Any = ("fields",),
        ring: Any = False,
        parity: Any = None,
    ):
        n = self.sites = _checks.integer("sites", sites, low=1)
        _checks.room("sites", n, STEP * n * n, "one step of the motion")
        closed = _checks.flag("ring", ring)
        if closed and n < 3:
            raise ValueError(f"Argument `sites` must be at least 3 for a ring, but is {n}.")
        self.stored = checked.neighbours("cell", cell, n)
        own = checked.own(Drive(fields, hopping, pairing), n, closed)
        self.chain = Chain(own, checked.drives(drives, n, closed), closed)
        asked = "even" if parity is None and closed else parity
        names = {name: sign for sign, name in grounds.NAMES.items()}
        self.parity = None if asked is None else names[_checks.choice("parity", asked, [*names])]

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        pumps = self._pumps(protocol)
        if times is None:
            raise ValueError("Argument `times` must be given for a FermionChain, but is None.")
        times = _checks.times("times", times)
        for pump in pumps:
            pump.check_times(times)
        if (edges := edges_of(pumps)) is not None:
            spans, n = edges.size + 1, self.sites
            _checks.room("sites", n, (STEP + 2 * spans) * n * n, f"the modes of {spans} spans")
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        if initial is not None:
            if self.chain.ring:
                raise ValueError(
                    "Argument `initial` must be None or a State for a ring, whose closing bond has "
                    "the sign of a parity, but is a covariance."
                )
            blocks, pure = checked.covariance("initial", initial, self.sites)
            return State(blocks, self._origin, pure)
        none = _checks.settled(np.zeros((self.sites, self.sites)))
        return State(Blocks(none, self._lowest(), none), self._origin, True)

    def motion(self, protocol, state, times) -> Flow:
        pumps, sites = pumps_of(protocol), self._sites_of(state)
        return motions.motion(self.chain, self._sector, sites, pumps, state, times)

    def idle(self) -> tuple[Constant, ...]:
        """Every drive at zero."""
        return tuple(Constant(0.0) for _ in self.chain.drives)

    def cell(self, state: State | Any) -> Complex[Array, "d d"]:
        """Density matrix of a cell of at most ten sites, as spins."""
        self._check_few()
        first, count = self.stored
        here = slice(first, first + count)
        at = check_origin(state, self._origin).content
        return spins.density_matrix(Blocks(*(x[here, here] for x in at)))

    @property
    def cell_hamiltonian(self) -> Float[Array, "d d"]:
        """The Hamiltonian of a cell of at most ten sites, as spins."""
        self._check_few()
        return spins.hamiltonian(self.chain.own, *self.stored, self.chain.ring and self._is_whole)

    def factors(self):
        count = self.stored[1]
        return {"cell": (2,) * count if count <= MOST else ()}

    def facts(self, initial):
        first, count = self.stored
        which = f"all {count} sites" if self._is_whole else f"sites {first} to {first + count - 1}"
        few = "by all unitaries" if count <= MOST else "by Gaussian unitaries"
        return {
            "cell": f"{which}, 2^{count} levels",
            "moves": "covariance of Majorana operators",
            "real numbers": 3 * self.sites**2,
            "method": "Exponential for protocols constant between edges, else Tsit5",
            "drives": len(self.chain.drives),
            "parity": "any" if self.parity is None else grounds.NAMES[self.parity],
            "ergotropy": f"by all unitaries of pure states, else {few}" if self._is_whole else few,
        }

    # --- what it has besides

    def covariance(self, state: State | Any) -> Float[Array, "q q"]:
        r"""Covariance $\Gamma_{jk} = \langle ix_jx_k\rangle - i\delta_{jk}$, all a before all b.

        Args:
            state: of this battery.

        Returns:
            real antisymmetric array (2N, 2N), to give as `initial` to another chain, too.
        """
        return check_origin(state, self._origin).content.whole()

    def modes(self) -> Float[Array, " N"]:
        r"""Energies $\epsilon_k \ge 0$ of the modes of the chain itself, descending."""
        return grounds.energies(_matrix(self.chain, self._sector), None)

    def _lowest(self) -> Float[Array, "N N"]:
        """The block Q of the start, on the host if the numbers are known."""
        if not _checks.is_concrete(self.chain):
            return grounds.lowest(_matrix(self.chain, self._sector), self.parity)
        with jax.ensure_compile_time_eval():
            M = np.asarray(_matrix(self.chain, self._sector))
        return _checks.settled(grounds.known_lowest(M, self.parity))

    def _sites_of(self, state: State) -> Sites:
        """The sites that store, with what a run must know of them beforehand."""
        first, count = self.stored
        bands, pure = self.chain.still(self._sector), bool(state.layout)
        bands = bands if self._is_whole else bands.part(first, count)
        energies = grounds.energies(bands.matrix(), None)
        lowest = -jnp.sum(energies) / 2
        if not self._is_whole:
            return Sites(first, count, bands, energies, lowest, None, False)
        if self.chain.ring:
            sectors = (grounds.energies(_matrix(self.chain, p), p) for p in grounds.NAMES)
            lowest = jnp.min(jnp.stack([-jnp.sum(x) / 2 for x in sectors]))
        values = jnp.ones(count) if pure else merits.modes_of(state.content)
        return Sites(first, count, bands, energies, lowest, values, pure)

    def _pumps(self, protocol):
        return checked_pumps(protocol, len(self.chain.drives))

    def _check_few(self) -> None:
        if self.stored[1] > MOST:
            raise TypeError(
                f"Argument `battery` must have a cell of at most {MOST} sites for a density "
                f"matrix, but has one of {self.stored[1]}."
            )

    @property
    def _is_whole(self) -> bool:
        return self.stored[1] == self.sites

    @property
    def _sector(self) -> int:
        """The parity that the bond which closes a ring has to know."""
        return self.parity or 1

    @property
    def _origin(self) -> Origin:
        name = ("FermionChain", self.sites, self.stored, self.chain.ring, self.parity)
        return Origin(name, tuple(jax.tree.leaves(self.chain)))


@partial(jax.jit, static_argnums=1)
def _matrix(chain: Chain, parity: int) -> Float[Array, "N N"]:
    """The matrix M of a chain's own Hamiltonian, in the sector of a parity."""
    return chain.still(parity).matrix()
