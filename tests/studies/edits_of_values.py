"""Programs of a user, and edits of the values that they use.

A program begins with its name; what is edited is marked: ‹before → after›.
"""

PROGRAMS = r"""
# a dataclass
import dataclasses
@dataclasses.dataclass
class A:
    g: float = 1.0
a = A(‹2.0 → 3.0›)
def f(x):
    return a.g * x

# a default of a dataclass
import dataclasses
@dataclasses.dataclass
class A:
    g: float = ‹2.0 → 3.0›
def f(x):
    return A().g * x

# a default factory
import dataclasses
@dataclasses.dataclass
class A:
    g: list = dataclasses.field(default_factory=lambda: [‹2.0 → 3.0›])
def f(x):
    return A().g[0] * x

# a named tuple
from collections import namedtuple
A = namedtuple('A', 'g')
a = A(‹2.0 → 3.0›)
def f(x):
    return a.g * x

# a simple namespace
from types import SimpleNamespace
a = SimpleNamespace(g=‹2.0 → 3.0›)
def f(x):
    return a.g * x

# a namespace of arguments
from argparse import Namespace
a = Namespace(g=‹2.0 → 3.0›)
def f(x):
    return a.g * x

# a namespace as a whole
from argparse import Namespace
a = Namespace(g=‹2.0 → 3.0›)
def f(x):
    return vars(a)['g'] * x

# a mapping proxy
from types import MappingProxyType
a = MappingProxyType({'g': ‹2.0 → 3.0›})
def f(x):
    return a['g'] * x

# an enumeration
import enum
class A(enum.Enum):
    G = ‹2.0 → 3.0›
def f(x):
    return A.G.value * x

# nested containers
a = {'b': [(1, {‹2.0 → 3.0›}), {3: b'c'}]}
def f(x):
    return len(a) * x

# the order of a mapping
a = {‹'b': 2.0, 'c': 3.0 → 'c': 3.0, 'b': 2.0›}
def f(x):
    return list(a.values())[0] * x

# a list that holds itself
a = [‹2.0 → 3.0›]
a.append(a)
def f(x):
    return a[0]

# a deep list
a = ‹2.0 → 3.0›
for _ in range(3000): a = [a]
def f(x):
    return len(a) * x

# a subclass of list
class A(list): pass
a = A([‹2.0 → 3.0›])
def f(x):
    return a[0] * x

# a default dictionary
from collections import defaultdict
a = defaultdict(lambda: ‹2.0 → 3.0›)
def f(x):
    return a['b'] * x

# a fraction
from fractions import Fraction
a = Fraction(‹2, 7 → 3, 7›)
def f(x):
    return float(a) * x

# a decimal
from decimal import Decimal
a = Decimal('‹2.0 → 3.0›')
def f(x):
    return float(a) * x

# a path
from pathlib import Path
a = Path('‹two → three›')
def f(x):
    return len(a.name) * x

# a large integer
a = ‹2** → 3**›20000
def f(x):
    return a % 7 * x

# a complex number
a = ‹2j → 3j›
def f(x):
    return (a * a).real * x

# an array
import numpy as np
a = np.arange(1e5)
a[7] = ‹2.0 → 3.0›
def f(x):
    return a[7] * x

# the type of an array
import numpy as np
a = np.ones(3, np.‹float32 → float64›)
def f(x):
    return a[0] * x

# an array of objects
import numpy as np
a = np.array([lambda x: ‹2.0 → 3.0› * x, None])
def f(x):
    return a[0](x)

# a mask
import numpy as np
a = np.ma.array([1.0, 2.0], mask=‹[0, 1] → [0, 0]›)
def f(x):
    return a.sum()

# a structured array
import numpy as np
a = np.array([(1, ‹2.0 → 3.0›)], dtype=[('b', int), ('c', float)])
def f(x):
    return a['c'][0] * x

# an array of JAX
import jax.numpy as jnp
a = jnp.array([‹2.0 → 3.0›])
def f(x):
    return a[0] * x

# a key
import jax
a = jax.random.‹key(2) → key(3)›
def f(x):
    return jax.random.normal(a) * x

# a random generator
import numpy as np
a = np.random.default_rng‹(2) → (3)›
def f(x):
    return a.normal() * x

# a sparse matrix
import scipy.sparse as sp
a = sp.diags([‹2.0 → 3.0›, 1.0], format='csr')
def f(x):
    return a.toarray()[0, 0] * x

# a sparse array by diagonals
import scipy.sparse as sp
a = sp.dia_array([[‹2.0 → 3.0›, 0.0], [0.0, 1.0]])
def f(x):
    return a.toarray()[0, 0] * x

# a quantum object
import qutip
a = ‹2.0 → 3.0› * qutip.sigmax()
def f(x):
    return a.full()[0, 1].real * x

# a quantum object in time
import qutip
a = qutip.QobjEvo([[qutip.sigmax(), lambda t: ‹2.0 → 3.0› * t]])
def f(x):
    return a(1.0).full()[0, 1].real * x

# a spline
from scipy.interpolate import CubicSpline
a = CubicSpline([0, 1, 2], [0, ‹2.0 → 3.0›, 1])
def f(x):
    return a(0.5) * x

# a polynomial
import numpy as np
a = np.polynomial.Polynomial([‹2.0 → 3.0›, 1.0])
def f(x):
    return a(x)

# a labelled array
import xarray as xr
a = xr.DataArray([‹2.0 → 3.0›], dims='b')
def f(x):
    return a.values[0]

# a data frame
import pandas as pd
a = pd.DataFrame({'b': [‹2.0 → 3.0›]})
def f(x):
    return a['b'][0] * x

# a battery
import qbjax as qb
a = qb.batteries.DOPO(4, 3, ‹coupling=2.0 → coupling=3.0›)
def f(x):
    return a.coupling * x

# the function of a protocol
import qbjax as qb
a = qb.protocols.Function(lambda t: ‹2.0 → 3.0› * t, duration=1.0)
def f(x):
    return a(x)

# which function of a library
from ‹scipy.linalg → scipy.sparse.linalg› import inv
def f(x):
    return inv([[x]])
"""
