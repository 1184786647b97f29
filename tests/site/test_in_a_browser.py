"""The site as people see it: desktop and phone, light and dark, served with no network behind, and from the disc."""

from __future__ import annotations

import pytest

SCREENS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 375, "height": 740}}
SERIOUS = ("serious", "critical")
SOME = ("index.html", "lessons/08_from_scan_to_report.html", "api/lesson_01.html", "results/index.html")


def pages_of(site):
    return sorted(p.relative_to(site).as_posix() for p in site.rglob("*.html") if "_modules" not in p.parts)


class Look:
    """A window that notes what goes wrong in it."""

    def __init__(self, browser, screen, scheme="light"):
        self.context = browser.new_context(viewport=SCREENS[screen], color_scheme=scheme)
        self.page = self.context.new_page()
        self.errors, self.asked = [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request):
        if request.failure != "net::ERR_ABORTED":  # the page was left while it loaded
            self.errors.append(f"{request.failure}: {request.url}")

    def at(self, url):
        self.page.goto(url, wait_until="load")
        return self.page


@pytest.fixture
def look(chromium, request):
    window = Look(chromium, *request.param)
    yield window
    window.context.close()


EVERY = pytest.mark.parametrize("look", [(screen, "light") for screen in SCREENS], indirect=True, ids=list(SCREENS))


@EVERY
def test_no_page_is_wider_than_its_screen_or_asks_elsewhere_or_complains(look, site, address):
    wide = {}
    for name in pages_of(site):
        page = look.at(f"{address}/{name}")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[name] = over
    assert wide == {} and look.errors == []
    assert {url for url in look.asked if not url.startswith((address, "data:", "blob:"))} == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "look",
    [("desktop", "light"), ("desktop", "dark"), ("phone", "light"), ("phone", "dark")],
    indirect=True,
    ids="-".join,
)
def test_axe_finds_no_serious_fault(look, site, address, axe, request):
    names = pages_of(site) if request.node.callspec.id == "desktop-light" else SOME
    found = {}
    for name in names:
        page = look.at(f"{address}/{name}")
        page.evaluate(axe)
        told = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
        serious = [v for v in told["violations"] if v["impact"] in SERIOUS]
        if serious:
            found[name] = {v["id"]: [node["target"] for node in v["nodes"]][:3] for v in serious}
    assert found == {}


@pytest.mark.parametrize("look", [("desktop", "light")], indirect=True)
def test_it_works_from_the_disc(look, site):
    for name in SOME:
        look.at((site / name).as_uri())
    assert look.errors == [] and all(url.startswith(("file:", "data:", "blob:")) for url in look.asked)


@pytest.mark.parametrize("look", [("desktop", "light")], indirect=True)
@pytest.mark.parametrize("how", ["served", "from the disc"])
def test_search_finds_a_word_of_a_lesson(look, site, address, how):
    start = address if how == "served" else site.as_uri()
    page = look.at(f"{start}/search.html?q=Dice")
    # Results come in one after the other.
    page.wait_for_selector('#search-results a[href*="lessons/03_dice_loss.html"]', timeout=15_000, state="attached")
    assert look.errors == []


@pytest.mark.parametrize("look", [("desktop", "light"), ("desktop", "dark")], indirect=True, ids="-".join)
def test_it_follows_the_system_in_light_and_dark(look, address):
    page = look.at(f"{address}/index.html")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(ground.split("(")[1].split(",")[0])
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert red < 60 if dark else red > 240


@pytest.mark.parametrize("look", [("phone", "light")], indirect=True)
def test_the_front_page_leads_to_lesson_00_on_a_phone(look, address):
    page = look.at(f"{address}/index.html")
    button = page.locator("a.button").first
    assert button.bounding_box()["y"] < SCREENS["phone"]["height"], "seen without scrolling"
    button.click()
    page.wait_for_url("**/lessons/00_start_here.html")
    assert page.locator("h1").first.inner_text().startswith("From scan to report")
