//! A restore's statements: they are made of the columns that an image holds.
//!
//! A row is added only where as many rows of its key are there as when the table was read, and as the
//! statements before it have made of them: somebody else may have added it meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use super::{RowToPutBack, action, takes_away};
use crate::db::Value;
use crate::plan::{Action, Columns, Hold, Step, Takes, Touch, Touches};
use crate::sql::{Sql, quote_name};

/// Columns, and where the key stands among them, if the rows are counted.
type Shape = (Arc<[String]>, Option<Vec<usize>>);

/// One step for each statement, as long as table and action stay the same.
pub(super) fn steps(backs: Vec<RowToPutBack>) -> Vec<Step> {
    let mut steps: Vec<(Step, Vec<RowToPutBack>)> = Vec::new();
    let mut block: Option<(Arc<str>, Action)> = None;
    let mut in_block: HashMap<Shape, usize> = HashMap::new();
    for back in backs {
        let now = (Arc::clone(&back.table), action(&back));
        if block.as_ref() != Some(&now) {
            block = Some(now);
            in_block.clear();
        }
        let places = back.like.as_ref().map(|like| like.places.clone());
        let at = *in_block.entry((Arc::clone(&back.columns), places)).or_insert_with(|| {
            steps.push((step(&back), Vec::new()));
            steps.len() - 1
        });
        steps[at].1.push(back);
    }
    let mut now = HashMap::new();
    let counted = |(step, backs): (Step, Vec<RowToPutBack>)| {
        let touches = backs.into_iter().map(|back| counted(back, &mut now)).collect();
        Step { touches, ..step }
    };
    steps.into_iter().map(counted).collect()
}

/// Binds to a row that comes how many of its key will be there by then.
fn counted(back: RowToPutBack, now: &mut HashMap<(Arc<str>, String), i64>) -> Touch {
    let RowToPutBack { table, like, mut touch, .. } = back;
    if let Some(like) = like {
        let n = now.entry((table, like.key)).or_insert(like.n_there);
        if touch.change.action == Action::Insert {
            touch.binds.push(Value::Int(*n));
            *n += 1;
        } else {
            *n -= 1;
        }
    }
    touch
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
        Action::Insert => Hold::Nothing,
        Action::Update | Action::Delete => Hold::Row(Columns::All),
    };
    let table = Arc::clone(&back.table);
    Step { say, sql, names, table, hold, counts, takes, touches: Touches::default() }
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
