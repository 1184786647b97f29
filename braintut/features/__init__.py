"""Measuring a tumour: size and outline, place, grey values, texture, surroundings.

Names begin with pyradiomics' classes (shape, firstorder, glcm) or our own (place, symmetry, ring, plane); what they
measure follows scikit-image's definitions, in mm where it is a length, so numbers of pyradiomics differ.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
