"""Notices against a real mail server and webhook: one message, nothing personal, nothing lost, nothing secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from operated import SETTINGS, Files, remove_many_and_rename, small_district
from receivers import MailServer, Webhook

from rosterkit import Workspace
from rosterkit.cli.main import run as command
from rosterkit.errors import Refused
from rosterkit.store import notices as stored
from rosterkit.testing.package import write_package

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise's own imports


class Receivers:
    """A workspace that notifies both servers."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.mail, self.hook = folder, MailServer(), Webhook()
        patch.setenv("ROSTERKIT_TEST_NOTICES", self.mail.url)
        patch.setenv("ROSTERKIT_TEST_HOOK", self.hook.url)
        Workspace.init(folder / "ws")
        self.settings()

    def settings(self, more: str = "", to: str = '"env:ROSTERKIT_TEST_NOTICES", "env:ROSTERKIT_TEST_HOOK"') -> None:
        toml = SETTINGS.format(mode="auto", more=more)
        toml = toml.replace('to = ["env:ROSTERKIT_TEST_NOTICES"]', f'to = [{to}]\ndistrict = "Larkspur Valley"')
        (self.folder / "ws" / "rosterkit.toml").write_text(toml)

    @property
    def ws(self) -> Workspace:
        return Workspace(self.folder / "ws")

    def deliver(self, files: Files) -> None:
        write_package(self.folder / "package.zip", files)

    def bodies(self) -> list[str]:
        """What the webhook got."""
        return [str(post["message"]) for post in self.hook.posts]


@pytest.fixture
def receivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receivers]:
    made = Receivers(tmp_path, monkeypatch)
    yield made
    made.mail.close()
    made.hook.close()


def test_both_get_one_message_for_a_run_with_what_waits_and_where_to_look(receivers: Receivers) -> None:
    receivers.deliver(small_district())
    run = receivers.ws.sync()
    (mail,), (post,) = receivers.mail.mails, receivers.hook.posts
    assert str(mail["Subject"]) == post["title"] == f"[rosterkit] Larkspur Valley: held (run {run.id})"
    assert mail["To"] == "operator@larkspur.example"
    for text in (run.plan, "it is the first plan", f"runs {run.id}"):
        assert text in post["message"]


def test_each_kind_of_notice_arrives_at_both(receivers: Receivers) -> None:
    """Held, first delivery, failed, an expectation that did not come: one message for a run, with all of it.

    That a source grew stale, and that it is read again, arrives in ``test_schedule``.
    """

    def kinds() -> str:
        """Of the only message of a run; the mail and the post say the same."""
        (mail,), (post,) = receivers.mail.mails, receivers.hook.posts
        assert str(mail["Subject"]) == post["title"]
        receivers.mail.mails.clear()
        receivers.hook.posts.clear()
        return str(post["title"]).split(": ")[1].split(" (")[0]

    files = small_district(12)
    receivers.deliver(files)
    with time_machine.travel(datetime(2026, 12, 14, 18, tzinfo=UTC), tick=True):
        first = receivers.ws.sync()
        assert kinds() == "held"
        receivers.ws.approve(first.plan, reason="compared", actor="kim")
        receivers.ws.expect_students(40, by=date(2026, 12, 15), reason="a new wing", actor="kim")
        receivers.ws.sync()
        assert kinds() == "first"
    with time_machine.travel(datetime(2026, 12, 17, 18, tzinfo=UTC), tick=True):
        receivers.deliver({**files, "enrollments": []})
        receivers.ws.sync()
        assert kinds() == "failed, first, overdue"


def test_a_link_in_the_settings_stands_in_the_message(receivers: Receivers) -> None:
    receivers.settings('[schedule]\ndays = ["mon"]\n', '"env:ROSTERKIT_TEST_HOOK"')
    path = receivers.folder / "ws" / "rosterkit.toml"
    path.write_text(path.read_text().replace("district =", 'link = "https://roster.larkspur.example"\ndistrict ='))
    receivers.deliver(small_district())
    receivers.ws.sync()
    assert "Look here: https://roster.larkspur.example" in receivers.bodies()[0]


def test_kinds_that_nobody_wants_are_not_sent(receivers: Receivers) -> None:
    path = receivers.folder / "ws" / "rosterkit.toml"
    path.write_text(path.read_text().replace("district =", 'kinds = ["failed"]\ndistrict ='))
    receivers.deliver(small_district())
    assert receivers.ws.sync().exit_code == 1
    assert (receivers.mail.mails, receivers.hook.posts) == ([], [])


def test_no_message_holds_anything_of_a_person(receivers: Receivers) -> None:
    """Neither names nor numbers nor usernames of the roster leave by a notice, whatever is held or fails."""
    files = small_district()
    receivers.deliver(files)
    first = receivers.ws.sync()
    receivers.ws.approve(first.plan, reason="compared", actor="kim")
    personal = {row[key] for row in files["users"] for key in ("givenName", "familyName", "identifier", "username")}
    remove_many_and_rename(files)
    receivers.deliver(files)
    receivers.ws.sync()
    receivers.ws.sync()
    (receivers.folder / "package.zip").write_bytes(b"no zip")
    receivers.ws.sync()
    receivers.ws.sync()
    sent = " ".join([*receivers.bodies(), *(str(post["title"]) for post in receivers.hook.posts)])
    assert len(receivers.hook.posts) == len(receivers.mail.mails) >= 4
    assert [word for word in personal if word in sent] == []


def test_what_one_address_did_not_take_is_sent_to_it_alone_with_the_next_run(receivers: Receivers) -> None:
    receivers.deliver(small_district())
    receivers.hook.down = True
    run = receivers.ws.sync()
    assert run.stage("notices").state == "failed"  # type: ignore[union-attr] # the stage is there
    assert (len(receivers.mail.mails), len(receivers.hook.posts)) == (1, 0)
    receivers.hook.down = False
    second = receivers.ws.sync()
    titles = [str(post["title"]) for post in receivers.hook.posts]
    assert titles == [f"[rosterkit] Larkspur Valley: held (run {number})" for number in (run.id, second.id)]
    assert len(receivers.mail.mails) == 2


def test_a_process_that_is_killed_before_it_sends_sends_with_its_next_run(
    receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any) -> Any:
        raise Killed

    receivers.deliver(small_district())
    with monkeypatch.context() as patch:
        patch.setattr("rosterkit.operate.notices.send", die)
        with pytest.raises(Killed):
            receivers.ws.sync()
    run = receivers.ws.sync()
    assert run.attempts == 2
    assert len(receivers.mail.mails) == len(receivers.hook.posts) == 1
    with receivers.ws._read() as connection:
        assert [one.state for one in stored.notices(connection)] == ["sent"]


def test_notify_test_reaches_everybody_and_says_who_was_not_reached(
    receivers: Receivers, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(receivers.folder / "ws")
    assert command(["-C", folder, "notify", "--test"]) == 0
    assert capsys.readouterr().out == "env:ROSTERKIT_TEST_NOTICES: sent\nenv:ROSTERKIT_TEST_HOOK: sent\n"
    assert str(receivers.mail.mails[0]["Subject"]) == "[rosterkit] Larkspur Valley: test"
    receivers.mail.down = True
    assert command(["-C", folder, "notify", "--test"]) == 1
    assert "env:ROSTERKIT_TEST_NOTICES did not take the message" in capsys.readouterr().out
    assert command(["-C", folder, "notify"]) == 2


def test_where_nobody_is_named_the_test_is_refused(receivers: Receivers) -> None:
    receivers.settings(to="")
    with pytest.raises(Refused, match="names nobody"):
        receivers.ws.notify_test()


def test_no_address_and_no_password_is_logged_or_printed(
    receivers: Receivers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ROSTERKIT_TEST_NOTICES", "mailto://nobody:hunter2@127.0.0.1:9/?from=a@b.example&to=c@d.example")
    monkeypatch.setenv("ROSTERKIT_TEST_HOOK", "nonsense://token-4711")
    with caplog.at_level(logging.DEBUG):
        assert command(["-C", str(receivers.folder / "ws"), "notify", "--test"]) == 1
    shown = caplog.text + "".join(capsys.readouterr())
    assert "holds no address that Apprise knows" in shown
    assert "hunter2" not in shown
    assert "token-4711" not in shown
