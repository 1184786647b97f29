"""Synthetic T1-CE heads with tumours: a set that needs no download and belongs to nobody."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
