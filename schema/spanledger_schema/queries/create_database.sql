-- The database that everything of ours is in.
CREATE DATABASE IF NOT EXISTS {database:Identifier}
