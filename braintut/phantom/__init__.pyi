from .make import make_phantom_slices as make_phantom_slices
from .make import write_phantom_mat as write_phantom_mat
