"""The part of the demonstration about delivery: four products' files by S3 and SFTP to servers of this machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rosterkit import config
from rosterkit.demo.packages import ACTOR
from rosterkit.demo.products import DAY, workspace_of_products
from rosterkit.errors import InternalError
from rosterkit.render import feeds as pages
from rosterkit.store.deliveries import Delivery
from rosterkit.testing.local_servers import LocalS3, LocalSftp, local_s3, local_sftp
from rosterkit.transport.rights import TEST_FILE
from rosterkit.workspace import Workspace

TITLE = "Four products' files go to an S3 and an SFTP server of this machine, once and whole."

_USER = "silverbrook"


@dataclass(frozen=True)
class _Servers:
    s3: LocalS3
    sftp: LocalSftp
    inbox: Path


def step(workspace: Workspace, console: Console) -> None:
    """Sends the first file of every feed of the package ``products``, shows the receipts, and sends again.

    The workspace of its own is in the folder ``delivery``. The servers stop when it ends. Raises InternalError where a
    file did not arrive, or what lies at a vendor changed without a reason.
    """
    folder = workspace.folder / "delivery"
    workspace_of_products(folder)
    password, inbox = secrets.token_urlsafe(12), folder / "vendor-inbox"
    with local_s3() as s3, local_sftp(inbox, _USER, password) as sftp:
        servers = _Servers(s3, sftp, inbox)
        _point_to(folder, servers, password)
        workspace = Workspace(folder)  # with the targets
        for name in ("app", "messages"):
            workspace.trust_host_key(name, workspace.host_key(name).fingerprint)
        _send_all(workspace, console, servers)
        place, tried = workspace.target_test("careers")
        pages.rights(console, place, tried)
    console.print(
        Text(f"\nThe servers are stopped. How the feeds stand: rosterkit -C {folder} feed status"), soft_wrap=True
    )


def _send_all(workspace: Workspace, console: Console, servers: _Servers) -> None:
    feeds = list(workspace.config.feeds)
    receipts = [_sent(workspace, name) for name in feeds]
    _show(console, receipts)
    first = _there(servers)
    for name in feeds:
        again = workspace.feed_send(name, as_of=DAY)
        text = "sent, because this product wants its files each time" if again.state == "verified" else again.why
        console.print(Text(f"  {name}, once more: {text}."), soft_wrap=True)
    if _there(servers) != first:
        raise InternalError("What lies at the vendors changed, though nothing changed in the roster.")
    console.print(Text(f"{len(first)} files lie at the vendors, each once and whole."), soft_wrap=True)


def _sent(workspace: Workspace, name: str) -> Delivery:
    """The first file of a feed, which a person approves."""
    workspace.feed_send(name, as_of=DAY)
    for item in workspace.checklist(name).blocking:
        workspace.checklist_done(name, item.item.name, note="done for the demonstration", actor=ACTOR)
    done = workspace.feed_approve(name, reason="the first file, compared with the office", actor=ACTOR)
    if not done.arrived:
        raise InternalError(f"The first file of {name} did not arrive.")
    return done


def _show(console: Console, receipts: list[Delivery]) -> None:
    """The receipts: what arrived where, how that was verified, and the states that the delivery went through."""
    table = Table("feed", "by", "path or key", "rows", "bytes", "sha256", "verified", box=box.SIMPLE, pad_edge=False)
    for one in receipts:
        for file in one.files:
            by = one.target.partition(":")[0]
            cells = (one.feed, by, file.where, f"{file.rows:,}", f"{file.bytes:,}", file.sha256[:12], file.verified)
            table.add_row(*cells)
    console.print(table)
    steps = " → ".join(step.state for step in receipts[0].steps)
    console.print(Text(f"Each delivery: {steps}. The whole receipt: rosterkit feed log --delivery ID"), soft_wrap=True)


def _there(servers: _Servers) -> dict[str, bytes]:
    """Everything that lies at the servers, by its place."""
    objects = {name: body for name, (body, _) in servers.s3.objects.items()}
    files = {str(path): path.read_bytes() for path in servers.inbox.rglob("*") if path.is_file()}
    return {name: body for name, body in (objects | files).items() if TEST_FILE not in name}


def _point_to(folder: Path, servers: _Servers, password: str) -> None:
    """Gives every feed its target; the secrets are files of the workspace that only its owner reads."""
    kept = folder / "secrets"
    kept.mkdir(mode=0o700)
    for name, text in {"key-id": "demo", "key": secrets.token_urlsafe(12), "password": password}.items():
        (kept / name).touch(mode=0o600)
        (kept / name).write_text(text, encoding="utf-8")
    targets = []
    for name, bucket in (("careers", "careers-silverbrook"), ("jobs", "importer-uploads")):
        targets.append(
            f'\n[feeds.{name}.target]\ntransport = "s3"\nbucket = "{bucket}"\nendpoint_url = "{servers.s3.address}"\n'
            'access_key_id = "file:secrets/key-id"\nsecret_access_key = "file:secrets/key"\n'
        )
    for name in ("app", "messages"):
        (servers.inbox / name).mkdir()
        targets.append(
            f'\n[feeds.{name}.target]\ntransport = "sftp"\nhost = "127.0.0.1"\nport = {servers.sftp.port}\n'
            f'username = "{_USER}"\npassword = "file:secrets/password"\npath = "{name}"\nread_back = true\n'
        )
    settings = folder / config.FILE
    settings.write_text(settings.read_text(encoding="utf-8") + "".join(targets), encoding="utf-8")
