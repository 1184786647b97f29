"""The whole way as one thing: a scan goes in, a report comes out; fitted, stored and counted."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
