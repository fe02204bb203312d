"""Benchmarks take minutes and are run by hand; what they take from the product must be there all the same."""

import ast
import contextlib
import importlib


def names_taken(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"app", "classifiers"}:
            yield from ((node.module, each.name) for each in node.names)


def is_there(module, name):
    if hasattr(importlib.import_module(module), name):
        return True
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.import_module(f"{module}.{name}") is not None
    return False


def test_every_name_that_a_benchmark_takes_from_the_product_exists(root):
    files = sorted((root / "benchmarks").glob("*.py"))
    assert files
    assert [(file.name, *taken) for file in files for taken in names_taken(file) if not is_there(*taken)] == []
