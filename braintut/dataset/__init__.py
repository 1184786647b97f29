"""Slices in: the real set, the phantoms, scans of one's own, and how to split them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
