"""Every figure of the course: functions that take arrays and an Axes, and draw."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
