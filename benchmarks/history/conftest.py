"""One thread, what a stored result says of its machine (no names), and the name of the unit."""

import os
import platform
from importlib.metadata import version

from cpuinfo import get_cpu_info

# Threads that wait for each other use processor time, the more the more others use the machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")


def pytest_benchmark_generate_machine_info():
    cpu = get_cpu_info()
    libraries = {name: version(name) for name in ("jax", "numpy", "scipy")}
    return {"cpu": cpu.get("brand_raw"), "cores": cpu.get("count"), **libraries}


def pytest_benchmark_generate_commit_info(config):
    import qbjax

    return {"qbjax": qbjax.__version__, "python": platform.python_version()}


def pytest_benchmark_scale_unit(config, unit, benchmarks, best, worst, sort):
    return "reference run" if unit == "seconds" else "", 1.0
