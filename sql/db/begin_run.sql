-- One run is one transaction that sees one state of the database.
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
