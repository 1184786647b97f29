"""Naming the type: features of the tumour, and classifiers that read them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
