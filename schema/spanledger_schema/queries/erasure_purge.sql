-- Have the engine rewrite the files that still hold deleted payloads, in the background.
ALTER TABLE payloads APPLY DELETED MASK
