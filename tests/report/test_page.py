"""Pages: one file, no request, nothing of a CRM's text at work, readable with and without the script."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_bridge.i18n import _, speaking
from crm_bridge.report.charts import Bar, Drill, bars, lines
from crm_bridge.report.markup import Markup, both, joined, tag, text
from crm_bridge.report.page import HtmlColumn, HtmlPage, facts
from tests.browser import Tab, browser, needs_browser

HOSTILE = (
    "</td><script>fetch('http://127.0.0.1:9/')</script>",
    "<img src=http://127.0.0.1:9/x onerror=fetch('http://127.0.0.1:9/y')>",
    '" onclick="alert(1)" data-x="',
    "</style><link rel=stylesheet href=http://127.0.0.1:9/s.css>",
    "\u202egnp.exe <!-- ",
)
ROWS = [
    ("HT-1", "Expired", "CNY 1,200.50", "2024-01-02"),
    ("HT-2", "Expired", "CNY 90", "2025-03-04"),
    ("HT-3", "合同 生效", "CNY 5,000", "2025-06-07"),
    *((words, "Expired", "", "") for words in HOSTILE),
]


def written(title: object = "Review", rows: Iterable[Sequence[object]] = ROWS) -> bytes:
    output = io.BytesIO()
    with HtmlPage(output, title=title) as page:
        page.add(facts([(both(lambda: _("Status")), HOSTILE[0])]))
        drills = [
            Bar("Expired", 7, drill=Drill(1, "equals", "Expired")),
            Bar("2025", 2, drill=Drill(3, "begins", "2025")),
            Bar("1,000 - 5,000", 1, drill=Drill(2, "within", "1000..5000")),
            Bar(HOSTILE[2], 1, drill=Drill(1, "equals", HOSTILE[2])),
        ]
        page.add(tag("div", bars("Contracts", drills), lines("By year", [("2024", 1), ("2025", 2)]), class_="charts"))
        page.table(
            [HtmlColumn("Number"), HtmlColumn("Status"), HtmlColumn("Amount", number=True), HtmlColumn("Start")], rows
        )
    return output.getvalue()


@given(st.text())
def test_no_text_opens_an_element_or_leaves_an_attribute(value: str) -> None:
    child, attribute = tag("p", value), tag("p", "", title=value)
    assert child.removeprefix("<p>").removesuffix("</p>").count("<") == 0
    assert attribute.count('"') == 2
    assert attribute.count("<") == 2


@pytest.mark.parametrize(
    ("element", "attributes"),
    [
        ("script", {}),
        ("img", {"src": "x"}),
        ("iframe", {}),
        ("form", {}),
        ("p", {"onclick": "x"}),
        ("p", {"style": "background:url(http://x)"}),
        ("a", {"href": "https://example.com"}),
        ("a", {"href": "javascript:alert(1)"}),
    ],
)
def test_what_loads_runs_or_leaves_the_page_cannot_be_built(element: str, attributes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="report"):
        tag(element, **attributes)


def test_markup_that_is_joined_by_hand_is_text_again() -> None:
    assert text(tag("b", "x") + "<i>") == "&lt;b&gt;x&lt;/b&gt;&lt;i&gt;"
    assert joined(tag("b", "x"), "<i>") == "<b>x</b>&lt;i&gt;"


def test_words_stand_in_both_languages_whatever_the_active_one() -> None:
    with speaking("zh_CN"):
        told = both(lambda: _("Status"))
        assert _("Status") == "状态"
    assert told == Markup('<span lang="en">Status</span><span lang="zh-CN">状态</span>')
    assert both(lambda: "HT-1") == "HT-1"


def test_a_page_forbids_every_request() -> None:
    told = written()
    assert b"default-src 'none'; style-src 'sha256-" in told


def test_a_page_whose_rows_fail_has_no_end() -> None:
    output = io.BytesIO()
    rows = (("x", 1 // 0) for _one in "a")
    with pytest.raises(ZeroDivisionError), HtmlPage(output, title="x") as page:
        page.table([HtmlColumn("A"), HtmlColumn("B")], rows)
    assert b"</html>" not in output.getvalue()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_bytes(written())
    with browser() as tab:
        tab.open(path)
        yield tab


def visible(tab: Tab) -> list[str]:
    told: list[str] = tab.ask(
        "[...document.querySelectorAll('#rows1 tbody tr')].flatMap(r => r.hidden ? [] : r.cells[0].textContent.trim())"
    )
    return told


@needs_browser
def test_hostile_text_is_shown_and_does_nothing(tab: Tab) -> None:
    assert tab.requests == []
    assert tab.complaints == []
    assert tab.ask("document.querySelectorAll('img, link, [onclick]').length") == 0
    assert HOSTILE[0] in visible(tab)
    assert "\\u202egnp.exe <!--" in visible(tab)


@needs_browser
def test_the_filter_and_the_bars_choose_rows(tab: Tab) -> None:
    assert len(visible(tab)) == len(ROWS)
    tab.type_into("input[type=search]", "ht- 合同")
    assert visible(tab) == ["HT-3"]
    assert tab.ask("document.querySelector('.shown').innerText") == f"1 / {len(ROWS)}"
    tab.ask("document.querySelector('input[type=search]').select()")
    tab.call("Input.dispatchKeyEvent", type="keyDown", key="Backspace", windowsVirtualKeyCode=8)
    for bar, numbers in ((1, ["HT-2", "HT-3"]), (2, ["HT-1"]), (3, [])):
        tab.ask(f"document.querySelectorAll('button[data-how]')[{bar}].click()")
        assert visible(tab) == numbers
    tab.ask("document.querySelector('button.chosen').click()")
    assert len(visible(tab)) == len(ROWS)


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_no_width_makes_the_page_scroll_sideways(tab: Tab, width: int) -> None:
    tab.resize(width)
    assert tab.ask("document.documentElement.scrollWidth") <= width


@needs_browser
def test_the_language_is_changed_in_the_page(tab: Tab) -> None:
    shown = "[...document.querySelectorAll('dt span')].filter(s => s.offsetWidth).map(s => s.innerText)"
    tab.ask("document.getElementById('zh_CN').click()")
    assert tab.ask(shown) == ["状态"]
    tab.ask("document.getElementById('en').click()")
    assert tab.ask(shown) == ["Status"]


@needs_browser
def test_the_policy_of_the_page_refuses_what_a_script_would_ask_for(tab: Tab) -> None:
    before = len(tab.complaints)
    assert tab.ask("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"
    assert any("Content Security Policy" in one for one in tab.complaints[before:])


@needs_browser
def test_a_page_can_be_printed(tab: Tab) -> None:
    assert tab.printed().startswith(b"%PDF")


@needs_browser
def test_without_its_script_a_page_still_has_every_row(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(written().replace(b'"use strict"', b'throw "changed"'))
    with browser() as tab:
        tab.open(path)
        assert len(visible(tab)) == len(ROWS)
        assert any("Content Security Policy" in one for one in tab.complaints)
