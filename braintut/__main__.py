"""`python -m braintut`, for where the command `braintut` is not on the PATH."""

from braintut.cli import main

main()
