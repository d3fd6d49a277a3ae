"""A user's type checker sees types: the package says that it has them, and they are of use."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import qbjax as qb
from tests.front_door.test_every_door import EVERY

SCRIPT = """
import numpy as np
import qbjax as qb
from jax import Array

battery = qb.batteries.DOPO(signal_levels=12, pump_levels=4)
pump = qb.protocols.SwitchOff(3.0, qb.free(11.0, low=5.0, high=20.0))

def power(pump: qb.protocols.SwitchOff, battery: qb.batteries.DOPO) -> Array:
    return qb.charge(battery, pump, [0.0, pump.time], adjoint="forward").ergotropic_power[-1]

best = qb.maximize(power, pump, battery=battery, mode="forward")
data = qb.sweep(lambda a: {"square": a**2}, {"a": np.arange(3.0)})
print(best.value, best.protocol.time, data["square"].values, qb.load("run.nc").energy)
"""


def test_the_package_says_that_it_is_typed():
    assert (Path(qb.__file__).parent / "py.typed").exists()


def test_constructors_are_typed():
    """Else a strict checker complains of each call of one."""
    kinds = {door.function for door in EVERY if inspect.isclass(door.function)}
    of = {kind: inspect.signature(kind.__init__).parameters.values() for kind in kinds}
    bare = {kind for kind, made in of.items() if all(p.annotation is p.empty for p in made)}
    assert len(kinds) > 20
    assert bare == set()


@pytest.mark.slow  # the tests above are its fast siblings
@pytest.mark.parametrize(("change", "complaint"), [("", None), ("-> Array|-> float", "float")])
def test_a_strict_checker_accepts_a_script_and_finds_a_mistake(tmp_path, change, complaint):
    old, _, new = change.partition("|")
    (tmp_path / "mine.py").write_text(SCRIPT.replace(old, new) if change else SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "mine.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode == 0) == (complaint is None), done.stdout
    assert complaint is None or complaint in done.stdout
