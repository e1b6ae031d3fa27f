"""What a page is told after it was read: what changed, nothing else, and never a row in between the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from starlette.testclient import TestClient

from core.job import Job
from core.model import State, Traffic
from core.snapshot import Pass, Reading
from dashboard.pages.overview import row_id
from tests.dashboard.browsing import BASE, Page, browser, each_anew, page, stream_of
from tests.dashboard.fixed_herd import MAIL, FixedHerd, job, now, payload, queue, small_company

OF_MAIL = "/queues/default/bull/mail"


@pytest.fixture(autouse=True)
def nothing_is_shared_for_longer_than_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.shared.Shared.get", each_anew)


@dataclass
class Looking:
    """A tab that shows a page and asks what is new."""

    client: TestClient
    path: str
    address: str = ""
    shown: Page = field(init=False)

    def __post_init__(self) -> None:
        self.shown = page(self.client, self.path)
        self.address = stream_of(self.shown)
        # A mark is taken before looking, so the first news come twice rather than never.
        self.news()
        self.news()

    def news(self) -> dict[str, Page]:
        """The pieces that changed since the last time, by the element they replace."""
        response = self.client.get(self.address)
        assert response.status_code == 200
        self.address = re.sub(r"since=.*", f"since={response.headers['x-tickbird-mark']}", self.address)
        pieces = re.findall(r'<hx-partial id="([^"]+)">(.*?)</hx-partial>', response.text, re.DOTALL)
        return {id: Page(html) for id, html in pieces}


def looking(herd: FixedHerd, path: str = "") -> Looking:
    return Looking(browser(herd), path)


def failures(number: int) -> list[Job]:
    return [
        job(MAIL, f"f{i}", State.FAILED, failed_reason=payload("no"), finished_on=now() - 5000) for i in range(number)
    ]


def mail(jobs: list[Job]) -> FixedHerd:
    return FixedHerd((queue("mail"),), jobs)


def test_nothing_new_is_nothing_sent() -> None:
    for path in ("", OF_MAIL, f"{OF_MAIL}/jobs/3"):
        tab = looking(small_company(), path)
        assert tab.news() == {}


def test_a_piece_replaces_the_element_that_carries_its_id() -> None:
    herd = small_company()
    tab = looking(herd)
    herd.taken_at += 1000
    for id, piece in tab.news().items():
        assert piece.elements[0].attributes["id"] == id
        assert f'id="{id}"' in tab.shown.html


def test_the_age_of_the_data_goes_on_with_each_reading() -> None:
    herd = small_company()
    tab = looking(herd)
    herd.taken_at += 1000
    assert list(tab.news()) == ["foot"]


def test_only_the_rows_that_changed_are_sent() -> None:
    herd = small_company()
    tab = looking(herd)
    herd.queues = [replace(q, traffic=Traffic(912.0, 909.0)) if q.id.name == "video" else q for q in herd.queues]
    news = tab.news()
    (row,) = [piece for id, piece in news.items() if id.startswith("q")]
    assert "video" in row.words
    assert "912 909" in row.words
    assert set(news) - {"totals"} == {row_id(herd.queues[1].id)}


def test_new_queues_are_announced_and_gone_ones_stay_and_say_so() -> None:
    herd = small_company()
    tab = looking(herd)
    herd.queues = [q for q in herd.queues if q.id.name != "video"] + [queue("new-1"), queue("new-2")]
    news = tab.news()
    assert news["news"].words == "This list has changed: show it as it is now"
    assert "All 4" in news["tabs"].words


def test_a_tab_that_shows_a_part_is_told_of_the_rows_of_that_part_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard.pages.queue_list.SHOWN", 3)
    herd = FixedHerd(tuple(queue(f"q{i}") for i in range(9)))
    tab = looking(herd, "?sort=name&from=3")
    herd.queues = [replace(q, traffic=Traffic(5.0, 5.0)) for q in herd.queues]
    rows = {id for id in tab.news() if id in {row_id(q.id) for q in herd.queues}}
    assert rows == {row_id(q.id) for q in herd.queues[3:6]}
    herd.queues = [q for q in herd.queues if q.id.name != "q4"]
    assert tab.news()["news"].words == "This list has changed: show it as it is now"


def test_one_stream_tells_how_many_queues_are_new() -> None:
    herd = small_company()
    tab = looking(herd)
    herd.queues = [*herd.queues, queue("new-1"), queue("new-2")]
    assert "news" in tab.news()


def test_a_page_without_rows_fills_by_itself() -> None:
    herd = FixedHerd()
    tab = looking(herd)
    assert "There is no Bull or BullMQ queue in Redis yet." in tab.shown.words
    herd.queues = [queue("mail")]
    filled = tab.news()["list"]
    assert filled.row("mail")


class Searching(FixedHerd):
    """Its first search for queues is not over yet."""

    def _reading(self, name: str) -> Reading:
        return replace(super()._reading(name), discovery=Pass(5, 10, None, running=True))


def test_while_queues_are_still_searched_for_rows_come_by_themselves() -> None:
    herd = Searching((queue("mail"),))
    tab = looking(herd)
    herd.queues = [queue("mail"), queue("video")]
    assert tab.news()["list"].row("video")


def test_an_empty_list_of_jobs_fills_by_itself() -> None:
    herd = mail([])
    tab = looking(herd, f"{OF_MAIL}?state=failed")
    assert "No failed job." in tab.shown.words
    herd.contents = failures(2)
    assert tab.news()["list"].row("f1")


def test_new_jobs_are_counted_at_the_top_and_not_pushed_in() -> None:
    many = failures(40)
    herd = mail(many[:3])
    tab = looking(herd, f"{OF_MAIL}?state=failed")
    herd.contents = many
    news = tab.news()
    assert news["news"].words == "37 new jobs"
    assert [id for id in news if id.startswith("j")] == []
    assert "failed 40" in news["tabs"].words
    assert news["news"].one("a").attributes["href"] == f"{BASE}{OF_MAIL}?state=failed"


def test_on_a_page_further_on_new_jobs_are_not_announced() -> None:
    many = failures(80)
    herd = mail(many[:60])
    tab = looking(herd, f"{OF_MAIL}?state=failed&size=25&cursor=25")
    herd.contents = many
    assert "news" not in tab.news()


def test_a_job_that_left_stays_in_its_row_and_says_where_it_went() -> None:
    herd = mail(failures(3))
    tab = looking(herd, f"{OF_MAIL}?state=failed")
    moved = replace(herd.contents[0], row=replace(herd.contents[0].row, state=State.WAITING))
    herd.contents = [moved, *herd.contents[2:]]
    rows = {piece.words.split()[0]: piece for id, piece in tab.news().items() if id.startswith("j")}
    assert set(rows) == {"f0", "f1"}
    assert all("left" in piece.elements[0].attributes["class"] for piece in rows.values())
    assert rows["f0"].words.endswith("waiting")
    assert rows["f1"].words.endswith("gone from Redis")


def test_progress_moves_in_its_row_and_on_the_page_of_the_job() -> None:
    made = job(MAIL, "1", State.ACTIVE, progress=payload("10", value=10, is_json=True))
    herd = mail([made])
    of_list, of_job = looking(herd, f"{OF_MAIL}?state=active"), looking(herd, f"{OF_MAIL}/jobs/1")
    herd.contents = [replace(made, row=replace(made.row, progress=62.5))]
    (row,) = [piece for id, piece in of_list.news().items() if id.startswith("j")]
    assert row.one("progress").attributes["value"] == "62.5"
    news = of_job.news()
    assert set(news) == {"head"}
    assert news["head"].one("progress").attributes["value"] == "62.5"


def test_what_a_job_carries_is_not_sent_again_while_it_stays() -> None:
    made = job(MAIL, "1", State.ACTIVE, data=payload('"' + "x" * 9000 + '"', is_json=True))
    herd = mail([made])
    tab = looking(herd, f"{OF_MAIL}/jobs/1")
    herd.contents = [replace(made, row=replace(made.row, progress=1))]
    assert set(tab.news()) == {"head"}
    herd.contents = [replace(made, data=payload('"y"', is_json=True))]
    assert {"matter"} <= set(tab.news())


def test_a_job_that_is_gone_leaves_its_page_standing_and_a_word() -> None:
    herd = small_company()
    tab = looking(herd, f"{OF_MAIL}/jobs/3")
    herd.contents = [job for job in herd.contents if job.row.id != "3"]
    news = tab.news()
    assert set(news) <= {"trouble", "foot", "banner"}
    assert "There is no job '3' in 'mail' any more." in news["trouble"].words


def test_while_redis_is_away_rows_stay_and_the_page_says_so_until_it_is_back() -> None:
    herd = mail(failures(3))
    tab = looking(herd, f"{OF_MAIL}?state=failed")
    herd.down = ("default",)
    news = tab.news()
    assert "cannot be reached" in news["banner"].words
    assert "cannot be reached" in news["trouble"].words
    assert [id for id in news if id.startswith("j")] == []
    herd.down = ()
    news = tab.news()
    assert news["banner"].words == news["trouble"].words == ""


def test_a_queue_that_is_gone_is_said_to_be() -> None:
    herd = small_company()
    tab = looking(herd, OF_MAIL)
    herd.queues = [q for q in herd.queues if q.id != MAIL]
    assert "There is no queue 'mail'" in tab.news()["trouble"].words


def test_after_a_restart_everything_is_sent_and_rows_that_cannot_be_told_any_more_are_said_to_be() -> None:
    herd = mail(failures(3))
    before = page(browser(herd), f"{OF_MAIL}?state=failed")
    herd.contents = herd.contents[1:]
    restarted = browser(herd)
    response = restarted.get(stream_of(before))
    ids = re.findall(r'<hx-partial id="([^"]+)">', response.text)
    assert {"head", "tabs", "foot", "news"} <= set(ids)
    assert sum(id.startswith("j") for id in ids) == 2
    assert "This list has changed" in response.text


@pytest.mark.parametrize(
    "at",
    [
        "",
        "/",
        "/elsewhere",
        f"{BASE}x",
        f"{BASE}/queues",
        f"{BASE}/queues/a/b",
        f"{BASE}/api/queues",
        f"{BASE}/queues/a/b/c/jobs",
        f"{BASE}/queues/a/b/c/d/e",
        f"{BASE}/queues/a/b/~x",
        "https://elsewhere.example/admin/queues",
        "\x00",
    ],
)
def test_what_is_no_page_of_ours_cannot_be_followed(at: str) -> None:
    client = browser(small_company())
    for path in ("live", "fragments"):
        response = client.get(f"{BASE}/{path}", params={"at": at})
        assert response.status_code in (400, 404), response.text[:200]


def test_made_up_rows_and_marks_do_no_harm() -> None:
    client = browser(small_company())
    for rows in ("x", ".".join(["j" + "A" * 8] * 5000), "0.", "\x00"):
        for at in (BASE, BASE + OF_MAIL):
            assert (
                client.get(f"{BASE}/fragments", params={"at": at, "rows": rows, "since": "9" * 99}).status_code == 200
            )
