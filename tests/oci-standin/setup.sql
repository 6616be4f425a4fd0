-- What Oracle has and PostgreSQL hasn't: types, operators, functions, the dictionary.
-- Run once per database by a superuser. Sessions have the search path `<schema>, oracle, pg_catalog`, so that what is
-- here stands before PostgreSQL's own. Functions with RETURN are bound when they are made, whatever the path is later.

SET client_min_messages = warning;
CREATE SCHEMA oracle;
GRANT USAGE ON SCHEMA oracle TO PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- Types -----------------------------------------------------------------------------------------------------------

-- A DATE has seconds but no fractions. PostgreSQL describes it as timestamp(0), which nothing else here is.
CREATE DOMAIN oracle.date AS timestamp(0);

-- LOBs are types of their own, so that a description tells them from strings.
CREATE TYPE oracle.clob;
CREATE FUNCTION oracle.clob_in(cstring) RETURNS oracle.clob LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION oracle.clob_out(oracle.clob) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE oracle.clob (INPUT = oracle.clob_in, OUTPUT = oracle.clob_out, LIKE = pg_catalog.text);
CREATE CAST (oracle.clob AS text) WITH INOUT AS IMPLICIT;
CREATE CAST (text AS oracle.clob) WITH INOUT AS ASSIGNMENT;
CREATE CAST (varchar AS oracle.clob) WITH INOUT AS ASSIGNMENT;
CREATE TYPE oracle.blob;
CREATE FUNCTION oracle.blob_in(cstring) RETURNS oracle.blob LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION oracle.blob_out(oracle.blob) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE oracle.blob (INPUT = oracle.blob_in, OUTPUT = oracle.blob_out, LIKE = pg_catalog.bytea);
CREATE CAST (oracle.blob AS bytea) WITH INOUT AS IMPLICIT;
CREATE CAST (bytea AS oracle.blob) WITH INOUT AS ASSIGNMENT;

-- Raises an error of Oracle's: the message starts with its code.
-- Not immutable, else the planner would raise it on its own.
CREATE FUNCTION oracle.refuse(message text) RETURNS text LANGUAGE plpgsql STABLE AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'ORA00'; END $$;

-- LOBs can't be compared, grouped or sorted. The last two follow from having no operator class.
CREATE FUNCTION oracle.lob_compare(oracle.clob, oracle.clob) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM oracle.refuse('ORA-00932: inconsistent datatypes: expected - got CLOB'); END $$;
CREATE OPERATOR oracle.= (LEFTARG = oracle.clob, RIGHTARG = oracle.clob, FUNCTION = oracle.lob_compare);
CREATE OPERATOR oracle.<> (LEFTARG = oracle.clob, RIGHTARG = oracle.clob, FUNCTION = oracle.lob_compare);

-- Operators -------------------------------------------------------------------------------------------------------

-- A CHAR keeps its blanks where it meets a VARCHAR2; two CHARs, and a CHAR and a literal, are compared without them.
UPDATE pg_cast SET castfunc = 0, castmethod = 'b' WHERE castsource = 'bpchar'::regtype AND casttarget IN ('text'::regtype, 'varchar'::regtype);
UPDATE pg_cast SET castcontext = 'a' WHERE casttarget = 'bpchar'::regtype AND castsource IN ('text'::regtype, 'varchar'::regtype);

-- NULL is the empty string to ||.
CREATE FUNCTION oracle.concatenate(text, text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.concat($1, $2), '');
CREATE FUNCTION oracle.concatenate(anynonarray, text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT NULLIF(pg_catalog.concat($1, $2), '') $$;
CREATE FUNCTION oracle.concatenate(text, anynonarray) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT NULLIF(pg_catalog.concat($1, $2), '') $$;
CREATE OPERATOR oracle.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = oracle.concatenate);
CREATE OPERATOR oracle.|| (LEFTARG = anynonarray, RIGHTARG = text, FUNCTION = oracle.concatenate);
CREATE OPERATOR oracle.|| (LEFTARG = text, RIGHTARG = anynonarray, FUNCTION = oracle.concatenate);

-- 7/2 is 3.5.
CREATE FUNCTION oracle.divide(integer, integer) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1::numeric / $2;
CREATE FUNCTION oracle.divide(bigint, bigint) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1::numeric / $2;
CREATE FUNCTION oracle.divide(bigint, integer) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1::numeric / $2;
CREATE FUNCTION oracle.divide(integer, bigint) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1::numeric / $2;
CREATE OPERATOR oracle./ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = oracle.divide);
CREATE OPERATOR oracle./ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = oracle.divide);
CREATE OPERATOR oracle./ (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = oracle.divide);
CREATE OPERATOR oracle./ (LEFTARG = integer, RIGHTARG = bigint, FUNCTION = oracle.divide);

-- Days: DATE ± n is a DATE, DATE - DATE is a number.
CREATE FUNCTION oracle.add_days(timestamp, numeric) RETURNS oracle.date IMMUTABLE PARALLEL SAFE
    RETURN ($1 + make_interval(secs => ($2 * 86400)::double precision))::oracle.date;
CREATE FUNCTION oracle.add_days(numeric, timestamp) RETURNS oracle.date IMMUTABLE PARALLEL SAFE
    RETURN oracle.add_days($2, $1);
CREATE FUNCTION oracle.subtract_days(timestamp, numeric) RETURNS oracle.date IMMUTABLE PARALLEL SAFE
    RETURN oracle.add_days($1, -$2);
CREATE FUNCTION oracle.days_between(oracle.date, oracle.date) RETURNS numeric IMMUTABLE PARALLEL SAFE
    RETURN extract(epoch FROM $1::timestamp - $2::timestamp) / 86400;
CREATE OPERATOR oracle.+ (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = oracle.add_days);
CREATE OPERATOR oracle.+ (LEFTARG = numeric, RIGHTARG = timestamp, FUNCTION = oracle.add_days);
CREATE OPERATOR oracle.- (LEFTARG = timestamp, RIGHTARG = numeric, FUNCTION = oracle.subtract_days);
CREATE OPERATOR oracle.- (LEFTARG = oracle.date, RIGHTARG = oracle.date, FUNCTION = oracle.days_between);

-- Dates -----------------------------------------------------------------------------------------------------------

CREATE FUNCTION oracle.sysdate() RETURNS oracle.date STABLE PARALLEL SAFE
    RETURN date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC')::oracle.date;
CREATE FUNCTION oracle.sys_extract_utc(timestamptz) RETURNS timestamp IMMUTABLE PARALLEL SAFE
    RETURN $1 AT TIME ZONE 'UTC';
CREATE FUNCTION oracle.trunc(timestamp) RETURNS oracle.date IMMUTABLE PARALLEL SAFE
    RETURN date_trunc('day', $1)::oracle.date;

-- FF without a digit, or with more than PostgreSQL has: what is finer than microseconds is 0.
CREATE FUNCTION oracle.format_here(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(replace(replace(replace($1, 'FF7', 'FF6"0"'), 'FF8', 'FF6"00"'), 'FF9', 'FF6"000"'),
        'FF(?![0-9])', 'FF6', 'g');
CREATE FUNCTION oracle.to_char(timestamp, text) RETURNS text STABLE PARALLEL SAFE
    RETURN pg_catalog.to_char($1, oracle.format_here($2));
CREATE FUNCTION oracle.to_char(timestamptz, text) RETURNS text STABLE PARALLEL SAFE
    RETURN pg_catalog.to_char($1, oracle.format_here($2));

-- Reads text by a format, and refuses it as Oracle does: too short, too long, no number, no such day.
CREATE FUNCTION oracle.read_moment(value text, format text, OUT at timestamp, OUT zone interval) LANGUAGE plpgsql STABLE AS $$
DECLARE
    elements CONSTANT text := 'YYYY|MM|DD|HH24|MI|SS|FF[1-9]?|TZH|TZM|"[^"]*"|[^A-Z0-9"]';
    element text;
    found text;
    -- Year and month are this one's, and the day is its first, where the format says nothing.
    parts jsonb := jsonb_build_object('YYYY', extract(year FROM now()), 'MM', extract(month FROM now()), 'DD', 1,
        'HH24', 0, 'MI', 0, 'SS', 0);
    fraction numeric := 0;
BEGIN
    IF value IS NULL THEN RETURN; END IF;
    IF regexp_replace(upper(format), elements, '', 'g') <> '' THEN
        PERFORM oracle.refuse('ORA-01821: date format not recognized');
    END IF;
    FOR element IN SELECT m[1] FROM regexp_matches(upper(format), '(' || elements || ')', 'g') AS m LOOP
        IF value IS NULL THEN PERFORM oracle.refuse('ORA-01840: input value not long enough for date format'); END IF;
        IF element LIKE '"%' THEN
            found := substr(element, 2, length(element) - 2);
            IF NOT starts_with(upper(value), found) THEN
                PERFORM oracle.refuse('ORA-01861: literal does not match format string');
            END IF;
        ELSIF element !~ '^[A-Z]' THEN
            -- Another mark will do, or none.
            found := substring(value FROM '^[^A-Za-z0-9]');
            IF value ~ '^[A-Za-z]' THEN PERFORM oracle.refuse('ORA-01861: literal does not match format string'); END IF;
        ELSE
            found := substring(value FROM CASE element
                WHEN 'YYYY' THEN '^[0-9]{1,4}' WHEN 'FF' THEN '^[0-9]{1,9}' WHEN 'TZH' THEN '^[+-]?[0-9]{1,2}'
                ELSE '^[0-9]{1,' || CASE WHEN element LIKE 'FF%' THEN right(element, 1) ELSE '2' END || '}' END);
            IF found IS NULL THEN
                PERFORM oracle.refuse('ORA-01858: a non-numeric character was found where a numeric was expected');
            END IF;
            IF element LIKE 'FF%' THEN
                fraction := ('0.' || found)::numeric;
            ELSE
                parts := parts || jsonb_build_object(element, found::integer);
            END IF;
        END IF;
        value := oracle.substr(value, length(COALESCE(found, '')) + 1);
    END LOOP;
    PERFORM CASE
        WHEN value IS NOT NULL THEN oracle.refuse('ORA-01830: date format picture ends before converting entire input string')
        WHEN (parts->>'YYYY')::integer = 0 THEN oracle.refuse('ORA-01841: (full) year must be between -4713 and +9999, and not be 0')
        WHEN (parts->>'MM')::integer NOT BETWEEN 1 AND 12 THEN oracle.refuse('ORA-01843: not a valid month')
        WHEN (parts->>'DD')::integer NOT BETWEEN 1 AND 31 THEN oracle.refuse('ORA-01847: day of month must be between 1 and last day of month')
        WHEN (parts->>'HH24')::integer > 23 THEN oracle.refuse('ORA-01850: hour must be between 0 and 23')
        WHEN (parts->>'MI')::integer > 59 THEN oracle.refuse('ORA-01851: minutes must be between 0 and 59')
        WHEN (parts->>'SS')::integer > 59 THEN oracle.refuse('ORA-01852: seconds must be between 0 and 59') END;
    at := make_timestamp((parts->>'YYYY')::integer, (parts->>'MM')::integer, 1, (parts->>'HH24')::integer,
        (parts->>'MI')::integer, (parts->>'SS')::integer) + make_interval(days => (parts->>'DD')::integer - 1);
    IF extract(month FROM at) <> (parts->>'MM')::integer THEN
        PERFORM oracle.refuse('ORA-01839: date not valid for month specified');
    END IF;
    at := at + make_interval(secs => round(fraction, 6)::double precision);
    zone := make_interval(hours => (parts->>'TZH')::integer,
        mins => COALESCE((parts->>'TZM')::integer, 0) * CASE WHEN (parts->>'TZH')::integer < 0 THEN -1 ELSE 1 END);
END $$;
CREATE FUNCTION oracle.to_timestamp(text, text) RETURNS timestamp STABLE RETURN (oracle.read_moment($1, $2)).at;
CREATE FUNCTION oracle.to_timestamp_tz(text, text) RETURNS timestamptz LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN zone IS NULL THEN at::timestamptz ELSE (at - zone) AT TIME ZONE 'UTC' END
     FROM oracle.read_moment($1, $2) $$;
CREATE FUNCTION oracle.to_date(text, text) RETURNS oracle.date STABLE RETURN (oracle.read_moment($1, $2)).at::oracle.date;

CREATE FUNCTION oracle.date_larger(oracle.date, oracle.date) RETURNS oracle.date IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN $1 >= $2 THEN $1 ELSE $2 END;
CREATE FUNCTION oracle.date_smaller(oracle.date, oracle.date) RETURNS oracle.date IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN $1 <= $2 THEN $1 ELSE $2 END;
CREATE AGGREGATE oracle.max(oracle.date) (SFUNC = oracle.date_larger, STYPE = oracle.date);
CREATE AGGREGATE oracle.min(oracle.date) (SFUNC = oracle.date_smaller, STYPE = oracle.date);

-- Numbers ---------------------------------------------------------------------------------------------------------

-- No zeros at the end, none before the point.
CREATE FUNCTION oracle.to_char(numeric) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(trim_scale($1)::text, '^(-?)0\.', '\1.');
CREATE FUNCTION oracle.to_char(bigint) RETURNS text IMMUTABLE PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION oracle.to_char(integer) RETURNS text IMMUTABLE PARALLEL SAFE RETURN $1::text;
CREATE FUNCTION oracle.to_char(text) RETURNS text IMMUTABLE PARALLEL SAFE RETURN $1;
CREATE FUNCTION oracle.to_number(text) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1::numeric;
CREATE FUNCTION oracle.to_number(numeric) RETURNS numeric IMMUTABLE PARALLEL SAFE RETURN $1;
CREATE FUNCTION oracle.round(integer) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN $1;
CREATE FUNCTION oracle.round(bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN $1;
CREATE FUNCTION oracle.trunc(integer) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN $1;
CREATE FUNCTION oracle.trunc(bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE RETURN $1;

-- Strings: nothing here returns an empty string, which is NULL. --------------------------------------------------

CREATE FUNCTION oracle.trim_blanks(text) RETURNS text IMMUTABLE PARALLEL SAFE RETURN NULLIF(btrim($1, ' '), '');
CREATE FUNCTION oracle.ltrim(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.ltrim($1, ' '), '');
CREATE FUNCTION oracle.rtrim(text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.rtrim($1, ' '), '');
CREATE FUNCTION oracle.ltrim(text, text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.ltrim($1, $2), '');
CREATE FUNCTION oracle.rtrim(text, text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.rtrim($1, $2), '');
CREATE FUNCTION oracle.replace(text, text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(pg_catalog.replace($1, $2, ''), '');
CREATE FUNCTION oracle.replace(text, text, text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $2 IS NULL THEN $1 ELSE NULLIF(pg_catalog.replace($1, $2, COALESCE($3, '')), '') END;
-- 0 is the first character, a negative place counts from the end.
CREATE FUNCTION oracle.substr(text, integer) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(CASE WHEN $2 < -length($1) THEN NULL WHEN $2 < 0 THEN pg_catalog.right($1, -$2)
                       ELSE pg_catalog.substr($1, greatest($2, 1)) END, '');
CREATE FUNCTION oracle.substr(text, integer, integer) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $3 < 1 THEN NULL ELSE pg_catalog.left(oracle.substr($1, $2), $3) END;
CREATE FUNCTION oracle.instr(text, text) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN strpos($1, $2);
CREATE FUNCTION oracle.instr(text, text, integer) RETURNS integer IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN $3 < 1 THEN oracle.refuse('ORA-00904: "INSTR": the stand-in only searches forwards')::integer
                WHEN strpos(pg_catalog.substr($1, $3), $2) = 0 THEN 0
                ELSE strpos(pg_catalog.substr($1, $3), $2) + $3 - 1 END;
-- PostgreSQL's doesn't count the blanks of a CHAR.
CREATE FUNCTION oracle.length(char) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN pg_catalog.length($1::text);
CREATE FUNCTION oracle.lengthb(text) RETURNS integer IMMUTABLE PARALLEL SAFE RETURN octet_length($1);
CREATE FUNCTION oracle.to_clob(text) RETURNS oracle.clob IMMUTABLE PARALLEL SAFE RETURN $1::oracle.clob;
CREATE FUNCTION oracle.rawtohex(bytea) RETURNS text IMMUTABLE PARALLEL SAFE RETURN upper(encode($1, 'hex'));

-- Rows: a ROWID is a hidden column, and stays with its row. -------------------------------------------------------

CREATE SEQUENCE oracle.rowids START 65536;
GRANT USAGE ON SEQUENCE oracle.rowids TO PUBLIC;
CREATE FUNCTION oracle.new_rowid() RETURNS tid LANGUAGE sql VOLATILE AS
$$ SELECT format('(%s,%s)', n >> 16, n & 65535)::tid FROM nextval('oracle.rowids') AS n $$;
CREATE FUNCTION oracle.rowidtochar(tid) RETURNS varchar IMMUTABLE PARALLEL SAFE RETURN $1::text::varchar;
CREATE FUNCTION oracle.chartorowid(text) RETURNS tid IMMUTABLE PARALLEL SAFE RETURN $1::tid;

-- Whether the tables that a statement names have the columns that they had at the snapshot: the catalogs are read by it,
-- and privileges by what is there now.
CREATE FUNCTION oracle.must_be_defined_as_it_was(statement text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND lower(statement) ~ ('\m' || c.relname || '\M')
                  AND (has_column_privilege(c.oid, (c.relnatts + 1)::smallint, 'SELECT') IS NOT NULL
                       OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                     AND has_column_privilege(c.oid, a.attnum, 'SELECT') IS NULL))) THEN
        PERFORM oracle.refuse('ORA-01466: unable to read data - table definition has changed');
    END IF;
END $$;

-- The session -----------------------------------------------------------------------------------------------------

-- A name as Oracle shows it.
CREATE FUNCTION oracle.shown(name text) RETURNS varchar IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN name = lower(name) THEN upper(name) ELSE name END;
CREATE FUNCTION oracle.ora_user() RETURNS varchar STABLE RETURN oracle.shown(session_user);

CREATE FUNCTION oracle.use_schema(schema text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regnamespace(quote_ident(schema)) IS NULL THEN
        PERFORM oracle.refuse('ORA-01435: user does not exist');
    END IF;
    PERFORM set_config('search_path', quote_ident(schema) || ', oracle, pg_catalog', false),
            set_config('oci.schema', schema, false);
END $$;

CREATE FUNCTION oracle.sys_context(namespace text, parameter text) RETURNS varchar STABLE RETURN
    CASE upper(namespace) || '.' || upper(parameter)
        WHEN 'USERENV.MODULE' THEN NULLIF(current_setting('oci.module', true), '')
        WHEN 'USERENV.ACTION' THEN NULLIF(current_setting('oci.action', true), '')
        WHEN 'USERENV.CLIENT_IDENTIFIER' THEN NULLIF(current_setting('oci.client_identifier', true), '')
        WHEN 'USERENV.CLIENT_INFO' THEN NULLIF(current_setting('oci.client_info', true), '')
        WHEN 'USERENV.CURRENT_SCHEMA' THEN oracle.shown(current_setting('oci.schema', true))
        WHEN 'USERENV.SESSION_USER' THEN oracle.shown(session_user)
        WHEN 'USERENV.CURRENT_USER' THEN oracle.shown(current_user)
        WHEN 'USERENV.PROXY_USER' THEN NULL
        WHEN 'USERENV.SERVICE_NAME' THEN current_database()::text
        WHEN 'USERENV.DB_NAME' THEN oracle.shown(current_database())
        WHEN 'USERENV.DB_UNIQUE_NAME' THEN oracle.shown(current_database())
        WHEN 'USERENV.CON_NAME' THEN oracle.shown(current_database())
        WHEN 'USERENV.INSTANCE_NAME' THEN current_database()::text
        WHEN 'USERENV.SERVER_HOST' THEN 'localhost'
        WHEN 'USERENV.HOST' THEN 'localhost'
        WHEN 'USERENV.OS_USER' THEN session_user::text
        WHEN 'USERENV.IP_ADDRESS' THEN host(inet_client_addr())
        WHEN 'USERENV.SID' THEN pg_backend_pid()::text
        WHEN 'USERENV.SESSIONID' THEN pg_backend_pid()::text
        WHEN 'USERENV.LANGUAGE' THEN 'AMERICAN_AMERICA.AL32UTF8'
        WHEN 'USERENV.ISDBA' THEN 'FALSE'
        WHEN 'USERENV.DATABASE_ROLE' THEN COALESCE(NULLIF(current_setting('oci.database_role', true), ''), 'PRIMARY')
        ELSE oracle.refuse('ORA-02003: invalid USERENV parameter')
    END;

CREATE VIEW oracle.dual AS SELECT 'X'::varchar(1) AS dummy;

-- Of other sessions only what fits into application_name is known: the first 63 bytes of module|action|client.
CREATE VIEW oracle."v$session" AS
SELECT pid::numeric AS sid, pid::numeric AS "serial#", pid::numeric AS audsid, oracle.shown(usename) AS username,
       CASE state WHEN 'idle' THEN 'INACTIVE' ELSE 'ACTIVE' END::varchar(8) AS status, 'USER'::varchar(10) AS type,
       NULLIF(split_part(application_name, '|', 1), '')::varchar(64) AS module,
       NULLIF(split_part(application_name, '|', 2), '')::varchar(64) AS action,
       NULLIF(split_part(application_name, '|', 3), '')::varchar(64) AS client_identifier,
       (backend_start AT TIME ZONE 'UTC')::oracle.date AS logon_time
  FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend';

-- The dictionary --------------------------------------------------------------------------------------------------

-- Tables and views that the user may do something with.
CREATE VIEW oracle.relations AS
SELECT c.oid, c.relkind, c.relacl, c.relowner, c.reltuples, oracle.shown(n.nspname) AS owner,
       oracle.shown(c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'p') AND n.nspname NOT IN ('oracle', 'pg_catalog', 'information_schema', 'pg_toast')
   AND has_schema_privilege(n.oid, 'USAGE')
   AND (pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, REFERENCES')
        OR has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE'));

CREATE VIEW oracle.all_tables AS
SELECT owner, name AS table_name, 'USERS'::varchar(30) AS tablespace_name, 'VALID'::varchar(8) AS status,
       CASE WHEN reltuples >= 0 THEN reltuples::bigint::numeric END AS num_rows, 'NO'::varchar(3) AS partitioned,
       'N'::varchar(1) AS temporary
  FROM oracle.relations WHERE relkind <> 'v';
CREATE VIEW oracle.user_tables AS SELECT * FROM oracle.all_tables WHERE owner = oracle.ora_user();

-- Columns of expressions, and those that a `*` leaves out: the stand-in marks them with a constraint.
CREATE VIEW oracle.all_tab_cols AS
SELECT r.owner, r.name AS table_name, oracle.shown(a.attname) AS column_name,
       CASE WHEN t.typname IN ('numeric', 'int8', 'int4') THEN 'NUMBER'
            WHEN t.typname IN ('varchar', 'text') THEN 'VARCHAR2'
            WHEN t.typname = 'bpchar' THEN 'CHAR'
            WHEN t.typname = 'bytea' THEN 'RAW'
            WHEN t.typname = 'float8' THEN 'BINARY_DOUBLE'
            WHEN t.typname = 'timestamp' THEN format('TIMESTAMP(%s)', CASE WHEN m < 0 THEN 6 ELSE m END)
            WHEN t.typname = 'timestamptz' THEN format('TIMESTAMP(%s) WITH TIME ZONE', CASE WHEN m < 0 THEN 6 ELSE m END)
            ELSE upper(t.typname) END::varchar(128) AS data_type,
       CASE WHEN t.typname IN ('varchar', 'bpchar') AND k.bytes IS NULL THEN (m - 4) * 4
            WHEN t.typname IN ('varchar', 'bpchar', 'bytea') THEN k.bytes
            WHEN t.typname = 'date' THEN 7 WHEN t.typname = 'timestamp' THEN 11 WHEN t.typname = 'timestamptz' THEN 13
            WHEN t.typname IN ('clob', 'blob') THEN 4000 ELSE 22 END::numeric AS data_length,
       CASE WHEN t.typname = 'numeric' AND m >= 4 THEN (m - 4) >> 16 END::numeric AS data_precision,
       CASE WHEN t.typname = 'numeric' AND m >= 4 THEN (((m - 4) & 2047) # 1024) - 1024
            WHEN t.typname IN ('timestamp', 'timestamptz') THEN CASE WHEN m < 0 THEN 6 ELSE m END END::numeric
           AS data_scale,
       CASE WHEN a.attnotnull THEN 'N' ELSE 'Y' END::varchar(1) AS nullable,
       CASE WHEN NOT h.hidden THEN row_number() OVER (PARTITION BY r.oid, h.hidden ORDER BY a.attnum) END::numeric
           AS column_id,
       pg_get_expr(d.adbin, d.adrelid)::varchar(4000) AS data_default,
       CASE WHEN t.typname IN ('varchar', 'bpchar') THEN m - 4 ELSE 0 END::numeric AS char_length,
       CASE WHEN t.typname IN ('varchar', 'bpchar') THEN CASE WHEN k.bytes IS NULL THEN 'C' ELSE 'B' END END::varchar(1)
           AS char_used,
       CASE WHEN a.attidentity = '' THEN 'NO' ELSE 'YES' END::varchar(3) AS identity_column,
       CASE WHEN a.attgenerated = '' THEN 'NO' ELSE 'YES' END::varchar(3) AS virtual_column,
       CASE WHEN h.hidden THEN 'YES' ELSE 'NO' END::varchar(3) AS hidden_column, 'YES'::varchar(3) AS user_generated,
       a.attnum::numeric AS internal_column_id, CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END
           AS generation_type
  FROM oracle.relations r
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'oci$rowid'
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN LATERAL (SELECT split_part(conname, '$', 2)::integer AS bytes FROM pg_constraint
                      WHERE conrelid = r.oid AND contype = 'c' AND conname LIKE 'oralen$%' AND conkey = ARRAY[a.attnum]) k
    ON true
  CROSS JOIN LATERAL (SELECT a.atttypmod) AS typmod (m)
  CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM pg_constraint
                       WHERE conrelid = r.oid AND contype = 'c' AND conname LIKE 'orahid$%' AND conkey = ARRAY[a.attnum])) AS h (hidden);
CREATE VIEW oracle.user_tab_cols AS SELECT * FROM oracle.all_tab_cols WHERE owner = oracle.ora_user();
CREATE VIEW oracle.all_tab_columns AS SELECT * FROM oracle.all_tab_cols WHERE hidden_column = 'NO';
CREATE VIEW oracle.all_tab_identity_cols AS
SELECT owner, table_name, column_name, generation_type FROM oracle.all_tab_cols WHERE generation_type IS NOT NULL;
CREATE VIEW oracle.user_tab_columns AS SELECT * FROM oracle.all_tab_columns WHERE owner = oracle.ora_user();

CREATE VIEW oracle.all_constraints AS
SELECT r.owner, oracle.shown(c.conname) AS constraint_name,
       CASE c.contype WHEN 'f' THEN 'R' ELSE upper(c.contype::text) END::varchar(1) AS constraint_type,
       r.name AS table_name, CASE WHEN c.confrelid <> 0 THEN r.owner END AS r_owner,
       (SELECT oracle.shown(p.conname) FROM pg_constraint p
         WHERE p.conrelid = c.confrelid AND p.contype IN ('p', 'u') AND p.conindid = c.conindid) AS r_constraint_name,
       CASE WHEN c.contype <> 'f' THEN NULL WHEN c.confdeltype = 'c' THEN 'CASCADE' WHEN c.confdeltype = 'n' THEN 'SET NULL'
            ELSE 'NO ACTION' END::varchar(9) AS delete_rule,
       'ENABLED'::varchar(8) AS status, 'VALIDATED'::varchar(13) AS validated,
       (SELECT oracle.shown(i.relname) FROM pg_class i WHERE i.oid = c.conindid AND c.contype IN ('p', 'u')) AS index_name
  FROM oracle.relations r
  JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype IN ('p', 'u', 'f', 'c') AND c.conname NOT LIKE 'ora___$%' AND c.conname NOT LIKE '%oci$rowid%';
CREATE VIEW oracle.user_constraints AS SELECT * FROM oracle.all_constraints WHERE owner = oracle.ora_user();

CREATE VIEW oracle.all_cons_columns AS
SELECT r.owner, oracle.shown(c.conname) AS constraint_name, r.name AS table_name,
       oracle.shown(a.attname) AS column_name, k.position::numeric AS position
  FROM oracle.relations r
  JOIN pg_constraint c ON c.conrelid = r.oid AND c.conname NOT LIKE 'ora___$%' AND c.conname NOT LIKE '%oci$rowid%'
  CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k (attnum, position)
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum;
CREATE VIEW oracle.user_cons_columns AS SELECT * FROM oracle.all_cons_columns WHERE owner = oracle.ora_user();

CREATE VIEW oracle.all_indexes AS
SELECT r.owner, oracle.shown(i.relname) AS index_name,
       CASE WHEN x.indexprs IS NULL THEN 'NORMAL' ELSE 'FUNCTION-BASED NORMAL' END::varchar(27) AS index_type,
       r.owner AS table_owner, r.name AS table_name, 'TABLE'::varchar(5) AS table_type,
       CASE WHEN x.indisunique THEN 'UNIQUE' ELSE 'NONUNIQUE' END::varchar(9) AS uniqueness,
       'VALID'::varchar(8) AS status
  FROM oracle.relations r JOIN pg_index x ON x.indrelid = r.oid
  JOIN pg_class i ON i.oid = x.indexrelid AND i.relname NOT LIKE '%oci$rowid%';
CREATE VIEW oracle.user_indexes AS SELECT * FROM oracle.all_indexes WHERE owner = oracle.ora_user();

CREATE VIEW oracle.all_ind_columns AS
SELECT r.owner AS index_owner, oracle.shown(i.relname) AS index_name, r.owner AS table_owner, r.name AS table_name,
       COALESCE(oracle.shown(a.attname), format('SYS_NC%s$', lpad(k.position::text, 5, '0')))::varchar AS column_name,
       k.position::numeric AS column_position,
       CASE WHEN x.indoption[k.position - 1] & 1 = 1 THEN 'DESC' ELSE 'ASC' END::varchar(4) AS descend
  FROM oracle.relations r JOIN pg_index x ON x.indrelid = r.oid
  JOIN pg_class i ON i.oid = x.indexrelid AND i.relname NOT LIKE '%oci$rowid%'
  CROSS JOIN LATERAL unnest(x.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
  LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = k.attnum AND k.attnum > 0;
CREATE VIEW oracle.user_ind_columns AS
SELECT index_name, table_name, column_name, column_position, descend
  FROM oracle.all_ind_columns WHERE table_owner = oracle.ora_user();

CREATE VIEW oracle.all_tab_privs AS
SELECT oracle.shown(pg_get_userbyid(p.grantor)) AS grantor,
       CASE WHEN p.grantee = 0 THEN 'PUBLIC' ELSE oracle.shown(pg_get_userbyid(p.grantee)) END AS grantee,
       r.owner AS table_schema, r.name AS table_name, p.privilege_type::varchar(40) AS privilege,
       CASE WHEN p.is_grantable THEN 'YES' ELSE 'NO' END::varchar(3) AS grantable
  FROM oracle.relations r CROSS JOIN LATERAL aclexplode(r.relacl) p
 WHERE p.grantee <> r.relowner AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES')
   AND (p.grantee = 0 OR pg_has_role(p.grantee, 'USAGE') OR pg_has_role(r.relowner, 'USAGE'));
CREATE VIEW oracle.user_tab_privs AS
SELECT grantee, table_schema AS owner, table_name, grantor, privilege, grantable FROM oracle.all_tab_privs
 WHERE oracle.ora_user() IN (grantee, grantor, table_schema);

CREATE VIEW oracle.role_tab_privs AS
SELECT grantee AS role, table_schema AS owner, table_name, NULL::varchar AS column_name, privilege, grantable
  FROM oracle.all_tab_privs WHERE grantee NOT IN (oracle.ora_user(), 'PUBLIC', table_schema);

CREATE VIEW oracle.session_privs AS
SELECT 'CREATE SESSION'::varchar(40) AS privilege
UNION ALL
SELECT p::varchar(40) FROM unnest(ARRAY['CREATE TABLE', 'CREATE SEQUENCE', 'CREATE VIEW']) AS p
 WHERE has_schema_privilege(to_regnamespace(quote_ident(session_user))::oid, 'CREATE');

-- A synonym is a view of all its table has.
CREATE VIEW oracle.all_synonyms AS
SELECT r.owner, r.name AS synonym_name, split_part(d.description, '.', 2)::varchar(128) AS table_owner,
       split_part(d.description, '.', 3)::varchar(128) AS table_name, NULL::varchar(128) AS db_link
  FROM oracle.relations r JOIN pg_description d ON d.objoid = r.oid AND d.objsubid = 0
 WHERE r.relkind = 'v' AND d.description LIKE 'synonym.%';

CREATE VIEW oracle.all_triggers AS
SELECT r.owner, oracle.shown(t.tgname) AS trigger_name, r.owner AS table_owner, r.name AS table_name,
       CASE WHEN obj_description(t.oid, 'pg_trigger') = 'compound' THEN 'COMPOUND' WHEN t.tgtype & 64 > 0 THEN 'INSTEAD OF'
            ELSE CASE WHEN t.tgtype & 2 > 0 THEN 'BEFORE' ELSE 'AFTER' END || CASE WHEN t.tgtype & 1 > 0 THEN ' EACH ROW' ELSE ' STATEMENT' END
       END::varchar(16) AS trigger_type,
       concat_ws(' OR ', CASE WHEN t.tgtype & 4 > 0 THEN 'INSERT' END, CASE WHEN t.tgtype & 16 > 0 THEN 'UPDATE' END,
                 CASE WHEN t.tgtype & 8 > 0 THEN 'DELETE' END)::varchar(246) AS triggering_event,
       CASE t.tgenabled WHEN 'D' THEN 'DISABLED' ELSE 'ENABLED' END::varchar(8) AS status
  FROM oracle.relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal;
CREATE VIEW oracle.all_policies AS
SELECT r.owner AS object_owner, r.name AS object_name, oracle.shown(p.polname) AS policy_name, 'YES'::varchar(3) AS enable
  FROM oracle.relations r JOIN pg_policy p ON p.polrelid = r.oid;
CREATE VIEW oracle.all_part_key_columns AS
SELECT r.owner, r.name, 'TABLE'::varchar(5) AS object_type, oracle.shown(a.attname) AS column_name
  FROM oracle.relations r JOIN pg_partitioned_table p ON p.partrelid = r.oid
  JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = ANY (p.partattrs::smallint[]);
-- What a test may say otherwise: ALTER DATABASE … SET oci.nls_characterset, oci.database_role.
CREATE VIEW oracle.nls_database_parameters AS
SELECT 'NLS_CHARACTERSET'::varchar(128) AS parameter,
       COALESCE(NULLIF(current_setting('oci.nls_characterset', true), ''), 'AL32UTF8')::varchar(64) AS value;

CREATE VIEW oracle.all_sequences AS
SELECT oracle.shown(schemaname) AS sequence_owner, oracle.shown(sequencename) AS sequence_name,
       increment_by::numeric AS increment_by, last_value::numeric AS last_number
  FROM pg_sequences WHERE schemaname <> 'oracle';
CREATE VIEW oracle.user_sequences AS
SELECT sequence_name, increment_by, last_number FROM oracle.all_sequences WHERE sequence_owner = oracle.ora_user();

CREATE VIEW oracle.all_objects AS
SELECT owner, name AS object_name, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END::varchar(23) AS object_type,
       'VALID'::varchar(7) AS status FROM oracle.relations
UNION ALL SELECT owner, index_name, 'INDEX', 'VALID' FROM oracle.all_indexes
UNION ALL SELECT sequence_owner, sequence_name, 'SEQUENCE', 'VALID' FROM oracle.all_sequences;
CREATE VIEW oracle.user_objects AS
SELECT object_name, object_type, status FROM oracle.all_objects WHERE owner = oracle.ora_user();

CREATE VIEW oracle.all_users AS SELECT oracle.shown(nspname) AS username FROM pg_namespace
 WHERE nspname NOT IN ('oracle', 'public', 'information_schema') AND nspname NOT LIKE 'pg\_%';

GRANT SELECT ON ALL TABLES IN SCHEMA oracle TO PUBLIC;
