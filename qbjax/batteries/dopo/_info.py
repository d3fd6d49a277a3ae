"""What a DOPO battery found in its numbers, told."""

from typing import Any

from qbjax.interface import info as infos


def facts(battery, initial: Any) -> dict[str, Any]:
    """See `interface.battery.Battery.facts`."""
    state = battery.start(initial)
    generator = battery.generator(battery.layout(state.sectored))
    rows = infos.of_generator(generator, real=state.real)
    size = sum(block.size for block in state.blocks)
    return {
        "factors": f"{battery.signal_levels} signal × {battery.pump_levels} pump levels",
        "frame": battery.frame,
        "moves": "a density matrix",
        "sectors": (
            "2: even and odd signal levels"
            if state.sectored
            else "none: the start has coherence between even and odd levels, or is traced"
        ),
        "real numbers": size,
        **rows,
        "method": infos.method(size, linear=battery.frame == "lab", driven=True),
        "watched": "signal, pump",
    }
