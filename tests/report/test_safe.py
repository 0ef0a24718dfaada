"""Text from outside stays text: in Markdown, in a code span, in a runner's log."""

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.report import progress, render, safe

HOSTILE = [
    "](http://evil.example)", "[here](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<script>", "&lt;b&gt;", "![x](http://e/x.png)",
    "<http://evil.example>", "# heading", "- item", "1. item", "> quote", "***bold***", "~~gone~~", "`code`", "```", "| a | b |", "\\](http://e)",
    "&#91;x&#93;(http://e)", "::set-output name=a::b", "a\n::add-mask::x", "[x]: http://evil.example", "\u202egnp.exe", "\x1b[31mred", "$(touch x)",
]  # fmt: skip
PARAGRAPH = {"paragraph_open", "paragraph_close", "inline"}


def structure(text: str) -> set[str]:
    """The kinds of elements that Markdown makes of it, besides a paragraph of text."""
    kinds: set[str] = set()
    for token in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text):
        kinds |= {token.type} | {child.type for child in token.children or ()}
    return kinds - PARAGRAPH - {"text", "text_special"}


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_only_text_in_markdown(title: str) -> None:
    assert structure(safe.markdown(title)) == set()
    assert structure(f"- **{safe.markdown(title)}** x") <= {
        "bullet_list_open",
        "bullet_list_close",
        "list_item_open",
        "list_item_close",
        "strong_open",
        "strong_close",
    }


@given(st.text(max_size=60))
def test_any_text_is_only_text_in_markdown(text: str) -> None:
    assert structure(f"題：{safe.markdown(text)}") == set()


@given(st.text(alphabet="`a \\|[]()", max_size=20))
def test_any_text_is_only_code_in_a_code_span(text: str) -> None:
    assert structure(f"ID {safe.code(text)}。") <= {"code_inline"}


@pytest.mark.parametrize("text", ["@octocat", "city@example.org", "#12", "kadoma/line#12", "GH-12"])
def test_github_makes_no_mention_and_no_reference_of_it(text: str) -> None:
    assert not re.search(r"@|#|\bGH-\d", safe.markdown(text))


@pytest.mark.parametrize("text", ["http://evil.example", "www.evil.example", "https://evil.example/a_b"])
def test_a_bare_address_does_not_become_a_link(text: str) -> None:
    assert not re.search(r"https?://|www\.\w", safe.markdown(text))


@given(
    st.lists(
        st.sampled_from(["::", "##[", "set-output name=a::b", "\n", "\r", "\u2028", "\x85", " ", "題名"]), max_size=12
    ).map("".join)
)
def test_no_line_of_output_is_a_workflow_command(text: str) -> None:
    for line in re.split(r"\r\n|\r|\n", safe.harmless(text)):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_a_json_document_keeps_its_meaning() -> None:
    document = {"title": "##[add-mask]x ::a"}
    text = safe.json_document(document)
    assert "##[" not in text
    assert json.loads(text) == document


def test_every_value_of_a_template_is_escaped_without_being_asked_to() -> None:
    page = render._environment("markdown").from_string(
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(title) }} {{ [title, title] | join('、') }}"
    )
    shown = page.render(title="[x](http://evil.example)<img>\n::x")
    assert structure(shown) == set()


def test_a_colour_is_only_in_a_text_for_a_terminal() -> None:
    page = render._environment("text").from_string("{{ title | paint('good') }}")
    assert page.render(title="\x1b[31mx", colour=True) == "\x1b[32m[31mx\x1b[0m"
    assert page.render(title="\x1b[31mx", colour=False) == "[31mx"


@pytest.mark.parametrize(
    ("terminal", "environment", "colourful"),
    [(True, {}, True), (False, {}, False), (True, {"NO_COLOR": "1"}, False), (True, {"TERM": "dumb"}, False)],
)
def test_colours_are_for_a_terminal_that_wants_them(
    terminal: bool, environment: dict[str, str], colourful: bool
) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    assert progress.is_colourful(stream, environment) is colourful
