-- Every project that has sent anything.
SELECT DISTINCT project_id FROM spans ORDER BY project_id
