-- Log records carry prompts too: they go with the payloads.
ALTER TABLE log_records
    ADD COLUMN payload_days UInt16,
    MODIFY TTL if(payload_days = 0, toDateTime(4294967295, 'UTC'), toDateTime(received_at) + toIntervalDay(payload_days))
