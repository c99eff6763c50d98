-- Changes before a moment, newest first.
SELECT toUnixTimestamp64Nano(at) AS at_ns, actor, action, subject, was, became, note
FROM audit
WHERE at < fromUnixTimestamp64Nano({before_ns:Int64}, 'UTC')
ORDER BY at DESC, action, subject
LIMIT {limit:UInt32}
