"""The rivals of search.py: dynamiqs for a driven DOPO, NumPy for a stream of qubits with loss.

Both are written as well as we can: dynamiqs with sparse diagonals, and only as much accuracy as
the search needs; NumPy with real matrices, Kraus operators as diagonals, and what loss is below
rounding left out.
"""

import numpy as np

LOSSY_TERMS = 1e-17
"""Probability of losing so many quanta at once that is not worth a pass."""


def dopo_value_and_grad(signal, pump, until, segments, duration, *, coupling=0.5, pump_decay=16.0):
    """Ergotropy of the signal after a part of the pulse, and its slopes by all amplitudes.

    Tsit5 at 1e-6: stability fixes its steps. Reverse mode with 64 checkpoints, 6 MB each: left to
    itself it asks for 25 GB where a million steps are allowed.
    """
    import dynamiqs as dq
    import jax
    import jax.numpy as jnp

    dq.set_precision("double")
    a, b = dq.destroy(signal, pump)
    exchange = 0.5j * coupling * (a.dag() @ a.dag() @ b - a @ a @ b.dag())
    drive = 1j * pump_decay**0.5 * (b.dag() - b)
    jumps, start = [a, pump_decay**0.5 * b], dq.fock_dm((signal, pump), (0, 0))
    method = dq.method.Tsit5(rtol=1e-6, atol=1e-8, max_steps=20_000)
    edges, levels = np.linspace(0.0, duration, segments + 1), jnp.arange(float(signal))

    def ergotropy(amplitudes):
        H = exchange + dq.pwc(edges, amplitudes, drive)
        out = dq.mesolve(
            H, jumps, start, jnp.array([0.0, until]), method=method, progress_meter=False,
            gradient=dq.gradient.BackwardCheckpointed(64),
        )  # fmt: skip
        cell = out.states[-1].to_jax().reshape(signal, pump, signal, pump)
        cell = jnp.trace(cell, axis1=1, axis2=3)
        filled = jnp.linalg.eigvalsh(cell)[::-1]
        return jnp.diagonal(cell).real @ levels - filled @ levels

    return jax.jit(ergotropy), jax.jit(jax.value_and_grad(ergotropy))


def stream_energy(theta, levels, loss):
    """Energy after coherent qubits, q = 1/2, with a loss after each; real by choice of phase."""
    root = np.sqrt(np.arange(1.0, levels))
    lost = _losses(levels, -np.expm1(-loss))
    rho = np.zeros((levels, levels))
    rho[0, 0] = 1.0
    for angle in theta:
        sines, cosines = np.sin(angle * root), np.cos(angle * root)
        down = _kraus(rho, np.append(1.0, cosines), -sines, 1)
        rho = 0.5 * (down + _kraus(rho, np.append(cosines, 1.0), sines, -1))
        rho = _after(rho, lost)
    return float(np.arange(levels) @ np.diagonal(rho))


def _kraus(rho, same, moved, by):
    """KρKᵀ for a K with a diagonal and the one below (by = 1) or above (−1) it."""
    to, of = (slice(1, None), slice(None, -1))[::by], (slice(None, -1), slice(1, None))[::by]
    left = same[:, None] * rho
    left[to[0]] += moved[:, None] * rho[of[0]]
    both = left * same
    both[:, to[0]] += left[:, of[0]] * moved
    return both


def _losses(levels, gamma):
    """√p_l(m) for l = 0, 1, … lost of m quanta, as long as any is of use."""
    m, found, p = np.arange(levels), [], (1 - gamma) ** np.arange(levels)
    while p.max() > LOSSY_TERMS:
        found.append(np.sqrt(p[len(found) :]))
        l = len(found)  # noqa: E741
        p = np.where(m >= l, p * (m - l + 1) / l * gamma / (1 - gamma), 0.0)
    return found


def _after(rho, lost):
    out = rho * np.multiply.outer(lost[0], lost[0])
    for l, weight in enumerate(lost[1:], 1):  # noqa: E741
        out[:-l, :-l] += weight[:, None] * rho[l:, l:] * weight
    return out
