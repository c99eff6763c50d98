-- What has just been applied here.
INSERT INTO migrations (number, name, digest)
SELECT {number:UInt32}, {name:String}, {digest:String}
