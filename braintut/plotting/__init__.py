"""Every figure of the course: functions that take arrays and an Axes (a new one if left out), and draw."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
