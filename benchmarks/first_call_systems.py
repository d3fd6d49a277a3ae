"""The systems of first_call.py, in each library's own words.

A qubit with decay and a constant drive; N spins and a lossy cavity of N photons; a pumped DOPO.
"""

from functools import partial

import numpy as np

TIMES = np.linspace(0.0, 5.0, 51)
ENERGY, DRIVE = np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
COUPLING, PUMP_DECAY = 0.5, 16.0
SEGMENTS = np.linspace(0.5, 1.5, 10)

QUBIT = "qubit, 51 times"
CAVITY = "TavisCummings(6, 6), lossy, 51 times"
DOPO = "DOPO 20×4, γt = 5, 51 times"


def rows(who, block):
    """What a library is asked for in a block, in order: {row: function}."""
    return {"qbjax": of_qbjax, "dynamiqs": of_dynamiqs, "QuTiP": of_qutip}[who](block)


def of_qbjax(block):
    import jax
    import jax.numpy as jnp

    import qbjax as qb

    def qubit(energy=1.0, rate=0.1, pump=1.0, times=TIMES):
        battery = qb.batteries.Lindblad(
            energy * ENERGY, [np.sqrt(rate) * LOWER], dims=(2,), cell=0, cell_hamiltonian=ENERGY,
            controls=[DRIVE],
        )  # fmt: skip
        pump = qb.protocols.Constant(pump) if np.isscalar(pump) else pump
        return qb.charge(battery, [pump], times).energy[-1]

    def cavity(n=6, g=1.0, loss=0.1, times=TIMES):
        battery = qb.batteries.TavisCummings(n, n, cavity_decay=loss)
        return qb.charge(battery, qb.protocols.Constant(g), times).energy[-1]

    def dopo(signal=20, F=1.0, kappa=COUPLING, times=TIMES):
        battery = qb.batteries.DOPO(signal, 4, kappa, pump_decay=PUMP_DECAY)
        return qb.charge(battery, qb.protocols.Constant(F), times).energy[-1]

    def pulse():
        def energy(amplitudes):
            pump = qb.protocols.PiecewiseConstant(amplitudes, 5.0)
            return qubit(pump=pump, times=np.array([0.0, 5.0]))

        return jax.jit(jax.grad(energy))(jnp.asarray(SEGMENTS)).sum()

    def slope():
        return jax.jit(jax.grad(lambda g: cavity(g=g)))(1.0)

    sine = qb.protocols.Function(lambda t: jnp.sin(t) ** 2, 5.0)
    few, many = np.linspace(0.0, 5.0, 21), np.linspace(0.0, 5.0, 101)
    return {
        "qubit": {
            QUBIT: qubit,
            "qubit, another H": lambda: qubit(1.3),
            "qubit, another rate": lambda: qubit(rate=0.2),
            "qubit, another amplitude": lambda: qubit(pump=1.3),
            "qubit, 21 times": lambda: qubit(times=few),
            "qubit, 101 times": lambda: qubit(times=many),
            "qubit, Function": lambda: qubit(pump=sine),
        },
        "cavity": {
            CAVITY: cavity,
            "TavisCummings(6, 6), another g": lambda: cavity(g=1.2),
            "TavisCummings(6, 6), another rate": lambda: cavity(loss=0.2),
            "TavisCummings(7, 7)": lambda: cavity(7),
            "TavisCummings(6, 6), 21 times": lambda: cavity(times=few),
        },
        "dopo": {
            DOPO: dopo,
            "DOPO 20×4, another F": lambda: dopo(F=1.1),
            "DOPO 20×4, another κ": lambda: dopo(kappa=0.6),
            "DOPO 22×4": lambda: dopo(22),
            "DOPO 20×4, 21 times": lambda: dopo(times=few),
        },
        "pulse": {"ten-segment pulse on a qubit, reverse": pulse},
        "slope": {"TavisCummings(6, 6) by g, reverse": slope},
        "others": _others(qb) if block == "others" else {},
    }[block]  # fmt: skip


def _others(qb):
    """The batteries of lindblad.py, with a hundred and with a thousand saved times; a gradient."""
    import jax
    import lindblad_systems as systems

    pump = qb.protocols.Function(systems.signal, 11.0)
    coupling = qb.protocols.Constant(systems.COUPLING)
    chebyshev = qb.Solver(method=qb.dynamics.Chebyshev())
    cases = {
        "Kerr, F(t) a control": lambda: (systems.cavity(50), pump, qb.Solver()),
        "Kerr, Chebyshev": lambda: (systems.cavity(50, systems.DRIVE), None, chebyshev),
        "Dicke, closed": lambda: (systems.dicke(False), coupling, qb.Solver()),
        "Dicke, open": lambda: (systems.dicke(True), coupling, qb.Solver()),
    }

    def last(case, count):
        battery, protocol, solver = cases[case]()
        return qb.charge(battery, protocol, np.linspace(0.0, 2.0, count), solver=solver).energy[-1]

    def slope(differentiate, adjoint):
        return differentiate(lambda p: systems.photons(p, adjoint, None))(np.ones(3)).sum()

    found = {
        f"{case}, {count} times": partial(last, case, count)
        for case in cases
        for count in (100, 1000)
    }
    found["Kerr, 100 levels, gradient, reverse"] = partial(slope, jax.grad, "reverse")
    found["Kerr, 100 levels, gradient, forward"] = partial(slope, jax.jacfwd, "forward")
    return found


def spins_and_cavity(n):
    """Energy of the spins, exchange, photons' lowering operator, and the first ket."""
    j, levels = n / 2, 2 * n + 1
    m = np.arange(-j, j)
    up = np.kron(np.diag(np.sqrt(j * (j + 1) - m * (m + 1)), -1), np.eye(levels))
    a = np.kron(np.eye(n + 1), np.diag(np.sqrt(np.arange(1.0, levels)), 1))
    spins = np.kron(np.diag(np.arange(n + 1.0)), np.eye(levels))
    return spins, up @ a + up.T @ a.T, a, np.eye(len(a))[n]


def of_dynamiqs(block):
    import dynamiqs as dq
    import jax
    import jax.numpy as jnp

    dq.set_precision("double")

    def last(H, jumps, start, seen, times=TIMES):
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
        spins, exchange, a, start = spins_and_cavity(n)
        start = dq.asqarray(start[:, None].astype(complex))
        return dia(spins + a.T @ a), dia(exchange), dia(a), start, dia(spins)

    def cavity(n=6, g=1.0, given=None):
        free, exchange, a, start, seen = given or matrices(n)
        return last(free + g * exchange, [np.sqrt(0.1) * a], start, seen)

    def dopo(signal=20, F=1.0):
        a, b = dq.destroy(signal, 4)
        H = 0.5j * COUPLING * (a.dag() @ a.dag() @ b - a @ a @ b.dag())
        H = H + 1j * F * PUMP_DECAY**0.5 * (b.dag() - b)
        return last(H, [a, PUMP_DECAY**0.5 * b], dq.fock((signal, 4), (0, 0)), a.dag() @ a)

    def pulse():
        free, drive, lower = operators()  # its sparse operators cannot be made inside a gradient

        def energy(amplitudes):
            pump = dq.pwc(np.linspace(0.0, 5.0, 11), amplitudes, drive)
            return qubit(pump=pump, times=np.array([0.0, 5.0]), given=(free, drive, lower))

        return jax.jit(jax.grad(energy))(jnp.asarray(SEGMENTS)).sum()

    def slope():
        given = matrices(6)
        return jax.jit(jax.grad(lambda g: cavity(g=g, given=given)))(1.0)

    return {
        "qubit": {
            QUBIT: qubit,
            "qubit, another H": lambda: qubit(1.3),
            "qubit, another rate": lambda: qubit(rate=0.2),
            "qubit, another amplitude": lambda: qubit(pump=1.3),
            "qubit, 21 times": lambda: qubit(times=np.linspace(0.0, 5.0, 21)),
            "qubit, 101 times": lambda: qubit(times=np.linspace(0.0, 5.0, 101)),
        },
        "cavity": {
            CAVITY: cavity,
            "TavisCummings(6, 6), another g": lambda: cavity(g=1.2),
            "TavisCummings(7, 7)": lambda: cavity(7),
        },
        "dopo": {
            DOPO: dopo,
            "DOPO 20×4, another F": lambda: dopo(F=1.1),
            "DOPO 22×4": lambda: dopo(22),
        },
        "pulse": {"ten-segment pulse on a qubit, reverse": pulse},
        "slope": {"TavisCummings(6, 6) by g, reverse": slope},
    }[block]


def of_qutip(block):
    import qutip

    def last(H, jumps, start, seen):
        options = {"rtol": 1e-8, "atol": 1e-10, "nsteps": 10**6, "progress_bar": ""}
        return qutip.mesolve(H, start, TIMES, jumps, e_ops=[seen], options=options).expect[0][-1]

    def qubit(energy=1.0):
        H = qutip.Qobj(energy * ENERGY + DRIVE)
        return last(H, [np.sqrt(0.1) * qutip.Qobj(LOWER)], qutip.basis(2, 0), qutip.Qobj(ENERGY))

    def cavity(n=6):
        spins, exchange, a, start = spins_and_cavity(n)
        spins, H, a = (qutip.Qobj(x).to("csr") for x in (spins, spins + a.T @ a + exchange, a))
        return last(H, [np.sqrt(0.1) * a], qutip.Qobj(start[:, None]), spins)

    def dopo(signal=20):
        a = qutip.tensor(qutip.destroy(signal), qutip.qeye(4))
        b = qutip.tensor(qutip.qeye(signal), qutip.destroy(4))
        H = 0.5j * COUPLING * (a.dag() ** 2 * b - a**2 * b.dag())
        H += 1j * PUMP_DECAY**0.5 * (b.dag() - b)
        start = qutip.tensor(qutip.basis(signal, 0), qutip.basis(4, 0))
        return last(H, [a, PUMP_DECAY**0.5 * b], start, a.dag() * a)

    return {
        "qubit": {QUBIT: qubit, "qubit, another H": lambda: qubit(1.3)},
        "cavity": {CAVITY: cavity, "TavisCummings(7, 7)": lambda: cavity(7)},
        "dopo": {DOPO: dopo, "DOPO 22×4": lambda: dopo(22)},
    }[block]
