"""Detectors: what looks wrong without a budget that says so, by rules that a person can check.

    looking (what is stored, as plain values) → loop, velocity, context, steps, anomaly, stalled,
    unpriced, errors (each pure: values in, findings out) → telling (what of that is news) → warden

Nothing here learns or guesses: a detector compares one figure with one limit, which an operator may
set otherwise for an agent, or mute (`tuning`).
"""
