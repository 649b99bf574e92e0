"""How functions are compiled that kernels call: to LLVM's instructions and no further.

They become part of the kernels that call them, and are optimised and made machine code there. Numba would do
both for each function as well, once more at each level of calls, which takes as long as everything else.
"""

import numba
from numba.core import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

__all__ = ["called", "inlined"]


class _NoMachineCode:
    """The engine of functions that never run by themselves, and so need no environment."""

    @staticmethod
    def set_env(name, environment):
        """Do nothing."""


class _Library(JITCodeLibrary):
    """A function's instructions and those of the functions that it calls."""

    codegen = _NoMachineCode

    def _optimize_functions(self, ll_module):
        """Bring values from the stack into registers and so on: that shortens what callers take over."""
        ll_module.data_layout = self._codegen._data_layout
        for function in ll_module.functions:
            if not function.is_declaration:
                passes, builder = self._codegen._function_pass_manager()
                passes.run(function, builder)

    def _optimize_final_module(self):
        """Leave it to the kernel."""

    def _finalize_final_module(self):
        self._finalized = True

    def get_pointer_to_function(self, name):
        """Return what stands for a function without machine code."""
        self._ensure_finalized()
        return 0


class _Compiler(Compiler):
    """Numba's, for a library of ours."""

    def __init__(self, typing_context, target_context, library, *arguments):
        library = library or _Library(target_context.codegen(), "called")
        library.enable_object_caching()
        super().__init__(typing_context, target_context, library, *arguments)


def called(function, fastmath, **options):
    """The Numba function of a kernel that other kernels call."""
    made = numba.njit(
        function, error_model="numpy", nogil=True, fastmath=fastmath, _nrt=False, no_cpython_wrapper=True,
        no_cfunc_wrapper=True, pipeline_class=_Compiler, **options,
    )  # fmt: skip
    template = made.get_call_template

    def template_for_any(arguments, keywords):
        """Compile once for all constants; LLVM sees them when it inlines."""
        return template(tuple(map(types.unliteral, arguments)), keywords)

    made.get_call_template = template_for_any
    return made


def inlined(function, fastmath):
    """The Numba function of a helper, which LLVM inlines into the kernels that call it."""
    return called(function, fastmath, forceinline=True)
