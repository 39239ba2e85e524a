"""`python -m robot_physicist` is the command `robot-physicist`."""

from __future__ import annotations

from .cli.main import main

main()
