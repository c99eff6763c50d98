-- The users and sessions that were erased, and the projects in which anything was.
SELECT project_id, kind, if(kind IN ('user', 'session'), subject, '') AS subject, any(alias) AS alias
FROM erasures FINAL
WHERE kind != 'pending'
GROUP BY project_id, kind, subject
