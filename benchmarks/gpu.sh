#!/usr/bin/env bash
# What a GPU is needed for: the tests, compute-sanitizer, the race. Prints one table last. First it compiles the
# kernels ahead of time, the CUDA ones too where the toolkit is.
#
#   benchmarks/gpu.sh                    all of it
#   benchmarks/gpu.sh tests sanitize     some of it; each part takes minutes
#
# The tree is used as it is, without being installed. PYTHON names the interpreter, which needs CuPy, numba-cuda and
# the dependencies of fastml; pytest for the tests. Logs go to LOGS, a new folder by default.
set -uo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
LOGS=${LOGS:-$(mktemp -d)}
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
mkdir -p "$LOGS"
table=()

# run NAME COMMAND...: run a command, keep its output and its last line
run() {
    local name=$1 start=$SECONDS
    shift
    "$@" >"$LOGS/$name.log" 2>&1
    tell "$name" $? "$start"
}

# tell NAME STATUS START: note how a command ended
tell() {
    table+=("$(printf '%-22s %-7s %5d s  %s' "$1" "$([ "$2" = 0 ] && echo passed || echo "FAILED")" \
        $((SECONDS - $3)) "$(tail -n 1 "$LOGS/$1.log" | cut -c 1-80)")")
    [ "$2" = 0 ] || tail -n 40 "$LOGS/$1.log"
}

build() {
    run build "$PYTHON" -m fastml compile
}

tests() {
    local workers=()
    "$PYTHON" -c 'import xdist' 2>"$LOGS/xdist.log" && workers=(-n 5)
    run tests "$PYTHON" -m pytest -q -p no:cacheprovider -m gpu "${workers[@]}" tests/gpu
}

# The tools side by side: each of them keeps the GPU busy for a small part of its time.
sanitize() {
    local tool start=$SECONDS
    local -A process=()
    for tool in memcheck racecheck synccheck; do
        compute-sanitizer --tool $tool --error-exitcode 1 \
            "$PYTHON" -m tests.kernels.run_cases cuda --strict --dtype float32 >"$LOGS/$tool.log" 2>&1 &
        process[$tool]=$!
    done
    for tool in "${!process[@]}"; do
        wait "${process[$tool]}"
        tell "$tool" $? "$start"
    done
}

race() {
    run race "$PYTHON" -m benchmarks.gpu
    cat "$LOGS/race.log"
}

for part in "${@:-build tests sanitize race}"; do
    for step in $part; do
        $step
    done
done

echo
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
date -u +%Y-%m-%d
"$PYTHON" -c 'import cupy, numba, numba_cuda
print("cupy", cupy.__version__, "numba", numba.__version__, "numba-cuda", numba_cuda.__version__)'
echo "logs: $LOGS"
printf '%s\n' "${table[@]}"
