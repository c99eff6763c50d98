-- Who is told that a call waits and what was said of it: channels by name, as the policy said when the
-- call was asked for; every one where there is none.
ALTER TABLE approvals ADD COLUMN channels Array(String)
