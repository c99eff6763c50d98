-- The spans of some traces that their verdict leaves out.
SELECT trace_id, `not_billed.span_id` AS span_ids
FROM traces FINAL
WHERE project_id = {project:String}
    AND trace_id IN (SELECT toFixedString(unhex(arrayJoin({traces:Array(String)})), 16))
    AND notEmpty(`not_billed.span_id`)
