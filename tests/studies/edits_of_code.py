"""Programs of a user, and edits of the code that they reach.

A program begins with its name; what is edited is marked: ‹before → after›.
"""

PROGRAMS = r"""
# its own code
def f(x):
    return ‹2.0 → 3.0› * x

# a constant's type
def f(x):
    return ‹2.0 → 2› * x

# the sign of zero
def f(x):
    return x / ‹0.0 → -0.0›

# a global in a lambda
g = ‹2.0 → 3.0›
def f(x):
    p = lambda t: g * t
    return p(x)

# a global in a nested function
g = ‹2.0 → 3.0›
def f(x):
    def p(t):
        def q(s): return g * s
        return q(t)
    return p(x)

# a global in a comprehension
g = ‹2.0 → 3.0›
def f(x):
    return sum([g * x for _ in range(2)])

# a global in a generator
g = ‹2.0 → 3.0›
def f(x):
    return sum(g * x for _ in range(2))

# a global in a class made inside
g = ‹2.0 → 3.0›
def f(x):
    class A:
        a = g
    return A.a * x

# a global that hides a builtin
‹def f → abs = len
def f›(x):
    return abs(x)

# a default
def f(x, *, g=‹2.0 → 3.0›):
    return g * x

# a closure
def make(g):
    def f(x): return g * x
    return f
f = make(‹2.0 → 3.0›)

# a closure of a closure
def make(g):
    h = lambda x: g * x
    return lambda x: h(x)
f = make(‹2.0 → 3.0›)

# the other lambda of a line
pair = (lambda x: 2.0 * x, lambda x: 3.0 * x)
f = lambda x: ‹pair[0] → pair[1]›(x)

# lambdas of a line exchanged
‹a, b → b, a› = (lambda x: 2.0 * x, lambda x: 3.0 * x)
def f(x):
    return a(x) - b(x)

# a helper of a helper
def c(x): return ‹2.0 → 3.0› * x
def b(x): return c(x)
def f(x):
    return b(x)

# a helper in a nested function
def b(x): return ‹2.0 → 3.0› * x
def f(x):
    p = lambda t: b(t)
    return p(x)

# functions that call each other
def f(x, n=3):
    return h(x, n - 1) if n else x
def h(x, n): return ‹2.0 → 3.0› * f(x, n)

# a decorator
import functools
def scaled(h):
    @functools.wraps(h)
    def w(x): return ‹2.0 → 3.0› * h(x)
    return w
@scaled
def f(x): return x

# what a decorator hides
import functools
def scaled(h):
    @functools.wraps(h)
    def w(x): return h(x)
    return w
@scaled
def f(x): return ‹2.0 → 3.0› * x

# a wrapper that bears a library's name
import functools
import numpy as np
@functools.wraps(np.sum)
def total(x): return ‹2.0 → 3.0› * x
def f(x):
    return total(x)

# an attribute of a function
def f(x):
    return f.g * x
f.g ‹= 2.0 → = 3.0›

# a partial
import functools
h = functools.partial(pow, ‹2.0 → 3.0›)
def f(x):
    return h(x)

# a bound method
class A:
    def __init__(self, g): self.g = g
    def f(self, x): return self.g * x
f = A(‹2.0 → 3.0›).f

# the code of a method
class A:
    def m(self, x): return ‹2.0 → 3.0› * x
a = A()
def f(x):
    return a.m(x)

# a method of a base
class B:
    def m(self, x): return ‹2.0 → 3.0› * x
class A(B): pass
a = A()
def f(x):
    return a.m(x)

# a helper of a method
def h(x): return ‹2.0 → 3.0› * x
class A:
    def m(self, x): return h(x)
def f(x):
    return A().m(x)

# an operator
class A:
    def __mul__(self, x): return ‹2.0 → 3.0› * x
a = A()
def f(x):
    return a * x

# a class attribute
class A:
    g = ‹2.0 → 3.0›
def f(x):
    return A.g * x

# a static method
class A:
    @staticmethod
    def m(x): return ‹2.0 → 3.0› * x
def f(x):
    return A.m(x)

# a property
class A:
    @property
    def g(self): return ‹2.0 → 3.0›
a = A()
def f(x):
    return a.g * x

# a cached property
import functools
class A:
    @functools.cached_property
    def g(self): return ‹2.0 → 3.0›
a = A()
def f(x):
    return a.g * x

# a descriptor
class D:
    def __get__(self, a, b): return ‹2.0 → 3.0›
class A:
    g = D()
def f(x):
    return A().g * x

# a metaclass
class M(type):
    def __len__(cls): return ‹2 → 3›
class A(metaclass=M): pass
def f(x):
    return len(A) * x

# a slot
class A:
    __slots__ = ('g',)
a = A()
a.g = ‹2.0 → 3.0›
def f(x):
    return a.g * x

# a private slot
class A:
    __slots__ = ('__g',)
    def __init__(self): self.__g = ‹2.0 → 3.0›
    def m(self): return self.__g
a = A()
def f(x):
    return a.m() * x

# what pickle would leave out
class A:
    def __init__(self): self.g = 2.0
    def __reduce__(self): return A, ()
a = A()
a.g = ‹2.5 → 3.0›
def f(x):
    return a.g * x

# a callable object
class A:
    def __call__(self, x): return ‹2.0 → 3.0› * x
f = A()

# the code of a callable module
import equinox as eqx
class A(eqx.Module):
    g: float
    def __call__(self, x): return ‹self.g + x → self.g * x›
f = A(2.0)

# a field of a callable module
import equinox as eqx
class A(eqx.Module):
    g: float
    def __call__(self, x): return self.g + x
f = ‹A(2.0) → A(3.0)›

# a static field
import equinox as eqx
class A(eqx.Module):
    g: float = eqx.field(static=True)
    def __call__(self, x): return self.g + x
f = ‹A(2.0) → A(3.0)›
"""
