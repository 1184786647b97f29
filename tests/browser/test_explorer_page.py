"""The explorer that needs no kernel: moved by mouse, key and touch, its numbers held to Python's."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from braintut.dataset.load import load_phantoms
from braintut.pipeline.pipeline import load_pipeline
from braintut.segmentation.metrics import dice_score
from braintut.teaching.film import OutlineFilm, load_films
from braintut.teaching.findings import Findings
from braintut.teaching.live import explorer_files, explorer_page
from braintut.teaching.outline import mask_of_points, parse_points
from braintut.teaching.stack import phantom_stack

DESKTOP = {"viewport": {"width": 1280, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
NAMES = {"Dice of the network": "dice", "Network’s area": "area", "True area": "true_area"}
OUTLINES = {
    "off the grid": "150.3 90.2, 180.1 95.7, 185.4 130.9, 160.2 140.6, 140.8 120.1",
    "on the grid": "100 60, 140 60, 140 80, 120 100, 100 80",
    "crossing itself": "90.2 70.1, 150.7 120.3, 150.2 70.9, 90.6 120.8",
    "a star on the grid": "120 20, 150 110, 70 50, 170 50, 90 110",
    "one row": "100 80, 150 80, 125 80",
    "to the edges": "-0.5 -0.5, 255.5 -0.5, 255.5 255.5, -0.5 255.5",
}
# All numbers of all slices at some thresholds, as a person would read them after moving the sliders.
READ_ALL = """(asked) => asked.map(([task, values]) => {
    const find = name => document.querySelector(`[data-name=${name}]`);
    for (const [name, value] of Object.entries(values)) {
        if (find(name).tagName === 'SELECT') find(name).selectedIndex = value; else find(name).value = value;
        find(name).dispatchEvent(new Event('input'));
    }
    return [...document.querySelectorAll('[data-name=numbers] tr')].map(
        row => [row.cells[0].textContent, Number(row.querySelector('data').value)]);
})"""


@pytest.fixture(scope="module")
def stack():
    return phantom_stack()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory, stack):
    return explorer_page(tmp_path_factory.mktemp("pages") / "explorer.html", stack)


@pytest.fixture(scope="module")
def strangers():
    phantoms = load_phantoms()
    return phantoms[phantoms.folds == 5]


@pytest.fixture(scope="module")
def findings(strangers):
    return Findings(strangers, load_pipeline("phantom"))


@pytest.fixture
def open_page(chromium, page_file):
    """Open the page in a browser of some kind; whatever it complains of or asks for fails the test."""
    contexts, faults, asked_for = [], [], []

    def open_it(before=lambda page: None, address="", **kind):
        context = chromium.new_context(**kind)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: asked_for.append(asked.url))
        before(page)
        page.goto(address or page_file.as_uri())
        page.wait_for_selector("canvas")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert faults == []
    own = ("file:", "data:", "http://127.0.0.1:")
    assert [url for url in asked_for if not url.startswith(own)] == []


@pytest.fixture
def page(open_page):
    return open_page(**DESKTOP)


def choose(page, task: str) -> None:
    page.get_by_role("radio", name=task).check()


def slider(page, name: str):
    return page.get_by_role("slider", name=name, exact=True)


def numbers(page) -> dict[str, float]:
    return dict(page.evaluate(READ_ALL, [["", {}]])[0])


def said(page) -> str:
    return page.locator("[data-name=said]").inner_text()


def picture(page) -> str:
    return page.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def blue_pixels(page) -> int:
    """How much of the true outline's colour is in the picture."""
    return page.locator("canvas").evaluate(
        """canvas => { const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let n = 0;
        for (let i = 0; i < data.length; i += 4) n += data[i] === 86 && data[i + 1] === 180 && data[i + 2] === 233;
        return n }"""
    )


# ------------------------------------------------------------ numbers


def test_dice_and_areas_of_every_slice_are_pythons(page, strangers, findings):
    cases = [(i, threshold) for i in range(len(strangers)) for threshold in (1, 20, 50, 77, 99)]
    asked = [["look", {"slice": i + 1, "threshold": threshold}] for i, threshold in cases]
    for (i, threshold), row in zip(cases, page.evaluate(READ_ALL, asked), strict=True):
        mask, mm2 = findings.mask(i, threshold / 100), float(strangers.pixel_mm[i]) ** 2
        shown = {NAMES[name]: value for name, value in row}
        wanted = {"dice": findings.dice(i, mask), "area": mask.sum() * mm2, "true_area": strangers.masks[i].sum() * mm2}
        assert shown == pytest.approx(wanted, abs=1e-3), (i, threshold)


def test_the_film_has_the_dice_of_the_widget(page):
    choose(page, "Watch it learn")
    for which, film in enumerate(map(lambda film: OutlineFilm(*film), load_films().values())):
        for epoch, threshold in [(1, 50), (4, 50), (7, 30), (24, 70)]:
            values = {"film": which, "epoch": epoch, "threshold": threshold}
            shown = dict(page.evaluate(READ_ALL, [["learn", values]])[0])
            film.moment.value, film.threshold.value = epoch, threshold / 100
            assert shown["Dice of the network"] == pytest.approx(
                dice_score(film.true_mask, film.predicted_mask), abs=1e-3
            )


@pytest.mark.parametrize("points", OUTLINES.values(), ids=OUTLINES)
def test_a_typed_outline_has_pythons_area_and_dice(page, findings, points):
    choose(page, "Draw it yourself")
    page.locator("summary", has_text="Type the corners").click()
    page.get_by_label("Points").fill(points)
    page.get_by_role("button", name="Compare").click()
    compare_drawing(page, findings, points)


def compare_drawing(page, findings, points: str) -> None:
    """Hold what is shown of the outline on the first slice to Python."""
    strangers, network = findings.slices, findings.mask(0)
    mask = mask_of_points(parse_points(points), strangers.masks[0].shape)
    assert list(numbers(page).values()) == pytest.approx(
        [
            mask.sum() * strangers.pixel_mm[0] ** 2, dice_score(strangers.masks[0], mask), dice_score(network, mask),
            dice_score(strangers.masks[0], network),
        ], abs=1e-3,
    )  # fmt: skip


# ------------------------------------------------------------ mouse


def test_the_threshold_moves_outline_and_dice_while_it_is_dragged(page):
    box = slider(page, "Threshold").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    seen = []
    for share in (0.4, 0.2, 0.05):
        page.mouse.move(box["x"] + share * box["width"], y)
        seen.append((picture(page), numbers(page)["Network’s area"]))
    page.mouse.up()
    areas = [area for _, area in seen]
    assert areas == sorted(areas) and areas[0] < areas[-1]
    assert len({shown for shown, _ in seen}) == 3


def test_a_drag_across_the_picture_moves_through_slices_and_moves_a_zoomed_picture(page):
    box = page.locator("canvas").bounding_box()

    def drag(across):
        page.mouse.move(box["x"] + 256, box["y"] + 256)
        page.mouse.down()
        page.mouse.move(box["x"] + 256 + across, box["y"] + 256, steps=4)
        page.mouse.up()

    drag(128)  # a quarter of its width: a quarter of 39 slices
    assert slider(page, "Slice").input_value() in ("10", "11")
    slider(page, "Zoom").fill("3")
    before = picture(page), slider(page, "Slice").input_value()
    drag(40)
    assert picture(page) != before[0] and slider(page, "Slice").input_value() == before[1]


def test_an_outline_drawn_by_mouse_is_measured(page, findings):
    choose(page, "Draw it yourself")
    assert "mm², in the" not in said(page) and blue_pixels(page) == 0  # the answer is not given away
    box = page.locator("canvas").bounding_box()
    angles = np.linspace(0, 6, 25)
    for i, (dx, dy) in enumerate(zip(30 * np.cos(angles), 25 * np.sin(angles), strict=True)):
        page.mouse.move(box["x"] + 2 * (146 + dx), box["y"] + 2 * (55 + dy))
        if i == 0:
            page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Compare").click()
    points = page.locator("[data-name=points]").input_value()
    assert len(parse_points(points)) == 25
    compare_drawing(page, findings, points)
    assert "Your Dice with the true outline is" in said(page) and blue_pixels(page) > 0
    page.get_by_role("button", name="Undo").click()  # the whole stroke
    assert "0 of at least 3 points" in said(page)


@pytest.mark.parametrize(
    ("typed", "word"), [("1 2 3, 4", "no point"), ("300 3, 4 4, 5 9", "lies outside"), ("1 2", "1 of")]
)
def test_a_slip_of_the_pen_is_named_and_nothing_is_given_away(page, typed, word):
    choose(page, "Draw it yourself")
    page.locator("summary", has_text="Type the corners").click()
    page.get_by_label("Points").fill(typed)
    assert word in said(page) and page.get_by_role("button", name="Compare").is_disabled()


def test_type_and_patient_choose_the_stack(page, strangers):
    page.get_by_label("Type").select_option("glioma")
    gliomas = strangers.of_type("glioma")
    assert page.get_by_role("slider", name="Slice").get_attribute("max") == str(len(gliomas))
    page.get_by_label("Patient", exact=True).select_option("PH036")
    assert page.get_by_role("slider", name="Slice").get_attribute("max") == str(len(gliomas.of_patient("PH036")))
    assert "Patient PH036" in said(page) and "glioma" in said(page)


@pytest.mark.parametrize(
    "change",
    [
        lambda page: slider(page, "White from").press("ArrowLeft"),
        lambda page: slider(page, "Black from").press("ArrowRight"),
        lambda page: slider(page, "Zoom").press("ArrowRight"),
        lambda page: page.get_by_label("True outline").click(),
        lambda page: page.get_by_label("Network’s outline").click(),
        lambda page: page.get_by_label("Probabilities as colour").click(),
    ],
    ids=["white", "black", "zoom", "true", "network", "colour"],
)
def test_contrast_zoom_and_switches_change_the_picture(page, change):
    before = picture(page)
    change(page)
    assert picture(page) != before


# ------------------------------------------------------------ keys and screen readers


def test_the_keys_on_the_picture_do_all_that_a_mouse_does(page, findings):
    canvas = page.get_by_role("application")
    canvas.focus()
    for key, shown in [("ArrowRight", "2 of 39"), ("ArrowRight", "3 of 39"), ("ArrowLeft", "2 of 39")]:
        page.keyboard.press(key)
        assert page.locator("[data-name=sliceShown]").inner_text() == shown
    page.keyboard.press("ArrowUp")
    assert page.locator("[data-name=thresholdShown]").inner_text() == "0.51"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("+")
    assert slider(page, "Zoom").input_value() == "1.5"
    page.keyboard.press("-")
    page.keyboard.press("ArrowLeft")
    choose(page, "Draw it yourself")
    canvas.focus()
    for key in [
        "Enter",
        *["ArrowRight"] * 9,
        "Enter",
        *["ArrowUp"] * 8,
        "Enter",
        "Shift+ArrowLeft",
        "Enter",
        "Backspace",
    ]:
        page.keyboard.press(key)
    page.keyboard.press("c")
    points = page.locator("[data-name=points]").input_value()
    assert points == "128 128, 164 128, 164 96"
    compare_drawing(page, findings, points)


def test_every_control_has_a_name_and_is_reached_by_tab(page):
    page.get_by_role("radio", name="Look").focus()
    names = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name = page.evaluate("""() => { const e = document.activeElement; return e.closest('.bt') &&
            (e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent).trim() }""")
        if name is None:
            break
        ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
        assert name and ring == "3px"
        names.append(name)
    wanted = ["Slice", "Threshold", "Play", "True outline", "Type", "Patient", "Zoom", "Black from", "White from"]
    assert names[0].startswith("Patient PH005") and [name for name in names if name in wanted] == wanted


@pytest.fixture
def still(open_page):
    """Open the page with a clock that stands still until a test moves it."""

    def open_it(**kind):
        page = open_page(lambda page: page.clock.install(time="2026-01-01T00:00:00"), **DESKTOP, **kind)
        page.clock.pause_at("2026-01-01T01:00:00")
        return page

    return open_it


def test_what_is_seen_is_said_and_not_too_often(still):
    page = still()
    status = page.get_by_role("status")
    page.clock.run_for(2000)
    assert status.inner_text() == said(page) and "Dice" in said(page) and "upper middle" in said(page)
    page.evaluate("""() => { window.told = 0;
        new MutationObserver(() => told++).observe(document.querySelector('[role=status]'), {childList: true}) }""")
    slider(page, "Threshold").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
        page.clock.run_for(100)
    page.clock.run_for(2000)
    assert page.evaluate("() => told") <= 3 and "threshold 0.70" in status.inner_text()


@pytest.mark.parametrize(("motion", "slices"), [("no-preference", 7), ("reduce", 2)])
def test_play_moves_and_slowly_where_motion_is_to_be_reduced(still, motion, slices):
    page = still(reduced_motion=motion)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1900)
    assert slider(page, "Slice").input_value() == str(slices)
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    assert slider(page, "Slice").input_value() == str(slices)


def test_a_film_plays_to_its_end_and_from_its_beginning_again(still):
    page = still()
    choose(page, "Watch it learn")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(20_000)
    assert "After epoch 24" in said(page)
    page.get_by_role("button", name="Play").click()
    assert "After epoch 1," in said(page)
    page.clock.run_for(600)
    assert "After epoch 2," in said(page)


# ------------------------------------------------------------ touch, small screens, light and dark


@pytest.fixture
def phone(open_page):
    page = open_page(**PHONE)
    page.touch = page.context.new_cdp_session(page)
    return page


def stroke(page, places) -> None:
    """Move a finger through places on the picture, as shares of its side."""
    page.locator("canvas").scroll_into_view_if_needed()
    box = page.locator("canvas").bounding_box()
    for i, (x, y) in enumerate(places):
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if i else "touchStart"
        page.touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    page.touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_moves_through_slices(phone):
    stroke(phone, [(0.3, 0.5), (0.4, 0.5), (0.5, 0.5), (0.6, 0.5)])
    assert int(slider(phone, "Slice").input_value()) > 5


def test_a_finger_draws(phone, findings):
    phone.get_by_role("radio", name="Draw it yourself").tap()
    stroke(phone, [(0.5, 0.15), (0.6, 0.15), (0.65, 0.25), (0.55, 0.3), (0.48, 0.25)])
    phone.get_by_role("button", name="Compare").tap()
    points = phone.locator("[data-name=points]").input_value()
    assert len(parse_points(points)) == 5
    compare_drawing(phone, findings, points)


@pytest.mark.parametrize("task", ["Look", "Draw it yourself", "Watch it learn"])
def test_a_finger_hits_each_control(phone, task):
    phone.get_by_role("radio", name=task).tap()
    small = phone.evaluate("""() => [...document.querySelectorAll(
        '.bt button, .bt select, .bt textarea, .bt [type=range], .bt-choice, .bt summary')].filter(e => e.offsetParent)
        .map(e => [e.dataset.name || e.textContent, e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 44 || box.width < 44).map(([name]) => name)""")
    assert small == []


@pytest.mark.parametrize("width", [320, 640, 1400], ids=["400 %", "200 %", "wide"])
@pytest.mark.parametrize("task", ["Look", "Draw it yourself", "Watch it learn"])
def test_nothing_hangs_over_the_edge(page, task, width):
    page.set_viewport_size({"width": width, "height": 600})
    choose(page, task)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_follows_light_and_dark(open_page, scheme, is_dark):
    page = open_page(**DESKTOP, color_scheme=scheme)
    brightness = """() => ['backgroundColor', 'color'].map(what => getComputedStyle(document.body)[what])
        .map(colour => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 765)"""
    ground, text = page.evaluate(brightness)
    assert (ground < 0.2, text > 0.8) == (is_dark, is_dark) and abs(ground - text) > 0.8


def test_a_page_of_a_site_takes_it_as_files(open_page, stack, tmp_path):
    explorer_files(tmp_path / "static", stack)
    head = '<!doctype html><html lang="en"><title>site</title><link rel="icon" href="data:,">'
    own = '<div id="explorer">a picture</div><script type="module" src="static/start.js"></script>'
    (tmp_path / "index.html").write_text(head + own)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = open_page(address=f"http://127.0.0.1:{server.server_port}/", **DESKTOP)
        assert said(page).startswith("Patient PH005") and "a picture" not in page.content()
        server.shutdown()
