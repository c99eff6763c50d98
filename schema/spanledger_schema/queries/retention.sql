-- How long each project keeps what.
SELECT project_id, payload_days, ledger_days FROM retention FINAL ORDER BY project_id
