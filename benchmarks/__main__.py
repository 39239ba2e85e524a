"""Run all benchmarks, or those that are named, and print what was measured beside what was wanted."""

import importlib
import os
import pkgutil
import platform
import sys
from pathlib import Path

from robot_physicist.cli.main import NUMERICS


def main(chosen: list[str]) -> None:
    os.environ.update(NUMERICS)  # as the stages do, before NumPy is imported
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    known = [name.removeprefix("bench_") for name in names if name.startswith("bench_")]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    for name in chosen or known:
        importlib.import_module(f"benchmarks.bench_{name}").main()
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
