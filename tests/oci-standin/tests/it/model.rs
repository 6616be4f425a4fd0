//! Random changes, failures, commits and rollbacks, against a model in memory.

use crate::util::*;
use std::collections::BTreeMap;

/// A small generator of its own, so that a seed means the same for ever.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

type Table = BTreeMap<i64, String>;

/// What array DML leaves: rows before the first bad one, or all but the bad ones.
fn insert(conn: &oracle::Connection, model: &mut Table, rows: &[(i64, String)], collect: bool) {
    let mut builder = conn.batch("INSERT INTO t (id, v) VALUES (:id, :v)", rows.len());
    if collect {
        builder.with_batch_errors();
    }
    let mut batch = builder.with_row_counts().build().unwrap();
    let outcome = rows.iter().try_for_each(|(id, v)| batch.append_row_named(&[("id", id), ("v", v)]));
    let failed = outcome.and_then(|()| batch.execute()).is_err();
    let mut bad = 0;
    for (id, v) in rows {
        if model.contains_key(id) || v.len() > 10 {
            bad += 1;
            if !collect {
                break;
            }
        } else {
            model.insert(*id, v.clone());
        }
    }
    assert_eq!(failed, bad > 0);
}

fn check(conn: &oracle::Connection, model: &Table) {
    let rows: Vec<(i64, String)> =
        conn.query_as("SELECT id, v FROM t ORDER BY id", &[]).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows, model.clone().into_iter().collect::<Vec<_>>());
}

#[test]
fn random_work_leaves_what_the_model_says() {
    for seed in 1..=4_u64 {
        let (_db, conn) = connection(&["CREATE TABLE t (id NUMBER(6) PRIMARY KEY, v VARCHAR2(10))"]);
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut committed, mut model) = (Table::new(), Table::new());
        for step in 0..300 {
            match random.below(12) {
                0..=3 => {
                    let rows: Vec<(i64, String)> = (0..=random.below(8))
                        .map(|_| (random.below(200) as i64, "x".repeat(1 + random.below(11) as usize)))
                        .collect();
                    let collect = random.below(2) == 0;
                    insert(&conn, &mut model, &rows, collect);
                }
                4 | 5 => {
                    let low = random.below(200) as i64;
                    conn.execute_named("DELETE FROM t WHERE id BETWEEN :low AND :low + 5", &[("low", &low)]).unwrap();
                    model.retain(|id, _| !(low..=low + 5).contains(id));
                }
                6 | 7 => {
                    let from = random.below(200) as i64;
                    let outcome =
                        conn.execute_named("UPDATE t SET v = v || v WHERE id >= :from_id", &[("from_id", &from)]);
                    if model.range(from..).all(|(_, v)| v.len() <= 5) {
                        outcome.unwrap();
                        model.range_mut(from..).for_each(|(_, v)| *v = v.repeat(2));
                    } else {
                        assert_eq!(fails(outcome), 12899);
                    }
                }
                8 => {
                    conn.commit().unwrap();
                    committed = model.clone();
                }
                9 => {
                    conn.rollback().unwrap();
                    model = committed.clone();
                }
                10 => assert_eq!(fails(conn.query("SELECT nothing FROM t", &[])), 904),
                _ => check(&conn, &model),
            }
            if step % 50 == 49 {
                check(&conn, &model);
            }
        }
    }
}
