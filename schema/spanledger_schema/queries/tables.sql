-- The tables that there are.
SELECT name AS table
FROM system.tables
WHERE database = currentDatabase()
