"""The catalogue's entry of networks of modes."""

from qbjax.batteries.gaussian.battery import Gaussian
from qbjax.interface.catalogue import PUMPS, UNDRIVEN, Entry, Example, Maker

ENTRIES = (
    Entry(
        name="gaussian",
        battery=Maker(
            Gaussian,
            sizes=("modes", "levels"),
            words=("hamiltonian", "squeezing", "cell", "drives", "jumps"),
        ),
        protocols=PUMPS | UNDRIVEN,
        example=Example(
            {
                "modes": 2,
                "hamiltonian": [[0.0, 1.0], [1.0, 0.0]],
                "squeezing": [[0.0, 0.0], [0.0, 0.2]],
                "decay": 0.1,
                "drives": [1],
                "levels": 8,
            },
            "constant",
            {"amplitude": 0.4},
            1.0,
            "decay",
        ),
    ),
)
