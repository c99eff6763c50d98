"""How long projects keep what, shown and changed; for what is stored already, too.

Runs on the thread that writes (`handover`). The change is in the audit before it is made; the
engine carries it out in the background, and removes what has expired by itself.
"""

from typing import Any

from spanledger_collector.drain import Drain
from spanledger_collector.keys import EVERY_PROJECT
from spanledger_collector.ledger import audit
from spanledger_collector.lifetimes import FOR_EVER, Days, stored_rules
from spanledger_collector.store import Store
from spanledger_schema.api_privacy import Retention

TABLES = ("payloads", "log_records", "spans", "traces", "response_ids", "call_usages")


def shown(project_id: str, days: Days) -> Retention:
    """Return a rule as the API says it: None for "for ever"."""
    return Retention(project_id, days.payload_days or None, days.ledger_days or None)


def rules(store: Store) -> list[Retention]:
    """Return the rule for every project first, then those that projects have of their own."""
    found = {EVERY_PROJECT: FOR_EVER} | stored_rules(store)
    return [shown(*each) for each in sorted(found.items())]


def change(drain: Drain, project_id: str, days: Days, now_ns: int, by: str) -> Retention:
    """Have a project, or with `*` every one without a rule of its own, keep things this long."""
    store = drain.store
    before = stored_rules(store)
    was, became = shown(project_id, before.get(project_id, FOR_EVER)), shown(project_id, days)
    entry = audit.Record(now_ns, "retention changed", project_id, was, became, by)
    audit.write(store, [entry])
    row: dict[str, list[Any]] = {
        "project_id": [project_id],
        "payload_days": [days.payload_days],
        "ledger_days": [days.ledger_days],
        "changed_at": [now_ns],
    }
    store.insert("retention", row)
    drain.lifetimes.reload()
    for table in TABLES:
        store.change(
            f"retain_{table}",
            project=project_id,
            own=[name for name in before if name != EVERY_PROJECT],
            payload_days=days.payload_days,
            ledger_days=days.ledger_days,
        )
    return became
