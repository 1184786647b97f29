"""How do the slices look that a shipped pair has learnt from? Fits that anew and stores it with the pair.

Run: python experiments/fit_familiarity.py DATA [PAIR ...]     (DATA: folder of the downloaded set; a few minutes)

`braintut train` does the same for each pair that it trains. This is for pairs that are there already: network,
classifiers and numbers stay as they are. Without a name all shipped pairs are fitted, `phantom` from the phantoms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from braintut.dataset.figshare import load_figshare
from braintut.dataset.load import WORKING_SIZE, load_phantoms
from braintut.dataset.slices import Slices
from braintut.errors import DataError
from braintut.pipeline.card import load_card, pair_folder, shipped_pairs, was_fitted_on
from braintut.pipeline.familiarity import fit_familiarity
from braintut.pipeline.storage import add_familiarity


def training_slices(pair: str, data: Path) -> Slices:
    """Those of the slices at hand whose patients the pair was fitted on."""
    slices = load_phantoms() if pair == "phantom" else load_figshare(data, WORKING_SIZE)
    card = load_card(pair)
    return slices[np.array([was_fitted_on(card, str(patient)) for patient in slices.patients])]


def main(data: Path, pairs: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Fit each pair's familiarity and store it."""
    for pair in pairs or shipped_pairs():
        slices = training_slices(pair, data)
        familiarity = fit_familiarity(slices)
        if familiarity is None:
            raise DataError(f"{data} holds {slices.n_patients} patients of the pair '{pair}'; too few to fit from.")
        add_familiarity(pair_folder(pair), familiarity)
        print(f"{pair}: fitted on {len(slices)} slices of {slices.n_patients} patients")


if __name__ == "__main__":
    typer.run(main)
