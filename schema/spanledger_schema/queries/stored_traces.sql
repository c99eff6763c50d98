-- Traces of a project in order of id with the spans stored of each; versions count apart here.
-- Not those that have expired, whether or not the engine has removed them yet.
SELECT trace_id, count() AS found
FROM spans
WHERE project_id = {project:String} AND trace_id > toFixedString(unhex({after:String}), 16)
GROUP BY trace_id
HAVING countIf(ledger_days = 0 OR received_at + toIntervalDay(ledger_days) > now()) > 0
ORDER BY trace_id
LIMIT {limit:UInt32}
