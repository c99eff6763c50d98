-- What all traces of a project add up to, by trace and by line, and those where the two differ.
SELECT
    count() AS trace_count,
    sum(calls) AS calls_sum,
    sum(cost_usd) AS cost_usd_sum,
    sum(unpriced_calls) AS unpriced_calls_sum,
    sum(arraySum(`lines.calls`)) AS line_calls,
    sum(arraySum(`lines.cost_usd`)) AS line_usd,
    sum(arraySum(`lines.unpriced_calls`)) AS line_unpriced,
    groupArrayIf(5)(
        lower(hex(trace_id)),
        arraySum(`lines.calls`) != calls
        OR arraySum(`lines.llm_errors`) != llm_errors
        OR arraySum(`lines.priced_calls`) != priced_calls
        OR arraySum(`lines.unpriced_calls`) != unpriced_calls
        OR arraySum(`lines.unpriced_tokens`) != unpriced_tokens
        OR arraySum(`lines.calls_without_usage`) != calls_without_usage
        OR arraySum(`lines.estimated_calls`) != estimated_calls
        OR arraySum(`lines.input_tokens`) != input_tokens
        OR arraySum(`lines.output_tokens`) != output_tokens
        OR arraySum(`lines.cache_read_tokens`) != cache_read_tokens
        OR arraySum(`lines.cache_write_tokens`) != cache_write_tokens
        OR arraySum(`lines.reasoning_tokens`) != reasoning_tokens
        OR arraySum(`lines.cost_usd`) != cost_usd
        OR arraySum(`lines.estimated_usd`) != estimated_usd
    ) AS odd_traces
FROM traces FINAL
WHERE project_id = {project:String}
