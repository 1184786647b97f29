"""braintut: from an MRI slice to the name of a brain tumour, as a course.

Names load when they are first used, so that `import braintut` costs neither
Keras nor scikit-learn.
"""

import lazy_loader

from braintut.keras_settings import choose_installed_backend

choose_installed_backend()
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
