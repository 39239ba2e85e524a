"""Files, written whole or not at all: JSON documents, ROOT events and histograms, YAML, expressions over branches."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
