//! The tables recert works on, as data: their DDL in `sql/schema/`, one statement a file.

use crate::db::Dialect;
use crate::sql;
use crate::sql::Sql;

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// recert's own, in every database it works on.
    Own,
    /// RAP / PackBuilder: the database of `[database]`.
    Rap,
    /// OPS: the database of `[disable_inactive.database]`, else of `[database]`.
    Ops,
    /// ProfileMap: the database of `[import.database]`, else of `[database]`.
    ProfileMap,
}

/// One table, with what belongs to it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Upper-case name.
    pub name: &'static str,
    /// Whose it is.
    pub owner: Owner,
    /// CREATE TABLE, one column a line.
    pub create: Sql,
    /// Statements that follow it: indexes, sequences.
    pub then: Vec<Sql>,
}

/// Every table, in the order they are created.
#[must_use]
pub fn tables() -> Vec<Table> {
    let table = |owner, name, create, then| Table { name, owner, create, then };
    vec![
        table(Owner::Own, "RECERT_LOCK", sql!("schema/own/recert_lock", dialects), vec![]),
        table(
            Owner::Own,
            "RECERT_RUN",
            sql!("schema/own/recert_run", dialects),
            vec![sql!("schema/own/recert_run_sha256"), sql!("schema/own/recert_run_ended")],
        ),
        table(
            Owner::Own,
            "RECERT_CHANGE",
            sql!("schema/own/recert_change", dialects),
            vec![sql!("schema/own/recert_change_key")],
        ),
        table(Owner::Own, "RECERT_IMAGE", sql!("schema/own/recert_image", dialects), vec![]),
        table(
            Owner::Rap,
            "RECREATE_RESPONSE",
            sql!("schema/rap/recreate_response"),
            vec![sql!("schema/rap/recreate_response_ix")],
        ),
        table(
            Owner::Rap,
            "MAP_RAP_USER_ROLE",
            sql!("schema/rap/map_rap_user_role"),
            vec![sql!("schema/rap/map_rap_user_role_ix")],
        ),
        table(
            Owner::Rap,
            "USER_TAB",
            sql!("schema/rap/user_tab"),
            vec![sql!("schema/rap/user_tab_ix")],
        ),
        table(
            Owner::Ops,
            "OPS_USER",
            sql!("schema/ops/ops_user"),
            vec![sql!("schema/ops/ops_user_ix")],
        ),
        table(
            Owner::Ops,
            "USER_SESSION",
            sql!("schema/ops/user_session"),
            vec![sql!("schema/ops/user_session_ix")],
        ),
        table(Owner::Ops, "OPS_EVENT", sql!("schema/ops/ops_event", dialects), vec![]),
        table(Owner::Ops, "OPS_DB_HISTORY", sql!("schema/ops/ops_db_history", dialects), vec![]),
        table(
            Owner::ProfileMap,
            "PM_USER",
            sql!("schema/pm/pm_user"),
            vec![sql!("schema/pm/pm_user_email", dialects)],
        ),
        table(
            Owner::ProfileMap,
            "PM_USER_ROLE",
            sql!("schema/pm/pm_user_role"),
            vec![sql!("schema/pm/pm_user_role_ix")],
        ),
        table(Owner::ProfileMap, "PM_ORGANISATION", sql!("schema/pm/pm_organisation"), vec![]),
        table(
            Owner::ProfileMap,
            "PM_AVAILABILITY",
            sql!("schema/pm/pm_availability"),
            vec![sql!("schema/pm/pm_availability_ix")],
        ),
    ]
}

impl Table {
    /// Upper-case name and type of every column, read from the DDL itself.
    #[must_use]
    pub fn columns(&self, dialect: Dialect) -> Vec<(String, String)> {
        let text = match dialect {
            Dialect::Oracle => self.create.oracle(),
            Dialect::Sqlite => self.create.sqlite(),
        };
        text.lines()
            .skip(1)
            .filter_map(|line| line.trim().trim_end_matches(',').split_once(' '))
            .filter(|(name, _)| !matches!(*name, "CONSTRAINT" | ")" | "SEGMENT" | "INITRANS"))
            .map(|(name, rest)| (name.to_uppercase(), type_of(rest)))
            .collect()
    }
}

/// Tables whose rows have an id as key: a slash in it is part of the id.
const KEYED_BY_ID: [&str; 4] = ["OPS_USER", "PM_USER", "USER_SESSION", "USER_TAB"];

/// Whether a row's key, as the ledger has it, is the one that is asked for, or begins with it and a slash.
pub(crate) fn is_key_like(asked: &str, table: &str, key: &str) -> bool {
    let has_parts = !KEYED_BY_ID.contains(&table);
    key.strip_prefix(asked)
        .is_some_and(|rest| rest.is_empty() || (has_parts && rest.starts_with('/')))
}

/// A column's type, without NOT NULL and what else may follow: it can be added to a table with rows.
fn type_of(definition: &str) -> String {
    let definition = definition.trim();
    let end = [" NOT NULL", " DEFAULT", " GENERATED", " PRIMARY KEY"]
        .iter()
        .filter_map(|word| definition.find(word))
        .min()
        .unwrap_or(definition.len());
    definition[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_from_the_ddl() {
        let tables = tables();
        let run = tables.iter().find(|table| table.name == "RECERT_RUN").unwrap();
        let columns = run.columns(Dialect::Oracle);
        assert_eq!(columns.len(), 15);
        assert_eq!(columns[2], ("AS_OF".to_owned(), "DATE".to_owned()));
        let change = tables.iter().find(|table| table.name == "RECERT_CHANGE").unwrap();
        assert_eq!(change.columns(Dialect::Sqlite)[1], ("SEQ".to_owned(), "NUMBER(18)".to_owned()));
    }

    #[test]
    fn a_slash_in_an_id_is_part_of_it_and_in_another_key_begins_its_next_part() {
        for (asked, table, key, is_like) in [
            ("E1", "MAP_RAP_USER_ROLE", "E1/7", true),
            ("E1", "MAP_RAP_USER_ROLE", "E17", false),
            ("E1", "PM_USER", "E1/7", false),
            ("E1/7", "PM_USER", "E1/7", true),
            ("E2", "PM_USER", "E1", false),
        ] {
            assert_eq!(is_key_like(asked, table, key), is_like, "{asked} {table} {key}");
        }
    }

    #[test]
    fn table_names_agree_with_their_ddl() {
        for table in tables() {
            for text in [table.create.oracle(), table.create.sqlite()] {
                let head = format!("CREATE TABLE {} (", table.name.to_lowercase());
                assert!(text.starts_with(&head), "{} begins with {text}", table.name);
            }
        }
    }
}
