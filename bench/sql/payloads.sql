-- The words of the spans; one span in 100,000 speaks of a chargeback.
INSERT INTO payloads (project_id, trace_id, span_id, ver, received_at, attributes, resource, scope)
SELECT
    project_id, trace_id, span_id, ver, received_at,
    concat(
        '{"gen_ai.operation.name":"', name, '","gen_ai.input.messages":"[{\\"role\\":\\"user\\",\\"content\\":\\"',
        said, if(dice % 100000 = 0, ' chargeback', ''), '\\"}]","gen_ai.usage.input_tokens":',
        toString(ifNull(input_tokens, 0)), '}'
    ) AS attributes,
    concat('{"service.name":"', service, '"}') AS resource,
    '{"name":"opentelemetry.instrumentation.openai"}' AS scope
FROM (/*ledger*/)
WHERE {again:UInt8} = 0 OR dice % 50 = 0
