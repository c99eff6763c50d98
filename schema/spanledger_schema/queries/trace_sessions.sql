-- The session and the user of some traces.
SELECT hex(trace_id) AS trace, session_key, user_id
FROM traces FINAL
PREWHERE project_id = {project:String} AND trace_id IN (SELECT unhex(arrayJoin({traces:Array(String)})))
