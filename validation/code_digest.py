"""A digest of the code that makes a result: results of other code are not mixed with it."""

import ast
import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent


def code_digest(script: str, scripts: Path = HERE, package: Path | None = None) -> str:
    """SHA-256 of the package, a script and the modules here that it imports, by content and not by place or time."""
    package = package or imported_package()
    files = {f"{package.name}/{path.relative_to(package)}": path for path in package.rglob("*.py")}
    files |= {f"{HERE.name}/{name}.py": scripts / f"{name}.py" for name in modules_of(script, scripts)}
    digest = hashlib.sha256()
    for name in sorted(files):
        content = files[name].read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def imported_package() -> Path:
    """Folder of the package that is run, which may be installed elsewhere than this checkout."""
    found = find_spec("robot_physicist")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("robot_physicist is not installed")
    return Path(found.origin).parent


def modules_of(script: str, scripts: Path) -> set[str]:
    """Names of a script and of all modules beside it that it imports, directly or not."""
    found, waiting = set(), [script]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(imported(ast.parse((scripts / f"{name}.py").read_text(encoding="utf-8"))))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Modules of this folder that a module imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == HERE.name:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{HERE.name}."):
            yield node.module.split(".")[1]
