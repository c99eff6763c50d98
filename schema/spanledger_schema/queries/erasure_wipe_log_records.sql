-- Take the words off the log records of one erasure, and return when that is done.
ALTER TABLE log_records UPDATE
    body = '', attributes = '{}',
    user_id = if({kind:String} = 'user' AND user_id = {id:String}, {alias:String}, user_id),
    session_id = if({kind:String} = 'session' AND session_id = {id:String}, {alias:String}, session_id)
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )
SETTINGS mutations_sync = 2
