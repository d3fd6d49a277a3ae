"""What first_call.py asks of qbjax: {block: {row: function}}."""

from functools import partial

import first_call_systems as systems
import jax
import jax.numpy as jnp
import numpy as np
from first_call_systems import DRIVE, ENERGY, FEW, LOWER, MANY, TIMES

import qbjax as qb


def qubit(energy=1.0, rate=0.1, pump=1.0, times=TIMES):
    battery = qb.batteries.Lindblad(
        energy * ENERGY, [np.sqrt(rate) * LOWER], dims=(2,), cell=0, cell_hamiltonian=ENERGY,
        controls=[DRIVE],
    )  # fmt: skip
    pump = qb.protocols.Constant(pump) if np.isscalar(pump) else pump
    return qb.charge(battery, [pump], times).energy[-1]


def under_a_sine():
    return qubit(pump=qb.protocols.Function(lambda t: jnp.sin(t) ** 2, 5.0))


def cavity(n=6, g=1.0, loss=0.1, times=TIMES):
    battery = qb.batteries.TavisCummings(n, n, cavity_decay=loss)
    return qb.charge(battery, qb.protocols.Constant(g), times).energy[-1]


def dopo(signal=20, F=1.0, kappa=systems.COUPLING, times=TIMES):
    numbers = {"coupling": kappa, "pump_decay": systems.PUMP_DECAY}
    battery = qb.batteries.DOPO(signal, systems.PUMP_LEVELS, **numbers)
    return qb.charge(battery, qb.protocols.Constant(F), times).energy[-1]


def pulse():
    def energy(amplitudes):
        pump = qb.protocols.PiecewiseConstant(amplitudes, 5.0)
        return qubit(pump=pump, times=np.array([0.0, 5.0]))

    return jax.jit(jax.grad(energy))(jnp.asarray(systems.SEGMENTS)).sum()


def slope():
    return jax.jit(jax.grad(lambda g: cavity(g=g)))(1.0)


def another(case, count):
    """A battery of lindblad.py with so many saved times."""
    import lindblad_systems as other

    coupling = qb.protocols.Constant(other.COUPLING)
    chebyshev = qb.Solver(method=qb.dynamics.Chebyshev())
    battery, protocol, solver = {
        "Kerr, F(t) a control": lambda: (
            other.cavity(50), qb.protocols.Function(other.signal, 11.0), qb.Solver()
        ),
        "Kerr, Chebyshev": lambda: (other.cavity(50, other.DRIVE), None, chebyshev),
        "Dicke, closed": lambda: (other.dicke(False), coupling, qb.Solver()),
        "Dicke, open": lambda: (other.dicke(True), coupling, qb.Solver()),
    }[case]()  # fmt: skip
    return qb.charge(battery, protocol, np.linspace(0.0, 2.0, count), solver=solver).energy[-1]


def another_slope(differentiate, adjoint):
    import lindblad_systems as other

    return differentiate(lambda p: other.photons(p, adjoint, None))(np.ones(3)).sum()


ROWS = {
    "qubit": {
        systems.QUBIT: qubit,
        "qubit, another H": partial(qubit, 1.3),
        "qubit, another rate": partial(qubit, rate=0.2),
        "qubit, another amplitude": partial(qubit, pump=1.3),
        "qubit, 21 times": partial(qubit, times=FEW),
        "qubit, 101 times": partial(qubit, times=MANY),
        "qubit, Function": under_a_sine,
    },
    "cavity": {
        systems.CAVITY: cavity,
        "TavisCummings(6, 6), another g": partial(cavity, g=1.2),
        "TavisCummings(6, 6), another rate": partial(cavity, loss=0.2),
        "TavisCummings(7, 7)": partial(cavity, 7),
        "TavisCummings(6, 6), 21 times": partial(cavity, times=FEW),
    },
    "dopo": {
        systems.DOPO: dopo,
        "DOPO 20×4, another F": partial(dopo, F=1.1),
        "DOPO 20×4, another κ": partial(dopo, kappa=0.6),
        "DOPO 22×4": partial(dopo, 22),
        "DOPO 20×4, 21 times": partial(dopo, times=FEW),
    },
    "pulse": {systems.PULSE: pulse},
    "slope": {systems.SLOPE: slope},
    "others": {
        f"{case}, {count} times": partial(another, case, count)
        for case in ("Kerr, F(t) a control", "Kerr, Chebyshev", "Dicke, closed", "Dicke, open")
        for count in (100, 1000)
    }
    | {
        "Kerr, 100 levels, gradient, reverse": partial(another_slope, jax.grad, "reverse"),
        "Kerr, 100 levels, gradient, forward": partial(another_slope, jax.jacfwd, "forward"),
    },
}
