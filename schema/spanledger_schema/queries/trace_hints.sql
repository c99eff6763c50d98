-- What log records know of some traces: ids that no span carries.
-- Order and meaning of the columns are those of `reconcile.Hint`, after the project and the trace.
SELECT
    project_id,
    trace_id,
    span_id,
    session_id,
    session_rank,
    user_id
FROM log_records FINAL
WHERE (session_id != '' OR user_id != '') AND (project_id, trace_id) IN (
    SELECT pair.1, toFixedString(unhex(pair.2), 16)
    FROM (SELECT arrayJoin(arrayZip({projects:Array(String)}, {traces:Array(String)})) AS pair)
)
