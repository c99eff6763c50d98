-- The traces of one erasure.
SELECT DISTINCT toFixedString(unhex(subject), 16)
FROM erasures
WHERE project_id = {project:String} AND kind = 'pending'
    AND erased_at = fromUnixTimestamp64Nano({at_ns:Int64}, 'UTC')
ORDER BY 1
