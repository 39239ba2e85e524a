"""Figures; every function returns one and touches neither the disk nor matplotlib's global state."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
