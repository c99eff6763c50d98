-- Take the words off the spans of one erasure, in every version of them, and return when that is done.
-- What a bill rests on stays: times, kinds, names, models, tokens, dollars.
ALTER TABLE spans UPDATE
    preview = '', error_message = '', reason = '', actor = '', trace_name = '', tags = [],
    user_id = if({kind:String} = 'user' AND user_id = {id:String}, {alias:String}, user_id),
    session_id = if({kind:String} = 'session' AND session_id = {id:String}, {alias:String}, session_id),
    flags = arrayDistinct(arrayPushBack(flags, 'erased'))
WHERE project_id = {project:String}
    AND trace_id IN (
        SELECT toFixedString(unhex(subject), 16) FROM erasures
        WHERE project_id = {project:String} AND kind = 'pending'
            AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
    )
SETTINGS mutations_sync = 2
