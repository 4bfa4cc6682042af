"""Privacy, terms and contact: the owner's words, never HTML."""

from pathlib import Path

import pytest

from kentong.server.http.pages import NAMES, render
from tests.unit.http.inn import inn, run


def body_of(text: str) -> str:
    page = render(text, "terms")
    return page.partition("<main>\n")[2].partition("\n</main>")[0]


def test_headings_lists_and_paragraphs() -> None:
    text = "# Us\nWe are\ntwo.\n\nAnd\n- one\n-  two\n## More\n\n\n-\n"
    assert body_of(text).splitlines() == [
        "<h1>Us</h1>",
        "<p>We are two.</p>",
        "<p>And</p>",
        "<ul><li>one</li><li>two</li></ul>",
        "<h2>More</h2>",
        "<ul><li></li></ul>",
    ]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "# <b>", "- <img src=x>", "\"&'"])
def test_nothing_becomes_html(text: str) -> None:
    found = body_of(text)
    assert "<script" not in found
    assert "<b>" not in found
    assert "<img" not in found


def test_whole_addresses_become_links() -> None:
    assert body_of("See https://example.org/a?b=1&c=2. Or javascript:alert(1)") == (
        '<p>See <a href="https://example.org/a?b=1&amp;c=2" rel="noreferrer">'
        "https://example.org/a?b=1&amp;c=2</a>. Or javascript:alert(1)</p>"
    )
    assert body_of('https://a.example/"onclick=x').count("<a ") == 1
    assert "onclick=x&quot;" not in body_of('https://a.example/"onclick=x')


def test_long_odd_text_is_rendered_in_one_go() -> None:
    assert body_of("# a\n- b\nc\n" * 20_000).count("<h1>") == 20_000


def test_first_texts_are_there_and_an_owner_changes_them_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, horizon_days=41) as it:
            for name in NAMES:
                answer = await it.get(f"/pages/{name}")
                assert answer.status == 200
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert b"up to 41 days" in (await it.get("/pages/privacy")).body
            (tmp_path / "pages" / "contact.txt").write_text("Rina, <rina@example.org>")
            answer = await it.get("/pages/contact")
            assert b"Rina, &lt;rina@example.org&gt;" in answer.body
            (tmp_path / "pages" / "contact.txt").unlink()
            assert (await it.get("/pages/contact")).status == 404
            style = await it.get("/pages/style.css")
            assert style.headers["Content-Type"].startswith("text/css")

    run(work())


def test_owners_text_survives_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path):
            (tmp_path / "pages" / "terms.txt").write_text("Ours.")
        async with inn(tmp_path) as it:
            assert b"<p>Ours.</p>" in (await it.get("/pages/terms")).body

    run(work())
