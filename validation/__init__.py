"""Checks of the whole project that take longer than its tests."""
