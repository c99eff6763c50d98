-- When the last span was received, and how many there are.
SELECT toUnixTimestamp64Nano(max(received_at)) AS last_received_ns, count() AS span_rows
FROM spans
