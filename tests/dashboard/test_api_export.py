"""Exports over HTTP: a file to save, refused like any other call, and offered beside the list that it is of."""

from __future__ import annotations

import html
import json
import re

from tests.dashboard.browsing import BASE, browser, page
from tests.dashboard.fixed_herd import small_company
from tests.dashboard.served import client, dashboard

MAIL = f"{BASE}/api/queues/default/bull/mail"


def test_an_export_is_a_file_and_its_last_line_says_how_many_jobs_there_are() -> None:
    answer = client(dashboard(small_company())).get(f"{MAIL}/export?state=completed")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="mail-completed.ndjson"'
    *jobs, last = map(json.loads, answer.text.splitlines())
    assert [job["id"] for job in jobs] == ["5", "6"]
    assert (last["export"]["jobs"], last["export"]["complete"]) == (2, True)


def test_a_table_begins_with_its_columns() -> None:
    answer = client(dashboard(small_company())).get(f"{MAIL}/export?state=failed&format=csv&bom=true")
    first, row, last = answer.content.decode("utf-8-sig").splitlines()
    assert first.startswith("queue,id,state,name,failedReason,")
    assert row.startswith("mail,3,failed,send,")
    assert last.startswith('"# 1 jobs, of 1 looked at')


def test_what_makes_no_sense_is_refused_before_anything_is_sent() -> None:
    http = client(dashboard(small_company()))
    for asked, status in (("state=odd", 400), ("state=failed&format=xls", 400), ("state=failed&q=((", 400)):
        assert http.get(f"{MAIL}/export?{asked}").status_code == status
    assert http.get(f"{BASE}/api/queues/default/bull/none/export?state=failed").status_code == 404
    assert http.get(f"{BASE}/api/queues/default/bull/none/export?state=failed").json()["code"] == "not_found"


def test_a_head_request_sends_no_job() -> None:
    answer = client(dashboard(small_company())).head(f"{MAIL}/export?state=completed")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_list_offers_what_it_shows_as_a_file() -> None:
    http = browser(small_company())
    shown = page(http, "/queues/default/bull/mail?state=failed&q=reason%3AECONNRESET")
    links = [html.unescape(href) for href in re.findall(r'href="([^"]*/export[^"]*)"', shown.html)]
    assert [re.findall(r"format=(\w+)", link) for link in links] == [["csv"], ["ndjson"]]
    for link in links:
        answer = http.get(link)
        assert answer.status_code == 200
        assert '"3"' in answer.text or ",3," in answer.text
