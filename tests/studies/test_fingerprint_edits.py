"""Whatever a function reaches decides its fingerprint."""

import pytest

from tests.studies import edits_of_code, edits_of_objects, edits_of_values
from tests.studies.programs import EDIT, edited, imported, of, programs, run

WRAPPED = """
import functools, weakref, diffrax, jax, equinox as eqx, jax.numpy as jnp
from beartype import beartype
from jaxtyping import jaxtyped
g = ‹2.0 → 3.0›
def h(x: float) -> float: return g * x
made = {}
def f(x): return made(x)
"""
WRAPPERS = [
    "jax.jit(h)", "jax.vmap(h)", "jax.grad(h)", "jax.hessian(h)", "jax.checkpoint(h)",
    "jax.custom_jvp(h)", "jnp.vectorize(h)", "jax.tree_util.Partial(h)", "eqx.filter_jit(h)",
    "eqx.filter_vmap(h)", "eqx.filter_grad(h)", "functools.lru_cache(h)", "functools.cache(h)",
    "functools.singledispatch(h)", "functools.partial(h, 1.0)", "weakref.ref(h)",
    "diffrax.ODETerm(h)", "beartype(h)", "jaxtyped(typechecker=beartype)(h)",
]  # fmt: skip
PROGRAMS = (
    programs(edits_of_code.PROGRAMS)
    | programs(edits_of_objects.PROGRAMS)
    | programs(edits_of_values.PROGRAMS)
    | {made: WRAPPED.format(made) for made in WRAPPERS}
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_edit_counts(name):
    before, after = (edited(PROGRAMS[name], which) for which in (None, 0))
    base = of(run(before))
    assert of(run(before)) == base
    assert of(run(after)) != base


PYDANTIC = """
import pydantic
class A(pydantic.BaseModel):
    g: float = 1.0
    h: float = ‹2.0 → 3.0›
    def m(self, x): return ‹2.0 → 3.0› * x
a = A(g=‹2.0 → 3.0›)
def f(x): return a.m(x)
"""


@pytest.mark.parametrize("which", range(3))
def test_an_edit_of_a_pydantic_model_counts(which):
    pytest.importorskip("pydantic")  # It keeps addresses in its classes.
    base = of(run(edited(PYDANTIC, None)))
    assert of(run(edited(PYDANTIC, None))) == base
    assert of(run(edited(PYDANTIC, which))) != base


PROJECT = """
# study.py
import helper
import tools.scale as scale
from tools import *
def f(x):
    p = lambda t: helper.twice(t)
    return p(x) + scale.by(x) + offset(x)
# helper.py
from constants import G
import constants
unused = ‹unused: 1 → 2›
def twice(x):
    return ‹2.0 → 3.0› * G * constants.H * x
def other(x): return ‹unused: 1 → 2›
# constants.py
G = ‹2.0 → 3.0›
H = ‹2.0 → 3.0›
I = ‹unused: 1 → 2›
# tools/__init__.py
from .shift import offset
__all__ = ['offset']
# tools/scale.py
from . import shift
def by(x): return shift.SHIFT * x
# tools/shift.py
SHIFT = ‹2.0 → 3.0›
def offset(x):
    from .late import late
    return late(x)
# tools/late.py
def late(x):
    import later, tools.deep.er
    import tools.deep.est as best
    p = lambda: later.choose('any_of_it')
    return later.g * x * tools.deep.er.g * best.g * p()
# tools/deep/__init__.py
g = ‹unused: 1 → 2›
# tools/deep/er.py
g = ‹2.0 → 3.0›
h = ‹unused: 1 → 2›
# tools/deep/est.py
g = ‹2.0 → 3.0›
# later.py
import chosen
g = ‹2.0 → 3.0›
h = ‹unused: 1 → 2›
def choose(name): return getattr(chosen, name)
# chosen.py
def any_of_it(): return ‹2.0 → 3.0›
"""


@pytest.mark.parametrize("which", range(len(EDIT.findall(PROJECT))))
def test_files_count_with_what_is_used_of_them(which, tmp_path, monkeypatch):
    marks = EDIT.findall(PROJECT)
    texts = [edited(PROJECT, edit).replace("unused: ", "") for edit in (None, which)]
    found = []
    for i, text in enumerate(texts):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(tmp_path / str(i)))
            found.append(of(imported(programs(text), tmp_path / str(i))))
    assert (found[0] == found[1]) == marks[which][0].startswith("unused")


def test_a_file_that_was_changed_since_it_was_imported_decides_nothing(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    module = imported({"study.py": "def f(x):\n    return 2.0 * x"}, tmp_path)
    base = of(module)
    (tmp_path / "study.py").write_text("# more\ndef f(x):\n    return 3.0 * x")
    assert of(module) == base
    assert of(imported({"study.py": "def f(x):\n    return 3.0 * x"}, tmp_path)) != base


def test_a_chain_of_helpers_may_be_long():
    chain = "".join(f"def f{i}(x): return f{i - 1}(x)\n" for i in range(1, 1200))
    base, other = (of(run(f"f0 = lambda x: {g} * x\n{chain}f = f1199")) for g in (2.0, 3.0))
    assert {name for name in base if base[name] != other[name]} == {"function.f0"}
    assert max(map(len, base)) < 50


def test_what_the_project_puts_into_a_library_counts(monkeypatch):
    import numpy as np

    text = "import numpy as np\ndef f(x):\n    return np.mine(x)"
    monkeypatch.setattr(np, "mine", run("def h(x): return 2.0 * x", "other").h, raising=False)
    base = of(run(text))
    monkeypatch.setattr(np, "mine", run("def h(x): return 3.0 * x", "other").h)
    assert of(run(text)) != base
