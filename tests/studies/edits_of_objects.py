"""Programs of a user, and edits where they are easily overlooked: in classes, registries, disguise.

A program begins with its name; what is edited is marked: ‹before → after›.
"""

PROGRAMS = r"""
# a dataclass with slots
import dataclasses
@dataclasses.dataclass(frozen=True, slots=True)
class A:
    g: float
a = A(‹2.0 → 3.0›)
def f(x): return a.g * x
# a class that says it is NumPy's
class A:
    def m(self, x): return ‹2.0 → 3.0› * x
A.__module__ = 'numpy'
a = A()
def f(x): return a.m(x)
# a function that says it is NumPy's
def h(x): return ‹2.0 → 3.0› * x
h.__module__, h.__qualname__ = 'numpy', 'sum'
def f(x): return h(x)
# a class made by a call
import types
A = types.new_class('A', exec_body=lambda space: space.update(m=lambda self, x: ‹2.0 → 3.0› * x))
def f(x): return A().m(x)
# a class made by type
A = type('A', (), {'m': lambda self, x: ‹2.0 → 3.0› * x})
def f(x): return A().m(x)
# a dataclass made by a call
import dataclasses
A = dataclasses.make_dataclass('A', ['g'], namespace={'m': lambda self, x: ‹2.0 → 3.0› * x})
def f(x): return A(1).m(x)
# a method of an object alone
class A:
    def m(self, x): return x
a = A()
a.m = lambda x: ‹2.0 → 3.0› * x
def f(x): return a.m(x)
# a class method
class A:
    g = ‹2.0 → 3.0›
    @classmethod
    def m(cls, x): return cls.g * x
m = A.m
def f(x): return m(x)
# a partial method
import functools
class A:
    def m(self, g, x): return g * x
    n = functools.partialmethod(m, ‹2.0 → 3.0›)
def f(x): return A().n(x)
# a generic method
import functools
class A:
    @functools.singledispatchmethod
    def m(self, x): return x
    @m.register
    def _(self, x: int): return ‹2.0 → 3.0› * x
def f(x): return A().m(x)
# a registered implementation
import functools
@functools.singledispatch
def h(x): return x
@h.register(float)
def _(x): return ‹2.0 → 3.0› * x
def f(x): return h(x)
# a rule of differentiation
import jax
@jax.custom_jvp
def h(x): return x
@h.defjvp
def rule(primals, tangents): return primals[0], ‹2.0 → 3.0› * tangents[0]
def f(x): return jax.grad(h)(x)
# a reverse rule of differentiation
import jax
@jax.custom_vjp
def h(x): return x
h.defvjp(lambda x: (x, None), lambda kept, ct: (‹2.0 → 3.0› * ct,))
def f(x): return jax.grad(h)(x)
# a bound method of a module
import equinox as eqx
class A(eqx.Module):
    g: float
    def m(self, x): return self.g + ‹x → 2.0 * x›
f = A(2.0).m
# a converter of a field
import equinox as eqx
class A(eqx.Module):
    g: float = eqx.field(converter=lambda g: ‹2.0 → 3.0› * g)
def f(x): return A(x).g
# an abstract base
import abc
class B(abc.ABC):
    def m(self, x): return ‹2.0 → 3.0› * self.n(x)
    @abc.abstractmethod
    def n(self, x): ...
class A(B):
    def n(self, x): return x
def f(x): return A().m(x)
# super
class B:
    def m(self, x): return ‹2.0 → 3.0› * x
class A(B):
    def m(self, x): return super().m(x)
def f(x): return A().m(x)
# the order of bases
class A:
    def m(self, x): return 2.0 * x
class B:
    def m(self, x): return 3.0 * x
class C(‹A, B → B, A›): pass
def f(x): return C().m(x)
# an attribute that is looked up
class A:
    def __getattr__(self, name):
        if name.startswith('_'): raise KeyError(name)
        return ‹2.0 → 3.0›
a = A()
def f(x): return a.anything * x
# an array that says it is NumPy's
import numpy as np
class A(np.ndarray): pass
A.__module__ = 'numpy'
a = np.ones(2).view(A)
a.g = ‹2.0 → 3.0›
def f(x): return a.g * x
# an object that lies about its class
class A:
    __class__ = property(lambda self: float)
    g = ‹2.0 → 3.0›
a = A()
def f(x): return a.g * x
# an object that says it is a lock
import threading
class A:
    __class__ = property(lambda self: type(threading.Lock()))
    g = ‹2.0 → 3.0›
a = A()
def f(x): return a.g * x
# a logger of the project
import logging
class A(logging.Logger): pass
a = A('a')
a.g = ‹2.0 → 3.0›
def f(x): return a.g * x
# a cell that was changed
def make():
    g = 1.0
    def put(value):
        nonlocal g
        g = value
    return put, lambda x: g * x
put, f = make()
put(‹2.0 → 3.0›)
# the default of a lambda in a loop
rows = [lambda x, i=i: ‹i → -i› * x for i in range(3)]
def f(x): return rows[2](x)
# functions as keys
h = lambda x: ‹2.0 → 3.0› * x
table = {(h, 1): 2}
def f(x): return [k[0](x) for k in table]
# a set of functions
table = {lambda x: ‹2.0 → 3.0› * x}
def f(x): return [h(x) for h in table]
# a list linked both ways
class A: pass
a = A()
a.g = ‹2.0 → 3.0›
for _ in range(500):
    b = A()
    a.after, b.before, b.g, a = b, a, 1.0, b
def f(x): return a.g * x
# an attribute of a subclass of float
class A(float): pass
a = A(1.0)
a.g = ‹2.0 → 3.0›
def f(x): return a.g * x
# the value of a subclass of float
class A(float): pass
a = A(‹2.0 → 3.0›)
def f(x): return a * x
# an attribute of a subclass of array
import numpy as np
class A(np.ndarray): pass
a = np.ones(2).view(A)
a.g = ‹2.0 → 3.0›
def f(x): return a.g * x
# the values of a subclass of array
import numpy as np
class A(np.ndarray): pass
a = (‹2.0 → 3.0› * np.ones(2)).view(A)
def f(x): return a[0] * x
# a subclass of Qobj
import qutip
class A(qutip.Qobj): pass
a = A([[‹2.0 → 3.0›]])
def f(x): return a.full()[0, 0].real * x
# a subclass of deque
import collections
class A(collections.deque): pass
a = A([‹2.0 → 3.0›])
def f(x): return a[0] * x
# a subclass of dict that hides its items
class A(dict):
    def items(self): return []
    def __iter__(self): return iter(())
a = A(g=‹2.0 → 3.0›)
def f(x): return a['g'] * x
# a user dictionary
import collections
a = collections.UserDict(g=‹2.0 → 3.0›)
def f(x): return a['g'] * x
# the order of an ordered dictionary
import collections
a = collections.OrderedDict(g=2.0, h=3.0)
‹pass → a.move_to_end('g')›
def f(x): return next(iter(a.values())) * x
# an array in a file
import numpy as np, tempfile
a = np.memmap(tempfile.NamedTemporaryFile(), dtype=float, shape=2, mode='w+')
a[0] = ‹2.0 → 3.0›
def f(x): return a[0] * x
# a getter
import operator
h = operator.attrgetter(‹'real' → 'imag'›)
def f(x): return h(x)
# a bound method of a list
h = [‹2.0 → 3.0›].index
def f(x): return h(x)
# a library's function under a name of the project
import math
h = math.‹sin → cos›
def f(x): return h(x)
# a branch, a match, a loop
def f(x):
    match x:
        case 1.0: return x
        case _: return ‹2.0 → 3.0› * x
# what is caught
def f(x):
    try:
        return x[0]
    except ‹TypeError → IndexError›:
        return x
# the reach of a with
import numpy as np
def f(x):
    a = x
    with np.errstate():‹ →
        pass
    if True:›
        a = x[0]
    return a
# a generator
def h(x):
    yield ‹2.0 → 3.0› * x
def f(x): return next(h(x))
# an import in a class body
class A:
    from math import ‹sin → cos› as m
def f(x): return A.m(x)
# an import in a function
def f(x):
    from math import ‹sin → cos› as m
    return m(x)
# a global that a class body uses in a function
g = ‹2.0 → 3.0›
def f(x):
    class A:
        def m(self): return g
    return A().m() * x
# a function that was given another's code
def f(x): return 1.0 * x
def h(x): return ‹2.0 → 3.0› * x
f.__code__ = h.__code__
# a wrapper of itself
def f(x): return ‹2.0 → 3.0› * x
f.__wrapped__ = f
# an exception
class A(Exception): pass
a = A(‹2.0 → 3.0›)
def f(x): return a.args[0] * x
# a type variable's bound
import typing
T = typing.NewType('T', ‹int → float›)
def f(x): return T(x)
"""
