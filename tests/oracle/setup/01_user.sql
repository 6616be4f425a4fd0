-- The tests' own schema, made once when the container's database is.
ALTER SESSION SET CONTAINER = FREEPDB1;
CREATE USER recert_test IDENTIFIED BY "Tests-only-1" DEFAULT TABLESPACE users QUOTA UNLIMITED ON users;
GRANT CREATE SESSION, CREATE TABLE, CREATE SEQUENCE TO recert_test;
EXIT;
