-- The parts that each of our tables consists of now, and from when the oldest row of each is.
SELECT
    table,
    partition_id,
    toInt64(min_block_number)       AS first_block,
    toInt64(max_block_number)       AS last_block,
    toUInt64(rows)                  AS row_count,
    toUInt64(toUnixTimestamp(min_time)) AS oldest_s   -- 0 where the table is not cut by time
FROM system.parts
WHERE active AND database = currentDatabase()
ORDER BY table, partition_id, first_block
