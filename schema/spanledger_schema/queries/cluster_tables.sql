-- The tables that lie on the shards of a cluster, without those that views store their rows in.
SELECT name
FROM system.tables
WHERE database = {database:String} AND NOT startsWith(name, '.inner')
ORDER BY name
