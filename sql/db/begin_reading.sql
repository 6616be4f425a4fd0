-- A command that only reads: it sees one state of the database, and can write nothing.
SET TRANSACTION READ ONLY
