"""Figures; every function returns one and touches neither the disk nor matplotlib's global state."""
