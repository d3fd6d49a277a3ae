"""Ancillas that pass cells one after the other, by QuTiP: matrices of everything, no sectors."""

import numpy as np
import qutip as qt
import scipy.linalg

LEDGER = (
    *("spent_energy", "spent_ergotropy", "left_energy", "left_ergotropy"),
    *("switching_work", "lost_energy"),
)


def by_qutip(interaction, energies, ancilla, jumps, theta, states, cells):
    """States of all cells and ledgers, ancilla after ancilla, by matrices of everything."""
    N, d = len(energies), len(ancilla)
    dims = [N] * cells + [d]
    each = [qt.tensor([qt.qeye(N)] * k + [qt.qdiags(energies)] + [qt.qeye(N)] * (cells - k - 1))
            for k in range(cells)]  # fmt: skip
    H, HQ = sum(each[1:], start=each[0]), qt.qdiags(ancilla)
    rho = qt.fock_dm([N] * cells, [0] * cells)
    lost = [np.sqrt(rate) * qt.Qobj(L) for rate, L in jumps]
    lost = [qt.expand_operator(L, dims[:-1], k) for L in lost for k in range(cells)]
    channel = qt.liouvillian(0 * H, lost).expm() if lost else None
    seen, ledger = [rho.full()], np.zeros(6)
    for angles, state in zip(theta, states, strict=True):
        rho_Q = qt.Qobj(state)
        joint = qt.tensor(rho, rho_Q)
        for k, angle in enumerate(angles):
            U = qt.Qobj(scipy.linalg.expm(-1j * angle * interaction), dims=[[N, d]] * 2)
            U = qt.expand_operator(U, dims, [k, cells])
            joint = U * joint * U.dag()
        met, left = joint.ptrace(range(cells)), joint.ptrace(cells)
        after = (
            met if channel is None else qt.vector_to_operator(channel * qt.operator_to_vector(met))
        )
        energy = [qt.expect(H, x) for x in (rho, met, after)]
        in_, out = qt.expect(HQ, rho_Q), qt.expect(HQ, left)
        ledger = ledger + np.array([
            in_, ergotropy(state, ancilla), out, ergotropy(left.full(), ancilla),
            energy[1] - energy[0] + out - in_, energy[1] - energy[2],
        ])  # fmt: skip
        rho = after
        seen.append(rho.full())
    return seen, dict(zip(LEDGER, ledger, strict=True))


def ergotropy(rho, levels):
    """The energy less that of the sorted populations."""
    populations = np.sort(np.linalg.eigvalsh(rho))[::-1]
    return np.real(np.trace(rho @ np.diag(levels))) - populations @ np.sort(levels)
