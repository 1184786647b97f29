"""Train a network that says whether there is a tumour at all, and keep a pair that asks it.

Run: python experiments/presence.py DATA     (DATA: folder of the downloaded set; about half an hour on two cores)

It learns on folds 1 to 3, is calibrated on fold 4, and stands in a copy of the pair `figshare_without_fold_4`, kept in
`BRAINTUT_RUNS`. `no_tumour.py` counts what it can do. No such pair ships: it cannot do enough.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from common import CONFIRMATION_FOLD, FOLDS, SMALL_NETWORK, of_folds

from braintut.dataset.figshare import load_figshare
from braintut.pipeline.fitting import runs_folder
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.presence import calibrate_presence, train_presence, with_presence

SAYS_NO = runs_folder() / "pairs" / "says_no"


def main(data: Annotated[Path, typer.Argument(help="Folder of the downloaded set.")]) -> None:
    """Train, calibrate, and keep the pair."""
    pair = load_pipeline("figshare_without_fold_4")
    slices = load_figshare(data, pair.working_size)
    learnt = of_folds(slices, *(fold for fold in FOLDS if fold != CONFIRMATION_FOLD))
    folder, precision = runs_folder() / "experiments" / "presence", SMALL_NETWORK["precision"]
    network = train_presence(learnt, pair.unet_size, folder=folder, precision=precision)
    presence = calibrate_presence(pair, network, of_folds(slices, CONFIRMATION_FOLD))
    print(f"{presence}: {with_presence(pair, network, presence).save(SAYS_NO)}")


if __name__ == "__main__":
    typer.run(main)
