-- Traces with calls that a filter means, in order of id, and how many such calls each may have.
-- A superset: versions of a span that were replaced since are looked at too; `calls.sql` looks again.
-- Receipt bounds the months that are read: no span starts more than ten minutes after it arrived.
SELECT trace_id, count() AS found
FROM spans
WHERE project_id = {project:String}
    AND trace_id > toFixedString(unhex({after:String}), 16)
    AND received_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC') - INTERVAL 10 MINUTE
    AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
    AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
    AND usage_state = 'reported'
    AND ({provider:String} = '' OR provider = {provider:String})
    AND ({model:String} = '' OR if(response_model != '', response_model, request_model) = {model:String})
    AND (NOT {only_unpriced:Bool} OR cost_usd IS NULL)
    AND (
        ({session:String} = '' AND {user:String} = '' AND {service:String} = '' AND {environment:String} = '')
        OR trace_id IN (
            SELECT trace_id FROM traces FINAL
            WHERE project_id = {project:String}
                AND ({session:String} = '' OR session_key = {session:String})
                AND ({user:String} = '' OR user_id = {user:String})
                AND ({service:String} = '' OR service = {service:String})
                AND ({environment:String} = '' OR environment = {environment:String})
        )
    )
GROUP BY trace_id
ORDER BY trace_id
LIMIT {limit:UInt32}
