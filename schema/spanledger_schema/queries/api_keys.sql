-- Every key there ever was, as it is now, oldest first.
SELECT
    id,
    digest,
    hint,
    project_id,
    scopes,
    name,
    toUnixTimestamp64Nano(created_at)   AS created_ns,
    toUnixTimestamp64Nano(expires_at)   AS expires_ns,
    revoked
FROM api_keys FINAL
ORDER BY created_at, id
