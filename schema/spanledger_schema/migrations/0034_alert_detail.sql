-- Alerts of detectors: budget_id says which (detector:loop), threshold what kind of thing it is about
-- (found:session), and this what was found, in words without anybody's name.
ALTER TABLE alerts ADD COLUMN detail String
