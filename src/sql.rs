//! Statements live in `sql/`, one a file; [`sql!`](crate::sql!) compiles them in.
//!
//! A file's header is written for its reader and does not travel: what is sent begins behind it.

use std::borrow::Cow;

/// One statement, in the wording of each database.
#[derive(Clone, Debug)]
pub struct Sql {
    /// Where it stands below `sql/`, without the ending; names it in logs, plans and errors.
    pub name: Cow<'static, str>,
    oracle: Cow<'static, str>,
    sqlite: Cow<'static, str>,
}

impl Sql {
    /// A statement that both databases take as it stands. Use [`sql!`](crate::sql!).
    #[must_use]
    pub const fn shared(name: &'static str, text: &'static str) -> Self {
        Sql::pair(name, text, text)
    }

    /// A statement whose wording differs between the databases. Use [`sql!`](crate::sql!).
    #[must_use]
    pub const fn pair(name: &'static str, oracle: &'static str, sqlite: &'static str) -> Self {
        Sql {
            name: Cow::Borrowed(name),
            oracle: Cow::Borrowed(oracle),
            sqlite: Cow::Borrowed(sqlite),
        }
    }

    /// A statement made while running, for tables whose columns are only known then.
    ///
    /// Every name in `text` must come from [`quote_name`]: never from a user or a file.
    #[must_use]
    pub fn made(name: String, text: String) -> Self {
        Sql::made_for(name, text.clone(), text)
    }

    /// As [`Sql::made`], in the wording of each database.
    #[must_use]
    pub fn made_for(name: String, oracle: String, sqlite: String) -> Self {
        Sql { name: Cow::Owned(name), oracle: Cow::Owned(oracle), sqlite: Cow::Owned(sqlite) }
    }

    /// What Oracle is sent.
    #[must_use]
    pub fn oracle(&self) -> &str {
        body(&self.oracle)
    }

    /// What SQLite is sent.
    #[must_use]
    pub fn sqlite(&self) -> &str {
        body(&self.sqlite)
    }
}

/// A file's statement without its header of comment lines.
#[must_use]
pub fn body(text: &str) -> &str {
    let mut rest = text.trim();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, below)| below).trim_start();
    }
    rest
}

/// A table's or column's name as an identifier that means the same on both databases, whatever it holds.
#[must_use]
pub(crate) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `sql!("revoke/select_due")` is the statement in `sql/revoke/select_due.sql`;
/// with `, dialects` behind it, the pair `….oracle.sql` and `….sqlite.sql`.
#[macro_export]
macro_rules! sql {
    ($name:literal) => {
        $crate::sql::Sql::shared(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sql")),
        )
    };
    ($name:literal, dialects) => {
        $crate::sql::Sql::pair(
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".oracle.sql")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/", $name, ".sqlite.sql")),
        )
    };
}
