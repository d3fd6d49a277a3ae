"""The coherent-Ising-machine battery: a degenerate optical parametric oscillator."""

from qbjax.batteries.dopo.battery import DOPO as DOPO
