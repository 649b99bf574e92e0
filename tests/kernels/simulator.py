"""Runs CUDA kernels without a GPU.

Kernels run as the Python that they are. Numba is told to simulate, so that it asks for no driver; what
kernels know as `cuda` is `InKernel`, and `simulated_cupy` stands in for CuPy.

One thread runs at a time, until it waits for others; who goes first changes from launch to launch. Memory
that a kernel allocates holds NaN at first. So a kernel that needs a barrier and has none gives itself away,
mostly, and one whose threads wait in different places raises.
"""

import os
import random
import sys
from typing import NamedTuple

import greenlet
import numpy as np

WARP = 32
ALL_LANES = 2**WARP - 1


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
def jit(function, device=False, **options):
    """`numba.cuda.jit` without the compiler's options."""
    from numba import cuda

    for name, value in function.__globals__.items():
        if value is cuda:
            function.__globals__[name] = InKernel
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
        assert blocks[0] < 2**31 and max(blocks[1:]) < 2**16 and np.prod(threads) <= 1024
        for arg in args:
            assert isinstance(arg, (np.ndarray, np.number, int)), f"a kernel cannot take {type(arg)}"
        InKernel.gridDim, InKernel.blockDim = Place(*blocks), Place(*threads)
        # As CUDA numbers them: x runs fastest.
        places = [Place(x, y, z) for z, y, x in np.ndindex(*threads[::-1])]
        for block in np.ndindex(*blocks):
            InKernel.blockIdx = Place(*block)
            Block(self.function, args, places, self.order).run()


class Place(NamedTuple):
    """A block of a grid or a thread of a block; or how many there are."""

    x: int
    y: int
    z: int


class Block:
    """The threads of a block, which take turns."""

    def __init__(self, function, args, places, order):
        self.threads = [Thread(self, i, place) for i, place in enumerate(places)]
        self.function, self.args, self.order = function, args, order
        self.shared, self.exchanged = {}, {}

    def run(self):
        """Give every thread its turns; raise what a thread raises."""
        InKernel.block = self
        running = list(self.threads)
        try:
            while running:
                running.sort(key=lambda _: self.order.random())
                for thread in running:
                    if thread.may_go:
                        InKernel.thread, InKernel.threadIdx = thread, thread.place
                        thread.switch()
                running = [thread for thread in running if not thread.dead]
                self.release(running)
        finally:
            for thread in running:
                thread.throw()  # it ends

    def release(self, running):
        """Let those go on whose whole block, or warp, has arrived."""
        whole_block = all(thread.waits_for == "block" for thread in running)
        warps = {}
        for thread in running:
            thread.may_go = whole_block
            warps.setdefault(thread.warp, []).append(thread)
        arrived = [lanes for lanes in warps.values() if all(thread.waits_for == "warp" for thread in lanes)]
        for lanes in arrived:
            self.exchanged[lanes[0].warp] = {thread.lane: thread.value for thread in lanes}
            for thread in lanes:
                thread.may_go = True
        if not (whole_block or arrived):
            places = {thread.waits_for for thread in running}
            raise RuntimeError(f"threads of one block wait for ever: {places}")


class Thread(greenlet.greenlet):
    """A thread of a block. It runs until it waits: then the block, which is its parent, goes on."""

    def __init__(self, block, number, place):
        super().__init__()
        self.block, self.place = block, place
        self.warp, self.lane = divmod(number, WARP)
        self.waits_for, self.may_go, self.value = None, True, None

    def run(self):
        with np.errstate(all="ignore"):
            self.block.function(*self.block.args)

    def wait(self, what):
        """Wait for the other threads of the block or the warp."""
        self.waits_for = what
        self.parent.switch()

    def exchange(self, value):
        """Give `value` to the other lanes of the warp; return theirs."""
        self.value = value
        self.wait("warp")
        return self.block.exchanged[self.warp]


class InKernel:
    """What kernels know as `cuda`; of the block and the thread that are running."""

    gridDim = blockDim = blockIdx = threadIdx = block = thread = None

    class shared:
        """Memory of a block's threads: one array for each line of the source."""

        def array(shape, dtype, alignment=None):
            caller = sys._getframe(1)
            line = caller.f_code.co_filename, caller.f_lineno
            if line not in InKernel.block.shared:
                InKernel.block.shared[line] = poisoned(shape, dtype)
            return InKernel.block.shared[line]

    class local:
        """Memory of a thread."""

        def array(shape, dtype, alignment=None):
            return poisoned(shape, dtype)

    class atomic:
        """What no other thread interrupts; here none ever does."""

        def add(array, index, value):
            old = array[index]
            array[index] += value
            return old

    def syncthreads():
        InKernel.thread.wait("block")

    def syncwarp(mask=ALL_LANES):
        InKernel.thread.exchange(None)

    def shfl_sync(mask, value, source):
        return shuffle(value, source % WARP)

    def shfl_down_sync(mask, value, delta):
        return shuffle(value, InKernel.thread.lane + delta)

    def shfl_up_sync(mask, value, delta):
        return shuffle(value, InKernel.thread.lane - delta)

    def shfl_xor_sync(mask, value, bits):
        return shuffle(value, InKernel.thread.lane ^ bits)

    def ballot_sync(mask, condition):
        held = InKernel.thread.exchange(bool(condition))
        return sum(1 << lane for lane, true in held.items() if true)

    def popc(bits):
        return int(bits).bit_count()


def shuffle(value, source):
    """The value that the lane `source` gives; the own one if there is no such lane."""
    return InKernel.thread.exchange(value).get(source, value)


def poisoned(shape, dtype):
    """An array of NaN, or of the largest integer."""
    dtype = np.dtype(dtype)
    return np.full(shape, np.nan if dtype.kind == "f" else np.iinfo(dtype).max, dtype)
