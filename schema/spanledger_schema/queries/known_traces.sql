-- Which of some traces have a row already, whatever its age.
SELECT DISTINCT project_id, trace_id
FROM traces
WHERE (project_id, trace_id) IN (
    SELECT pair.1, toFixedString(unhex(pair.2), 16)
    FROM (SELECT arrayJoin(arrayZip({projects:Array(String)}, {traces:Array(String)})) AS pair)
)
