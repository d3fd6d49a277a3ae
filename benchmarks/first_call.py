"""How long does the first answer take? In fresh processes, with an empty cache of programs and
with a warm one, beside dynamiqs and QuTiP.

Of every row: seconds until the answer is there (and processor seconds of all cores), the least of
two rounds (one of the last block), and how many programs XLA compiled; what the rows of one block
ask for comes from one process, in this order. The rivals get the same equations, the DOPO's in the
lab frame with the same levels; dynamiqs' programs are kept as ours are. A last block asks whether a
first call depends on the number of saved times, with the batteries of `lindblad.py`, whose
gradients it takes, too. The last lines say how far the rivals' answers are from ours.

Run: python benchmarks/first_call.py [--small]   (four minutes; needs qbjax[bench])
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCKS = ("qubit", "cavity", "dopo", "pulse", "slope", "others")
WARM = BLOCKS[:3]
ROUNDS = 2

ASKED = {
    "import": "1.5 s",
    "qubit, 51 times": "1.0 s",
    "TavisCummings(6, 6), lossy, 51 times": "2.0 s",
    "DOPO 20×4, γt = 5, 51 times": "2.0 s",
    "ten-segment pulse on a qubit, reverse": "4 s",
    "TavisCummings(6, 6) by g, reverse": "3 s",
}
NEIGHBOURS = ("qubit, 21", "qubit, 101", "TavisCummings(7", "TavisCummings(6, 6), 21",
              "DOPO 22", "DOPO 20×4, 21")  # fmt: skip


def asked(row, state):
    """The goal of a row."""
    if row in ASKED:
        return "0.5 s" if state == "warm" and row != "import" else ASKED[row]
    return "no program" if "another" in row else "0.3 s" if row.startswith(NEIGHBOURS) else ""


def in_a_process(who, block, cache, count):
    """What a fresh process says of the first rows of a block, by their names."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("QBJAX", "JAX"))}
    environment |= {"JAX_COMPILATION_CACHE_DIR": str(cache), "PYTHONWARNINGS": "ignore",
                    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2"}  # fmt: skip
    script = Path(__file__).with_name("first_call_rows.py")
    command = [sys.executable, script, who, block, str(count)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return {row["row"]: row for row in map(json.loads, done.stdout.splitlines())}
    missing = "ModuleNotFoundError" in done.stderr  # a rival that is not installed
    if who == "qbjax" or not missing:
        raise RuntimeError(done.stderr)
    return {}


def least(found, more):
    """Of two rounds, row by row, the quicker."""
    return {
        row: min((r[row] for r in (found, more) if row in r), key=lambda r: r["seconds"])
        for row in found | more
    }


def measure(blocks, rivals, rounds, count):
    """Rows of everybody, by the state of the cache: {("qbjax", "empty"): {row: …}, …}."""
    found = {}
    for turn in range(rounds):
        for block in blocks if turn == 0 else BLOCKS[:-1]:
            for who in ("qbjax", *rivals):
                with tempfile.TemporaryDirectory() as cache:
                    for state in ("empty", "warm")[: 1 + (block in WARM)]:
                        print(f"{who}, {block}, {state} cache", file=sys.stderr)
                        rows = in_a_process(who, block, cache, count if state == "empty" else 1)
                        found[who, state] = least(found.get((who, state), {}), rows)
    return found


def told(row):
    """Wall seconds and processor seconds of a row."""
    return "–" if row is None else f"{row['seconds']:.2f} ({row['busy']:.2f})"


def table(found, state, rivals):
    """One line per row: asked, got, programs compiled, and the rivals."""
    print("\n| " + " | ".join((f"{state} cache", "asked", "qbjax", "programs", *rivals)) + " |")
    print("|---|---|---|---|" + "---|" * len(rivals))
    for name, row in found["qbjax", state].items():
        others = [told(found[who, state].get(name)) for who in rivals]
        cells = name, asked(name, state), told(row), str(row["programs"]), *others
        print("| " + " | ".join(cells) + " |", flush=True)


def agreement(found, rivals):
    """How far a rival's first answers are from ours."""
    for who in rivals:
        for name, row in found[who, "empty"].items():
            if row["answer"] is not None:
                far = abs(row["answer"] - found["qbjax", "empty"][name]["answer"])
                print(f"{who}, {name}: {far:.1e} from ours")


def main(small=False):
    """Everything, or two rows of the qubit, once and without rivals."""
    rivals = () if small else ("dynamiqs", "QuTiP")
    blocks, rounds, count = (BLOCKS[:1], 1, 2) if small else (BLOCKS, ROUNDS, 99)
    found = measure(blocks, rivals, rounds, count)
    for state in ("empty", "warm"):
        table(found, state, rivals)
    agreement(found, rivals)


if __name__ == "__main__":
    main("--small" in sys.argv[1:])
