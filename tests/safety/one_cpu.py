"""A process that may run on one CPU only starts no thread."""

import os

from common import check, everything, pretend, serial

from fastml import _machine, _threads

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results = everything()
    assert _threads.effective_threads() == 1
    assert _machine.thread_budget() == 1
    assert _threads._pool.n_threads == 0
else:
    results = serial(everything)
pretend(3)  # three threads on one CPU
check(everything(), results)
