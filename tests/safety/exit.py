"""The end of the interpreter while the pool runs; the argument says how it ends."""

import sys
import threading
import time

from common import check, data, is_parallel, little, pretend, serial, start

from fastml import _threads
from fastml.cluster import KMeans

pretend(3)
way = sys.argv[1]
X, _ = data()
inside = threading.Event()


def fit_for_ever():
    while True:
        KMeans(5, n_init=1, max_iter=20, random_state=0).fit(X)
        inside.set()


def fit_late():
    time.sleep(0.3)  # the main thread has come to its end by now
    check(little(), expected)


class FitsWhenDeleted:
    def __del__(self):
        _threads.for_each_block(lambda *block: None, 10, 1)


if way == "idle":
    assert is_parallel(3)
elif way == "daemon":  # its fit goes on until the interpreter stops it
    start(fit_for_ever)
    assert inside.wait(60)
elif way == "thread":  # Python waits for it
    expected = serial(little)
    start(fit_late, daemon=False)
elif way == "exit in task":
    _threads.for_each_block(lambda block, *_: sys.exit(7) if block == 5 else None, 50, 1)
elif way == "deleted":
    assert is_parallel(3)
    sys.kept_to_the_end = FitsWhenDeleted()
elif way == "long task":  # a helper is still in its block
    gate = threading.Event()
    start(_threads.for_each_block, lambda *block: (inside.set(), gate.wait(300)), 3, 1)
    assert inside.wait(60)
else:
    raise ValueError(way)
