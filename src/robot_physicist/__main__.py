"""`python -m robot_physicist` is the command `robot-physicist`."""

from .cli import main

main()
