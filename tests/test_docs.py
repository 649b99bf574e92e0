"""What is written about fastml is true: examples run, docstrings are complete, the README is up to date."""

import contextlib
import doctest
import importlib
import inspect
import io
import re
import runpy
import sys
from pathlib import Path

import pytest

from tools import check_docstrings, readme_table
from tools.public_api import public_objects

ROOT = Path(__file__).parents[1]
PUBLIC = dict(public_objects())
OPTIONAL = {  # what examples need that is no dependency of fastml
    "fastml.save_model": "safetensors",
    "fastml.load_model": "safetensors",
    "fastml.to_onnx": "onnx",
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def examples(name):
    """Return the doctests of a public name's docstring."""
    value = PUBLIC[name]
    namespace = vars(sys.modules[inspect.unwrap(value).__module__])
    return doctest.DocTestFinder(recurse=False).find(value, name=name, globs=dict(namespace))


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_in_docstrings_run(name):
    if name in OPTIONAL:
        pytest.importorskip(OPTIONAL[name], reason="an optional dependency")
    output = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in examples(name):
        runner.run(test, out=output.write)
    assert not runner.failures, output.getvalue()


@pytest.mark.parametrize("name", [name for name in PUBLIC if name.count(".") < 3])
def test_public_names_have_an_example(name):
    assert any(test.examples for test in examples(name))


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_are_complete(name):
    assert check_docstrings.problems(name) == []


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if inspect.isfunction(value)])
def test_public_functions_have_type_hints(name):
    signature = inspect.signature(PUBLIC[name])
    assert signature.return_annotation is not signature.empty


def test_the_table_in_the_readme_is_up_to_date():
    text = (ROOT / "README.md").read_text()
    assert text == readme_table.updated(text), "run: python -m tools.readme_table"


def code_blocks(path, language):
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(), flags=re.DOTALL)


def test_the_example_in_the_readme_runs(python):
    (source,) = code_blocks(ROOT / "README.md", "python")
    printed = dict(line.split() for line in python(source).splitlines())
    assert float(printed["accuracy"]) > 0.95
    assert float(printed["inertia"]) > 0


def test_commands_in_the_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = path.read_text()
        assert set(re.findall(r"\bmake ([a-z][a-z-]+)\b(?=[`\s]*(?:#|`|\n|$))", text)) <= targets, path.name
        for module in re.findall(r"python -m ((?:benchmarks|tools|fastml)[\w.]*)", text):
            assert importlib.util.find_spec(module) is not None, f"{path.name}: {module}"


def test_links_in_the_documents_lead_somewhere():
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_examples_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        runpy.run_path(str(path), run_name="__main__")
    assert printed.getvalue()


def test_the_reference_lists_every_public_name():
    listed, module = set(), ""
    for line in (ROOT / "docs" / "api.rst").read_text().splitlines():
        module = line.removeprefix(".. currentmodule:: ") if "currentmodule" in line else module
        if re.fullmatch(r"   \w+", line):
            listed.add(f"{module}.{line.strip()}")
    assert listed == {name for name in PUBLIC if name.count(".") < 3}
