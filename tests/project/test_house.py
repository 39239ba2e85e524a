"""The house: rooms that can be taken in at a glance, and contracts that hold for modules that load late, too."""

import ast
import subprocess
import sys
import tomllib

import pytest
from support.campaigns import ROOT

PACKAGE = ROOT / "src/robot_physicist"
MOST_FILES, MOST_LINES, LONGEST_FUNCTION = 12, 300, 45
#: uproot is imported there when the stand-in for awkward is in place.
IMPORTS_INSIDE = {"files/reproducible_root.py"}
FORBIDDEN = [
    contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if contract["type"] == "forbidden"
]
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def loaded_late(source):
    """Names of the modules that a source loads by `lazy.load`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and (call.func.attr, ast.unparse(call.func.value)) in {("load", "lazy"), ("load", "lazy_loader")}
    ]


def borrowed(source):
    """Test files and conftest files from which a source imports."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module or ''}.{alias.name}" for alias in node.names]
    return [name for name in names if any(p == "conftest" or p.startswith("test_") for p in name.split("."))]


def broken(module, source):
    """Contracts that a module breaks by what it loads late: (module, loaded, name of the contract)."""

    def within(name, packages):
        return any(name == package or name.startswith(f"{package}.") for package in packages)

    return [
        (module, late, contract["name"])
        for late in loaded_late(source)
        for contract in FORBIDDEN
        if within(module, contract["source_modules"]) and within(late, contract["forbidden_modules"])
    ]


def test_no_folder_has_more_files_than_one_can_take_in():
    crowded = {folder: len(list(folder.glob("*.py"))) for folder in {path.parent for path in SOURCES}}
    assert {folder: files for folder, files in crowded.items() if files > MOST_FILES} == {}


def test_no_file_is_long():
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in SOURCES}
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_long():
    found = [
        (str(path.relative_to(ROOT)), function.name, function.end_lineno - function.lineno + 1)
        for path in SOURCES
        for function in functions(ast.parse(path.read_text()))
    ]
    assert len(found) > 1000
    assert [entry for entry in found if entry[2] > LONGEST_FUNCTION] == []


def test_no_function_imports_anything():
    inside = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in SOURCES
        if str(path.relative_to(PACKAGE)) not in IMPORTS_INSIDE
        for function in functions(ast.parse(path.read_text()))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert inside == []


def test_modules_that_load_late_keep_the_contracts():
    found = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path.read_text() for path in SOURCES}
    assert sum(len(loaded_late(source)) for source in found.values()) > 20
    assert [entry for module, source in found.items() for entry in broken(module, source)] == []


@pytest.mark.parametrize("name", ["matplotlib", "rich.table", "robot_physicist.files.documents"])
def test_a_screen_or_a_file_that_a_room_of_physics_loads_late_is_found(name):
    source = f'import lazy_loader as lazy\n\nlate = lazy.load("{name}", suppress_warning=True)\n'
    assert [entry[:2] for entry in broken("robot_physicist.templates.filling", source)] == [
        ("robot_physicist.templates.filling", name)
    ]
    assert broken("robot_physicist.reports.words", source) == []


def test_the_command_line_loads_nothing_heavy_before_a_command_runs():
    heavy = {"numpy", "scipy", "pydantic", "yaml", "uproot", "pyhf", "matplotlib", "rich"}
    code = "import sys, robot_physicist.cli.main as main; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "click" in done.stdout.split()
    assert heavy & set(done.stdout.split()) == set()


def test_no_file_of_the_tests_is_long():
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in TESTS}
    assert len(lines) > 80
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_what_test_files_share_is_in_support():
    found = {str(path.relative_to(ROOT)): borrowed(path.read_text()) for path in TESTS}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    ["from conftest import ROOT", "from test_posterior import made", "import tests.inference.test_posterior as other",
     "from tests.inference import test_posterior", "def test():\n    from .conftest import campaign"],
)  # fmt: skip
def test_an_import_of_a_test_file_is_found(line):
    assert len(borrowed(line)) == 1
    assert borrowed("from support.campaigns import ROOT\nimport pytest\n") == []
