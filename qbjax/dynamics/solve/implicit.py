r"""Runs of stiff small systems: the Rosenbrock–Wanner method Rodas5P.

Of $\dot y = f(t, y)$, with $J = \partial f/\partial y$ and $f_t = \partial f/\partial t$ at
the start of a step of length h,

$$\Big(\frac1{\gamma h} - J\Big)k_i = f\Big(t + c_ih,\ y + \sum_{j<i}a_{ij}k_j\Big)
  + hd_if_t + \sum_{j<i}\frac{C_{ij}}hk_j, \qquad i = 1 \dots 8,$$

and the step ends at $y + \sum_ja_{8j}k_j + k_8$, of order 5, its error taken for $k_8$. All stages
share one factorised matrix, nothing is iterated, and J is exact. The method is L-stable and
stiffly accurate: what decays much faster than a step is gone after it, and steps are as long as
what is left asks for.

Reference: G. Steinebach, BIT Numer. Math. 63, 27 (2023), the coefficients of Rodas5P.
"""

from typing import Any, ClassVar

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import lu_factor, lu_solve
from jaxtyping import Array, Float

GAMMA = 0.21193756319429014

LAST = (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256,
        0.030198172008377946)  # fmt: skip

INPUTS = np.array([
    [0.0] * 8,
    [3.0, *[0.0] * 7],
    [2.849394379747939, 0.45842242204463923, *[0.0] * 6],
    [-6.954028509809101, 2.489845061869568, -10.358996098473584, *[0.0] * 5],
    [2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641, *[0.0] * 4],
    [*LAST, 0.0, 0.0, 0.0],
    [*LAST, 1.0, 0.0, 0.0],
    [*LAST, 1.0, 1.0, 0.0],
])  # fmt: skip
"""Coefficients $a_{ij}$ of Rodas5P: the share of stage j in the input of stage i."""

STEP = np.array([*LAST, 1.0, 1.0, 1.0])
"""Coefficients $a_{8j}$ of Rodas5P, and 1: the share of each stage in the step."""

MEMORY = np.array([
    [0.0] * 8,
    [-14.155112264123755, *[0.0] * 7],
    [-17.97296035885952, -2.859693295451294, *[0.0] * 6],
    [147.12150275711716, -1.41221402718213, 71.68940251302358, *[0.0] * 5],
    [165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306, *[0.0] * 4],
    [24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125,
     -0.6610691825249471, *[0.0] * 3],
    [30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783,
     -19.097331116725623, -28.087943162872662, 0.0, 0.0],
    [37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047,
     -40.06618937091002, -54.66780262877968, -9.48861652309627, 0.0],
])  # fmt: skip
"""Coefficients $C_{ij}$ of Rodas5P: the share of stage j in the right-hand side of stage i."""

NODES = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716,
                  0.4288403609558664, 1.0, 1.0, 1.0])  # fmt: skip
"""Nodes $c_i$ of Rodas5P: the times of the stages within the step."""

SLOPES = np.array([GAMMA, -2 * GAMMA, -0.3384627126235924, 1.8046452872882734, 2.325825639765069,
                   0.0, 0.0, 0.0])  # fmt: skip
"""Coefficients $d_i$ of Rodas5P: the share of $f_t$ in the right-hand side of stage i."""

DENSE = np.array([
    [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204,
     0.524948541321073, 1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
    [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796,
     20.176138334709044, 15.98066361424651, -6.789040303419874, -6.710236069923372],
    [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643,
     -52.072871366152654, -59.78993625266729, -0.15582684282751913, 4.883087185713722],
])  # fmt: skip
"""Coefficients of the interpolation of Rodas5P, of order 4."""


class Interpolation(diffrax.AbstractLocalInterpolation):
    """A quartic between the ends of a step, from the stages."""

    t0: Any  # type: ignore[misc]  # as in `tsit5`
    t1: Any  # type: ignore[misc]
    y0: Any
    y1: Any
    bends: tuple

    def evaluate(self, t0, t1=None, left=True):
        if t1 is not None:
            return jax.tree.map(jnp.subtract, self.evaluate(t1), self.evaluate(t0))
        x = (t0 - self.t0) / jnp.where(self.t1 > self.t0, self.t1 - self.t0, 1.0)

        def at(y0, y1, a, b, c):
            return (1 - x) * y0 + x * (y1 + (1 - x) * (a + x * (b + x * c)))

        return jax.tree.map(at, self.y0, self.y1, *self.bends)


class Implicit(diffrax.AbstractAdaptiveSolver):
    """The method Rodas5P for stiff equations: `qb.Solver(method=qb.dynamics.Implicit())`.

    For stiff equations whose field moves or is not linear, so that `Exponential` does not serve;
    any field will do. A step builds J by n applications of the field and factorises it, n³, with n
    real numbers in the state (d² for a density matrix of d levels): as much as seven explicit steps
    at n = 36, eighty at 144, five hundred at 400. Explicit ones are bounded by the fastest rate;
    where they would number more than about 2n², this is faster. Differentiable in every mode.
    """

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = Interpolation

    def order(self, terms):
        return 5

    def func(self, terms, t0, y0, args):
        return terms.vf(t0, y0, args)

    def init(self, terms, t0, t1, y0, args):
        return None

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        y, unravel = ravel_pytree(y0)

        def field(t, y):
            return ravel_pytree(terms.vf(t, unravel(y), args))[0]

        stages = _stages(field, t0, t1, y)
        y1 = y + STEP @ stages
        dense = {"y0": y0, "y1": unravel(y1), "bends": tuple(map(unravel, DENSE @ stages))}
        return unravel(y1), unravel(stages[-1]), dense, None, diffrax.RESULTS.successful


def _stages(field, t0, t1, y) -> Float[Array, "8 n"]:
    """All stages of a step, in a loop: the field is traced once for them."""
    h = t1 - t0
    solve, drift = _linearised(field, t0, h, y)

    def stage(stages, row):
        i, weights, memory, node, slope = row
        t = jnp.where(node == 1, t1, t0 + node * h)  # exactly: an edge may be there
        right = field(t, y + weights @ stages) + slope * h * drift + memory @ stages / h
        return stages.at[i].set(solve(right)), None

    rows = (np.arange(8), INPUTS, MEMORY, NODES, SLOPES)
    return lax.scan(stage, jnp.zeros((8, y.size)), rows)[0]


def _linearised(field, t0, h, y):
    """Makes the function that divides by 1/(γh) − J, and the slope f_t."""
    _, back = jax.vjp(field, t0, y)
    # Not `jax.jvp`: fields may have a reverse mode of their own, and then have no forward one.
    along = jax.linear_transpose(back, y)
    shift = 1 / (GAMMA * h)

    def matrix(x):
        return shift * x - along((jnp.zeros_like(t0), x))[0]

    rows = jax.vmap(lambda x: shift * x - back(x)[1])(jnp.eye(y.size))
    # Fixed: the derivative of a division needs no derivative of the factors.
    factors = lu_factor(lax.stop_gradient(rows))

    def solve(right):
        return lax.custom_linear_solve(
            matrix,
            right,
            lambda _, x: lu_solve(factors, x),
            lambda _, x: lu_solve(factors, x, trans=1),
        )

    return solve, along((jnp.ones_like(t0), jnp.zeros_like(y)))[0]
