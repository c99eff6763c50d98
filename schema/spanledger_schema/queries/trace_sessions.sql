-- The session and the user of some traces.
SELECT hex(trace_id) AS trace, session_key, user_id
FROM traces FINAL
PREWHERE project_id = {project:String}
    -- without toFixedString an id that ends in a zero byte is in no such set
    AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))
