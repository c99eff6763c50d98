-- What led from one call to others of its kind was kept for ever. A view that stores its own rows cannot be
-- given a column: both are made anew, with days, from the spans that are still there.
DROP TABLE response_ids, call_usages
