-- Note the traces of one erasure as erased, now that they are.
INSERT INTO erasures (project_id, kind, subject, alias, erased_at)
SELECT project_id, 'trace', subject, alias, erased_at
FROM erasures
WHERE project_id = {project:String} AND kind = 'pending' AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
