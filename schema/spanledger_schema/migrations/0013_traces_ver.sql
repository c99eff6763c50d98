-- The version of a trace is the sum of those of its spans, which grow when one ends, is sent again or
-- is priced anew: of two writers that know equally many spans, the one that knew a newer price wins.
-- Rows of before have a count of facts there, which any sum of nanoseconds outgrows.
ALTER TABLE traces
    MODIFY COLUMN ver UInt128
