import ast
import subprocess
import sys

from app.store.tables import AuditEvent

BANNED_NAMES = {"utils", "helpers", "common", "misc", "base", "manager", "service", "services", "models", "views"} | {
    "constants"
}


def test_import_contracts_hold(root):
    found = subprocess.run(["lint-imports"], cwd=root, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_only_the_session_file_ends_transactions(sources):
    calls = {
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        if str(path) != "app/store/session.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    }
    assert calls == set()


def test_rows_are_written_only_by_their_writer_room(sources):
    writer = {mapper.class_.__name__: mapper.class_.__writer__ for mapper in AuditEvent.registry.mappers}
    trespasses = [
        f"{path}:{node.lineno} writes {name}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for name in _rows_written(node)
        if name in writer and name in _tables_imported(tree) and path.parts[:2] != ("app", writer[name])
    ]
    assert trespasses == []


def _tables_imported(tree):
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.name
        for node in imports
        if (node.module or "").startswith("app.store.") and node.module.endswith("tables")
        for alias in node.names
    }


def _rows_written(call):
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in {"insert", "insert_new", "insert_rows", "update", "delete"}:
        return [argument.id for argument in call.args[:1] if isinstance(argument, ast.Name)]
    return [name] if isinstance(call.func, ast.Name) else []


def test_no_file_is_long_and_no_name_is_vague(root, sources):
    limits = {"app/store/tables.py": 600}
    long = {
        str(path): lines
        for path in sources
        if "versions" not in path.parts
        if (lines := len((root / path).read_text(encoding="utf-8").splitlines())) > limits.get(str(path), 400)
    }
    assert long == {}
    assert [str(path) for path in sources if path.stem in BANNED_NAMES] == []


def test_a_package_init_holds_only_its_docstring(sources):
    for path, tree in sources.items():
        if path.name == "__init__.py":
            assert len(tree.body) == 1, path
            assert ast.get_docstring(tree), path


def test_the_web_process_loads_no_model_library():
    code = (
        "import sys, app.main; "
        "sys.exit(', '.join({'torch', 'sklearn', 'transformers', 'sentence_transformers'} & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_every_module_imports_with_sockets_closed(sources):
    names = sorted(
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path in sources
        if path.parts[0] == "app" or path.parts[0] == "classifiers"
    )
    code = (
        "import importlib, socket\n"
        "def closed(*a, **k): raise OSError('no socket at import')\n"
        "socket.socket.connect = socket.socket.bind = closed\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_only_the_clock_asks_the_time(sources):
    asked = [
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        if str(path) != "app/clock.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    ]
    assert asked == []
