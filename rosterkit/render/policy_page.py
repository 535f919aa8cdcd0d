"""``docs/policy.md``: the policy from its table, the permissions, and the manual verbs with examples."""

from __future__ import annotations

from rosterkit.plan.policy import PERMISSIONS, ROLES, RULES, PolicySettings

_HEAD = """# Policy: what people and syncs may change

{note}

While a source is synced it owns most of what it delivers, and people own the rest. `rosterkit policy` shows this table
with the settings of the district. A school may have settings of its own: `[policy.schools.SCHOOL]`, with the school's
sourced id. A record of several schools may be edited only where each of them allows it.

A person is refused with exit code 4 and a sentence that names the rule, the source and the setting that would allow it:

    $ rosterkit add student SCH-2 given_name=Ines family_name=Roe --as noa:leader
    Students are added by the source. Rule student.add, source main.
    The setting [policy] add_students = true would allow it.

"""

_KEPT = """
## What the sync may not change

The store always takes what the source delivered. What the policy keeps gets a **pin**: the pinned value lies over the
stored one, and feeds get the pinned value. The plan shows both, the pinned value before and the delivered one after,
held by `policy` with the rule's code. When the setting changes, the next plan lifts the pin as a change of its own.

A pin that a person set (`rosterkit pin`, `rosterkit edit`) is shown as held by `pinned`. It stays until a person lifts
it: `rosterkit unpin`. `rosterkit pins` lists all pins, and `rosterkit explain` shows the stored value and the pin.

A source with `manages = ["student", "teacher"]` never archives people of other roles. `rosterkit source disable main`
stops a source without archiving anybody, and `--school SCH-2` does so for one school; people may then edit its records.
A source that is read once and then disabled is a one-time sync.

## Who may do what

`--as NAME:ROLE` names the actor. `[policy.actors]` gives roles to names: an actor whose role is given there cannot take
another. An actor without one has `default_role`. The role `users_manager` may edit the contact details of others, which
the vendor of a product may call by the same name and grant on request.

"""

_SAFETY = """
## Child safety

Each of these is a revision that takes effect at once in every feed. No source, undo, restore or new id lifts it, only
the command that names it.

| command | what no feed gets |
|---|---|
| `block link ADULT STUDENT --reason TEXT` | the link between these two, whoever states it; lifted by `unblock link` |
| `suppress USER --reason TEXT` | the person, and everything that refers to the person; lifted by `unsuppress` |
| `suppress USER --field email --reason TEXT` | the value, wherever the rows of that person hold it, now or later |
| `suppress USER --feed careers --reason TEXT` | the same, in one feed only |
| `archive ENTITY KEY --reason TEXT` | the record, and everything that refers to it; lifted by `unarchive` |

Rows of one person are found by evidence, by what is known of the person now and since the day of the block: it
outlasts a new id, a second source, and an id that was given to somebody else. Evidence is a number, state id or
username in common with a word of the names, or an e-mail address in common with names that are alike ("Om Adeyemi"
for Omar Adeyemi). Case, accents, punctuation and order do not count ("Mueller, Soren" for Søren Müller).

- The adult of a blocked link is also found by the names alone among the adults of that student, and by an address or
  telephone in common with the given name. The student is also found by the names alone among the students of that
  adult.
- A suppressed value goes wherever the person's rows have it, a number also in other punctuation.
- A record that a person archived stays out, and so does a row that comes later for the same person. A second row that
  was there on that day stays.
- A suppression in one feed goes by the feed's name: where the feed has another name, `doctor` says so.

`rosterkit blocks` lists what is in force. A block is about links of guardians; classes stay as they are, also those
of a blocked adult who teaches. What a vendor was sent before stays there until the vendor takes the person's absence
as a removal: where it does not, remove the person there by hand. `rosterkit disclosed USER` says what was sent, when
and where.

A file that waits for a person while the vendor may still show what was blocked has the finding `safety.still-shown`.

## What happened at a vendor

`rosterkit activity import FILE` takes a CSV file with the columns `event`, `user`, `at`, `field`,
`value` and `student`:

| event | columns | what follows |
|---|---|---|
| `signed_in` | `user`, `at` | the policy counts the person as active from then on |
| `joined` | `student`, `given_name`, `family_name`, `email`, `sms`, `phone` | a guardian whom no sync archives |
| `edited` | `user`, `field`, `value`, `at` where known | the person's own edit, checked by the policy, becomes a pin |

An edit that is older than the last one by a person of that field is refused. A time without an offset is one of the
district's zone.
"""


def document(note: str) -> str:
    """The page; ``note`` says how it is made."""
    settings = PolicySettings()
    out = [_HEAD.format(note=note), "| rule | subject | what it says | by hand | by the sync | setting | default |\n"]
    out.append("|---|---|---|---|---|---|---|\n")
    for one in RULES:
        default = str(getattr(settings, one.setting, "")).lower()
        setting = f"`{one.setting}`" if one.setting else ""
        items = f" ({', '.join(one.items)})" if one.items else ""
        cells = (f"`{one.code}`", one.subject, one.sentence + items, one.by_hand, one.by_sync, setting, default)
        out.append(f"| {' | '.join(cells)} |\n")
    out += [_KEPT, "| verb | roles |\n|---|---|\n"]
    for verb, roles in PERMISSIONS.items():
        out.append(f"| `{verb}` | {', '.join(role for role in ROLES if role in roles)} |\n")
    return "".join([*out, _SAFETY])
