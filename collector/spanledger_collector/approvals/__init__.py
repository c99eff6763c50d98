"""Approvals: tool calls that wait for a person's word, and the policies that say which.

    policy (which calls, pure) → table (asked and decided, in the store) → counter (the one door)

A call is asked for by its agent, which waits; nobody but a person decides, once, and what nobody
decides in time is not allowed.
"""
