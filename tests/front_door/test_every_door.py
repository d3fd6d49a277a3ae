"""Whatever is given to a public function, the answer is one sentence that names the argument,
before anything is compiled."""

import re
import warnings

import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from tests.front_door import chain_doors, doors, more_doors, strategy_doors, verb_doors
from tests.front_door.bad_values import pool

EVERY = [
    *verb_doors.VERBS, *doors.OPERATORS, *doors.BATTERIES, *chain_doors.CHAINS,
    *more_doors.PROTOCOLS, *more_doors.MERITS, *more_doors.CLOSED_FORMS, *strategy_doors.STRATEGIES,
]  # fmt: skip
LONGEST = 320
EAGER = ("stage", "unstack")


def name_of(door):
    function = door.function
    return f"{function.__module__.removeprefix('qbjax.')}.{function.__qualname__}"


def is_sentence(text, argument):
    """Whether a text is one sentence of ours that names an argument."""
    return re.match(rf"Arguments? `[^`]*\b{argument}\b[^`]*`.* must .*, but .*\.$", text)


def door_of(function):
    """The entry of one function in the tables."""
    return next(door for door in EVERY if door.function is function)


def complaint(door, argument, value, compiled):
    """What is wrong with the answer to a bad value; None if it is one good sentence."""
    before = len(compiled)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            door.function(**door.good | {argument: value})
    except (TypeError, ValueError) as error:
        text = str(error)
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    else:
        return "accepted"
    if not is_sentence(text, argument):
        return f"another sentence: {text[:200]}"
    if len(text) > LONGEST:
        return f"{len(text)} characters: {text[:200]}"
    programs = [name for name in compiled[before:] if not is_one_operation(name)]
    return f"compiled {programs}: {text[:80]}" if programs else None


def is_one_operation(name):
    """Whether a compiled program is an operation of JAX's own, as of eager arithmetic."""
    inner = name.removeprefix("jit(").removesuffix(")").lstrip("_")
    return any(hasattr(module, inner) for module in (jnp, jax.lax)) or inner in EAGER


@pytest.fixture(scope="module")
def compiled():
    """The programs that were compiled so far."""
    seen = []

    def listen(event, duration, **details):
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(details.get("fun_name", event))

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    jax.monitoring.unregister_event_duration_listener(listen)


@pytest.mark.parametrize("door", EVERY, ids=name_of)
def test_a_bad_argument_gets_one_sentence(door, compiled):
    wrong = {
        (argument, name): found
        for argument, kind in door.kinds.items()
        for name, value in pool(kind).items()
        if (found := complaint(door, argument, value(), compiled))
    }
    assert wrong == {}


# Numbers of these kinds may be traced, or are refused with a sentence.
NUMBERS = ("real", "complex", "not negative", "positive", "share", "levels", "spin", "tight")
BUILDERS = [
    *doors.OPERATORS, *doors.BATTERIES, *chain_doors.CHAINS,
    *more_doors.PROTOCOLS, *more_doors.MERITS, door_of(qb.free), door_of(qb.Solver),
]  # fmt: skip


def refusal(call):
    """The text of what a call raises; None if it does not."""
    try:
        call()
    except (TypeError, ValueError) as error:
        return str(error).split("\n-----")[0]  # JAX adds a note
    return None


@pytest.mark.parametrize("door", BUILDERS, ids=name_of)
def test_a_traced_number_is_taken_or_refused_with_a_sentence(door):
    for argument, kind in door.kinds.items():
        value = door.good[argument]
        if kind.rstrip("?") not in NUMBERS or value is None:
            continue

        def built(x, argument=argument):
            door.function(**door.good | {argument: x})
            return x

        text = refusal(lambda built=built: jax.eval_shape(built, 1.0))
        assert text is None or is_sentence(text, argument)
