-- Changes before a moment, newest first: of every project, or those that are of one project alone.
SELECT toUnixTimestamp64Nano(at) AS at_ns, actor, action, subject, was, became, note
FROM audit
WHERE ({every:Bool} OR project_id = {project:String})
    AND at < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC')
ORDER BY at DESC, action, subject
LIMIT {limit:UInt32}
