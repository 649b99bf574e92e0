"""All lists of cases: `CASES` of each file here whose name ends in `cases`."""

from importlib import import_module
from pathlib import Path

FILES = sorted(path.stem for path in Path(__file__).parent.glob("*cases.py"))
LISTS = [file for file in FILES if file not in ("run_cases", "known_cases") and not file.startswith("test_")]
CASES = {name: case for file in LISTS for name, case in import_module(f"tests.kernels.{file}").CASES.items()}
