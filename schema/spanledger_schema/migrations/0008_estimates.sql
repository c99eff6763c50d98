-- How the tokens of a call were counted here because it reported none, and how far to trust them.
ALTER TABLE spans
    ADD COLUMN estimate_method LowCardinality(String), -- tiktoken/o200k_base@1.2; '': not estimated
    ADD COLUMN estimate_error_pct Nullable(UInt8)      -- expected error, in percent
