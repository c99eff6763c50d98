"""Models & prices: what each model costs and says who, what has no price, and history priced anew."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from spanledger_schema.api_ledger import (
    DriftingModel,
    ModelRow,
    Moved,
    OwnPrice,
    RateInForce,
    Repricing,
    UnpricedModel,
)
from spanledger_ui import components, page, tables, text, timerange

DEFAULT_RANGE = "30d"
DIFFERENCE = "kept-difference"  # forgotten with all that was kept when somebody signs out

MODELS = components.columns({
    "model": "Model", "calls": "Calls", "dollars": "USD", "left_out": "", "input": "In, USD/M",
    "cached": "Cached, USD/M", "output": "Out, USD/M", "source": "Price from", "since": "Since",
}, wide="model", numbers="calls dollars input cached output", named="source since")  # fmt: skip

UNPRICED = components.columns({
    "model": "Model without a price", "calls": "Calls", "tokens": "Tokens", "seen": "Seen",
    "nearest": "Listed alike", "now": "By now",
}, wide="model", numbers="calls tokens", named="seen nearest")  # fmt: skip

OWN = components.columns({
    "model": "Own price", "says": "Says", "from": "From", "to": "To", "state": "State",
    "by": "Changed by",
}, wide="model", named="from to by")  # fmt: skip

DRIFT = components.columns({
    "model": "Model", "by": "Reported as", "calls": "Calls", "off": "of them off",
    "reported": "USD reported", "counted": "USD by our prices", "difference": "Difference",
}, wide="model", numbers="calls off reported counted difference")  # fmt: skip

DIFF = components.columns({
    "what": "Model, or day (UTC)", "calls": "Calls", "before": "USD before",
    "after": "USD after", "change": "Change", "unpriced": "Unpriced",
}, wide="what", numbers="calls before after change unpriced")  # fmt: skip


def main() -> None:
    """Draw the page."""
    st.header("Models & prices", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        timerange.controls(DEFAULT_RANGE, lambda: None)
    chosen = timerange.chosen(DEFAULT_RANGE)
    timerange.note(chosen)
    with page.answers():
        models = page.client().ledger.models(**chosen.asked).items
        missing = page.client().ledger.unpriced(**chosen.asked).items
        drifting = page.client().ledger.drifting(**chosen.asked).items
    if not models:
        st.info("No model was called in this range.", icon=":material/payments:")
        st.text(
            "Rates show here beside the models that are called. Choose a longer range, or send a trace:"
        )
        page.way_to_sessions(":material/list:")
        return
    components.ledger("Models", MODELS, [model_row(model) for model in models], key="models")
    if missing:
        unpriced(missing)
    if drifting:
        drift(drifting)
    own()
    reprice(chosen)


def model_row(model: ModelRow) -> components.Row:
    """Return the line of one model."""
    rates = lowest(model.rate)
    return {
        "cells": {
            "model": {"text": model.model or "model not reported", "under": model.provider or ""},
            "calls": text.count(model.totals.calls),
            "dollars": tables.dollars(model.totals),
            "left_out": tables.left_out(model.totals),
            "input": rates.get("input", text.UNKNOWN),
            "cached": rates.get("cache_read", text.UNKNOWN),
            "output": rates.get("output", text.UNKNOWN),
            **origin(model),
        }
    }


def lowest(rate: RateInForce | None) -> Mapping[str, str]:
    """Return dollars per million tokens by meter, of the tier that short inputs pay."""
    if rate is None or not rate.tiers:
        return {}
    return {meter: text.per_mtok(usd) for meter, usd in rate.tiers[0].usd_per_unit.items()}


def origin(model: ModelRow) -> Mapping[str, components.Cell]:
    """Return who says what a model costs, and since when."""
    if model.rate is None:
        because = model.unpriced_because or ""
        return {"source": {"text": "no price", "title": because, "tone": "quiet"}, "since": ""}
    tiers = f", {len(model.rate.tiers)} tiers" if len(model.rate.tiers) > 1 else ""
    title = f"{model.rate.price_id}, as {model.rate.model_priced}{tiers}"
    return {
        "source": {"text": model.rate.source, "title": title},
        "since": (model.rate.since or "ever")[:10],
    }


def unpriced(missing: list[UnpricedModel]) -> None:
    """Show the models without a price, and take a price for one of them."""
    st.subheader("Without a price", anchor=False)
    rows = [unpriced_row(model) for model in missing]
    components.ledger("Without a price", UNPRICED, rows, key="unpriced")
    named = {label(model): model for model in missing if model.model and not model.priced_now}
    if not named:
        st.text("A price is known by now: price history anew below.")
        return
    with st.form("price", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Give a price to", list(named), width=320)
        rates = {
            "input": st.text_input("USD per M tokens in", placeholder="2.50", width=160),
            "output": st.text_input("USD per M tokens out", placeholder="10", width=160),
        }
        given = {meter: usd.strip() for meter, usd in rates.items() if usd.strip()}
        if st.form_submit_button("Set the price", icon=":material/sell:") and given:
            set_price(named[chosen], given)


def unpriced_row(model: UnpricedModel) -> components.Row:
    """Return the line of one model without a price."""
    zone, now = page.zone(), page.now()
    return {
        "cells": {
            "model": {
                "text": model.model or "model not reported",
                "under": model.provider or "",
                "title": "; ".join(model.reasons),
            },
            "calls": text.count(model.calls),
            "tokens": tables.exactly(model.tokens),
            "seen": text.moment(model.last_seen, zone, now),
            "nearest": ", ".join(model.nearest) or text.UNKNOWN,
            "now": {"text": "priced", "tone": "ok"} if model.priced_now else text.UNKNOWN,
        }
    }


def label(model: UnpricedModel) -> str:
    """Return a model as a choice."""
    return f"{model.provider or 'any provider'} / {model.model}"


def set_price(model: UnpricedModel, usd_per_mtok: Mapping[str, str]) -> None:
    """Write a price down, from when the model was first seen; history takes it by repricing."""
    with page.answers():
        page.client().ledger.add_price(
            {
                "provider": model.provider or "*",
                "model": model.model,
                "effective_from": model.first_seen,
                "usd_per_mtok": dict(usd_per_mtok),
            }
        )
    st.rerun()


def drift(models: list[DriftingModel]) -> None:
    """Show where those who send say other dollars than our prices come to."""
    st.subheader("Reported otherwise", anchor=False)
    components.ledger("Reported otherwise", DRIFT, [drift_row(m) for m in models], key="drift")
    st.text(
        "Totals count by our prices. A call is off where the two differ by more than 1 % and a"
        " millionth of a dollar."
    )


def drift_row(model: DriftingModel) -> components.Row:
    """Return the line of one model and of who reports its dollars."""
    return {
        "cells": {
            "model": {"text": model.model or "model not reported", "under": model.provider or ""},
            "by": model.reported_by,
            "calls": text.count(model.calls),
            "off": text.count(model.drifting_calls),
            "reported": dollars(model.reported_usd),
            "counted": dollars(model.computed_usd),
            "difference": dollars(model.difference_usd),
        }
    }


def dollars(usd: str) -> components.Cell:
    """Return dollars that are known."""
    return {"text": text.usd(usd), "title": text.exact_usd(usd)}


def own() -> None:
    """Show the operator's own prices, and take one back."""
    with page.answers():
        prices = page.client().ledger.prices()
    if not prices:
        return
    st.subheader("Own prices", anchor=False)
    components.ledger("Own prices", OWN, [own_row(price) for price in prices], key="own")
    with (
        st.form("withdraw", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        chosen = st.selectbox("Take back", [price.id for price in prices], index=None, width=320)
        if st.form_submit_button("Take back", icon=":material/undo:") and chosen:
            with page.answers():
                page.client().ledger.withdraw_price(chosen)
            st.rerun()


def own_row(price: OwnPrice) -> components.Row:
    """Return the line of one own price."""
    said = price.written
    rates = said.get("usd_per_mtok") or said.get("usd_per_unit") or said.get("multipliers") or {}
    return {
        "cells": {
            "model": {
                "text": str(said.get("model")),
                "under": f"{said.get('provider')} · {price.id}",
            },
            "says": ", ".join(f"{meter} {usd}" for meter, usd in rates.items()) or text.UNKNOWN,
            "from": str(said.get("effective_from") or "ever")[:10],
            "to": str(said.get("effective_to") or text.UNKNOWN)[:10],
            "state": {"text": price.state, "tone": "ok" if price.state == "holds" else "quiet"},
            "by": price.changed_by or text.UNKNOWN,
        }
    }


def reprice(chosen: timerange.Range) -> None:
    """Show what pricing the calls of the range anew would move, then write it on demand."""
    st.subheader("Price history anew", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        only = st.selectbox("Which calls of this range", ["unpriced", "all"], width=200)
        looked = st.button("Show what would change", icon=":material/difference:")
    wanted: dict[str, Any] = {
        "from": timerange.written(chosen.since) or "1970-01-01T00:00:00Z",
        "to": timerange.written(chosen.until or page.now_or_later()),
        "only": only,
    }
    if looked:
        with page.answers():
            found = page.client().ledger.reprice(wanted)
        st.session_state[DIFFERENCE] = (page.project(), wanted, found)
    known = st.session_state.get(DIFFERENCE)
    if known and known[0] == page.project():  # what was shown of one is not written to another
        difference(*known[1:])


def difference(wanted: Mapping[str, Any], found: Repricing) -> None:
    """Show a dry run, and offer to write exactly that."""
    rows = [
        diff_row(f"{m.provider or ''} {m.model or 'not reported'}", m.moved) for m in found.models
    ]
    rows += [diff_row(day.day, day.moved) for day in found.days]
    if not rows:
        st.info("Nothing changes: every call costs what it did.", icon=":material/check:")
        return
    total = diff_row("Total", found.total)["cells"]
    components.ledger("What changes", DIFF, rows, key="diff", total=total)
    with st.form("write", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        note = st.text_input("Why, for the audit", width=420)
        if st.form_submit_button("Write it", icon=":material/edit:", type="primary"):
            with page.answers():
                page.client().ledger.reprice({**wanted, "dry_run": False, "note": note})
            st.session_state.pop(DIFFERENCE)
            st.rerun()


def diff_row(what: str, moved: Moved) -> components.Row:
    """Return what moves of one model or day."""
    return {
        "cells": {
            "what": what,
            "calls": text.count(moved.calls),
            "before": text.usd(moved.before_usd),
            "after": text.usd(moved.after_usd),
            "change": text.usd(moved.change_usd),
            "unpriced": f"{moved.unpriced_before:,} → {moved.unpriced_after:,}",
        }
    }


if __name__ == "__main__":
    main()
