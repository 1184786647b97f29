"""The slice explorer, moved as a hand would move it, without a browser; and its still picture."""

from dataclasses import replace

import ipywidgets as widgets
import numpy as np
import pytest

from braintut.errors import DataError
from braintut.segmentation import dice_score
from braintut.teaching.explorer import ALL_TYPES, SliceExplorer
from braintut.teaching.findings import Findings, in_words
from braintut.teaching.strip import show_strip
from making import SKY_BLUE, count, pixels


@pytest.fixture
def explorer(few):
    return SliceExplorer(few)


def test_every_control_has_a_label_and_waits_for_the_hand_to_stop(explorer):
    controls = [c for c in vars(explorer).values() if isinstance(c, widgets.DOMWidget)]
    controls = [c for c in controls if hasattr(c, "value") and not isinstance(c, widgets.Image | widgets.HTML)]
    assert len(controls) >= 9
    assert all(control.description for control in controls)
    assert not any(control.continuous_update for control in controls if "continuous_update" in control.keys)


def test_a_type_offers_its_patients_only(explorer, few):
    explorer.tumour_type.value = "glioma"
    expected = list(dict.fromkeys(few.of_type("glioma").patients))
    assert list(explorer.patient.options) == expected
    assert few.types[explorer.index] == "glioma" and few.patients[explorer.index] == expected[0]
    explorer.tumour_type.value = ALL_TYPES
    assert len(explorer.patient.options) == few.n_patients


def test_moving_changes_picture_numbers_and_words(explorer, few):
    seen = set()
    for step in range(1, 4):
        explorer.position.value = step
        seen.add((explorer.picture.value, explorer.caption.value, explorer.numbers.value))
        assert str(few.ids[explorer.index]) in explorer.caption.value
    assert len(seen) == len({s[0] for s in seen}) == len({s[2] for s in seen}) == 3


def test_play_and_slider_move_each_other_through_the_kernel(explorer, few):
    explorer.play.value = 2
    assert explorer.position.value == 2 and str(few.ids[explorer.index]) in explorer.caption.value
    explorer.position.value = 3
    assert explorer.play.value == 3
    explorer.patient.value = explorer.patient.options[-1]
    assert (explorer.play.value, explorer.play.max) == (explorer.position.value, explorer.position.max) == (1, 3)


def test_another_patient_begins_at_the_first_slice(explorer):
    explorer.position.value = 3
    explorer.patient.value = explorer.patient.options[-1]
    assert explorer.position.value == 1 and explorer.findings.slices.patients[explorer.index] == explorer.patient.value


def test_begins_with_the_patient_that_was_asked_for(few):
    wanted = few.patients[-1]
    assert SliceExplorer(few, patient=wanted).patient.value == wanted
    with pytest.raises(DataError, match="no patient 'nobody'"):
        SliceExplorer(few, patient="nobody")
    with pytest.raises(DataError, match="at least one slice"):
        SliceExplorer(few[few.folds == 99])


def test_contours_switch_off(explorer):
    assert count(explorer.picture.value, SKY_BLUE) > 50
    explorer.show_true.value = False
    assert count(explorer.picture.value, SKY_BLUE) == 0


def test_without_a_network_its_controls_are_off(explorer):
    assert explorer.threshold.disabled and explorer.show_predicted.disabled
    assert "Dice" not in explorer.caption.value and "predicted" not in explorer.numbers.value


def said_beside(explorer):
    """Text of the explorer's HTML widgets in the column of the controls."""
    return " ".join(child.value for child in explorer._right().children if isinstance(child, widgets.HTML))


def test_controls_that_need_a_network_say_so(explorer, few, blurred):
    assert "need a network" in said_beside(explorer)
    assert "need a network" not in said_beside(SliceExplorer(few, blurred))


def test_only_one_number_names_the_slice(explorer, few):
    explorer.position.value = 2
    assert not explorer.position.readout and f"slice {few.ids[explorer.index]}:" in explorer.caption.value


@pytest.mark.parametrize("narrow", [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5), (0.5, 0.55)])
def test_the_contrast_keeps_a_least_width(explorer, narrow):
    explorer.contrast.value = narrow
    low, high = explorer.contrast.value
    assert high - low == pytest.approx(0.1) and 0 <= low <= narrow[0] and narrow[1] <= high <= 1
    assert len(np.unique(pixels(explorer.picture.value))) > 2


def test_begins_with_the_threshold_of_the_pair(few, blurred):
    pair = replace(blurred, card={**blurred.card, "settings": {**blurred.card["settings"], "threshold": 0.25}})
    explorer = SliceExplorer(few, pair)
    assert explorer.threshold.value == 0.25
    assert (Findings(few, pair).mask(0) == explorer.predicted_mask).all()


def test_threshold_moves_mask_measures_and_dice(few, blurred):
    explorer = SliceExplorer(few, blurred)
    areas, dices, texts, pictures = [], [], set(), set()
    for threshold in (0.2, 0.5, 0.8):
        explorer.threshold.value = threshold
        areas.append(explorer.predicted_mask.sum())
        dices.append(dice_score(few.masks[explorer.index], explorer.predicted_mask))
        assert f"Dice {dices[-1]:.2f}" in explorer.caption.value
        texts.add(explorer.numbers.value)
        pictures.add(explorer.picture.value)
    assert areas[0] > areas[1] > areas[2] > 0 and len(set(dices)) == len(texts) == len(pictures) == 3
    assert "classifier says" in explorer.numbers.value


def test_the_shown_mask_is_the_one_that_the_pipeline_reports(few, blurred):
    explorer, report = SliceExplorer(few, blurred), blurred(few[0])
    assert np.array_equal(explorer.predicted_mask, report.predicted_mask)
    features = explorer.findings.measures(0, explorer.predicted_mask)
    assert features == pytest.approx(report.features)
    assert explorer.findings.types(0, explorer.predicted_mask, features) == pytest.approx(report.probabilities)


def test_explorer_and_report_name_the_type_alike_where_the_network_has_a_say(few, typed_pipeline):
    sure = replace(typed_pipeline, card={**typed_pipeline.card, "settings": {**typed_pipeline.card["settings"]}})
    sure.card["settings"]["threshold"] = 0.1
    explorer, report = SliceExplorer(few, sure), sure(few[0])
    assert report.tumour_found and set(report.opinions) == {"features", "network"}
    assert np.array_equal(explorer.predicted_mask, report.predicted_mask)
    shares = ", ".join(f"{name} {p:.0%}" for name, p in report.probabilities.items())
    assert f"<b>Classifier and network say</b> {shares}" in explorer.numbers.value


def test_a_patient_of_the_training_is_named_as_such(phantoms, tiny_pipeline):
    for fold, known in ((1, True), (5, False)):
        one = phantoms[phantoms.folds == fold][:1]
        text = SliceExplorer(one, tiny_pipeline).numbers.value
        assert ("trained on this patient" in text) is known


def test_a_head_without_tumour_is_shown(few):
    healthy = replace(few[:2], masks=np.zeros_like(few.masks[:2]), labels=np.zeros(2, int))
    explorer = SliceExplorer(healthy)
    explorer.zoom.value = 2.0
    assert "no tumour" in explorer.caption.value and explorer.picture.value


def test_text_from_files_is_escaped(few):
    nasty = replace(few[:1], patients=np.array(["<script>x"]))
    assert "<script>" not in SliceExplorer(nasty).caption.value


def test_the_network_is_asked_once_a_slice(few, tiny_pipeline):
    calls = []

    class Counting:
        def predict_on_batch(self, batch):
            calls.append(1)
            return np.zeros((len(batch), 64, 64, 1), "f4")

    findings = Findings(few, replace(tiny_pipeline, unet=Counting()))
    for _ in range(3):
        findings.mask(0, 0.3)
        findings.probability(0)
    assert len(calls) == 1 and "finds nothing" in in_words(findings, 0, findings.mask(0))


def test_strip_is_one_picture_with_words_for_every_slice(few, blurred):
    strip = show_strip(few, blurred, n=3)
    assert pixels(strip.data).shape[1] > 2 * pixels(strip.data).shape[0]
    assert strip.alt.count("Dice") == 3 and str(few.ids[0]) in strip.alt and str(few.ids[-1]) in strip.alt
    _data, metadata = strip._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == repr(strip) == strip.alt
    assert "network" not in show_strip(few).alt
    with pytest.raises(DataError, match="at least one slice"):
        show_strip(few[few.folds == 99])
