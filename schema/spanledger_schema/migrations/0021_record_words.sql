-- As 0020, for libraries that send what was said as log records.
ALTER TABLE log_records
    ADD INDEX words lower(concat(body, ' ', attributes)) TYPE tokenbf_v1(131072, 3, 0) GRANULARITY 1
