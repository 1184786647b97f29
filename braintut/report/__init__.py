"""What the pipeline says about one scan, as data, as a figure, and as a page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
