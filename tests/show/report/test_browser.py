"""The report in headless Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from febench.show.report import report_html, write_report
from tests.made_results import made_dataset, made_results
from tests.show.report.browser import CHROMIUM, Browser, browser
from tests.show.report.test_page import EVIL

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, such as Debian's package of that name")

REFERENCE = Path(__file__).parents[3] / "results" / "reference" / "faces700"
COLUMN = "[...document.querySelectorAll('#comparison table')[0].tBodies[0].rows].map(row => row.cells[{}].textContent)"
SORTED = "document.querySelector('#comparison th[aria-sort]')?.getAttribute('aria-sort')"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with hostile names, pictures and two protocols."""
    from febench.results.store import Store

    path = tmp_path_factory.mktemp("page")
    dataset = made_dataset(280, name=EVIL, classes=(EVIL, "fear", "happy", "sad"))
    stores = [
        made_results(path / name, {EVIL: 0.8, "b": 0.7, "c": 0.9}, dataset, name) for name in ("paper", "subject")
    ]
    write_report([*stores, Store(REFERENCE / "subject")], path / "report.html", paper=True)
    return path / "report.html"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def opened(report: Path, chromium: Browser) -> Browser:
    chromium.forget()
    chromium.open(report)
    return chromium


def test_no_complaint_no_request_and_names_stay_text(opened: Browser, report: Path) -> None:
    assert opened.complaints == []
    assert {url for url in opened.requests if not url.startswith("data:")} == {report.resolve().as_uri()}
    assert any(url.startswith("data:image/png") for url in opened.requests)
    assert opened.value("document.scripts.length") == 1
    assert opened.value("document.images.length === document.querySelectorAll('.mistakes img').length")
    assert opened.value("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert "<script>alert(1)</script>" in opened.value("document.querySelector('#verdict').innerText")


def test_the_browser_does_see_complaints_and_requests(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<script>console.error('oh')</script><img src='missing.png'>", encoding="utf-8")
    chromium.forget()
    chromium.open(page)
    assert any("oh" in told for told in chromium.complaints)
    assert any(url.endswith("missing.png") for url in chromium.requests)


def test_the_policy_stops_what_is_put_in_later(opened: Browser) -> None:
    opened.value("document.body.append(Object.assign(document.createElement('img'), {src: 'file:///etc/hostname'}))")
    opened.value("document.body.append(Object.assign(document.createElement('script'), {text: 'window.bad = 1'}))")
    assert opened.value("window.bad === undefined")
    assert any("Content Security Policy" in told for told in opened.complaints)


def test_tables_are_sorted_by_keyboard(opened: Browser) -> None:
    given = opened.value(COLUMN.format(2))
    opened.value("document.querySelectorAll('#comparison thead button')[1].focus()")
    opened.press("Tab")
    assert opened.value("document.activeElement.textContent").strip() == "febench"
    opened.press("Enter")
    assert opened.value(SORTED) == "descending"
    down = opened.value(COLUMN.format(2))
    assert down == sorted(given, key=lambda text: -float(text.split()[0]))
    opened.press(" ")
    assert opened.value(SORTED) == "ascending"
    assert opened.value(COLUMN.format(2)) == down[::-1]
    assert opened.value("document.querySelectorAll('#comparison th[aria-sort]').length") == 1


def test_what_is_missing_stays_last_and_summaries_stay_below(opened: Browser) -> None:
    opened.value("[...document.querySelectorAll('#comparison details')].forEach(one => one.open = true)")
    numbers = "[...document.querySelectorAll('#comparison details table')].at(-1)"
    before = opened.value(f"[...{numbers}.querySelectorAll('tbody.summary tr')].map(row => row.cells[0].textContent)")
    opened.value(f"{numbers}.querySelectorAll('thead button')[1].click()")
    after = opened.value(f"[...{numbers}.rows].slice(-3).map(row => row.cells[0].textContent)")
    assert after == before
    table = "[...document.querySelectorAll('#comparison figure.febench > table')].at(-3)"
    opened.value(f"{table}.querySelectorAll('thead button')[3].click()")
    for _ in range(2):
        last = opened.value(f"[...{table}.tBodies[0].rows].at(-1).cells[3].textContent")
        assert last == "—"
        opened.value(f"{table}.querySelectorAll('thead button')[3].click()")


def test_the_skip_link_is_first_and_leads_to_the_verdict(opened: Browser) -> None:
    opened.press("Tab")
    assert opened.value("document.activeElement.className") == "skip"
    opened.press("Enter")
    assert opened.value("document.activeElement.id") == "verdict"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened: Browser, report: Path, width: int) -> None:
    opened.open(report, width)
    assert opened.value("document.documentElement.scrollWidth") <= width


def test_figures_and_captions_fit_a_phone_while_wide_tables_scroll(opened: Browser, report: Path) -> None:
    opened.open(report, 390)
    widest = "Math.max(...[...document.querySelectorAll('{}')].map(found => found.getBoundingClientRect().right))"
    assert opened.value(widest.format(".sheet svg")) <= 390
    assert opened.value(widest.format("caption")) <= 390
    assert opened.value(widest.format("figure.febench table")) > 390


def test_wide_tables_are_scrolled_by_keyboard(opened: Browser, report: Path) -> None:
    opened.open(report, 390)
    wide = "[...document.querySelectorAll('figure.febench')].filter(one => one.scrollWidth > one.clientWidth)"
    assert opened.value(f"{wide}.length") > 0
    assert opened.value(f"{wide}.every(one => one.tabIndex === 0)")


CONTRAST = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (c) => c.slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const found = rgb(getComputedStyle(one).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  let worst = [99, ""];
  for (const one of document.querySelectorAll("main *, nav *, h1, footer *")) {
    if (one.closest("svg") || ![...one.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < worst[0]) worst = [ratio, one.outerHTML.slice(0, 120)];
  }
  return worst;
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_contrast(opened: Browser, dark: bool) -> None:
    opened.dark(dark)
    ratio, where = opened.value(CONTRAST)
    assert ratio >= 4.5, where
    ground = opened.value("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is not dark


def test_it_prints(opened: Browser, tmp_path: Path) -> None:
    opened.pdf(tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    opened.call("Emulation.setEmulatedMedia", media="print")
    assert opened.value("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_it_is_read_without_script(opened: Browser, report: Path) -> None:
    opened.call("Emulation.setScriptExecutionDisabled", value=True)
    opened.open(report)
    assert opened.value("document.querySelectorAll('thead button').length") == 0
    assert "wins" in opened.value("document.querySelector('#verdict').innerText")


def test_report_of_five_methods_is_small(tmp_path: Path) -> None:
    methods = {f"m{i}": 0.5 + i / 12 for i in range(5)}
    assert len(report_html([made_results(tmp_path, methods)])[0].encode()) < 3_000_000
