"""Compiles the kernels when fastml is installed; everything else is in pyproject.toml.

Without a C compiler, Python's headers or Numba the install succeeds all the same: kernels are
then compiled when they are first used, and fastml says so.
"""

import os
import shlex
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = os.path.dirname(os.path.abspath(__file__))


class BuildKernels(build_ext):
    """Build the extension that calls kernels, then the libraries of kernels beside it."""

    def run(self):
        sys.path.insert(0, ROOT)
        try:
            from fastml.kernels import _build

            # The extension is compiled by what links the libraries, be it the one that comes as a package.
            os.environ.setdefault("CC", shlex.join(_build.linker()))
            super().run()
            _build.build(self._folder(), report=self.announce)
        except Exception as error:
            self.warn(f"the kernels are not compiled ahead of time, they will be when first used: {error}")

    def _folder(self):
        extension = self.get_ext_fullpath(self.extensions[0].name)
        return os.path.join(os.path.dirname(os.path.abspath(extension)), "_lib")


setup(
    ext_modules=[
        Extension("fastml.kernels._call", ["fastml/kernels/_call.c"], py_limited_api=True, optional=True)
    ],
    cmdclass={"build_ext": BuildKernels},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
