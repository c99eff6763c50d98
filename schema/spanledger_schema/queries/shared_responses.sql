-- Which of some response ids more than one library, or service, tells of in a project.
WITH asked AS (SELECT arrayJoin({responses:Array(String)}) AS response)
SELECT response
FROM asked
WHERE sipHash64({kind:String}, response) IN (
    SELECT response
    FROM response_ids
    WHERE project_id = {project:String}
        AND response IN (SELECT sipHash64({kind:String}, response) FROM asked)
        AND started_at >= fromUnixTimestamp64Nano({earliest:Int64}, 'UTC')
        AND started_at <= fromUnixTimestamp64Nano({latest:Int64}, 'UTC')
    GROUP BY response
    HAVING uniqExact(service, scope) > 1
)
