//! What a plan rests on and no statement guards is looked at once more, when all is carried out and
//! nothing committed.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context as _, anyhow};

use super::Plan;
use crate::db::{Read, Transient};
use crate::exit::Exit;
use crate::sql::Sql;

/// One look.
#[derive(Debug)]
pub struct LastLook {
    /// What is looked at, in words.
    pub say: &'static str,
    /// The query; it takes no binds.
    pub sql: Sql,
    /// The column of its answer that counts.
    pub column: &'static str,
    /// What must stand there.
    pub expected: Expected,
}

/// What a look must find.
#[derive(Debug)]
pub enum Expected {
    /// These values, and no other.
    Just(BTreeSet<String>),
    /// None of these.
    NoneOf(HashSet<String>),
}

/// Looks, where there is anything to commit.
///
/// # Errors
/// `Exit::Drifted`, worth another try: something is not as it was planned; what the database says.
pub(crate) fn look_again(plan: &Plan, db: &mut dyn Read) -> anyhow::Result<()> {
    if plan.is_empty() {
        return Ok(());
    }
    for look in &plan.last_looks {
        let mut found = BTreeSet::new();
        db.each(&look.sql, &[], &mut |row| {
            let value = row.text(look.column)?;
            if look.expected.minds(&value) {
                found.insert(value);
            }
            Ok(())
        })
        .with_context(|| format!("looking once more at {}", look.say))?;
        let as_planned = match &look.expected {
            Expected::Just(values) => found == *values,
            Expected::NoneOf(_) => found.is_empty(),
        };
        if !as_planned {
            return Err(anyhow!(
                "{} changed while the run was under way; all was rolled back",
                look.say
            )
            .context(Transient)
            .context(Exit::Drifted));
        }
    }
    Ok(())
}

impl Expected {
    /// Whether a value has to be kept to decide.
    fn minds(&self, value: &str) -> bool {
        match self {
            Expected::Just(_) => true,
            Expected::NoneOf(values) => values.contains(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::db::{Binds, Column, Dialect, EachRow, Row, is_transient};
    use crate::plan::Takes;
    use crate::plan::tests::step;

    /// A query's answer: one column, a value a row.
    struct Answer(&'static [&'static str]);

    impl Read for Answer {
        fn each(&mut self, _: &Sql, _: Binds<'_>, each: EachRow<'_>) -> anyhow::Result<()> {
            let columns: Arc<[String]> = ["ID".to_owned()].into();
            let row =
                |value: &&str| Row { columns: Arc::clone(&columns), values: vec![(*value).into()] };
            self.0.iter().map(row).try_for_each(|row| each(&row))
        }

        fn columns_of(&mut self, tables: &[&str]) -> anyhow::Result<Vec<Vec<Column>>> {
            Ok(vec![Vec::new(); tables.len()])
        }

        fn dialect(&self) -> Dialect {
            Dialect::Sqlite
        }

        fn version(&mut self) -> anyhow::Result<String> {
            Ok("a fake".to_owned())
        }
    }

    fn plan(units: &[&str], expected: Expected) -> Plan {
        let sql = Sql::made("test".to_owned(), String::new());
        let look = LastLook { say: "what was signed", sql, column: "ID", expected };
        Plan { steps: vec![step(Takes::Nothing, units)], last_looks: vec![look], ..Plan::default() }
    }

    #[test]
    fn what_a_plan_rests_on_must_be_there_at_its_end_and_what_it_excludes_must_not() {
        let just = || Expected::Just(["a", "b"].map(str::to_owned).into());
        let none = || Expected::NoneOf(["a", "b"].map(str::to_owned).into());
        for (expected, found, holds) in [
            (just(), &["b", "a", "a"][..], true),
            (just(), &["a"], false),
            (just(), &["a", "b", "c"], false),
            (none(), &["c"], true),
            (none(), &["c", "b"], false),
        ] {
            let told = format!("{expected:?} {found:?}");
            match look_again(&plan(&["x"], expected), &mut Answer(found)) {
                Ok(()) => assert!(holds, "{told}"),
                Err(error) => {
                    assert!(!holds, "{told}");
                    assert_eq!((Exit::of(&error), is_transient(&error)), (Exit::Drifted, true));
                }
            }
        }
        // With nothing to commit there is nothing to look at.
        look_again(&plan(&[], just()), &mut Answer(&[])).unwrap();
    }
}
