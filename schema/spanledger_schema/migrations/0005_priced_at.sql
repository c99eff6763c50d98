-- The moment whose prices a call pays: its own start, also where that is too odd to count by.
-- Repricing asks for the same moment again. Spans of before have it in `started_at`.
ALTER TABLE spans
    ADD COLUMN priced_at DateTime64(9, 'UTC') DEFAULT started_at AFTER price_context
