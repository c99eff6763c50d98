-- What an agent fleet does, one row per span of the traces [from, until) of `traces` in all, made by the
-- engine alone and the same whenever it is asked. Every number comes of a hash of the trace and the step.
-- Traces have a long tail (five steps, now and then 2,000), histories grow with every step, ids are as
-- random as real ones, and 16 traces in a row are 11 sessions.
SELECT
    'default' AS project_id,
    sipHash128(number, 'trace') AS trace_id,
    reinterpretAsFixedString(sipHash64(number, step)) AS span_id,
    if(step = 0, toFixedString('', 8), reinterpretAsFixedString(sipHash64(number, 0))) AS parent_span_id,
    toUInt64(toUnixTimestamp64Nano(received_at)) + bitShiftLeft(1::UInt64, 63) AS ver,
    least(started_at + toIntervalSecond(3 + dice % 40), {newest:DateTime64(9, 'UTC')}) AS received_at,
    {oldest:DateTime64(9, 'UTC')}
        + toIntervalMicrosecond(intDiv(2592000000000 * number, {traces:UInt64}) + step * 1700000) AS started_at,
    started_at + toIntervalMillisecond(if(step = 0, steps * 1700, 20 + dice % 1600)) AS ended_at,
    multiIf(step = 0, 'agent', step % 2 = 1, 'llm', 'tool') AS kind,
    multiIf(step = 0, 'refund_flow', step % 2 = 1, 'chat', 'execute_tool') AS name,
    if(dice % 97 = 0, 'error', 'ok') AS status,
    if(dice % 97 = 0, ['rate_limit', 'timeout', 'ToolError'][1 + dice % 3], '') AS error_type,
    'service-' || toString(luck % 6) AS service,
    ['production', 'staging'][1 + (luck % 9 = 0)] AS environment,
    'opentelemetry.instrumentation.openai' AS scope,
    'genai' AS dialect,
    'session-' || toString(intDiv(number, 16) * 11 + [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10, 10, 10][1 + number % 16])
        AS session_id,
    'user-' || toString(toUInt32(10000 * pow((luck % 1000003) / 1000003, 2))) AS user_id,
    ['team-' || toString(luck % 7)] AS tags,
    'agent-' || toString(luck % 20) AS agent,
    if(kind = 'tool', 'tool-' || toString(dice % 12), '') AS tool,
    if(kind = 'llm', ['openai', 'anthropic', 'google', 'mistral'][1 + model_no % 4], '') AS provider,
    if(kind = 'llm', 'model-' || toString(model_no), '') AS response_model,
    if(kind = 'llm', 'resp_' || hex(sipHash64(number, step, 'response')), '') AS response_id,
    if(kind = 'llm', 'reported', 'absent') AS usage_state,
    if(kind = 'llm', 'provider', 'none') AS usage_source,
    if(kind = 'llm', least(120000, 700 + 310 * step + dice % 500), NULL) :: Nullable(UInt64) AS input_tokens,
    if(kind = 'llm', 20 + dice % 600, NULL) :: Nullable(UInt64) AS output_tokens,
    if(kind = 'llm', intDiv(input_tokens * (step > 1), 2), NULL) :: Nullable(UInt64) AS cache_read_tokens,
    -- one model in 40 has no price
    if(kind = 'llm' AND model_no != 39,
        toDecimal128(input_tokens * (1 + model_no % 9) + output_tokens * 12, 12) / 10000000, NULL)
        :: Nullable(Decimal(38, 12)) AS cost_usd,
    multiIf(kind != 'llm', '', model_no = 39, 'unpriced', 'priced') AS cost_source,
    cost_source AS price_status,
    if(kind = 'llm', ['input', 'output'], []) AS bill_meters,
    if(kind = 'llm', [assumeNotNull(input_tokens), assumeNotNull(output_tokens)], []) AS bill_quantities,
    -- of 20,000 words, some far more often than others
    arrayStringConcat(arrayMap(
        i -> lower(hex(toUInt32(20000 * pow(sipHash64(dice, i) % 1000003 / 1000003, 3)) * 2654435761 % 4294967296)),
        range(if(step % 2 = 1, 24, 6))
    ), ' ') AS said,
    substring(said, 1, 90) AS preview,
    number,
    dice,
    step,
    steps,
    said
FROM (
    SELECT
        number,
        sipHash64(number) AS luck,
        least(2000, 4 + toUInt32(6 * pow((1 + luck % 1000003) / 1000003, -0.6))) AS steps,
        luck % 40 AS model_no,
        arrayJoin(range(steps)) AS step,
        sipHash64(number, step, 'dice') AS dice
    FROM numbers({from:UInt64}, {until:UInt64} - {from:UInt64})
)
