"""What first_call.py asks of dynamiqs: {block: {row: function}}."""

from functools import partial

import dynamiqs as dq
import first_call_systems as systems
import jax
import jax.numpy as jnp
import numpy as np
from first_call_systems import DRIVE, ENERGY, FEW, LOWER, MANY, TIMES

dq.set_precision("double")


def last(H, jumps, start, seen, times=TIMES):
    """The last expectation value, as sharply as we have it."""
    method = dq.method.Tsit5(rtol=1e-8, atol=1e-10)
    quiet = {"progress_meter": False, "exp_ops": [seen], "method": method}
    return dq.mesolve(H, jumps, start, times, **quiet).expects[0, -1].real


def dia(x):
    return dq.asqarray(x.astype(complex), layout=dq.dia)


def operators():
    return dia(ENERGY), dia(DRIVE), dia(LOWER)


def qubit(energy=1.0, rate=0.1, pump=1.0, times=TIMES, given=None):
    free, drive, lower = given or operators()
    pump = pump * drive if np.isscalar(pump) else pump
    return last(energy * free + pump, [np.sqrt(rate) * lower], dq.fock(2, 0), free, times)


def matrices(n):
    spins, exchange, a, start = systems.spins_and_cavity(n)
    start = dq.asqarray(start[:, None].astype(complex))
    return dia(spins + a.T @ a), dia(exchange), dia(a), start, dia(spins)


def cavity(n=6, g=1.0, given=None):
    free, exchange, a, start, seen = given or matrices(n)
    return last(free + g * exchange, [np.sqrt(0.1) * a], start, seen)


def dopo(signal=20, F=1.0):
    a, b = dq.destroy(signal, systems.PUMP_LEVELS)
    H = 0.5j * systems.COUPLING * (a.dag() @ a.dag() @ b - a @ a @ b.dag())
    H = H + 1j * F * systems.PUMP_DECAY**0.5 * (b.dag() - b)
    start = dq.fock((signal, systems.PUMP_LEVELS), (0, 0))
    return last(H, [a, systems.PUMP_DECAY**0.5 * b], start, a.dag() @ a)


def pulse():
    free, drive, lower = operators()  # its sparse operators cannot be made inside a gradient

    def energy(amplitudes):
        pump = dq.pwc(np.linspace(0.0, 5.0, 11), amplitudes, drive)
        return qubit(pump=pump, times=np.array([0.0, 5.0]), given=(free, drive, lower))

    return jax.jit(jax.grad(energy))(jnp.asarray(systems.SEGMENTS)).sum()


def slope():
    given = matrices(6)
    return jax.jit(jax.grad(lambda g: cavity(g=g, given=given)))(1.0)


ROWS = {
    "qubit": {
        systems.QUBIT: qubit,
        "qubit, another H": partial(qubit, 1.3),
        "qubit, another rate": partial(qubit, rate=0.2),
        "qubit, another amplitude": partial(qubit, pump=1.3),
        "qubit, 21 times": partial(qubit, times=FEW),
        "qubit, 101 times": partial(qubit, times=MANY),
    },
    "cavity": {
        systems.CAVITY: cavity,
        "TavisCummings(6, 6), another g": partial(cavity, g=1.2),
        "TavisCummings(7, 7)": partial(cavity, 7),
    },
    "dopo": {
        systems.DOPO: dopo,
        "DOPO 20×4, another F": partial(dopo, F=1.1),
        "DOPO 22×4": partial(dopo, 22),
    },
    "pulse": {systems.PULSE: pulse},
    "slope": {systems.SLOPE: slope},
}
