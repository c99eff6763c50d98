"""Telling people of alerts: the outbox of the query API in, messages on channels out.

    watch (the loop) → errands (what is due) → message (what it says) → kinds (how a channel is told)
                                    channels (the file that names them) ┘   └ outbound (the only way out)

Speaks HTTP to the query API, as the screens do, and keeps nothing: killed at any moment, it goes on
where the account of deliveries stands.
"""
