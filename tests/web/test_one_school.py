"""An account that sees one school: no page, export, search or error page holds an id of another."""

from __future__ import annotations

import itertools
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from pages import ONE_SCHOOL, Client

from rosterkit import Workspace
from rosterkit.roster.schema import entities
from rosterkit.store.browse import schools
from rosterkit.store.schools import schools_of_changes
from rosterkit.web.app import ROUTES
from rosterkit.web.oidc import BACK


@pytest.fixture(scope="module")
def foreign(made_workspace: Path) -> set[str]:
    """The ids of everything that is at other schools and not at this one, and these schools' names and numbers.

    By the frames of the planner's side, while the pages ask SQL: the two must agree.
    """
    workspace = Workspace(made_workspace)
    with workspace.reading() as connection:
        mine, *others = schools(connection)
        places = schools_of_changes(workspace.database)
        found = {str(row[name]) for row in others for name in ("sourced_id", "name", "identifier")}
        for entity in entities():
            if entity.name not in places:
                continue
            seen = {i for i, text in places[entity.name].iter_rows() if mine["sourced_id"] in text.split("\x1f")}
            rows = connection.execute(f'select id, sourced_id from "{entity.table}"').fetchall()
            elsewhere = {i for i, text in places[entity.name].iter_rows()} - seen
            found |= {key for i, key in rows if i in elsewhere}
            found -= {key for i, key in rows if i in seen}
    return found


def addresses(workspace: Workspace, foreign: set[str]) -> list[str]:
    """Every route that can be read, with what can be asked of it."""
    out = []
    for method, path, _, _ in ROUTES:
        if method != "GET":
            continue
        plans = [plan.id for plan in workspace.plans()]
        for plan, feed in itertools.product(plans, workspace.config.feeds):
            out.append(path.replace("{plan}", plan).replace("{feed}", feed))
    plan = workspace.plans()[0].id
    for held, sort, size in itertools.product(("", "yes"), ("", "school"), ("", "200")):
        out.append(f"/plans/{plan}?held={held}&sort={sort}&size={size}&descending=1")
    rules = [row[0] for row in workspace.show().findings.select("rule").unique().iter_rows()]
    out += [f"/findings{kind}?rule={rule}" for rule in rules for kind in ("", ".csv")]
    out += ["/people?status=archived", "/people?role=guardian", "/people?page=2", "/nothing", "/record?entity=X&id=y"]
    some = sorted(foreign)
    out += [f"/people?school={quote(key)}" for key in some[:4]] + [f"/classes?school={quote(key)}" for key in some[:4]]
    return list(dict.fromkeys(out))


def leaks(text: str, foreign: set[str], query_text: str = "") -> list[str]:
    """The ids on a page. What was asked for may stand in its own search field."""
    shown = re.sub(r'(?:value|href)="[^"]*"', "", text) if query_text else text
    return [key for key in foreign if re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", shown)]


def test_no_route_shows_an_id_of_another_school(client: Client, workspace: Workspace, foreign: set[str]) -> None:
    assert len(foreign) > 50
    client.log_in(ONE_SCHOOL)
    for path in addresses(workspace, foreign):
        answer = client.get(path)
        assert answer.status_code in (200, 404) or path in (BACK, "/log-out/provider"), path
        assert leaks(answer.text, foreign, path if "school=" in path else "") == [], path


def test_what_is_about_the_whole_district_is_not_there(client: Client, workspace: Workspace) -> None:
    client.log_in(ONE_SCHOOL)
    for method, path, _, needs in ROUTES:
        if needs.get("district"):
            client.get("/")
            filled = path.replace("{plan}", workspace.plans()[0].id).replace("{feed}", "oneroster")
            answer = client.get(filled) if method == "GET" else client.post(filled, {"reason": "x", "seen": "1"})
            assert answer.status_code == 404, path


def test_a_student_of_two_schools_is_seen_without_the_other(
    client: Client, workspace: Workspace, foreign: set[str]
) -> None:
    """The record is seen; the id and the name of the other school are not."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        (other,) = connection.execute("select id from org where sourced_id='org-birch'").fetchone()
        columns = [row[1] for row in connection.execute("pragma table_info(role)")]
        own = {"id": "900001", "sourced_id": "'stu-1001:second'", "org_id": str(other)}
        values = ",".join(own.get(name, f'"{name}"') for name in columns)
        user = "(select id from user where sourced_id='stu-1001')"
        connection.execute(f"insert into role select {values} from role where user_id={user} limit 1")
        connection.execute("update user set primary_org_id=? where sourced_id='stu-1001'", (other,))
        connection.commit()
    client.log_in(ONE_SCHOOL)
    plan = workspace.plans()[0].id
    paths = ("/people?q=stu-1001", "/record?entity=User&id=stu-1001", f"/plans/{plan}?q=quispe", f"/plans/{plan}")
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200
        assert "Ana Quispe" in answer.text, path
        assert leaks(answer.text, foreign) == [], path
    with Client(str(client.http.base_url)) as everybody:
        everybody.log_in("approver")
        assert leaks(everybody.get(f"/plans/{plan}?q=quispe").text, foreign) != []


def test_the_same_search_finds_ids_for_an_account_that_sees_all(
    client: Client, workspace: Workspace, foreign: set[str]
) -> None:
    """The search itself is right: without the restriction it finds what it looks for."""
    client.log_in("approver")
    plan = workspace.plans()[0].id
    for path in ("/", "/people", "/classes", f"/plans/{plan}?size=200"):
        assert leaks(client.get(path).text, foreign) != [], path


def test_no_record_of_another_school_can_be_opened(client: Client, workspace: Workspace, foreign: set[str]) -> None:
    client.log_in(ONE_SCHOOL)
    known = 0
    with workspace.reading() as connection:
        for entity in entities():
            keys = [key for (key,) in connection.execute(f'select sourced_id from "{entity.table}"')]
            for key in [one for one in keys if one in foreign][:4]:
                answer = client.get(f"/record?entity={entity.name}&id={quote(key, safe='')}")
                assert answer.status_code == 404, (entity.name, key)
                assert leaks(answer.text, foreign) == []
                known += 1
    assert known > 12


def test_records_of_the_own_school_can_be_opened_and_show_no_other(
    client: Client, workspace: Workspace, foreign: set[str]
) -> None:
    client.log_in(ONE_SCHOOL)
    for path, every in (("/people", 5), ("/people?role=guardian", 5), ("/classes", 2)):
        for link in re.findall(r'href="(/record[^"]+)"', client.get(path).text)[::every]:
            answer = client.get(link.replace("&amp;", "&"))
            assert answer.status_code == 200, link
            assert leaks(answer.text, foreign) == [], link


def test_a_search_for_others_finds_nothing(client: Client, workspace: Workspace) -> None:
    client.log_in(ONE_SCHOOL)
    with workspace.reading() as connection:
        other = schools(connection)[1]["sourced_id"]
        query = "select u.sourced_id, u.given_name, u.username, u.email from user u join role r on r.user_id=u.id "
        query += "join org o on o.id=r.org_id where o.sourced_id=? and r.role='student' limit 3"
        people = connection.execute(query, (other,)).fetchall()
    plan = workspace.plans()[0].id
    for key, given, username, email in people:
        for text in (key, username, email):
            found = client.get("/people", params={"q": text}).text
            assert "0 people." in found
            assert given not in re.sub(r'value="[^"]*"', "", found)
            assert "Nothing matches." in client.get(f"/plans/{plan}", params={"q": text}).text


@pytest.mark.parametrize("act", ["hold", "release", "approve-held"])
def test_no_act_reaches_another_school(client: Client, workspace: Workspace, foreign: set[str], act: str) -> None:
    client.log_in(ONE_SCHOOL)
    plan = workspace.plans()[0].id
    client.get(f"/plans/{plan}")
    seen = client.hidden("seen")
    lines = workspace.show(plan).lines.select("entity", "action", "sourced_id").rows()
    before = workspace.holds(), workspace.decisions()
    for entity, action, key in [line for line in lines if line[2] in foreign][::8]:
        record = f"{entity}\x1f{action}\x1f{key}\x1fholds"
        data = {"act": act, "reason": "x", "seen": seen, "record": record}
        client.get(f"/plans/{plan}")
        assert client.post(f"/plans/{plan}/decide", data).status_code == 404
        client.get("/")
        one = {"entity": entity, "id": key, "reason": "x", "seen": "holds"}
        assert client.post(f"/record/{'release' if act == 'release' else 'hold'}", one).status_code == 404
    client.get("/")
    assert client.post(f"/plans/{plan}/decide", {"act": "approve-held", "group": "User archive"}).status_code == 404
    for verb in ("approve", "reject"):
        client.get("/")
        assert client.post(f"/plans/{plan}/{verb}", {"reason": "x", "seen": seen}).status_code == 404
    assert (workspace.holds(), workspace.decisions()) == before


def test_the_own_school_can_be_held(client: Client, workspace: Workspace) -> None:
    client.log_in(ONE_SCHOOL)
    link = next(iter(re.findall(r'href="(/record[^"]+)"', client.get("/people").text))).replace("&amp;", "&")
    client.get(link)
    key = client.hidden("id")
    data = {"entity": "User", "id": key, "seen": client.hidden("seen"), "back": link, "reason": "moving"}
    assert client.post("/record/hold", data).status_code == 303
    assert [hold.sourced_id for hold in workspace.holds() if hold.code == "person"] == [key]
