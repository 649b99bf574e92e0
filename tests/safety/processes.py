"""Fits in processes started in each of the three ways, by themselves and in pools of processes."""

import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

import common

from fastml import _threads


def fit():
    """Fit where the process is a plain child: on several threads."""
    common.pretend(4)
    results = common.little()
    return results, _threads.effective_threads()


def report(connection):
    connection.send(fit())
    connection.close()


def fit_in_process(context):
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=report, args=(sender,))
    process.start()
    assert receiver.poll(60), "the child hangs"
    result = receiver.recv()
    process.join(20)
    assert process.exitcode == 0
    return result


def main():
    # Python 3.12 warns of every fork of a process that has threads: that is what this is about.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    common.pretend(4)
    expected = common.serial(common.little)
    common.check(common.little(), expected)
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        results, n_threads = fit_in_process(context)
        common.check(results, expected)
        assert n_threads == 4
        with context.Pool(2) as pool:
            in_pool = [pool.apply_async(fit).get(60), pool.apply_async(fit).get(60)]
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            in_pool.append(executor.submit(fit).result(60))
        for results, n_threads in in_pool:
            common.check(results, expected)
            assert n_threads == 1
    assert common.is_parallel(4)


if __name__ == "__main__":
    main()
