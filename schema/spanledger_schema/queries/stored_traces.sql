-- Traces of a project in order of id with the spans stored of each; versions count apart here.
SELECT trace_id, count() AS found
FROM spans
WHERE project_id = {project:String} AND trace_id > toFixedString(unhex({after:String}), 16)
GROUP BY trace_id
ORDER BY trace_id
LIMIT {limit:UInt32}
