-- The words on a span go with its payload, the span itself with the ledger: a day after its trace,
-- so that a trace is never counted again from some of its spans only.
ALTER TABLE spans
    ADD COLUMN payload_days UInt16,
    ADD COLUMN ledger_days UInt16,
    MODIFY COLUMN preview String TTL if(payload_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(payload_days)),
    MODIFY COLUMN error_message String TTL if(payload_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(payload_days)),
    MODIFY TTL if(ledger_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(ledger_days + 1))
