"""Repeats that validate the statistics and can be stopped and resumed: `python -m validation coverage --report`."""
