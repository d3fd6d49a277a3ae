"""The rows of first_call.py: what one fresh process asks of qbjax, dynamiqs or QuTiP.

Nothing is imported before it is timed. A line of JSON per row.
"""

import importlib
import json
import sys
import time

PROGRAMS = {"compiled": 0, "kept": 0}


def say(row, seconds, busy, programs=0, answer=None):
    """A row, for first_call.py."""
    line = {"row": row, "seconds": seconds, "busy": busy, "programs": programs, "answer": answer}
    print(json.dumps(line), flush=True)


def timed(row, function):
    """Runs a function that returns a number, and says how long it took."""
    before, start, busy = sum_of_programs(), time.perf_counter(), time.process_time()
    answer = float(function())
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    say(row, seconds, busy, sum_of_programs() - before, answer)


def sum_of_programs():
    """How many programs XLA compiled in this process: those that the cache had do not count."""
    return PROGRAMS["compiled"] - PROGRAMS["kept"]


def count_programs():
    import jax

    def compiled(event, *_, **__):
        PROGRAMS["compiled"] += event == "/jax/core/compile/backend_compile_duration"

    def kept(event, **_):
        PROGRAMS["kept"] += event == "/jax/compilation_cache/cache_hits"

    jax.monitoring.register_event_duration_secs_listener(compiled)
    jax.monitoring.register_event_listener(kept)


def main(who, block, count):
    """Imports a library and goes through its first rows of a block."""
    start, busy = time.perf_counter(), time.process_time()
    importlib.import_module(who.lower())
    say("import", time.perf_counter() - start, time.process_time() - busy)
    if who != "QuTiP":
        count_programs()
    rows = importlib.import_module(f"first_call_{who.lower()}").ROWS
    for row, function in list(rows.get(block, {}).items())[: int(count)]:
        timed(row, function)


if __name__ == "__main__" and len(sys.argv) == 4:  # else `make bench` is going through all scripts
    main(*sys.argv[1:])
