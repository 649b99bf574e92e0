"""Run the reference cases on a device and print a line of JSON for each.

    python -m tests.kernels.run_cases cpu
    python -m tests.kernels.run_cases simulator --dtype float32
    python -m tests.kernels.run_cases cuda pairwise_of_each_metric

With `simulator` the CUDA kernels run without a GPU, in tiles that are made small so that small data has
several of them; `--whole-tiles` leaves them as they are.
"""

import argparse
import json
import sys
import time
import traceback


def parse(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernels.run_cases", description=__doc__)
    parser.add_argument("device", choices=["cpu", "cuda", "simulator"])
    parser.add_argument("cases", nargs="*", help="names; all by default")
    parser.add_argument("--dtype", nargs="+", default=["float32", "float64"])
    parser.add_argument("--whole-tiles", action="store_true")
    parser.add_argument("--strict", action="store_true", help="exit status 1 if a case fails")
    return parser.parse_intermixed_args(arguments)


def run(case, device, dtype):
    """Run a case; return what is to be told of it."""
    from tests.kernels.cases import Run

    start, error = time.perf_counter(), ""
    try:
        case(Run(device, dtype))
    except Exception:
        error = traceback.format_exc()
    seconds = round(time.perf_counter() - start, 3)
    return {"case": case.__name__, "dtype": dtype, "error": error, "seconds": seconds}


def main():
    """Run the cases; the exit status."""
    arguments = parse()
    if arguments.device == "simulator":
        from tests.kernels import simulator

        simulator.start(small_tiles=not arguments.whole_tiles)
    from tests.kernels import boosting_cases, cases, coordinate_descent_cases, estimator_cases, tree_cases

    known = {**cases.CASES, **boosting_cases.CASES, **tree_cases.CASES, **estimator_cases.CASES}
    known.update(coordinate_descent_cases.CUDA_CASES)
    device = "cpu" if arguments.device == "cpu" else "cuda"
    for name in arguments.cases or known:
        for dtype in arguments.dtype:
            print(json.dumps(run(known[name], device, dtype)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
