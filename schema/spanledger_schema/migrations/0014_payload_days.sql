-- How long what was sent is kept: days after receipt, 0 for ever. The engine removes it.
ALTER TABLE payloads
    ADD COLUMN payload_days UInt16,
    MODIFY TTL if(payload_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(payload_days))
