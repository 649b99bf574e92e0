"""The same results from 1, 2, 3 and 8 threads, and from eight threads at once that share the pool."""

from common import check, everything, is_parallel, little, pretend, serial, start

import fastml

pretend(8)
expected = serial(everything)
for n_threads in (2, 3, 8):
    with fastml.config_context(n_threads=n_threads):
        check(everything(), expected)
        assert is_parallel(n_threads)


def fit_repeatedly(results):
    results += [little() for _ in range(3)] + [everything()]


results = [[] for _ in range(8)]
threads = [start(fit_repeatedly, mine) for mine in results]
for thread in threads:
    thread.join()
for mine in results:
    assert len(mine) == 4, "a thread did not finish"
    for one in mine:
        check({**expected, **one}, expected)
assert is_parallel()
