"""The verbs of review as methods of a workspace: approve, reject, approve what is held, match, hold, release."""

from __future__ import annotations

from rosterkit import matches, review
from rosterkit.manual.revision import Actor
from rosterkit.results import Approval, Hold, Matched
from rosterkit.store import plans
from rosterkit.workspace_folder import WorkspaceFolder


class ReviewVerbs(WorkspaceFolder):
    """What a person decides. ``actor`` is NAME or NAME:ROLE.

    ``seen`` is what ``plan_stamp`` or ``record_stamp`` was when the person looked: Refused (``changed``) where somebody
    decided since. Left empty, nobody asks. Raises Refused where the role of the actor does not allow the verb.
    """

    def _permitted(self, actor: str, verb: str) -> str:
        """The actor's name; Refused where the role may not use the verb."""
        who = Actor.of(actor, self.config)
        who.permit(verb)
        return who.name

    def approve(self, plan_id: str, *, reason: str, actor: str, seen: str = "") -> Approval:
        """Signs a plan, so that it may be applied; where the setting ``approvers`` is 2, two people must."""
        name = self._permitted(actor, "approve")
        with self._write() as connection:
            needed = self.config.approvers
            signed = review.sign(connection, plan_id, "approve", name, reason, needed=needed, seen=seen)
        self.audit("act", "approve", actor=name, subject=signed.plan)
        return signed

    def reject(self, plan_id: str, *, reason: str, actor: str, seen: str = "") -> Approval:
        """Rejects a plan for good; what it proposed is proposed again by the next plan."""
        name = self._permitted(actor, "reject")
        with self._write() as connection:
            signed = review.sign(connection, plan_id, "reject", name, reason, seen=seen)
        self.audit("act", "reject", actor=name, subject=signed.plan)
        return signed

    def approve_held(
        self,
        plan_id: str,
        *,
        reason: str,
        actor: str,
        entity: str | None = None,
        action: str | None = None,
        sourced_id: str | None = None,
        seen: str = "",
    ) -> Approval:
        """Frees held changes of a plan: the next plan applies exactly these, if it still proposes them."""
        name = self._permitted(actor, "approve held")
        with self._write() as connection:
            if seen:
                review.refuse_changed(seen, review.plan_stamp(connection, plans.find(connection, plan_id)))
            signed, records = review.approve_held(
                self.database,
                connection,
                plan_id,
                actor=name,
                reason=reason,
                hours=self.config.approval_hours,
                entity=entity,
                action=action,
                sourced_id=sourced_id,
            )
        self.audit("act", "approve held", actor=name, subject=signed.plan, records=records)
        return signed

    def match(self, new: str, old: str, *, reason: str, actor: str, revoke: bool = False) -> Matched:
        """Says that who comes under the id ``new`` is the stored person ``old``: the next plan re-links that one.

        ``revoke``: takes it back, until a plan that does so is applied. Raises Refused where both are delivered, where
        they are of two kinds (student, guardian, staff), and where one of them is matched already.
        """
        name = self._permitted(actor, "match")
        with self._write() as connection:
            if revoke:
                done = matches.stop_matching(connection, new, old, actor=name, reason=reason)
            else:
                days = self.config.plan_days
                done = matches.match(connection, self.config.sources, new, old, actor=name, reason=reason, days=days)
        verb = "revoke match" if revoke else "match"
        self.audit("act", verb, actor=name, records=[f"User {one.sourced_id}" for one in (done.new, done.old)])
        return done

    def hold(
        self,
        entity: str,
        sourced_id: str,
        *,
        reason: str,
        actor: str,
        action: str = "",
        field: str = "",
        seen: str = "",
    ) -> Hold:
        """Sets a record aside from run to run; plans made before are stale."""
        name = self._permitted(actor, "hold")
        with self._write() as connection:
            if seen:
                review.refuse_changed(seen, review.record_stamp(connection, entity, sourced_id))
            held = review.hold(connection, entity, sourced_id, actor=name, reason=reason, action=action, field=field)
        self.audit("act", "hold", actor=name, records=[f"{held.entity} {held.sourced_id}"])
        return held

    def release(
        self,
        entity: str,
        sourced_id: str,
        *,
        reason: str,
        actor: str,
        action: str = "",
        field: str = "",
        seen: str = "",
    ) -> tuple[Hold, ...]:
        """Ends the holds of a record, and returns them."""
        name = self._permitted(actor, "release")
        with self._write() as connection:
            if seen:
                review.refuse_changed(seen, review.record_stamp(connection, entity, sourced_id))
            ended = review.release(
                connection, entity, sourced_id, actor=name, reason=reason, action=action, field=field
            )
        self.audit("act", "release", actor=name, records=sorted({f"{one.entity} {one.sourced_id}" for one in ended}))
        return ended

    def plan_stamp(self, plan_id: str) -> str:
        """What changes with every decision on a plan."""
        with self._read() as connection:
            return review.plan_stamp(connection, plans.find(connection, plan_id))

    def record_stamp(self, entity: str, sourced_id: str) -> str:
        """What changes with every hold of a record that is set or ended."""
        with self._read() as connection:
            return review.record_stamp(connection, entity, sourced_id)

    def holds(self) -> tuple[Hold, ...]:
        """Everything that is held: by persons, limits and undos, and what the newest plans hold beside it."""
        with self._read() as connection:
            return review.all_held(connection)
