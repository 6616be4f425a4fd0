//! A restore's statements: they are made of the columns that an image holds.
//!
//! A row is added only where as many rows of its key are there as when the table was read, and as the
//! statements before it have made of them: somebody else may have added it meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use super::table::KEYS;
use super::{RowToPutBack, action, takes_away};
use crate::db::Value;
use crate::fingerprint::{Fingerprint, FingerprintMap};
use crate::plan::{Action, Columns, Hold, Step, Takes, Touches};
use crate::sql::{Sql, quote_name};

/// Columns, and where the key stands among them, if the rows are counted.
type Shape = (Arc<[String]>, Option<Vec<usize>>);

/// The statements so far: one step each, as long as table and action stay the same.
#[derive(Default)]
pub(super) struct RestoreStatements {
    steps: Vec<Step>,
    /// Of a step's touches that are counted: which one, its key, and how many rows of it there were.
    like: Vec<Vec<(usize, Fingerprint, i64)>>,
    block: Option<(Arc<str>, Action)>,
    in_block: HashMap<Shape, usize>,
}

impl Extend<RowToPutBack> for RestoreStatements {
    fn extend<T: IntoIterator<Item = RowToPutBack>>(&mut self, backs: T) {
        backs.into_iter().for_each(|back| self.add(back));
    }
}

impl RestoreStatements {
    fn add(&mut self, mut back: RowToPutBack) {
        let now = (Arc::clone(&back.table), action(&back));
        if self.block.as_ref() != Some(&now) {
            self.block = Some(now);
            self.in_block.clear();
        }
        let places = back.like.as_ref().map(|like| like.places.clone());
        let (steps, like) = (&mut self.steps, &mut self.like);
        let at = *self.in_block.entry((Arc::clone(&back.columns), places)).or_insert_with(|| {
            steps.push(step(&back));
            like.push(Vec::new());
            steps.len() - 1
        });
        if back.like.is_some() && action(&back) == Action::Insert {
            back.touch.binds.push(Value::Int(0)); // Its number is known when all steps before it are.
        }
        let place = steps[at].touches.len();
        like[at].extend(back.like.map(|like| (place, like.key, like.n_there)));
        steps[at].touches.push(back.touch);
    }

    /// Binds to each row that comes how many of its key will be there by then.
    pub(super) fn into_steps(mut self) -> Vec<Step> {
        let mut now: HashMap<Arc<str>, FingerprintMap<i64>> = HashMap::new();
        for (step, like) in self.steps.iter_mut().zip(self.like) {
            let now = now.entry(Arc::clone(&step.table)).or_default();
            for (at, key, n_there) in like {
                let n = now.entry(key).or_insert(n_there);
                if step.touches.get(at).is_some_and(|touch| touch.action() == Action::Insert) {
                    step.touches.set_last_bind(at, Value::Int(*n));
                    *n += 1;
                } else {
                    *n -= 1;
                }
            }
        }
        self.steps
    }
}

fn step(back: &RowToPutBack) -> Step {
    let mut names: Vec<String> = (0..back.columns.len()).map(|at| format!("c{at}")).collect();
    let (say, counts, text): (_, &[&str], _) = match action(back) {
        Action::Insert => {
            let text = insert(back, &mut names);
            ("bringing back deleted rows", &["rows_inserted"], text)
        }
        Action::Update => {
            let set: Vec<String> = back
                .columns
                .iter()
                .zip(&names)
                .map(|(column, name)| format!("{} = :{name}", quote_name(column)))
                .collect();
            names.push("row_id".to_owned());
            let table = quote_name(&back.table);
            let text = format!("UPDATE {table} SET {} WHERE rowid = :row_id", set.join(", "));
            ("giving rows their old values", &["rows_updated"], text)
        }
        Action::Delete => {
            names.push("row_id".to_owned());
            let text = format!("DELETE FROM {} WHERE rowid = :row_id", quote_name(&back.table));
            ("taking inserted rows away", &["rows_deleted"], text)
        }
    };
    let sql = Sql::made(format!("restore/{} {}", action(back).word(), back.table), text);
    let takes = if takes_away(back) { Takes::Rows } else { Takes::Nothing };
    let hold = match action(back) {
        Action::Insert => new_rows(&back.table),
        Action::Update | Action::Delete => Hold::Row(Columns::All),
    };
    let table = Arc::clone(&back.table);
    Step { say, sql, names, table, hold, counts, takes, touches: Touches::default() }
}

/// Rows that come back are found again by the first column of their table's key.
fn new_rows(table: &str) -> Hold {
    let key = KEYS.iter().find(|(name, ..)| *name == table).and_then(|(_, key, _)| key.first());
    key.map_or(Hold::Nothing, |column| Hold::New(column))
}

fn insert(back: &RowToPutBack, names: &mut Vec<String>) -> String {
    let table = quote_name(&back.table);
    let quoted: Vec<String> = back.columns.iter().map(|name| quote_name(name)).collect();
    let into = format!("INSERT INTO {table} ({})", quoted.join(", "));
    let values = names.join(", :");
    let Some(like) = &back.like else { return format!("{into} VALUES (:{values})") };
    let key: Vec<String> =
        like.places.iter().map(|at| format!("t.{} = :c{at}", quoted[*at])).collect();
    names.push("n_there".to_owned());
    // A table of recert's own that holds one such row stands where a SELECT needs one.
    format!(
        "{into} SELECT :{values} FROM recert_lock l WHERE l.job = 'ledger' \
         AND (SELECT COUNT(*) FROM {table} t WHERE {}) = :n_there",
        key.join(" AND ")
    )
}
