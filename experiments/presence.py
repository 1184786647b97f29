"""Train the network that says whether there is a tumour, and give it to the pairs of the real set that ship.

Run: python experiments/presence.py DATA     (DATA: folder of the downloaded set; about half an hour on two cores)

It learns on folds 1 to 3 and is calibrated on fold 4, whose patients it does not know. `no_tumour.py` counts what it
can do. Both pairs get the same network: so the calibration of `figshare`, whose other parts know fold 4, holds, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from common import CONFIRMATION_FOLD, FOLDS, SMALL_NETWORK, of_folds

from braintut.dataset.figshare import load_figshare
from braintut.pipeline.card import ASSETS
from braintut.pipeline.fitting import runs_folder
from braintut.pipeline.pipeline import load_pipeline
from braintut.pipeline.presence import calibrate_presence, train_presence, with_presence
from braintut.pipeline.storage import add_presence

KNOWS_NOT, PAIRS = "figshare_without_fold_4", ("figshare_without_fold_4", "figshare")


def main(
    data: Annotated[Path, typer.Argument(help="Folder of the downloaded set.")],
    models: Annotated[Path, typer.Option(help="Folder of the pairs.")] = ASSETS,
) -> None:
    """Train, calibrate, and write presence.npz into the folders of both pairs."""
    pair = load_pipeline(models / KNOWS_NOT)
    slices = load_figshare(data, pair.working_size)
    learnt = of_folds(slices, *(fold for fold in FOLDS if fold != CONFIRMATION_FOLD))
    folder, precision = runs_folder() / "experiments" / "presence", SMALL_NETWORK["precision"]
    network = train_presence(learnt, pair.unet_size, folder=folder, precision=precision)
    presence = calibrate_presence(pair, network, of_folds(slices, CONFIRMATION_FOLD))
    for name in PAIRS:
        add_presence(models / name, with_presence(load_pipeline(models / name), network, presence))
    print(f"{presence} for {', '.join(PAIRS)}")


if __name__ == "__main__":
    typer.run(main)
