-- How many days have no place left, each dimension of a project for itself.
SELECT uniqExact(project_id, dimension, day) AS days
FROM admitted
WHERE digest = toFixedString(substring(SHA256('__other__'), 1, 16), 16)
