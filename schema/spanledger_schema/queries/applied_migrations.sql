-- What this database has seen already.
SELECT number, digest FROM migrations
