# Copyright (c) 2026, the macpool.hyperv contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.run import situate
from ansible_collections.macpool.hyperv.plugins.plugin_utils._audit.what_if import afterwards
from ansible_collections.macpool.hyperv.plugins.plugin_utils._report.html import html
from tests.audits import audit
from tests.benchmarks.bench_audit import cluster
from tests.browser.webdriver import CHROMIUM, DRIVER, Browser
from tests.unit.plugins.plugin_utils.observation.documents import NOW, Document, plan
from tests.unit.plugins.plugin_utils.report.clusters import HOSTILE, named, troubled

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]

ROUTES = (
    "#/",
    "#/findings",
    "#/finding/0",
    "#/map",
    "#/map?from=00155DE00000&to=00155DE000FF",
    "#/map?at=00155DE00006",
    "#/hosts",
    "#/host/0",
    "#/vm/0",
    "#/addresses",
    "#/sources",
    "#/changes",
    "#/vm/999999",
    "#/nonsense",
)
TEXT = "return document.getElementById('main').innerText"
VISIBLE_FINDINGS = "return document.querySelectorAll('#view .finding').length"
FOCUSED = "return document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser for all tests; each loads its own page."""
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture(autouse=True)
def quiet(browser: Browser) -> Iterator[None]:
    """Expect that no test makes the console say anything, and that nothing observed ever ran."""
    browser.prefer(prefers_color_scheme="light")
    browser.resize(1280, 1000)
    yield
    assert browser.messages() == []
    assert browser.run("return window.pwned === undefined")


def written(directory: Path, documents: list[Document], **options: Any) -> tuple[dict[str, Any], Path]:
    """Return report and page."""
    what_if = options.pop("what_if", None)
    report = audit(documents, now=NOW, what_if=what_if, **options)
    situation = situate(documents, now=NOW, **options)
    if what_if:
        situation = afterwards(situation, what_if)
    page = directory / "report.html"
    page.write_text(html(report, situation, NOW), encoding="utf-8")
    return report, page


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Return a report with some of everything."""
    rules = plan(
        pools={"tenant": {"ranges": [{"start": "221DD8000000", "end": "221DD800FFFF"}]}},
        other_allocators=[{"name": "vmm", "kind": "scvmm", "start": "001DD8B71C00", "end": "001DD8F4B1FF"}],
        waivers=[
            {"rule": "departed", "subject": "web03", "reason": "moves back", "owner": "net", "until": "2027-01-01"}
        ],
    )
    return written(tmp_path_factory.mktemp("small"), troubled(), plan=rules, claims=[])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a cluster of hostile names."""
    return written(tmp_path_factory.mktemp("hostile"), named(*HOSTILE))[1]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Return a report of 10,000 adapters on 64 hosts."""
    return written(tmp_path_factory.mktemp("large"), cluster(10_000, 64))


def test_the_console_is_heard(browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
    browser.open(small[1])
    browser.run("console.error('heard')")
    assert any("heard" in message for message in browser.messages())


def test_the_policy_stops_what_the_page_did_not_bring(browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
    browser.open(small[1])
    for attempt in (
        "document.body.innerHTML = '<p>'",
        "document.createElement('p').setAttribute('onclick', 'window.pwned = 1')",
        "document.createElement('script').textContent = 'window.pwned = 1'",
    ):
        stopped = browser.run(f"try {{ {attempt}; return ''; }} catch (error) {{ return error.name; }}")
        assert stopped == "TypeError", attempt
    assert len(browser.messages()) >= 3


@pytest.mark.parametrize("route", ROUTES)
def test_every_view_is_there_with_one_heading(browser: Browser, small: tuple[dict[str, Any], Path], route: str) -> None:
    browser.open(small[1], route)
    headings = "return [...document.querySelectorAll('h1')].filter((item) => item.offsetParent).map((item) => item.textContent)"
    (heading,) = browser.run(headings)
    assert heading.strip()
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("route", [*ROUTES, *(f"#/vm/{place}" for place in range(1, 12))])
def test_hostile_names_are_text_everywhere(browser: Browser, hostile: Path, route: str) -> None:
    browser.open(hostile, route)
    assert (
        browser.run("return document.querySelectorAll('main img, main iframe, main script, main [onclick]').length")
        == 0
    )
    steering = r"return /[\u0000-\u0008\u000e-\u001f\u202a-\u202e\u2028\u2029\ud800-\udfff]/u.test(arguments[0])"
    assert not browser.run(steering, browser.run("return document.body.textContent"))
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth")


def test_a_long_name_is_short_in_lists_and_whole_on_its_page(browser: Browser, hostile: Path) -> None:
    browser.open(hostile, "#/addresses?q=" + "A" * 300)
    link = "return [...document.querySelectorAll('#view tbody th + td a')].find((item) => item.textContent.includes('AAAA'))"
    assert len(browser.run(link + ".textContent")) < 80
    assert browser.run(link + ".querySelector('.name').title.length") == 500
    browser.go(browser.run(link + ".getAttribute('href')"))
    assert browser.run("return document.querySelector('#view h1').textContent") == "A" * 500


def test_a_name_keeps_its_direction_to_itself(browser: Browser, hostile: Path) -> None:
    browser.open(hostile, "#/addresses")
    isolated = "return [...document.querySelectorAll('#view bdi')].every((item) => getComputedStyle(item).unicodeBidi === 'isolate')"
    assert browser.run(isolated)
    hebrew = (
        "return [...document.querySelectorAll('#view td, #view th')]"
        ".filter((item) => /[\u05d0-\u05ea]/.test(item.textContent)).every((item) => item.querySelector('bdi'))"
    )
    assert browser.run(hebrew)


class TestFindings:
    def shown(self, browser: Browser) -> list[str]:
        found = browser.run(
            "return [...document.querySelectorAll('#view .finding .evidence')].map((item) => item.textContent)"
        )
        return list(found)

    def evidence(self, report: dict[str, Any], **wanted: Any) -> list[str]:
        return [
            finding["evidence"]
            for finding in report["findings"]
            if finding["waived"] is None and all(finding[key] == value for key, value in wanted.items())
        ]

    def test_lists_what_is_not_waived_worst_first(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        report, page = small
        browser.open(page, "#/findings")
        assert self.shown(browser) == self.evidence(report)

    def test_search_finds_words_and_addresses_in_any_notation(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        report, page = small
        for typed in ("00-15-5D-E0-00-06", "00:15:5d:e0:00:06", "0015.5de0.0006", "several adapters use one address"):
            browser.open(page, "#/findings")
            browser.type("#q", typed)
            browser.wait(VISIBLE_FINDINGS + " < arguments[0]", len(self.evidence(report)))
            assert self.evidence(report, rule="duplicate-address")[0] in self.shown(browser)
            assert self.evidence(report, rule="stranded")[0] not in self.shown(browser)

    def test_a_search_without_a_hit_says_so(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/findings")
        browser.type("#q", "no such thing")
        browser.wait("return document.querySelector('.told').textContent.startsWith('0 of')")
        assert "No findings" in browser.run(TEXT)

    def test_filters_by_severity_rule_host_and_waiver(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        report, page = small
        browser.open(page, "#/findings")
        browser.click(".toggle[data-sev=critical]")
        assert self.shown(browser) == self.evidence(report, severity="critical")
        browser.click(".toggle[data-sev=high]")
        assert len(self.shown(browser)) > len(self.evidence(report, severity="critical"))
        browser.go("#/findings?rule=never-started")
        assert self.shown(browser) == self.evidence(report, rule="never-started")
        browser.go("#/findings?waived=yes")
        assert self.shown(browser) == [item["evidence"] for item in report["findings"] if item["waived"]]
        browser.go("#/findings?host=0")
        assert sorted(self.shown(browser)) == sorted(
            item["evidence"] for item in report["findings"] if "hv1" in item["hosts"] and not item["waived"]
        )

    def test_filters_are_in_the_address_and_come_back_with_it(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/findings")
        browser.type("#q", "web02")
        browser.click(".toggle[data-sev=critical]")
        route = browser.wait(
            "return location.hash.includes('web02') && location.hash.includes('sev=') && location.hash"
        )
        before = self.shown(browser)
        browser.open(small[1], route)
        assert self.shown(browser) == before
        assert browser.run("return document.querySelector('#q').value") == "web02"

    def test_opens_by_keyboard_with_remedy_and_links(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        report, page = small
        browser.open(page, "#/findings?rule=duplicate-address")
        browser.run("document.querySelector('.finding summary').focus()")
        browser.press("Enter")
        opened = browser.wait(
            "const body = document.querySelector('.finding[open] .finding-body'); return body && body.textContent"
        )
        assert report["findings"][0]["remedy"] in opened
        assert browser.run("return document.querySelectorAll('.finding[open] a[href^=\"#/vm/\"]').length") == 2

    def test_a_finding_can_be_copied(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        report, page = small
        browser.open(page, "#/finding/0")
        browser.run(
            "window.copied = ''; Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } });"
        )
        browser.click(".finding .tools button")
        copied = browser.wait("return window.copied")
        assert report["findings"][0]["evidence"] in copied
        assert report["findings"][0]["remedy"] in copied

    def test_on_paper_every_finding_is_open(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        report, page = small
        browser.open(page)
        browser.run("window.dispatchEvent(new Event('beforeprint'))")
        paper = browser.run("return document.getElementById('print').textContent")
        for finding in report["findings"]:
            assert (finding["evidence"] in paper) == (finding["waived"] is None)
        browser.run("window.dispatchEvent(new Event('afterprint'))")
        assert browser.run("return document.getElementById('print').textContent") == ""


class TestMap:
    RANGES = "return [...document.querySelectorAll('#view .range')].map((item) => item.getAttribute('aria-label'))"

    def test_shows_all_ranges_of_the_whole_space(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/map")
        labels = " ".join(browser.run(self.RANGES))
        for words in (
            "hv1: range",
            "hv2: range",
            "tenant: pool",
            "vmm (scvmm)",
            "nat: pool of container",
            "outside all known ranges",
        ):
            assert words in labels

    def test_every_piece_is_wide_enough_to_hit_and_inside(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/map")
        boxes = browser.run(
            "const outer = document.querySelector('.lane-box').getBoundingClientRect();"
            "return [...document.querySelectorAll('.range')].map((item) => item.getBoundingClientRect())"
            ".map((box) => [box.width, box.left - outer.left, outer.right - box.right])"
        )
        for width, left, right in boxes:
            assert width > 20
            assert left > -1
            assert right > -1

    def test_zooms_by_mouse_from_the_space_into_a_range_and_out_again(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/map")
        browser.click(".range-range")
        browser.wait("return location.hash === '#/map?from=00155DE00000&to=00155DE000FF'")
        browser.wait("return document.querySelectorAll('.grid button').length === 256")
        label = browser.run("return document.querySelector('.grid .cell.many').getAttribute('aria-label')")
        assert label.startswith("00-15-5D-E0-00-06: VM web02 on hv1")
        assert "urgent finding" in label
        browser.run(
            "[...document.querySelectorAll('.map-tools button')].find((item) => item.textContent === 'Whole space').click()"
        )
        browser.wait("return location.hash === '#/map'")
        browser.wait("return document.querySelectorAll('.grid').length === 0")

    def test_zooms_and_moves_by_keyboard(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/map")
        browser.run("document.querySelector('.band button[tabindex=\"0\"]').focus()")
        assert "hv1: range" in browser.run(FOCUSED)
        browser.press("ArrowRight")
        assert "hv2: range" in browser.run(FOCUSED)
        browser.press("ArrowLeft", "Enter")
        browser.wait("return location.hash === '#/map?from=00155DE00000&to=00155DE000FF'")
        browser.wait("return document.activeElement.classList.contains('range')")
        browser.press("-")
        browser.wait("return location.hash !== '#/map?from=00155DE00000&to=00155DE000FF'")
        browser.wait("return document.activeElement.classList.contains('range')")
        browser.press("0")
        browser.wait("return location.hash === '#/map'")

    def test_only_one_stop_of_the_tab_key_in_the_band_and_one_in_the_grid(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/map?from=00155DE00000&to=00155DE000FF")
        for box in (".band", ".grid"):
            assert browser.run("return document.querySelectorAll(arguments[0] + ' [tabindex=\"0\"]').length", box) == 1

    def test_cells_are_reached_by_arrows_and_tell_who_carries(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/map?from=00155DE00000&to=00155DE000FF")
        browser.run("document.querySelector('.grid [tabindex=\"0\"]').focus()")
        browser.press(*["ArrowRight"] * 5)
        assert browser.run(FOCUSED).startswith("00-15-5D-E0-00-05: VM web01 on hv1, dynamic")
        assert "web01" in browser.run("return document.querySelector('.map-detail').textContent")
        browser.press("ArrowDown")
        assert browser.run(FOCUSED).startswith("00-15-5D-E0-00-15: free")
        browser.press("End")
        assert browser.run(FOCUSED).startswith("00-15-5D-E0-00-FF")

    def test_large_range_is_a_grid_of_blocks_that_zoom(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1], "#/map?from=221DD8000000&to=221DD800FFFF")
        assert "256 addresses" in browser.run("return document.querySelector('.map-lower').textContent")
        browser.click(".grid button:nth-of-type(2)")
        browser.wait("return location.hash === '#/map?from=221DD8000100&to=221DD80001FF'")

    def test_the_wheel_zooms_around_the_pointer(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/map")
        browser.run(
            "const box = document.querySelector('.range-pool').getBoundingClientRect();"
            "const turn = { ctrlKey: true, deltaY: -100, clientX: box.left + box.width / 2, cancelable: true };"
            "document.querySelector('.band').dispatchEvent(new WheelEvent('wheel', turn));"
        )
        route = browser.wait("return location.hash.includes('from=') && location.hash")
        start, end = (int(part.partition("=")[2], 16) for part in route.partition("?")[2].split("&"))
        assert start < 0x221DD8008000 < end
        assert end - start < 1 << 47

    def test_dragging_chooses_a_stretch(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/map?from=00155DE00000&to=00155DE000FF")
        left, width, top = browser.run(
            "const box = document.querySelector('.range').getBoundingClientRect(); return [box.left, box.width, box.top + 8]"
        )
        browser.drag((int(left + width / 4), int(top)), (int(left + width / 2), int(top)))
        route = browser.wait("return location.hash !== '#/map?from=00155DE00000&to=00155DE000FF' && location.hash")
        start, end = (int(part.partition("=")[2], 16) for part in route.partition("?")[2].split("&"))
        assert abs(start - 0x00155DE00040) < 4
        assert abs(end - 0x00155DE00080) < 4
        label = browser.wait(
            "const cell = document.querySelector('.grid button'); return cell && cell.getAttribute('aria-label')"
        )
        assert label.startswith(f"00-15-5D-E0-00-{start % 256:02X}")

    def test_an_address_that_is_typed_is_shown(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/map")
        browser.type("#jump", "0015.5de0.0105")
        browser.press("Enter")
        detail = browser.wait("const box = document.querySelector('.map-detail h2'); return box && box.textContent")
        assert detail == "00-15-5D-E0-01-05"
        assert "web03" in browser.run("return document.querySelector('.map-detail').textContent")


class TestWholePage:
    def test_finds_an_address_a_vm_and_a_host(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        for typed, route in (
            ("00155de00005", "#/map?at=00155DE00005"),
            ("WEB01", "#/vm/"),
            ("hv2", "#/host/"),
            ("web", "#/addresses?q=web"),
        ):
            browser.open(small[1])
            browser.type("#find-text", typed)
            browser.press("Enter")
            browser.wait("return location.hash.startsWith(arguments[0])", route)

    def test_focus_and_title_follow_the_view(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1])
        browser.click("#nav a[href='#/hosts']")
        browser.wait("return document.activeElement.tagName === 'H1' && document.activeElement.textContent === 'Hosts'")
        assert browser.run("return document.title").startswith("Hosts")
        assert browser.run("return document.querySelector('#nav [aria-current]').textContent") == "Hosts"

    def test_the_first_stop_of_the_tab_key_skips_to_the_content(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        browser.open(small[1])
        browser.press("Tab")
        assert browser.run(FOCUSED) == "Skip to content"
        browser.press("Enter")
        assert browser.run("return document.activeElement.id") == "main"

    def test_everything_that_can_be_used_has_a_name(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        nameless = (
            "return [...document.querySelectorAll('button, a, input, select, [role=img]')].filter((item) => item.offsetParent"
            " && !(item.getAttribute('aria-label') || item.textContent.trim() || (item.labels && item.labels.length)"
            " )).map((item) => item.outerHTML)"
        )
        for route in ROUTES:
            browser.open(small[1], route)
            assert browser.run(nameless) == []
            assert browser.run("return document.querySelectorAll('header, nav, main, footer').length") == 4

    def test_is_dark_for_whom_prefers_it_and_can_be_switched(
        self, browser: Browser, small: tuple[dict[str, Any], Path]
    ) -> None:
        colour = "return getComputedStyle(document.documentElement).backgroundColor"
        browser.open(small[1])
        browser.run("localStorage.clear()")
        browser.open(small[1])
        light = browser.run(colour)
        browser.prefer(prefers_color_scheme="dark")
        assert browser.run(colour) != light
        browser.click("#theme")
        assert browser.run(colour) == light
        browser.open(small[1])
        assert browser.run(colour) == light
        browser.run("localStorage.clear()")

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_text_has_contrast(self, browser: Browser, small: tuple[dict[str, Any], Path], scheme: str) -> None:
        browser.prefer(prefers_color_scheme=scheme)
        for route in ("#/", "#/findings", "#/hosts", "#/map?at=00155DE00006"):
            browser.open(small[1], route)
            assert browser.run(CONTRAST) == []

    def test_fits_a_narrow_window(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.resize(360, 740)
        for route in ROUTES:
            browser.open(small[1], route)
            assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth"), route

    def test_tables_sort(self, browser: Browser, small: tuple[dict[str, Any], Path]) -> None:
        browser.open(small[1], "#/addresses")
        read = "return [...document.querySelectorAll('#view tbody tr td:nth-child(2)')].map((item) => item.textContent)"
        browser.click("#view th:nth-child(2) .sort")
        up = browser.run(read)
        browser.click("#view th:nth-child(2) .sort")
        assert browser.run(read) == sorted(browser.run(read), key=str.casefold, reverse=True)
        assert sorted(up) == sorted(browser.run(read))
        assert (
            browser.run("return document.querySelector('#view [aria-sort]').getAttribute('aria-sort')") == "descending"
        )

    def test_an_empty_cluster_has_every_view(self, browser: Browser, tmp_path: Path) -> None:
        _report, page = written(tmp_path, [])
        for route in ROUTES:
            browser.open(page, route)
            assert browser.run(TEXT).strip()

    def test_an_imagined_change_has_its_list(self, browser: Browser, tmp_path: Path) -> None:
        report, page = written(
            tmp_path,
            troubled(),
            what_if={"action": "set_range", "host": "hv1", "range": {"start": "00155DE00400", "size": 64}},
        )
        browser.open(page)
        browser.click("#nav a[href='#/changes']")
        text = browser.wait("return document.querySelector('#view table') && document.querySelector('#view').innerText")
        assert report["changes"]
        for change in report["changes"]:
            assert change["evidence"] in text


class TestManyAdapters:
    def test_every_view_comes(self, browser: Browser, large: tuple[dict[str, Any], Path]) -> None:
        report, page = large
        browser.open(page)
        assert "10,000 adapters" in browser.run(TEXT)
        for route in ("#/findings", "#/addresses", "#/hosts", "#/map", "#/host/63", "#/vm/9999", "#/"):
            browser.go(route)
        browser.go("#/findings")
        total = f"{len(report['findings']):,}"
        assert f"of {total} findings" in browser.run("return document.querySelector('.told').textContent")

    def test_the_document_stays_small(self, browser: Browser, large: tuple[dict[str, Any], Path]) -> None:
        for route in ("#/findings", "#/addresses", "#/host/0", "#/map"):
            browser.open(large[1], route)
            assert browser.run("return document.querySelectorAll('*').length") < 5000

    def test_more_findings_come_on_demand(self, browser: Browser, large: tuple[dict[str, Any], Path]) -> None:
        browser.open(large[1], "#/findings")
        before = browser.run(VISIBLE_FINDINGS)
        browser.click("#view .wide")
        assert browser.run(VISIBLE_FINDINGS) == 2 * before

    def test_one_among_all_is_found(self, browser: Browser, large: tuple[dict[str, Any], Path]) -> None:
        browser.open(large[1], "#/addresses")
        browser.type("#q", "vm7777")
        browser.wait("return document.querySelector('.told').textContent.startsWith('1 of')")
        browser.click("#view tbody a[href^='#/vm/']")
        browser.wait("const title = document.querySelector('#view h1'); return title && title.textContent === 'vm7777'")


# Every text against the first opaque colour behind it, by the formula of WCAG 2.
CONTRAST = """
const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length === 3 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
const bad = [];
for (const element of document.querySelectorAll('body *')) {
  if (!element.offsetParent || element.closest('.hidden, :disabled')) continue;
  if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
  const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
  if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${element.className} ${element.textContent.slice(0, 30)} ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
}
return bad;
"""
