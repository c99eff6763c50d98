-- Totals are kept for days after the last span of their trace was received, 0 for ever.
ALTER TABLE traces
    ADD COLUMN received_at DateTime64(9, 'UTC') DEFAULT ended_at,
    ADD COLUMN ledger_days UInt16,
    MODIFY TTL if(ledger_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(ledger_days))
