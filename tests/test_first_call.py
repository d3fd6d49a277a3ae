"""The benchmark of first calls, in small: what it prints is what it asked of fresh processes."""

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "first_call.py"


def test_a_warm_cache_is_quicker_than_an_empty_one(capsys):
    spec = importlib.util.spec_from_file_location("first_call", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(small=True)
    lines = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    rows = [cells for cells in lines if len(cells) == 4]
    names = [cells[0] for cells in rows]
    first = ["import", "qubit, 51 times"]
    assert names == ["empty cache", *first, "qubit, another H", "warm cache", *first]
    assert [cells[1] for cells in rows] == ["asked", "1.5 s", "1.0 s", "no program",
                                            "asked", "1.5 s", "0.5 s"]  # fmt: skip
    empty, warm = rows[2], rows[6]
    assert int(warm[3]) < int(empty[3])
    of_all_cores = [float(cells[2].split("(")[1].rstrip(")")) for cells in (empty, warm)]
    assert of_all_cores[1] < of_all_cores[0]
