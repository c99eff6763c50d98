-- Which granules hold which words, for the search over inputs and outputs. A Bloom filter of 128 KiB
-- per granule (10 MB of JSON) is written at the cost of hashing; an inverted index made inserting three
-- times as dear and the table half as large again. Old parts get it when they are merged.
ALTER TABLE payloads
    ADD INDEX words lower(concat(attributes, ' ', events)) TYPE tokenbf_v1(131072, 3, 0) GRANULARITY 1
