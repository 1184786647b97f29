"""The explorer's script as a widget in a real JupyterLab: there it asks the kernel for nothing, either."""

from __future__ import annotations

import pytest

from braintut.dataset.load import load_phantoms
from lab import errors_of

pytest.importorskip("anywidget", reason="no anywidget: pip install 'braintut[widget]'")
CELLS = [
    "from braintut import load_slices\n"
    "from braintut.teaching.live import live_explorer\n"
    "live_explorer(load_slices(256).of_patient('PH036'))"
]


@pytest.fixture(scope="module")
def sheet(lab):
    opened = lab.open(lab.put(CELLS, "live.ipynb"))
    assert errors_of(opened.run_all()) == []
    opened.page.wait_for_selector(".bt canvas")
    yield opened
    opened.close()


def test_keys_move_it_in_a_notebook(sheet):
    slices = load_phantoms().of_patient("PH036")
    said = sheet.page.locator(".bt [data-name=said]")
    sheet.page.get_by_role("application").focus()
    for i in (1, 2):
        sheet.page.keyboard.press("ArrowRight")
        area = slices.masks[i].sum() * slices.pixel_mm[i] ** 2
        assert f"slice {slices.ids[i]}: glioma, {area:.0f} mm²" in said.inner_text()
    assert sheet.page.get_by_role("slider", name="Threshold").count() == 0  # there is no network
    assert sheet.errors == []
