-- What caches saved in a range of time: each cached token against the rate of fresh input on the
-- same bill. Where a bill has no line for fresh input, its rate is not known: counted, not guessed.
-- Products of a rate and a count stay exact; rounding is for those who show them.
SELECT
    count() AS call_count,
    countIf(fresh IS NULL) AS unknown_calls,
    sum(ifNull(cache_read_tokens, 0)) AS read_tokens,
    sum(ifNull(cache_write_tokens, 0)) AS write_tokens,
    sumIf(assumeNotNull(fresh) * read_quantity - read_usd, fresh IS NOT NULL) AS reads_saved,
    sumIf(write_usd - assumeNotNull(fresh) * write_quantity, fresh IS NOT NULL) AS writes_cost
FROM (
    SELECT
        cache_read_tokens,
        cache_write_tokens,
        if(has(bill_meters, 'input'), bill_rates_usd[indexOf(bill_meters, 'input')], NULL) AS fresh,
        arraySum((m, q) -> if(m = 'cache_read', q, 0), bill_meters, bill_quantities) AS read_quantity,
        arraySum((m, q) -> if(m LIKE 'cache_write%', q, 0), bill_meters, bill_quantities) AS write_quantity,
        arraySum((m, usd) -> if(m = 'cache_read', usd, toDecimal128(0, 12)), bill_meters, bill_usd) AS read_usd,
        arraySum((m, usd) -> if(m LIKE 'cache_write%', usd, toDecimal128(0, 12)), bill_meters, bill_usd) AS write_usd
    FROM spans FINAL
    WHERE project_id = {project:String}
        AND started_at >= fromUnixTimestamp64Nano({since_ns:Int64}, 'UTC')
        AND started_at < fromUnixTimestamp64Nano({until_ns:Int64}, 'UTC')
        AND (cache_read_tokens > 0 OR cache_write_tokens > 0)
        AND computed_usd IS NOT NULL
        AND (/*filter*/ 1)
        AND (trace_id, span_id) NOT IN (
            SELECT trace_id, span
            FROM traces FINAL
            ARRAY JOIN `not_billed.span_id` AS span
            WHERE project_id = {project:String}
        )
)
