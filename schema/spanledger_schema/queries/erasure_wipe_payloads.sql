-- Delete what the spans of one erasure carried: gone for every reader when this returns.
DELETE FROM payloads
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )
