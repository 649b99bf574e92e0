"""The rules of the architecture, read from the source: see docs/architecture.md."""

import ast
import functools
import importlib
import inspect
from pathlib import Path

import pytest

from fastml.kernels import CPU_ONLY

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fastml"
FILES = sorted(PACKAGE.rglob("*.py"))

MOST_LINES_IN_A_FILE = 450
MOST_LINES_IN_A_FUNCTION = 60
MOST_KERNEL_ARGUMENTS = 10

# Where Numba may be named at all; everything else goes through these.
NUMBA_HOMES = {f"fastml.kernels.{name}" for name in ("_jit", "_inlined", "_build", "simd", "_cuda")}
# The parts below the estimators, from the top down: each may import itself and what stands after it.
FAMILIES = {
    "cluster",
    "discriminant_analysis",
    "ensemble",
    "linear_model",
    "metrics",
    "neighbors",
    "preprocessing",
    "svm",
    "tree",
}
MAY_IMPORT = {
    "fastml._cli": {"fastml"},
    "fastml.solvers": {"fastml.solvers", "fastml._device", "fastml._threads", "fastml._config"},
    "fastml._device": {
        "fastml._config",
        "fastml._dispatch",
        "fastml._threads",
        "fastml._validation",
        "fastml.kernels._cuda",
    },
    "fastml._dispatch": {"fastml._config"},
    "fastml._threads": {"fastml._blas", "fastml._config", "fastml._machine"},
    "fastml._blas": set(),
    "fastml._config": set(),
    "fastml._machine": set(),
    "fastml.kernels.cpu": {
        "fastml._config",
        "fastml._threads",
        "fastml.kernels.cpu",
        "fastml.kernels._boosted",
        "fastml.kernels._compile",
        "fastml.kernels._linear",
        "fastml.kernels._quantiles",
        "fastml.kernels.scalar",
    },
    "fastml.kernels.cuda": {
        "fastml._config",
        "fastml.kernels.cuda",
        "fastml.kernels._boosted",
        "fastml.kernels._cuda",
        "fastml.kernels._linear",
        "fastml.kernels._quantiles",
        "fastml.kernels.scalar",
    },
    "fastml.kernels": {
        "fastml.kernels._build",
        "fastml.kernels._build_cuda",
        "fastml.kernels._cache",
        "fastml.kernels._call",
        "fastml.kernels._compile",
        "fastml.kernels._cuda",
        "fastml.kernels._cuda_library",
        "fastml.kernels._inlined",
        "fastml.kernels._jit",
        "fastml.kernels._library",
        "fastml.kernels._processor",
        "fastml.kernels._signals",
        "fastml.kernels.simd",
    },
}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def file_id(path):
    return str(path.relative_to(ROOT))


@functools.cache
def tree(path):
    return ast.parse(path.read_text())


def imports(path, *, top_level_only=False):
    """Yield (full module name, imported name or None) of every import, those inside functions too."""
    nodes = _executed_at_import(tree(path)) if top_level_only else ast.walk(tree(path))
    package = (
        module_name(path).split(".") if path.name == "__init__.py" else module_name(path).split(".")[:-1]
    )
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def _executed_at_import(node):
    """Walk through what runs when the module is imported: not into functions or TYPE_CHECKING blocks."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _executed_at_import(child)


def imported_modules(path):
    """Return the modules that a file imports, with `from package import module` resolved to the module."""
    found = set()
    for module, name in imports(path):
        whole = f"{module}.{name}"
        is_module = name and ((ROOT / Path(*whole.split("."))).with_suffix(".py").exists()
                              or (ROOT / Path(*whole.split(".")) / "__init__.py").exists())  # fmt: skip
        found.add(whole if is_module else module)
    return found


def is_within(module, package):
    return module == package or module.startswith(package + ".")


def at_home_with_numba(path):
    return any(is_within(module_name(path), home) for home in NUMBA_HOMES)


def layer(module):
    """Return the longest entry of MAY_IMPORT that the module is in, or None."""
    return max((entry for entry in MAY_IMPORT if is_within(module, entry)), key=len, default=None)


def functions(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]


def decorators(function):
    """Return the names of a function's decorators, without those that only remember results."""
    targets = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return {ast.unparse(target).split(".")[-1] for target in targets} - {"cache", "lru_cache"}


def kernels(path):
    """Return the functions of a kernel file that are compiled: decorated, or passed to `cuda_kernel`."""
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and node.args]
    bound = {
        ast.unparse(node.args[0]) for node in calls if ast.unparse(node.func) in ("kernel", "cuda_kernel")
    }
    made = [function for function in functions(path) if decorators(function) or function.name in bound]
    return {function.name: function for function in made if "helper" not in decorators(function)}


def files_within(*packages):
    return [path for path in FILES if any(is_within(module_name(path), package) for package in packages)]


def family_of(path):
    return module_name(path).split(".")[1]


CPU_FILES, CUDA_FILES = files_within("fastml.kernels.cpu"), files_within("fastml.kernels.cuda")
FAMILY_FILES = files_within(*(f"fastml.{family}" for family in FAMILIES))

# ---- who may import whom


@pytest.mark.parametrize("path", files_within(*MAY_IMPORT), ids=file_id)
def test_imports_run_downward_only(path):
    entry = layer(module_name(path))
    allowed = MAY_IMPORT[entry]
    ours = {module for module in imported_modules(path) if is_within(module, "fastml")}
    wrong = {module for module in ours if not any(is_within(module, package) for package in allowed)}
    assert not wrong, f"{entry} may import {sorted(allowed)}, not {sorted(wrong)}"


@pytest.mark.parametrize("path", FAMILY_FILES, ids=file_id)
def test_families_use_each_others_public_names(path):
    others = FAMILIES - {family_of(path)}
    foreign = [
        module
        for module in imported_modules(path)
        if any(is_within(module, f"fastml.{name}") for name in others)
    ]
    assert not [module for module in foreign if "._" in module]


@pytest.mark.parametrize("path", FAMILY_FILES, ids=file_id)
def test_families_reach_cuda_kernels_through_the_device(path):
    wrong = {module for module in imported_modules(path) if is_within(module, "fastml.kernels.cuda")}
    assert not wrong, "device.kernels.<file> is the way to a kernel"


@pytest.mark.parametrize("path", CPU_FILES + CUDA_FILES, ids=file_id)
def test_cpu_and_cuda_never_import_each_other(path):
    other = "fastml.kernels.cuda" if path in CPU_FILES else "fastml.kernels.cpu"
    assert not any(is_within(module, other) for module in imported_modules(path))


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_numba_has_its_homes(path):
    used = {f"{name}.{part}" for name, part in imports(path) if name.split(".")[0] in ("numba", "llvmlite")}
    assert not used or at_home_with_numba(path)
    cuda = [name for name in used if name.startswith("numba.cuda")]
    assert not cuda or module_name(path) == "fastml.kernels._cuda"


@pytest.mark.parametrize("path", [path for path in FILES if not at_home_with_numba(path)], ids=file_id)
def test_nothing_heavy_is_imported_with_a_module(path):
    heavy = {"numba", "llvmlite", "scipy", "sklearn", "cupy", "torch", "pandas", "matplotlib", "joblib"}
    assert not {name.split(".")[0] for name, _ in imports(path, top_level_only=True)} & heavy


@pytest.mark.parametrize("path", files_within("fastml.kernels", "fastml.solvers"), ids=file_id)
def test_kernels_and_solvers_do_without_sklearn(path):
    assert not any(module.split(".")[0] in ("sklearn", "joblib") for module, _ in imports(path))
    assert not any(name == "sk" for _, name in imports(path))


def test_references_are_plain_numpy():
    for path in (ROOT / "tests" / "reference").glob("*.py"):
        foreign = {module.split(".")[0] for module, _ in imports(path)} - {
            "numpy",
            "scipy",
            "math",
            "itertools",
            "tests",
        }
        assert not foreign, f"{path.name}: {foreign}"


# ---- what must not be written


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_no_parallel_regions_and_no_blanket_fastmath(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.Name, ast.Attribute)):
            assert (node.id if isinstance(node, ast.Name) else node.attr) != "prange"
        if isinstance(node, ast.keyword) and node.arg in ("parallel", "fastmath"):
            assert not (isinstance(node.value, ast.Constant) and node.value.value is True), ast.unparse(node)


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_nothing_is_left_unfinished(path):
    text = path.read_text()
    assert not [word for word in ("TODO", "FIXME", "XXX") if word in text]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Raise) and node.exc is not None:
            assert not ast.unparse(node.exc).startswith("NotImplementedError")
        if isinstance(node, ast.ExceptHandler):
            silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            everything = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            assert not (silent and everything), f"line {node.lineno} swallows every error"


@pytest.mark.parametrize("path", FILES, ids=file_id)
def test_files_and_functions_are_short(path):
    assert len(path.read_text().splitlines()) <= MOST_LINES_IN_A_FILE
    long = {
        function.name: lines
        for function in functions(path)
        if (lines := _lines_of_code(function)) > MOST_LINES_IN_A_FUNCTION
    }
    assert not long


def _lines_of_code(function):
    """Count the lines of a function without its docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    return lines - (first.end_lineno - first.lineno + 1 if has_docstring else 0)


# ---- kernels and their twins


@pytest.mark.parametrize("path", CPU_FILES + CUDA_FILES, ids=file_id)
def test_kernels_take_few_arguments(path):
    for name, function in kernels(path).items():
        assert len(function.args.args) <= MOST_KERNEL_ARGUMENTS, name


@pytest.mark.parametrize("path", CPU_FILES + CUDA_FILES, ids=file_id)
def test_kernels_declare_their_signatures(path):
    for name, function in kernels(path).items():
        assert all(argument.annotation is not None for argument in function.args.args), name


def launchers(device):
    """Return the launchers of a device, "file.name" to function: what the kernel files' `__all__` lists."""
    found = {}
    for path in files_within(f"fastml.kernels.{device}"):
        if not path.stem.startswith("_"):
            module = importlib.import_module(module_name(path))
            listed = {name: getattr(module, name) for name in module.__all__}
            found.update({f"{path.stem}.{name}": f for name, f in listed.items() if inspect.isfunction(f)})
    return found


CPU, CUDA = launchers("cpu"), launchers("cuda")


def test_every_launcher_has_its_twin_or_a_reason():
    assert CUDA.keys() <= CPU.keys(), "a CUDA launcher without its CPU twin"
    assert CPU.keys() - CUDA.keys() == CPU_ONLY.keys(), "CPU_ONLY lists the launchers without a CUDA twin"
    assert all(len(reason.split()) >= 3 for reason in CPU_ONLY.values())


@pytest.mark.parametrize("name", sorted(CPU.keys() & CUDA.keys()))
def test_twins_take_the_same_parameters(name):
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]
        for function in (CPU[name], CUDA[name])
    )
    assert ours == theirs


@pytest.mark.parametrize("name", sorted(CPU))
def test_the_cpu_launcher_is_the_documented_one(name):
    docstring = inspect.getdoc(CPU[name])
    assert "Parameters\n----------" in docstring
    assert all(parameter in docstring for parameter in inspect.signature(CPU[name]).parameters)
    if name in CUDA and CUDA[name] is not CPU[name]:  # some work on the host, for both
        assert inspect.getdoc(CUDA[name]) == "See the CPU twin."


# A tree and a list of neighbours hold what brute force finds.
REFERENCE_ELSEWHERE = {"kd_tree": "neighbors", "neighbor_lists": "neighbors"}


def test_one_name_runs_through_every_floor():
    """Every kernel file has its naive reference of the same name."""
    references = {path.stem for path in (ROOT / "tests" / "reference").glob("*.py")}
    kernel_files = {name.partition(".")[0] for name in CPU}
    assert {REFERENCE_ELSEWHERE.get(name, name) for name in kernel_files} <= references
    assert set(REFERENCE_ELSEWHERE) <= kernel_files - references
