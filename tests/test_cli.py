"""The command line as a shell sees it: exit codes, files, one-sentence errors."""

import hashlib
import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintut import cli
from braintut.dataset.scan_files import read_scan
from braintut.dataset.slices import merged_patient
from braintut.errors import DataError
from making import block_mask, head, write_cvind, write_mat

CLONE = Path(__file__).resolve().parents[1]


def run(monkeypatch, capsys, *arguments):
    """Call the command line in this process; return exit code and what it printed."""
    monkeypatch.setattr(sys, "argv", ["braintut", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
        raise SystemExit(0)
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    write_mat(folder / "1.mat")
    Image.fromarray((head() // 2).astype(np.uint8)).save(folder / "b.png")
    Image.fromarray((head() // 2).astype(np.uint8)).save(folder / "a.jpg")
    (folder / "deeper").mkdir()
    write_mat(folder / "deeper" / "2.mat")
    write_cvind(folder / "cvind.mat", [1])
    return folder


KEYS = {
    "scan", "tumour_found", "tumour_type", "probabilities", "area_mm2", "pixel_mm", "pixel_mm_assumed", "seconds",
    "warnings", "presence", "familiar", "unlike",
}  # fmt: skip


def test_predict_reads_a_folder_in_order(monkeypatch, capsys, scans, tiny_folder, tmp_path):
    out, pages = tmp_path / "new" / "out.json", tmp_path / "pages"
    code, _, _ = run(monkeypatch, capsys, "predict", scans, "--json", out, "--report", pages, "--model", tiny_folder)
    answers = json.loads(out.read_text())
    assert code == 0
    assert [a["scan"] for a in answers] == [str(scans / name) for name in ("1.mat", "a.jpg", "b.png")]
    for answer in answers:
        assert set(answer) == KEYS
        assert answer["pixel_mm"] == pytest.approx(0.49 * 512 / 64) and answer["pixel_mm_assumed"] is True
        if not answer["tumour_found"]:
            assert (answer["tumour_type"], answer["probabilities"], answer["area_mm2"]) == (None, None, 0)
    assert sorted(p.name for p in pages.iterdir()) == ["1.html", "a.html", "b.html"]


def test_predict_tells_a_patient_of_the_training_set(monkeypatch, capsys, scans, tiny_pipeline, tmp_path):
    salt = tiny_pipeline.card["salt"]
    patients = [hashlib.sha256((salt + merged_patient(read_scan(scans / "1.mat").patient)).encode()).hexdigest()]
    card = {**tiny_pipeline.card, "merged_patients": patients}
    folder = replace(tiny_pipeline, card=card).save(tmp_path / "pair")
    _, out, _ = run(monkeypatch, capsys, "predict", scans, "--model", folder)
    told = [line for line in out.splitlines() if "trained on this very patient" in line]
    assert len(told) == 1 and told[0].startswith(str(scans / "1.mat"))


def test_unreadable_scans_do_not_stop_the_others(monkeypatch, capsys, scans, tiny_folder, tmp_path):
    (scans / "broken.png").write_bytes((scans / "b.png").read_bytes()[:60])
    out = tmp_path / "out.json"
    absent = scans / "absent.mat"
    code, _, err = run(monkeypatch, capsys, "predict", scans, absent, "--json", out, "--model", tiny_folder)
    answers = {a["scan"]: a for a in json.loads(out.read_text())}
    assert code == 1 and len(answers) == 5
    for path in (absent, scans / "broken.png"):
        assert set(answers[str(path)]) == {"scan", "error"}
        assert path.name in answers[str(path)]["error"] and path.name in err
    assert "Traceback" not in err


def evaluation_folder(tmp_path, n=6):
    folder = tmp_path / "data"
    folder.mkdir()
    for i in range(1, n + 1):
        code = np.array([[ord(c)] for c in f"P{i}"], np.uint16)
        write_mat(folder / f"{i}.mat", image=head(64, i), PID=code, label=np.array([[float(1 + i % 3)]]))
    return folder


EVALUATION_KEYS = {
    "n_slices", "n_patients", "n_excluded_slices", "n_excluded_patients", "n_twin_slices", "dice", "nsd_2mm",
    "accuracy", "confusion_predicted_mask", "per_type", "per_size", "without_hidden_twins", "calibration", "seconds",
}  # fmt: skip


def test_evaluate_writes_its_contract(monkeypatch, capsys, tiny_folder, tmp_path):
    folder, out = evaluation_folder(tmp_path), tmp_path / "out.json"
    write_cvind(folder / "cvind.mat", [1, 1, 1, 2, 2, 2])
    code, text, _ = run(monkeypatch, capsys, "evaluate", folder, "--json", out, "--model", tiny_folder, "--fold", 2)
    numbers = json.loads(out.read_text())
    assert code == 0 and set(numbers) == EVALUATION_KEYS and numbers["n_slices"] == 3
    assert set(numbers["dice"]) == {
        "mean", "median", "ci95", "per_type", "per_patient_mean", "missed_fraction", "not_found_fraction",
    }  # fmt: skip
    assert set(numbers["accuracy"]) == {
        "true_mask", "predicted_mask", "patient_vote", "ci95_predicted_mask", "ci95_patient_vote",
        "recall_predicted_mask",
    }  # fmt: skip
    assert np.shape(numbers["confusion_predicted_mask"]) == (3, 4) and "3 slices of 3 patients" in text


def test_evaluate_says_in_one_sentence_what_is_wrong(monkeypatch, capsys, tiny_folder, tmp_path):
    folder, out = evaluation_folder(tmp_path), tmp_path / "out.json"
    call = ["evaluate", folder, "--json", out, "--model", tiny_folder]
    for extra, message in (
        (["--fold", 2], "cvind.mat is not there"),
        (["--model", tmp_path / "no_pair"], "no trained pair"),
    ):
        code, _, err = run(monkeypatch, capsys, *call, *extra)
        assert code == 1 and message in err and "Traceback" not in err and not out.exists()
    write_mat(folder / "7.mat", drop="label")
    code, _, err = run(monkeypatch, capsys, *call)
    assert code == 1 and "7.mat lacks the field 'cjdata/label'" in err and not out.exists()
    write_mat(folder / "7.mat", tumorMask=block_mask() * 0)
    assert "the true mask is empty" in run(monkeypatch, capsys, *call)[2]


def test_evaluate_refuses_training_patients_unless_told(monkeypatch, capsys, tiny_pipeline, phantoms, tmp_path):
    seen = phantoms.patients[phantoms.folds == 1][0]
    folder, out = tmp_path / "data", tmp_path / "out.json"
    folder.mkdir()
    write_mat(folder / "1.mat", PID=np.array([[ord(c)] for c in seen], np.uint16))
    call = ["evaluate", folder, "--json", out, "--model", tiny_pipeline.save(tmp_path / "pair")]
    code, _, err = run(monkeypatch, capsys, *call)
    assert code == 1 and "Nothing is left to count" in err and not out.exists()
    code, _, _ = run(monkeypatch, capsys, *call, "--allow-training-patients")
    assert code == 0 and json.loads(out.read_text())["n_slices"] == 1


@pytest.mark.parametrize("arguments", [["predict"], ["evaluate"], ["nonsense"], ["evaluate", "x", "--fold", "9"]])
def test_wrong_calls_exit_with_2(monkeypatch, capsys, arguments):
    assert run(monkeypatch, capsys, *arguments)[0] == 2


@pytest.mark.parametrize("command", ["lab", "lessons", "demo", "download", "train", "evaluate", "predict"])
def test_every_command_explains_itself(monkeypatch, capsys, command):
    code, out, _ = run(monkeypatch, capsys, command, "--help")
    assert code == 0 and "Usage" in out and len(out) > 200


def test_a_download_is_of_all_of_a_part_or_of_the_sample(monkeypatch, capsys, tmp_path):
    for name in ("download_figshare", "download_sample"):
        module = f"braintut.dataset.{'download' if name == 'download_figshare' else 'sample'}"
        monkeypatch.setattr(f"{module}.{name}", lambda folder, name=name, **how: f"{folder} by {name} {how}")
    folder = str(tmp_path)
    for options, said in {
        (): f"The dataset is in {folder} by download_figshare {{'part': None}}.\n",
        ("--part", "2"): f"The dataset is in {folder} by download_figshare {{'part': 2}}.\n",
        ("--sample",): f"The sample is in {folder} by download_sample {{}}.\n",
    }.items():
        assert run(monkeypatch, capsys, "download", folder, *options) == (0, said, "")
    code, _, error = run(monkeypatch, capsys, "download", folder, "--sample", "--part", "2")
    assert code == 1 and "--sample and --part" in error


def test_lab_opens_the_first_lesson_and_has_the_clone_as_its_root(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(cli.subprocess, "call", lambda command, **settings: asked.extend(command) or 0)
    assert run(monkeypatch, capsys, "lab")[0] == 0
    assert asked[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={CLONE}" in asked
    assert cli.LARGE_UPLOADS in asked and asked[-1] == str(CLONE / "lessons" / "00_start_here.ipynb")


def test_make_lab_has_the_clone_as_its_root():
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "lab"], cwd=CLONE, capture_output=True, text=True
    )
    lab = shlex.split(done.stdout[done.stdout.index("-m jupyterlab") :].replace("\\\n", " "))
    assert f"--ServerApp.root_dir={CLONE}" in lab and lab[-1] == "lessons/00_start_here.ipynb"
    assert cli.LARGE_UPLOADS in lab


def test_lab_takes_a_file_of_100_mb_in_one_message():
    jupyter_app = pytest.importorskip("jupyter_server.serverapp")
    server = jupyter_app.ServerApp()
    server.parse_command_line([cli.LARGE_UPLOADS])
    assert server.tornado_settings["websocket_max_message_size"] > 100_000_000


def test_train_holds_out_and_measures(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("BRAINTUT_RUNS", str(tmp_path / "runs"))
    out = tmp_path / "pair"
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("unet_size = 32\n[unet]\nfilters = 4\ndepth = 2\n")
    call = ["train", "phantoms", "--out", out, "--hold-out", 5, "--epochs", 1, "--recipe", recipe]
    code, _, err = run(monkeypatch, capsys, *call)
    card = json.loads((out / "card.json").read_text())
    assert code == 0 and card["data"]["folds"] == [1, 2, 3, 4] and card["numbers"]["n_excluded_patients"] == 0
    assert "epoch   1/1" in err and card["fails_for"].startswith("It does worst on")
    other = [*call[:5], 4, *call[6:]]  # the same --out, another fold held out
    code, _, err = run(monkeypatch, capsys, *other)
    assert code == 1 and "with other slices" in err and "--name" in err and "BRAINTUT_RUNS" in err
    assert "epoch   1/1" not in err and json.loads((out / "card.json").read_text()) == card
    records = tmp_path / "records.json"
    records.write_text(json.dumps({"card_numbers": card["numbers"], "folds": "3, 4"}))
    for source, words in ((out, "(pair)"), (records, "(folds 3, 4)")):
        again = [*call[:2], "--out", tmp_path / "all", *call[6:]]
        assert run(monkeypatch, capsys, *again, "--numbers-from", source)[0] == 0
        told = json.loads((tmp_path / "all" / "card.json").read_text())
        assert told["numbers"] == card["numbers"] and told["fails_for"] == card["fails_for"]
        assert words in told["numbers_from"] and told["data"]["folds"] == [1, 2, 3, 4, 5]


def test_train_says_before_it_begins_what_is_wrong(monkeypatch, capsys, tmp_path, tiny_folder):
    unlike, broken = tmp_path / "unlike.json", tmp_path / "broken.json"
    faint = tmp_path / "faint.toml"
    faint.write_text("faint_threshold = 0.5")
    unlike.write_text("{}")
    broken.write_text("{")
    for options, words in (
        (["--recipe", faint], f"{faint}: faint_threshold (0.5) must lie below threshold (0.5)"),
        (["--recipe", tmp_path / "none.toml"], "none.toml is no recipe in TOML"),
        (["--numbers-from", unlike], f"{unlike} is not the records.json"),
        (["--numbers-from", broken], f"{broken} is not the records.json"),
        (["--numbers-from", tmp_path / "none.json"], "none.json is not the records.json"),
        (["--numbers-from", tiny_folder], "holds no such numbers; train that pair again with --hold-out"),
    ):
        code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", *options)
        assert code == 1 and words in err and "epoch" not in err and not (tmp_path / "pair").exists()


def test_train_takes_only_folds_that_are_there(monkeypatch, capsys, tmp_path):
    code, _, err = run(monkeypatch, capsys, "train", "phantoms", "--out", tmp_path / "pair", "--folds", "1,7")
    assert code == 1 and "--folds '1,7'" in err and "1, 2, 3, 4, 5" in err and not (tmp_path / "pair").exists()


def test_demo_writes_pictures_of_patients_it_never_saw(monkeypatch, capsys, tmp_path):
    code, out, _ = run(monkeypatch, capsys, "demo", "--out", tmp_path, "--epochs", 1)
    assert code == 0 and len(list(tmp_path.glob("*.png"))) >= 5
    assert "Dice" in out and "patients it never saw" in out


@pytest.mark.parametrize(
    ("settings", "pixel_mm", "assumed"),
    [
        ({}, 0.49 * 512 / 64, True),
        ({"dpi": (72, 72)}, 0.49 * 512 / 64, True),  # dots per inch say nothing about a head
        ({"dpi": (6.35, 6.35)}, 0.49 * 512 / 64, True),  # not even where 256 mm across would come out
        ({"dpi": (600, 600)}, 0.49 * 512 / 64, True),
    ],
)
def test_pixel_size_is_taken_only_where_the_picture_states_it(tmp_path, settings, pixel_mm, assumed):
    path = tmp_path / "scan.png"
    Image.fromarray((head() // 2).astype(np.uint8)).save(path, **settings)
    scan = read_scan(path)
    assert scan.pixel_mm == pytest.approx(pixel_mm, rel=0.01) and scan.pixel_mm_assumed is assumed


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "LA"])
def test_pictures_of_every_mode_become_one_grey_slice(tmp_path, mode):
    grey = Image.fromarray((head() // 2).astype(np.uint8))
    picture = Image.fromarray(head().astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    picture.save(tmp_path / "scan.png")
    image = read_scan(tmp_path / "scan.png").image
    assert image.shape == (64, 64) and image[32, 32] > 20 * (image[0, 0] + 1)


def test_scans_that_are_none_are_named(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "notes.txt").write_text("hello")
    for name, message in (("text.png", "no PNG or JPEG"), ("notes.txt", "no .mat, PNG"), (".", "is a folder")):
        with pytest.raises(DataError, match=message):
            read_scan(tmp_path / name)


def test_import_is_light():
    code = (
        "import sys, braintut; print(any(m in sys.modules for m in ('keras', 'sklearn', 'tensorflow', 'matplotlib')))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_prevalence_is_a_share(monkeypatch, capsys, tiny_folder, tmp_path):
    scan = write_mat(tmp_path / "1.mat")
    for wrong in ("0", "1", "-0.2", "2"):
        code, _, err = run(monkeypatch, capsys, "predict", scan, "--model", tiny_folder, "--prevalence", wrong)
        assert code == 1 and "--prevalence" in err and "between 0 and 1" in err and "Traceback" not in err
    assert run(monkeypatch, capsys, "predict", scan, "--model", tiny_folder, "--prevalence", "0.01")[0] == 0


def test_evaluate_may_take_a_tumour_for_granted(monkeypatch, capsys, tiny_pipeline, tmp_path):
    from braintut.pipeline.presence import NETWORK, with_presence
    from braintut.segmentation.presence import Presence
    from braintut.segmentation.unet import build_unet

    settings = {**tiny_pipeline.card["settings"], "threshold": 0.0}  # something is outlined on each slice
    finding = replace(tiny_pipeline, card={**tiny_pipeline.card, "settings": settings})
    never = with_presence(finding, build_unet(finding.unet_size, **NETWORK), Presence(1.0, 0.0, 1.0))
    call = ["evaluate", evaluation_folder(tmp_path), "--model", never.save(tmp_path / "never")]
    missed = {}
    for extra in ([], ["--every-slice-has-a-tumour"]):
        code, _, _ = run(monkeypatch, capsys, *call, "--json", tmp_path / "out.json", *extra)
        missed[len(extra)] = json.loads((tmp_path / "out.json").read_text())["dice"]["not_found_fraction"]
        assert code == 0
    assert missed[0] == 1.0 and missed[1] < 1.0
