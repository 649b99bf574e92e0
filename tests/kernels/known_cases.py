"""`CASES` of all files here whose names end in `cases`; `TWINS` are those with CUDA twins."""

from importlib import import_module
from pathlib import Path

FILES = sorted(path.stem for path in Path(__file__).parent.glob("*cases.py"))
MODULES = [
    import_module(f"tests.kernels.{file}")
    for file in FILES
    if file not in ("run_cases", "known_cases") and not file.startswith("test_")
]
CASES = {name: case for module in MODULES for name, case in module.CASES.items()}
TWINS = {name: case for module in MODULES for name, case in getattr(module, "TWINS", module.CASES).items()}
