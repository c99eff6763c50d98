-- How many rows the traces of one erasure have where: those that hold words, but for traces.
SELECT
    (SELECT count() FROM traces FINAL
    WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )) AS traces,
    (SELECT countIf(NOT has(flags, 'erased')) FROM spans FINAL
    WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )) AS spans,
    (SELECT count() FROM payloads FINAL
    WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )) AS payloads,
    (SELECT countIf(body != '' OR attributes != '{}') FROM log_records FINAL
    WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )) AS log_records
