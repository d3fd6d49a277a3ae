"""How fast is a stream of qubits, its gradient, a batch of streams? Beside NumPy and QuTiP.

Coherent charging of an oscillator with 250 levels by 891 qubits (θ = 0.01π, q = 1/2, c = 1),
float64, warm, least and median of several calls; error beside time. NumPy multiplies dense complex
Kraus operators with all cores; QuTiP is timed as people write it (the joint unitary and a partial
trace) and with the same Kraus operators, over fewer collisions and scaled.

Run: python benchmarks/speed_collisions.py   (about three minutes on two cores; needs qbjax[bench])
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import qutip

import qbjax as qb

LEVELS, COUNT, THETA, ENERGY = 250, 891, 0.01 * np.pi, 180.6072620257


def timed(function, repeats=7):
    """Least and median seconds of a warm call, and its answer."""
    answer = jax.block_until_ready(function())
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        seconds.append(time.perf_counter() - start)
    return min(seconds), float(np.median(seconds)), answer


def end_energy(battery, theta, *qubit):
    """Energy after the last collision."""
    stream = qb.protocols.Collisions(theta, *qubit, save_every=len(theta))
    return qb.charge(battery, stream).energy[-1]


def kraus_operators():
    """⟨f|U|ψ⟩ of the truncated ladder for ψ = (|g⟩ + |e⟩)/√2, complex as in the paper."""
    root = np.sqrt(np.arange(1.0, LEVELS))
    sines, cosines = np.sin(THETA * root), np.cos(THETA * root)
    half = np.sqrt(0.5)
    to_ground = np.diag(np.append(1.0, cosines)) - 1j * np.diag(sines, -1)
    to_excited = np.diag(np.append(cosines, 1.0)) - 1j * np.diag(sines, 1)
    return half * to_ground, half * to_excited


def with_numpy():
    operators = kraus_operators()
    rho = np.zeros((LEVELS, LEVELS), complex)
    rho[0, 0] = 1.0
    for _ in range(COUNT):
        rho = sum(K @ rho @ K.conj().T for K in operators)
    return float(np.arange(LEVELS) @ np.diagonal(rho).real)


def with_qutip(form, count):
    if form == "Kraus":
        operators = [qutip.Qobj(K) for K in kraus_operators()]
        daggers = [K.dag() for K in operators]
        rho = qutip.fock_dm(LEVELS, 0)
        for _ in range(count):
            rho = sum(K * rho * D for K, D in zip(operators, daggers, strict=True))
        return rho
    g, e = qutip.basis(2, 0), qutip.basis(2, 1)
    a = qutip.tensor(qutip.destroy(LEVELS), e * g.dag())
    unitary = (-1j * THETA * (a + a.dag())).expm()
    qubit, back = qutip.ket2dm((g + e).unit()), unitary.dag()
    rho = qutip.fock_dm(LEVELS, 0)
    for _ in range(count):
        rho = (unitary * qutip.tensor(rho, qubit) * back).ptrace(0)
    return rho


def qutip_seconds(form, few=10, more=40):
    """Per collision, from two runs: what is made once does not count."""
    spent = []
    for count in (few, more):
        start = time.perf_counter()
        with_qutip(form, count)
        spent.append(time.perf_counter() - start)
    return (spent[1] - spent[0]) / (more - few)


def coherent():
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(LEVELS))
    theta = jnp.full(COUNT, THETA)
    energy = jax.jit(lambda theta: end_energy(battery, theta, 0.5, 1.0))
    slope = jax.jit(jax.value_and_grad(lambda theta: end_energy(battery, theta, 0.5, 1.0)))
    least, median, found = timed(lambda: energy(theta))
    print(f"\n{LEVELS} levels, {COUNT} coherent qubits")
    row = "{:34} {:9.4f} s (median {:8.4f})  x{:7.1f}  error {:.0e}"
    print(row.format("qbjax", least, median, 1.0, abs(float(found) - ENERGY)))
    start = time.perf_counter()
    error = abs(with_numpy() - ENERGY)
    numpy = time.perf_counter() - start
    print(row.format("NumPy, dense Kraus, all cores", numpy, numpy, numpy / median, error))
    for form in ("joint unitary", "Kraus"):
        seconds = qutip_seconds(form) * COUNT
        print(f"{'QuTiP, ' + form:34} {seconds:9.3f} s, scaled            x{seconds / median:7.1f}")
    fast, middle, _ = timed(lambda: slope(theta))
    memory = slope.lower(theta).compile().memory_analysis().temp_size_in_bytes / 1e6
    print(f"gradient by {COUNT} angles: {middle:.3f} s, {middle / median:.1f} times the run "
          f"(least over least {fast / least:.1f}), {memory:.0f} MB")  # fmt: skip
    direction = jnp.cos(jnp.arange(COUNT))
    step = 1e-6
    ends = [energy(theta + s * step * direction) for s in (1, -1)]
    difference = (ends[0] - ends[1]) / (2 * step)
    error = abs(float(slope(theta)[1] @ direction / difference) - 1)
    print(f"along one direction it agrees with differences to {error:.0e}")


def classical(size=10_000):
    print(f"\n{size} levels, {size} classical qubits, full swap and greedy proportions")
    ladder = qb.algebra.ladders.oscillator(size)
    for name, bath in (("no bath", (0, 0)), ("loss and heat", (1e-4, 0.5))):
        battery = qb.batteries.Collisional(ladder, *bath)
        theta = jnp.asarray(0.9 / np.sqrt(np.arange(1, size + 1)))
        run = jax.jit(lambda theta, battery=battery: end_energy(battery, theta))
        seconds, _, energy = timed(lambda run=run, theta=theta: run(theta), 2)
        memory = run.lower(theta).compile().memory_analysis().temp_size_in_bytes / 1e6
        print(f"{name:16} {seconds:7.2f} s, {memory:.1f} MB, E = {float(energy):.3f}")


def batch(levels=100, count=200, points=1000):
    print(f"\n{points} values of (θ, κt₀), {levels} levels, {count} coherent qubits")
    ladder = qb.algebra.ladders.oscillator(levels)
    rng = np.random.default_rng(0)
    thetas = jnp.asarray(rng.uniform(0.01, 0.05, points))
    losses = jnp.asarray(rng.uniform(0.0, 0.01, points))

    def one(point):
        theta, loss = point
        battery = qb.batteries.Collisional(ladder, loss)
        return end_energy(battery, jnp.full(count, theta), 0.5, 1.0)

    many = jax.jit(lambda *points: jax.lax.map(one, points))
    alone = jax.jit(one)
    jax.block_until_ready((many(thetas, losses), alone((thetas[0], losses[0]))))
    seconds = {"one after the other": [], "as one map": []}
    for _ in range(3):  # in turn: the machine is not always equally fast
        start = time.perf_counter()
        for point in zip(thetas[: points // 4], losses, strict=False):
            alone(point).block_until_ready()
        middle = time.perf_counter()
        many(thetas, losses).block_until_ready()
        seconds["one after the other"].append((middle - start) / (points // 4))
        seconds["as one map"].append((time.perf_counter() - middle) / points)
    for name, values in seconds.items():
        print(f"{name:20} {1e3 * np.median(values):6.2f} ms per point")


if __name__ == "__main__":
    coherent()
    classical()
    batch()
