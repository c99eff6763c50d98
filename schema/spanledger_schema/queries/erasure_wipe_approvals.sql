-- Take the words off the approvals of a user or a session, and return when that is done.
ALTER TABLE approvals UPDATE
    arguments = '{}', reason = '',
    user_id = if({kind:String} = 'user' AND user_id = {id:String}, {alias:String}, user_id),
    session_id = if({kind:String} = 'session' AND session_id = {id:String}, {alias:String}, session_id)
WHERE project_id = {project:String}
    AND ({kind:String} = 'user' AND user_id = {id:String} OR {kind:String} = 'session' AND session_id = {id:String})
SETTINGS mutations_sync = 2
