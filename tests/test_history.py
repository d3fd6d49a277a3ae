"""The quick benchmarks of `make history`: their clock, and that each has a past to stand beside."""

import ast
import importlib.util
import json
from pathlib import Path

HERE = Path(__file__).parents[1] / "benchmarks/history"


def clock_of(used):
    spec = importlib.util.spec_from_file_location("clock", HERE / "clock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Clock(used)


class Rounds:
    """What pytest-benchmark's fixture does with a clock."""

    def __init__(self, clock):
        self.clock, self.took = clock, []

    def pedantic(self, function, setup, rounds):
        for _ in range(rounds):
            setup()
            start = self.clock()
            function()
            self.took.append(self.clock() - start)


def test_a_clock_reads_units_of_its_reference_of_the_same_round():
    """The machine becomes slower from call to call; thrice the reference's work is seen as that."""
    seconds = [0.0]
    slow = iter([2.0 ** (call // 2) for call in range(10)])

    def work(amount):
        seconds[0] += amount * next(slow)

    clock = clock_of(lambda: seconds[0])
    rounds = Rounds(clock)
    clock.measure(rounds, lambda: work(3.0), lambda: work(1.0), 4)
    assert rounds.took == [3.0, 3.0, 3.0, 3.0]


def test_every_benchmark_has_a_stored_result():
    """Else it would be compared with nothing, and never be too slow."""
    stored = {
        bench["name"].partition("[")[0]
        for file in HERE.glob("results/*/*.json")
        for bench in json.loads(file.read_text("utf-8"))["benchmarks"]
    }
    there = {
        node.name
        for name in ("counts.py", "ratios.py")
        for node in ast.parse((HERE / name).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert there <= stored
