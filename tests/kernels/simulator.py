"""Runs CUDA kernels without a GPU.

Numba's simulator gives kernels their `cuda` module; this file runs the threads and fills the simulator's
gaps: warp primitives, keywords that it does not know, device functions, and CuPy, for which `simulated_cupy`
stands in.

One thread runs at a time, until it waits for others; who goes first changes from launch to launch. Memory
that a kernel allocates holds NaN at first. So a kernel that needs a barrier and has none gives itself away,
mostly, and one whose threads wait in different places raises.
"""

import os
import random
import sys
import threading

import numpy as np

WARP = 32


def start(*, small_tiles=True):
    """Make this process simulate CUDA. Nothing may have imported Numba or a CUDA kernel before.

    Parameters
    ----------
    small_tiles : bool
        Shrink blocks and register tiles: fewer threads to run, and small data reaches the tiles' edges.
    """
    assert "numba" not in sys.modules, "Numba reads NUMBA_ENABLE_CUDASIM when it is imported"
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    from tests.kernels import simulated_cupy

    sys.modules["cupy"] = simulated_cupy
    from numba import cuda
    from numba.cuda.simulator.kernelapi import FakeCUDALocal, FakeCUDAModule, FakeCUDAShared

    for primitive in (shfl_sync, shfl_down_sync, shfl_up_sync, shfl_xor_sync, syncwarp, ballot_sync):
        setattr(FakeCUDAModule, primitive.__name__, staticmethod(primitive))
    FakeCUDAShared.array = shared_array
    FakeCUDALocal.array = lambda self, shape, dtype, alignment=None: poisoned(shape, dtype)
    cuda.jit = jit
    cuda.from_cuda_array_interface = lambda interface, owner, sync: owner.host
    from fastml.kernels import _cuda_library

    _cuda_library.entry = entry
    if small_tiles:
        shrink_tiles()


def shrink_tiles():
    """Blocks of 64 threads; square tiles of 16 rows and columns, narrow ones of 64 rows and 4 columns; trees'
    rows in chunks of 128, those of products in chunks of 16."""
    from fastml.kernels import _cuda

    _cuda.BLOCK = 64
    from fastml.kernels.cuda import _tiles

    _tiles.SIDE = 8
    _tiles.micro = lambda dtype: 2
    _tiles.narrow = lambda dtype: 4
    from fastml.kernels.cuda import _growth_state

    _growth_state.CHUNK = 2 * _cuda.BLOCK
    from fastml.kernels.cuda import _products

    _products.CHUNK = 16


# ---- kernels and device functions -------------------------------------------------------
class InKernel:
    """What kernels know as `cuda`: the module of the launch that is running."""

    module = None

    def __getattr__(self, name):
        return getattr(InKernel.module, name)


def jit(function, device=False, **options):
    """`numba.cuda.jit` without the compiler's options."""
    from numba import cuda

    for name, value in function.__globals__.items():
        if value is cuda:
            function.__globals__[name] = InKernel()
    return function if device else Kernel(function)


def entry(kernel, dtype):
    """`_cuda_library.entry` of a library that holds every kernel: arguments have to be of the signature."""
    from fastml.kernels import _cuda, _cuda_library

    launch = _cuda.just_in_time(kernel, dtype)
    takes = _cuda_library.signature(kernel.arguments.values(), dtype)

    def checked(blocks, threads, arguments):
        _cuda_library.parameters(takes, arguments)
        launch(blocks, threads, arguments)

    return checked


class Kernel:
    """A kernel; indexed with numbers of blocks and threads, a function that launches it."""

    def __init__(self, function):
        self.function = function
        self.order = random.Random(0)

    def __getitem__(self, configuration):
        blocks, threads = (s if isinstance(s, tuple) else (s,) for s in configuration[:2])
        blocks, threads = (s + (1,) * (3 - len(s)) for s in (blocks, threads))
        return lambda *args: self.launch(blocks, threads, args)

    def launch(self, blocks, threads, args):
        """Run one block after the other."""
        from numba.cuda.simulator.kernelapi import FakeCUDAModule

        assert blocks[0] < 2**31 and max(blocks[1:]) < 2**16 and np.prod(threads) <= 1024
        for arg in args:
            assert isinstance(arg, (np.ndarray, np.number, int)), f"a kernel cannot take {type(arg)}"
        for block in np.ndindex(*blocks):
            InKernel.module = FakeCUDAModule(blocks, threads, 0)
            Block(self.function, args, block, threads, self.order).run()


class Block:
    """The threads of a block, which take turns."""

    def __init__(self, function, args, index, shape, order):
        # As CUDA numbers them: x runs fastest.
        places = [(x, y, z) for z in range(shape[2]) for y in range(shape[1]) for x in range(shape[0])]
        self.threads = [Thread(self, i, place, index) for i, place in enumerate(places)]
        self.turn_over = threading.Semaphore(0)
        self.function, self.args, self.order = function, args, order
        self.exchanged = {}
        self.failed = None

    def run(self):
        """Give every thread its turns; raise what a thread raised."""
        for thread in self.threads:
            thread.start()
        running = list(self.threads)
        while running and self.failed is None:
            self.order.shuffle(running)
            for thread in running:
                thread.give_turn()
            running = [thread for thread in running if thread.waits_for != "end"]
            self.release(running)
        if self.failed is not None:
            for thread in running:
                thread.give_turn()  # it raises Aborted
            raise self.failed

    def release(self, running):
        """Let those go on whose whole block, or warp, has arrived."""
        at_barrier = [thread for thread in running if thread.waits_for == "block"]
        whole_block = len(at_barrier) == len(running)
        progress = whole_block
        for thread in running:
            thread.may_go = whole_block
        for warp in {thread.warp for thread in running}:
            lanes = [thread for thread in running if thread.warp == warp]
            if all(thread.waits_for == "warp" for thread in lanes):
                self.exchanged[warp] = {thread.lane: thread.value for thread in lanes}
                progress = True
                for thread in lanes:
                    thread.may_go = True
        if running and not progress:
            places = {thread.waits_for for thread in running}
            self.failed = RuntimeError(f"threads of one block wait for ever: {places}")


class Aborted(BaseException):
    """Another thread of the block has failed."""


class Thread(threading.Thread):
    """A thread of a block; Numba's module reads its indices."""

    def __init__(self, block, number, place, block_index):
        from numba.cuda.simulator.kernelapi import Dim3

        super().__init__(daemon=True)
        self.block, self.thread_id = block, number
        self.warp, self.lane = divmod(number, WARP)
        self.threadIdx, self.blockIdx = Dim3(*place), Dim3(*block_index)
        self.turn = threading.Semaphore(0)
        self.waits_for, self.may_go, self.value = None, True, None

    def give_turn(self):
        """Let it run until it waits; called by the block."""
        if self.may_go or self.block.failed is not None:
            self.turn.release()
            self.block.turn_over.acquire()

    def run(self):
        self.turn.acquire()
        try:
            with np.errstate(all="ignore"):
                self.block.function(*self.block.args)
        except Aborted:
            pass
        except Exception as error:
            self.block.failed = error
        self.waits_for = "end"
        self.block.turn_over.release()

    def wait(self, what):
        """Wait for the other threads of the block or the warp."""
        self.waits_for, self.may_go = what, False
        self.block.turn_over.release()
        self.turn.acquire()
        if self.block.failed is not None:
            raise Aborted
        self.waits_for = None

    def syncthreads(self):
        """Wait for the block."""
        self.wait("block")

    def exchange(self, value):
        """Give `value` to the other lanes of the warp; return theirs."""
        self.value = value
        self.wait("warp")
        return self.block.exchanged[self.warp]


# ---- memory ------------------------------------------------------------------------------
def poisoned(shape, dtype):
    """An array of NaN, or of the largest integer."""
    dtype = np.dtype(dtype)
    return np.full(shape, np.nan if dtype.kind == "f" else np.iinfo(dtype).max, dtype)


def shared_array(self, shape, dtype, alignment=None):
    """Memory shared by the threads of a block: one array for each line of the source."""
    caller = sys._getframe(1)
    line = caller.f_code.co_filename, caller.f_lineno
    if line not in self._allocations:
        self._allocations[line] = poisoned(shape, dtype)
    return self._allocations[line]


# ---- warps -------------------------------------------------------------------------------
def _shuffle(value, source):
    thread = threading.current_thread()
    return thread.exchange(value).get(source(thread.lane), value)


def shfl_sync(mask, value, source):
    return _shuffle(value, lambda lane: source % WARP)


def shfl_down_sync(mask, value, delta):
    return _shuffle(value, lambda lane: lane + delta)


def shfl_up_sync(mask, value, delta):
    return _shuffle(value, lambda lane: lane - delta)


def shfl_xor_sync(mask, value, bits):
    return _shuffle(value, lambda lane: lane ^ bits)


def syncwarp(mask=0xFFFFFFFF):
    threading.current_thread().exchange(None)


def ballot_sync(mask, condition):
    held = threading.current_thread().exchange(bool(condition))
    return sum(1 << lane for lane, true in held.items() if true)
