-- Note every trace that any row says belongs to a user or a session, to be wiped.
INSERT INTO erasures (project_id, kind, subject, alias, erased_at)
SELECT
    {project:String}, 'pending', lower(hex(trace_id)), {alias:String}, fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
FROM (
    SELECT trace_id FROM traces
    WHERE project_id = {project:String}
        AND if({kind:String} = 'user', user_id, session_key) IN ({id:String}, {alias:String})
    UNION DISTINCT
    SELECT trace_id FROM spans
    WHERE project_id = {project:String}
        AND if({kind:String} = 'user', user_id, session_id) IN ({id:String}, {alias:String})
    UNION DISTINCT
    SELECT trace_id FROM log_records
    WHERE project_id = {project:String}
        AND if({kind:String} = 'user', user_id, session_id) IN ({id:String}, {alias:String})
)
