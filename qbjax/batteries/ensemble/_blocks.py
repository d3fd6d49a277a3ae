r"""The blocks of a permutation-invariant state of N spins: how often each stands, and local noise.

A state of N spins that no permutation changes is

$$\rho = \bigoplus_j\rho_j\otimes\frac{1_{d_j}}{d_j}, \qquad j = \tfrac N2, \tfrac N2 - 1, \dots,
  \qquad d_j = \frac{(2j + 1)\,N!}{(N/2 + j + 1)!\,(N/2 - j)!} .$$

Equal jumps $s_q$, $q = -, +, z$, of every spin, $s_\pm = \sigma_\pm$ and $s_z = \sigma_z/2$, are
three jumps between the blocks, one into each of j, j − 1 and j + 1: with
$|j,m\rangle \to |j', m + q\rangle$,

$$\sum_n s_q^{(n)}\rho s_q^{(n)\dagger}: \qquad
  \frac{N/2 + 1}{2j(j + 1)}A_q\rho_jA_q^\dagger, \quad
  \frac{N/2 + j + 1}{2j(2j + 1)}B_q\rho_jB_q^\dagger, \quad
  \frac{N/2 - j}{2(j + 1)(2j + 1)}D_q\rho_jD_q^\dagger$$

| | A: j | B: j − 1 | D: j + 1 |
|---|---|---|---|
| − | $\sqrt{(j+m)(j-m+1)}$ | $\sqrt{(j+m)(j+m-1)}$ | $\sqrt{(j-m+1)(j-m+2)}$ |
| + | $\sqrt{(j-m)(j+m+1)}$ | $\sqrt{(j-m)(j-m-1)}$ | $\sqrt{(j+m+1)(j+m+2)}$ |
| z | $m$ | $\sqrt{(j+m)(j-m)}$ | $\sqrt{(j+m+1)(j-m+1)}$ |

The factors in front are those of Chase and Geremia with their sums done: of all $d_{j'}$ with
$j' \ge j$ the sum is $\binom{N}{N/2-j}$. So the master equation is an ordinary one of the blocks
side by side, $(N/2 + 1)^2$ levels, whose state has no coherence between them.

References: B. A. Chase and J. M. Geremia, Phys. Rev. A 78, 052101 (2008); N. Shammah et al., Phys.
Rev. A 98, 063815 (2018).
"""

import math

import numpy as np
from jaxtyping import Float, Int

NOISE = {"decay": -1, "pump": 1, "dephasing": 0}
"""Local jumps, and the quanta that each brings."""


def multiplicities(spins: int) -> list[int]:
    """Numbers $d_j$ of equal blocks for j = N/2, N/2 − 1, …, exact.

    Example:
        >>> multiplicities(4)
        [1, 3, 2]
    """
    choices = [math.comb(spins, q) for q in range(spins // 2 + 1)]
    return [after - before for before, after in zip([0, *choices], choices, strict=False)]


def shares(spins: int) -> Float[np.ndarray, " Q"]:
    """Shares $d_j/2^N$ of single levels in all there are.

    Example:
        >>> shares(4).tolist()
        [0.0625, 0.1875, 0.125]
    """
    return np.array([d / 2**spins for d in multiplicities(spins)])


def lowering(
    spins: int, q: Int[np.ndarray, " d"], k: Int[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    r"""Elements of $J_-$ from the levels of k quanta in the blocks $j = N/2 - q$.

    Example:
        >>> lowering(2, np.zeros(3, int), np.arange(3)).round(4).tolist()
        [0.0, 1.4142, 1.4142]
    """
    return np.sqrt((k - q) * (spins - q - k + 1.0))


def local(
    spins: int, kind: str, step: int, q: Int[np.ndarray, " d"], k: Int[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    r"""Elements of a local jump, of all spins together, from level k of block $j = N/2 - q$.

    Args:
        spins: N.
        kind: "decay", "pump" or "dephasing", $\sigma_-$, $\sigma_+$ or $\sigma_z/2$ of each spin.
        step: 0 into the same block, 1 into j − 1, −1 into j + 1.
        q, k: of the levels, $m = k - N/2$.

    Example:
        One spin decays from its upper level, two stay in j = 1 or go to j = 0:

        >>> one = np.array([0]), np.array([1])
        >>> local(1, "decay", 0, *one), local(2, "decay", 0, *one), local(2, "dephasing", 1, *one)
        (array([1.]), array([1.]), array([0.70710678]))
    """
    j, half = spins / 2 - q, spins / 2
    m = (k - half) * (-1 if kind == "pump" else 1)  # + is − upside down
    some = np.where(j > 0, j, 1.0)  # of j = 0 there is neither A nor B
    if kind == "dephasing":
        squares = {0: m * abs(m), 1: (j + m) * (j - m), -1: (j + m + 1) * (j - m + 1)}
    else:
        squares = {
            0: (j + m) * (j - m + 1),
            1: (j + m) * (j + m - 1),
            -1: (j - m + 1) * (j - m + 2),
        }
    factors = {
        0: np.where(j > 0, half + 1, 0.0) / (2 * some * (j + 1)),
        1: np.where(j > 0, half + j + 1, 0.0) / (2 * some * (2 * j + 1)),
        -1: (half - j) / (2 * (j + 1) * (2 * j + 1)),
    }
    found = squares[step]
    return np.sign(found) * np.sqrt(factors[step] * abs(found))
