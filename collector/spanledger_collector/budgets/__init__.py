"""Budgets: what may be spent on whom in which period, and when to say so.

    rule (what was agreed) → period (from when to when) → standing (what is spent of it) → alarm
    (which thresholds that crosses) → evaluate (all of it, after a drain) → decide (may this go on?)

Everything rests on the rows of `traces`, as every screen does: spend is recomputed, never counted
up, so what comes late, twice or with a new price ends in the same standings.
"""
