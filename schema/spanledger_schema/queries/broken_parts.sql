-- The parts that the engine found damaged and set aside.
SELECT
    table,
    ifNull(partition_id, '')         AS partition_id,
    toInt64(ifNull(min_block_number, 0)) AS first_block,
    toInt64(ifNull(max_block_number, 0)) AS last_block
FROM system.detached_parts
WHERE database = currentDatabase() AND startsWith(ifNull(reason, ''), 'broken')
ORDER BY table, partition_id, first_block
