-- The spans of a session that carry usage or are calls and do not count, and why.
SELECT trace_id, `not_billed.span_id` AS span_ids, `not_billed.reason` AS reasons
FROM traces FINAL
PREWHERE project_id = {project:String}
    AND trace_id IN (
        SELECT trace_id FROM traces
        WHERE project_id = {project:String} AND session_key = {session:String}
    )
WHERE session_key = {session:String}
