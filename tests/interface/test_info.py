"""What batteries tell of themselves: that it is what they do, also inside a trace."""

import jax
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import random_hermitian

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])


def spins(**more):
    return qb.batteries.TavisCummings(6, 6, cavity_decay=0.1, **more)


def qubit(H=LOWER + LOWER.T, jumps=(), **more):
    return qb.batteries.Lindblad(
        H, list(jumps), dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0], **more
    )


def test_an_open_battery_in_sectors():
    battery = spins(spin_decay=0.05)
    info, sizes = battery.info(), battery.lindblad.equation.generator(True, 0.0).structure.sizes
    assert info["sectors"] == f"{len(sizes)} of {min(sizes)} to {max(sizes)} levels"
    assert info["real numbers"] == sum(n**2 for n in sizes)
    assert info["storage"].startswith("banded: 3 diagonals, ")
    assert info["arithmetic"] == "real (phases of the basis states turned)"
    assert not battery.lindblad.equation.generator(True, 0.0).structure.imaginary
    assert info["jumps"] == "2: 2 constant rates 0.1, 0.05"
    assert info["method"] == "Chebyshev for protocols constant between edges, else Tsit5"
    assert info["discharges"] == "yes, with 1 jump of its own"
    assert (info["observables"], info["watched"], info["controls"]) == ("photons", "none", 1)
    lines = str(info).splitlines()
    assert lines[0] == "battery       TavisCummings"
    assert len(lines) == len(info)


def test_why_there_are_no_sectors():
    plus = np.ones(7) / np.sqrt(7)
    assert spins().info(plus)["sectors"] == (
        "none: the start has coherence between values of the charge"
    )
    assert qb.batteries.TavisCummings(2, 2).info()["sectors"] == "none: a ket is moved whole"
    assert qubit(jumps=[LOWER]).info()["sectors"] == "none: no conserved charge was named"


def test_kets_and_what_moves_them():
    assert qubit().info()["factors"] == "2 levels"
    assert qubit().info()["storage"] == "banded: 2 diagonals, 2 shifts"
    assert qubit().info()["arithmetic"].startswith("real")
    assert qubit().info()["method"] == "Exponential"
    assert qubit(np.diag([1.0, 2.0])).info()["arithmetic"] == "complex, as two real parts"
    full = qb.batteries.Lindblad(
        random_hermitian(1, 40), [], dims=(40,), cell=0, cell_hamiltonian=np.arange(40.0)
    )
    assert full.info()["storage"] == "dense: matrix products"


def test_rates_in_time_are_told():
    rate = qb.protocols.PiecewiseConstant([0.1, 0.2], 1.0)
    info = qubit(jumps=[(rate, LOWER), (0.3, LOWER.T)]).info()
    assert info["jumps"] == "2: 1 constant rate 0.3; 1 rate in time"
    ramp = qb.protocols.Fourier([0.1], 1.0)
    assert qubit(jumps=[(ramp, LOWER)]).info()["method"] == "Tsit5, Implicit where stiff"


@pytest.mark.parametrize("detuning", [0, 0.1])
def test_the_dopo(detuning):
    battery = qb.batteries.DOPO(6, 3, detuning=detuning)
    info = battery.info()
    assert info["arithmetic"] == ("complex, as two real parts" if detuning else "real")
    assert info["sectors"] == "2: even and odd signal levels"
    assert info["real numbers"] == 2 * 9**2
    assert info["method"] == "Tsit5"
    assert qb.batteries.DOPO(6, 3, frame="lab").info()["method"].startswith("Chebyshev")
    plus = np.ones(6) / np.sqrt(6)
    assert battery.info(plus)["sectors"].startswith("none: the start has coherence")
    assert battery.info(plus)["real numbers"] == 18**2


def test_inside_a_trace():
    """Traced numbers are called so; what is known of the start stays known."""
    told = []

    def within(battery, decay):
        told.append(battery.info())
        told.append(spins(spin_decay=decay).info())
        told.append(qb.batteries.DOPO(6, 3, coupling=decay).info())
        return decay

    jax.jit(within)(spins(), 0.3)
    outside = spins().info()
    for info in told[:2]:
        assert {info[k] for k in ("sectors", "moves")} == {outside[k] for k in ("sectors", "moves")}
    assert told[1]["jumps"] == "2: 2 constant rates 0.1, traced"
    assert "coupling=traced" in told[2]["numbers"]
