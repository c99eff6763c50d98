-- Take the words and the id off the traces of one erasure, in every version, and return when done.
ALTER TABLE traces UPDATE
    name = '', tags = [],
    user_id = if({kind:String} = 'user' AND user_id = {id:String}, {alias:String}, user_id),
    session_key = if({kind:String} = 'session' AND session_id = {id:String}, {alias:String}, session_key),
    session_id = if({kind:String} = 'session' AND session_id = {id:String}, {alias:String}, session_id)
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )
SETTINGS mutations_sync = 2
