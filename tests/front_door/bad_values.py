"""What people give by mistake: for every kind of argument, values that it must refuse.

Each is a function of none, so that an iterator or a generator is fresh in every row.
"""

import datetime
import decimal
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas
import scipy.sparse as sp

import qbjax as qb

MASKED_MATRIX = np.ma.masked_array(np.eye(2))
MASKED = np.ma.masked_array([0.0, 1.0], mask=[False, True])


class Odd:
    """An object whose text is long, of many lines, and no ASCII."""

    def __repr__(self):
        return "ω is\nmany lines " * 200


class Broken:
    """An object that cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no text")


def _held(values: dict[str, Any]) -> dict[str, Callable]:
    return {name: (lambda value=value: value) for name, value in values.items()}


NOTHING = _held({"None": None})

THINGS = _held(
    {
        "an object": object(),
        "long text of many lines": Odd(),
        "unprintable": Broken(),
        "a string": "1",
        "an empty string": "",
        "many characters": "x" * 10_000,
        "bytes": b"1",
        "a dictionary": {"a": 1.0},
        "a set": {1.0},
        "a class": float,
        "a function": lambda t: t,
        "a module": np,
        "a slice": slice(None),
        "an ellipsis": ...,
        "a date": datetime.date(2020, 1, 1),
        "a NumPy date": np.datetime64("2020-01-01"),
        "a decimal": decimal.Decimal(1),
        "a range of text": ["a", "b"],
        "a data frame of text": pandas.DataFrame({"a": ["x"]}),
        "a key": jax.random.key(0),
        "the Solver": qb.Solver(),
    }
) | {"a generator": lambda: (x for x in (0.0, 1.0)), "an iterator": lambda: iter([0.0, 1.0])}

WRONG_NUMBERS = _held(
    {
        "True": True,
        "NumPy True": np.True_,
        "NaN": float("nan"),
        "a JAX NaN": jnp.asarray(np.nan),
        "infinity": float("inf"),
        "minus infinity": -np.inf,
        "single precision": np.float32(1),
        "JAX single precision": jnp.float32(1),
        "half precision": np.float16(1),
        "bfloat16": jnp.bfloat16(1),
        "long double": np.longdouble(1),
        "an object array": np.array(1.0, dtype=object),
        "a masked number": np.ma.masked,
        "a masked zero-d array": np.ma.masked_array(1.0, mask=False),
        "complex": 1j,
        "complex of single precision": np.complex64(1),
        "a matrix": np.eye(2),
        "a ragged list": [[1.0], [1.0, 2.0]],
        "an empty list": [],
        "an empty array": np.zeros((0, 3)),
        "a list of None": [None],
        "10**400": 10**400,
    }
)

WRONG_ARRAYS = _held(
    {
        "True": True,
        "booleans": np.array([True, False]),
        "NaN within": [0.0, np.nan],
        "infinity within": np.array([0.0, np.inf]),
        "a JAX NaN within": jnp.array([0.0, jnp.nan]),
        "single precision": np.array([0.0, 1.0], np.float32),
        "JAX single precision": jnp.array([0.0, 1.0], jnp.float32),
        "half precision": np.array([0.0, 1.0], np.float16),
        "long doubles": np.array([0.0, 1.0], np.longdouble),
        "an object array": np.array([0.0, 1.0], dtype=object),
        "an array of None": [0.0, None],
        "masked": MASKED,
        "masked nowhere": np.ma.masked_array([0.0, 1.0], mask=False),
        "a list of masked": [0.0, np.ma.masked],
        "ragged": [[0.0], [0.0, 1.0]],
        "an empty list": [],
        "three axes": np.zeros((2, 2, 2)),
        "a cube of nothing": np.zeros((0, 0)),
        "structured": np.array([(0.0, 1.0)], dtype=[("a", float), ("b", float)]),
        "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
        "a record of text": np.array(["a", "b"]),
        "sparse": sp.csr_array(np.eye(3)),
        "10**400 within": [0.0, 10**400],
    }
)


def _pool(*groups: dict[str, Callable], without: str = "", **more: Any) -> dict[str, Callable]:
    merged: dict[str, Callable] = {}
    for group in groups:
        merged |= group
    left_out = without.split("; ") if without else []
    found = {name: value for name, value in merged.items() if name not in left_out}
    return found | _held({name.replace("_", " "): value for name, value in more.items()})


REAL = _pool(NOTHING, THINGS, WRONG_NUMBERS)
COUNT = _pool(NOTHING, THINGS, WRONG_NUMBERS, a_float=2.0, half=2.5, negative=-1)
VECTOR = _pool(NOTHING, THINGS, WRONG_ARRAYS, a_matrix=np.eye(2), a_number=1.0)
MATRIX = _pool(
    NOTHING, THINGS, WRONG_ARRAYS, a_number=1.0, oblong=np.ones((2, 3)), empty=np.zeros((0, 0)),
    NaN_in_a_matrix=np.full((2, 2), np.nan),
)  # fmt: skip
ANYTHING = _pool(NOTHING, THINGS, a_number=3, True_=True, a_matrix=np.eye(2), a_list=[1.0])

MEMORIES = ("an object", "unprintable", "a string", "a function", "a slice", "a date")

POSITIVE = _pool(REAL, negative=-1.0, zero=0.0)

POOLS: dict[str, dict[str, Callable]] = {
    "real": REAL,
    "complex": _pool(REAL, without="complex"),
    "not negative": _pool(REAL, negative=-1.0),
    "positive": POSITIVE,
    "share": _pool(REAL, negative=-1e-3, above=1.001),
    "levels": _pool(COUNT, zero=0, huge=10**12, beyond_64_bits=2**63, astronomical=10**30),
    "count": _pool(COUNT),
    "positive count": _pool(COUNT, zero=0),
    "several": _pool(COUNT, zero=0, one=1),
    "made": _pool(COUNT, above=3),
    "index": _pool(COUNT, without="negative", far=99),
    "spin": _pool(REAL, quarter=0.25, negative=-0.5, huge=1e12),
    "times": _pool(VECTOR, falling=[1.0, 0.0], standing=[0.0, 0.0], complex_=[0.0, 1j]),
    "vector": _pool(VECTOR, complex_=[0.0, 1j]),
    "angles": _pool(
        VECTOR, without="an empty list", complex_=[0.0, 1j], negative=[-0.1, 0.2]
    ),
    "angles of cells": _pool(
        VECTOR, without="an empty list; a matrix", complex_=[0.0, 1j], negative=[[-0.1, 0.2]],
        an_empty_matrix=np.zeros((2, 0)),
    ),
    "reals": _pool(
        NOTHING, THINGS, WRONG_ARRAYS, complex_=[0.0, 1j],
        without="three axes; an empty list; a cube of nothing",
    ),
    "complex vector": _pool(VECTOR),
    "state": _pool(
        MATRIX, not_normalised=np.eye(2), not_positive=np.diag([1.5, -0.5]),
        not_Hermitian=[[0.5, 0.1], [0.0, 0.5]], ones=[1.0, 1.0],
    ),
    "charge": _pool(VECTOR, without="a matrix", not_diagonal=np.ones((2, 2))),
    "ket": _pool(VECTOR, not_normalised=[1.0, 1.0]),
    "matrix": _pool(MATRIX),
    "couplings": _pool(MATRIX, skew=np.triu(np.ones((2, 2)), 1), diagonal=np.eye(2)),
    "hamiltonian": _pool(
        MATRIX, not_Hermitian=[[0.0, 1.0], [0.0, 0.0]], complex_levels=[0.0, 1j],
        another_size=np.arange(7.0),
    ),
    "hamiltonian of any size": _pool(
        MATRIX, not_Hermitian=[[0.0, 1.0], [0.0, 0.0]], complex_levels=[0.0, 1j],
    ),
    "choice": _pool(ANYTHING, a_near_miss="dispalced"),
    "flag": _pool(ANYTHING, without="True "),
    "thing": ANYTHING,
    "callable": _pool(ANYTHING, without="a function; a class"),
    "members": _pool(ANYTHING, without="a function; a class; a list", nothing=[]),
    "constraints": _pool(ANYTHING, without="an empty list", a_constraint=qb.at_most(abs, 1.0)),
    "dims": _pool(
        NOTHING, THINGS, WRONG_ARRAYS, zero=[0], negative=[-2, 2], fractions=[2.0, 2.5],
        huge=[10**9, 10**9],
    ),
    "places": _pool(
        NOTHING, THINGS, WRONG_NUMBERS, far=99, negative=-1, fraction=0.5, twice=[0, 0],
        a_fraction_within=[0.5], without="an empty list; an empty array",
    ),
    "kept": _pool(
        NOTHING, THINGS, WRONG_NUMBERS, far=99, negative=-1, a_fraction_within=[0.5],
        without="an empty list; an empty array",
    ),
    "sites": _pool(
        THINGS, WRONG_NUMBERS, far=[10**9], a_fraction_within=[0.5], a_number=3,
        without="an empty list; an empty array",
    ),
    "photons": _pool(COUNT, huge=10**9),
    "bound": _pool(REAL, without="infinity; minus infinity"),
    "real or more": _pool(REAL, without="a matrix", a_cube=np.zeros((2, 2, 2))),
    "operator": _pool(
        MATRIX, not_Hermitian=[[0.0, 1.0], [0.0, 0.0]], another_size=np.eye(3), flat=[0.0, 1.0],
        without="an empty list",
    ),
    "operators": _pool(
        NOTHING, THINGS, a_number=3, a_matrix_of_another_size=[np.eye(3)], text=["x"],
        numbers=[1.0], Nones=[None], ragged=[[[0.0], [0.0, 1.0]]], masked=[MASKED_MATRIX],
        single=[np.eye(2, dtype=np.float32)], NaN=[np.full((2, 2), np.nan)],
    ),
    "levels of factors": _pool(
        NOTHING, THINGS, a_number=3, text=["x"],
        numbers=[1.0, 2.0], Nones=[None], ragged=[[[0.0], [0.0, 1.0]]], masked=[MASKED_MATRIX],
        single=[np.eye(2, dtype=np.float32)], NaN=[np.full((2, 2), np.nan)],
    ),
    "jumps": _pool(
        NOTHING, THINGS, a_number=3, a_matrix=np.eye(2), another_size=[np.eye(3)], text=["x"],
        numbers=[1.0], Nones=[None], masked=[MASKED_MATRIX], negative=[(-1.0, np.eye(2))],
        a_complex_rate=[(1j, np.eye(2))], triples=[(1.0, np.eye(2), 3)], rates=[(None, np.eye(2))],
        a_function=[(abs, np.eye(2))],
    ),
    "pairs": _pool(MATRIX, skew=np.triu(np.ones((2, 2)), 1), flat=[0.0, 1.0]),
    "rows": _pool(
        NOTHING, THINGS, a_number=3, text=["x"], numbers=[1.0], Nones=[None], short=[[1.0]],
        three=[([1.0, 0.0],) * 3], ragged=[[[0.0], [0.0, 1.0]]], masked=[MASKED], NaN=[[np.nan, 0]],
        single=[np.ones(2, dtype=np.float32)],
    ),
    "driven": _pool(
        NOTHING, THINGS, a_number=3, text=["x"], fractions=[0.5], Nones=[None], far=[2],
        short=[[1.0]], masked=[MASKED], NaN=[[np.nan, 0.0]], a_cube=[np.zeros((2, 2, 2))],
    ),
    "cells": _pool(
        NOTHING, THINGS, WRONG_NUMBERS, far=99, negative=-1, fraction=0.5, twice=[0, 0],
        a_fraction_within=[0.5], apart=[0, 2], backwards=[1, 0],
    ),
    "driven kinds": _pool(
        NOTHING, THINGS, a_number=3, text=["x"], fractions=[0.5], Nones=[None], numbers=[0],
        masked=[MASKED], a_matrix=[np.eye(2)], a_near_miss=["field"],
    ),
    "names": _pool(
        THINGS, a_list=[np.eye(2)], taken={"energy": np.eye(2)}, numbers={1: np.eye(2)},
        another_size={"n": np.eye(3)}, None_={"n": None}, without="",
    ),
    "inner times": _pool(VECTOR, without="an empty list; a cube of nothing", outside=[5.0]),
    "pulse": _pool(ANYTHING, another_count=[1.0, 2.0, 3.0]),
    "three numbers": _pool(VECTOR, two=[0.1, 0.2]),
    "range": _pool(ANYTHING, without="a number", negative=-1.0, falling=(2.0, 1.0)),
    "memory": _held({name: value() for name, value in THINGS.items() if name in MEMORIES}),
    "key": _pool(ANYTHING, without="a key"),
    "optimiser": _pool(ANYTHING, a_word="adam"),
    "tight": _pool(POSITIVE, loose=2.0, finer_than_rounding=1e-30),
    "later": _pool(REAL, negative=-1.0),
    "solver": _pool(ANYTHING, without="the Solver"),
}  # fmt: skip


def pool(kind: str) -> dict[str, Callable]:
    """The bad values of a kind; of "a kind?" all but None, and of "a kind 0" those too that the
    plain number 0 does not drop."""
    if kind.endswith("?"):
        return {name: value for name, value in POOLS[kind[:-1]].items() if name != "None"}
    return POOLS[kind]
