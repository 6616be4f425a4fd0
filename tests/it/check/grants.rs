//! What the account may do: the grants that are missing, tables behind synonyms, and a trial of each table.

use recert::door::schema;

use super::{check, lines};
use crate::harness::{World, ok};

/// The statements of sql/deploy/grants_*.oracle.sql for the tables there are.
fn granted_by_the_script(owner: &str, app: &str) -> Vec<String> {
    let script = concat!(
        include_str!("../../../sql/deploy/grants_own.oracle.sql"),
        include_str!("../../../sql/deploy/grants_rap.oracle.sql"),
        include_str!("../../../sql/deploy/grants_ops.oracle.sql"),
        include_str!("../../../sql/deploy/grants_profilemap.oracle.sql"),
    );
    let lines = script.lines().filter(|line| line.starts_with("GRANT") && line.contains(" ON "));
    let there: Vec<String> = schema::tables()
        .iter()
        .map(|table| format!("&owner..{} ", table.name.to_lowercase()))
        .collect();
    let granted = lines.filter(|line| there.iter().any(|table| line.contains(table)));
    granted
        .map(|line| line.replace("&owner.", owner).replace("recert_app", app).replace(';', ""))
        .collect()
}

/// On Oracle who may SELECT may lock rows.
fn let_lock(standin: &clntsh::support::Database, owner: &str, app: &str) {
    let tables = standin.psql(&format!("SELECT table_name FROM information_schema.column_privileges WHERE grantee = '{app}' AND table_schema = '{owner}' GROUP BY 1")).unwrap();
    for table in tables.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let grant = format!("GRANT UPDATE (\"oci$rowid\") ON {owner}.{table} TO {app}");
        standin.psql(&grant).unwrap();
    }
}

#[test]
fn check_names_every_missing_grant() {
    let Some(mut world) = World::standin() else { return };
    let owner = world.config.database.username.clone().unwrap();
    let standin = world.standin_database();
    let app = standin.add_user("app").unwrap();
    world.put("mapping\nresponse MGR=2026-11-30");
    let grant = |rights: &str| standin.psql(rights).map(drop).unwrap();
    grant(&format!("GRANT USAGE ON SCHEMA {owner} TO {app}"));
    for statement in granted_by_the_script(&owner, &app) {
        grant(&statement);
    }
    let_lock(standin, &owner, &app);
    world.config.database.username = Some(app.clone());
    world.config.database.schema = Some(owner.clone());
    assert_eq!(lines(&check(&world), "missing"), Vec::<String>::new(), "the script grants all");
    ok(&world.run("revoke --as-of 2026-11-30")); // And it is enough to run with.
    let standin = world.standin_database();
    standin.psql(&format!("REVOKE DELETE ON {owner}.map_rap_user_role FROM {app}")).unwrap();
    let (owner, app) = (owner.to_uppercase(), app.to_uppercase());
    let missing = lines(&check(&world), "missing");
    let line = format!(
        "MAP_RAP_USER_ROLE: not granted to {app}: GRANT DELETE ON {owner}.MAP_RAP_USER_ROLE TO {app}"
    );
    assert_eq!(missing, [line]);
    let by_role = format!(
        "CREATE ROLE {app}_role; GRANT DELETE ON {owner}.map_rap_user_role TO {app}_role; GRANT {app}_role TO {app}"
    );
    world.standin_database().psql(&by_role).unwrap();
    assert_eq!(lines(&check(&world), "missing"), Vec::<String>::new());
}

#[test]
fn tables_behind_synonyms_are_there_and_their_grants_are_counted() {
    let Some(mut world) = World::standin() else { return };
    let owner = world.config.database.username.clone().unwrap();
    let app = world.standin_database().add_user("app").unwrap();
    let mut sql = format!("GRANT USAGE ON SCHEMA {owner} TO {app};");
    for statement in granted_by_the_script(&owner, &app) {
        sql.push_str(&format!("{statement};"));
    }
    for table in schema::tables() {
        let (view, table) = (format!("{app}.{}", table.name), table.name);
        sql.push_str(&format!(
            "CREATE VIEW {view} AS SELECT * FROM {owner}.{table}; ALTER VIEW {view} OWNER TO {app};
             COMMENT ON VIEW {view} IS 'synonym.{}.{table}';",
            owner.to_uppercase()
        ));
    }
    sql.push_str(&format!(
        "CREATE FUNCTION {owner}.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER stamp AFTER UPDATE ON {owner}.user_tab FOR EACH ROW EXECUTE FUNCTION {owner}.nothing();"
    ));
    world.standin_database().psql(&sql).unwrap();
    let_lock(world.standin_database(), &owner, &app);
    world.config.database.username = Some(app);
    let summary = check(&world);
    assert_eq!(lines(&summary, "missing"), Vec::<String>::new());
    let warnings = lines(&summary, "warning").join("\n");
    assert!(warnings.contains("USER_TAB: trigger STAMP"), "{warnings}");
    assert!(!warnings.contains("no index"), "they are there, at the table's owner: {warnings}");
}

#[test]
fn check_tries_what_a_run_would_do_to_each_table_and_leaves_no_trace() {
    let Some(world) = World::standin() else { return };
    let owner = world.config.database.username.clone().unwrap();
    let refuse =
        "RAISE EXCEPTION USING MESSAGE = ''ORA-20001: frozen until April'', ERRCODE = ''ORA00'';";
    let mut sql = format!(
        "CREATE TABLE {owner}.heard (what text); ALTER TABLE {owner}.heard OWNER TO {owner};"
    );
    for (table, then) in [("map_rap_user_role", "RETURN NULL;"), ("user_tab", refuse)] {
        sql.push_str(&format!(
            "CREATE FUNCTION {owner}.hears_{table}() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO {owner}.heard VALUES (''{table}''); {then} END';
             CREATE TRIGGER hears BEFORE INSERT OR UPDATE OR DELETE ON {owner}.{table}
                 FOR EACH STATEMENT EXECUTE FUNCTION {owner}.hears_{table}();"
        ));
    }
    let standin = world.standin_database();
    standin.psql(&sql).unwrap();
    let missing = lines(&check(&world), "missing");
    assert_eq!(missing.len(), 1, "{missing:?}");
    for said in
        ["USER_TAB: ", "UPDATE USER_TAB SET", "WHERE 1 = 0", "ORA-20001: frozen until April"]
    {
        assert!(missing[0].contains(said), "no `{said}` in {missing:?}");
    }
    assert_eq!(standin.psql(&format!("SELECT COUNT(*) FROM {owner}.heard")).unwrap().trim(), "0");
}
