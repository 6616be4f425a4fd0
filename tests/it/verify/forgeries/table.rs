//! The forgeries, as SQL, and what is to be said of each. `{1}` is the id of the first run.

use recert::door::exit::Exit;

/// Who forges: with the file in hand, or somebody who also makes hashes fit again.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Forger {
    Outsider,
    /// Hashes every run anew.
    Runs,
    /// Hashes every image and change anew, then every run.
    Changes,
}

pub(super) struct Forgery {
    pub(super) by: Forger,
    pub(super) sql: String,
    /// What `verify` ends with, and so do `report` and the verifier in Python.
    pub(super) verify: Exit,
    /// What `verify --against` the kept heads ends with.
    pub(super) against: Exit,
    /// Whether `restore` of run 1 must end with 6.
    pub(super) no_restore: bool,
}

pub(super) const ERASE: &str =
    "UPDATE recert_image SET salt = NULL, before_image = NULL, after_image = NULL WHERE";

const RUN: [&str; 15] = [
    "run_id",
    "job",
    "as_of",
    "status",
    "started_at",
    "finished_at",
    "os_user",
    "host",
    "version",
    "config_sha256",
    "parameters",
    "counts",
    "reason",
    "previous_sha256",
    "sha256",
];

const CHANGE: [&str; 9] =
    ["run_id", "seq", "table_name", "row_key", "action", "why", "result", "image_sha256", "sha256"];

const IMAGE: [&str; 3] = ["salt", "before_image", "after_image"];

fn outsider(sql: String) -> Forgery {
    Forgery {
        by: Forger::Outsider,
        sql,
        verify: Exit::Evidence,
        against: Exit::Evidence,
        no_restore: false,
    }
}

fn insider(by: Forger, sql: String) -> Forgery {
    Forgery { by, sql, verify: Exit::Done, against: Exit::Evidence, no_restore: false }
}

/// Every column, set to another value, to one of another type, to bytes that are no text, to nothing.
pub(super) fn of_columns() -> Vec<Forgery> {
    let mut all = Vec::new();
    let tables = [
        ("recert_run", &RUN[..], "run_id = '{1}'"),
        ("recert_change", &CHANGE, "run_id = '{1}' AND seq = 2"),
        ("recert_image", &IMAGE, "run_id = '{1}' AND seq = 2"),
    ];
    for (table, columns, which) in tables {
        for column in columns {
            let other = match *column {
                "as_of" => "'2026-01-01'",
                "started_at" | "finished_at" => "'2030-06-15 12:00:00.000001'",
                "seq" => "77",
                _ => "'other'",
            };
            for value in [
                other,
                "NULL",
                "CAST(x'c3' AS TEXT)",
                &format!("CAST({column} AS BLOB)"),
                "x'00ff'",
                "1.5",
            ] {
                all.push(Forgery {
                    no_restore: *column != "run_id",
                    ..outsider(format!("UPDATE {table} SET {column} = {value} WHERE {which} AND {column} IS NOT {value}"))
                });
            }
        }
    }
    all
}

pub(super) fn of_rows() -> Vec<Forgery> {
    let mut all = Vec::new();
    for run in 1..=7 {
        let of = |table: &str| format!("DELETE FROM {table} WHERE run_id = '{{{run}}}'");
        let whole = ["recert_run", "recert_change", "recert_image"].map(of).join("; ");
        // The chain does not lead to its end any more: nothing of it is believed.
        all.push(Forgery { no_restore: run > 1, ..outsider(of("recert_run")) });
        all.push(Forgery { no_restore: run > 1, ..outsider(whole) });
        if run != 2 {
            all.push(outsider(of("recert_change")));
            all.push(outsider(of("recert_image")));
        }
    }
    for seq in 1..=4 {
        for table in ["recert_change", "recert_image"] {
            all.push(Forgery {
                no_restore: true,
                ..outsider(format!("DELETE FROM {table} WHERE run_id = '{{1}}' AND seq = {seq}"))
            });
        }
    }
    let run = format!(
        "INSERT INTO recert_run SELECT 'ffffffff-0000', {} FROM recert_run WHERE run_id = '{{7}}'",
        RUN[1..].join(", ")
    );
    all.push(outsider(format!(
        "INSERT INTO recert_run ({}) {}",
        RUN.join(", "),
        run.split_once("recert_run ").unwrap().1
    )));
    for swap in ["'{1}' AND seq IN (1, 2)", "'{1}' AND seq IN (3, 4)", "'{3}' AND seq IN (1, 2)"] {
        for table in ["recert_change", "recert_image"] {
            if table == "recert_image" && swap.contains("{3}") {
                continue; // Both are erased: there is nothing to swap.
            }
            all.push(outsider(format!(
                "UPDATE {table} SET seq = -seq WHERE run_id = {swap};
                 UPDATE {table} SET seq = (SELECT MIN(seq) + MAX(seq) FROM {table} WHERE run_id = {swap_negative}) - seq WHERE run_id = {swap_negative}",
                swap_negative = swap.split_once(" AND").unwrap().0.to_owned() + " AND seq < 0"
            ) + &format!("; UPDATE {table} SET seq = -seq WHERE seq < 0")));
        }
    }
    for head in [
        "'f00d'",
        "NULL",
        "'0000000000000000000000000000000000000000000000000000000000000000'",
        "(SELECT sha256 FROM recert_run WHERE run_id = '{5}')",
    ] {
        all.push(outsider(format!(
            "UPDATE recert_lock SET head_sha256 = {head} WHERE job = 'ledger'"
        )));
    }
    all.push(Forgery {
        no_restore: true,
        ..outsider("DELETE FROM recert_lock WHERE job = 'ledger'".to_owned())
    });
    all.push(outsider(
        "INSERT INTO recert_image (run_id, seq, salt) VALUES ('{2}', 1, '00')".to_owned(),
    ));
    all.push(outsider(
        "INSERT INTO recert_image (run_id, seq, salt) VALUES ('nowhere', 1, '00')".to_owned(),
    ));
    all.push(outsider(format!("{ERASE} run_id = '{{1}}' AND seq = 2")));
    all.push(outsider(format!("{ERASE} run_id = '{{4}}'")));
    all.push(outsider(format!("{ERASE} run_id = '{{6}}' AND seq = 2")));
    all
}

/// Whoever writes all tables can make every hash fit: only heads that were kept elsewhere know better.
pub(super) fn of_insiders() -> Vec<Forgery> {
    let mut all = Vec::new();
    for column in &RUN[1..13] {
        let other = match *column {
            "as_of" => "'2026-01-01'",
            "started_at" | "finished_at" => "'2030-06-15 12:00:00.000001'",
            "job" => "'restore'",
            _ => "'other'",
        };
        all.push(insider(
            Forger::Runs,
            format!("UPDATE recert_run SET {column} = {other} WHERE run_id = '{{4}}'"),
        ));
    }
    for column in &CHANGE[2..7] {
        all.push(insider(
            Forger::Changes,
            format!(
                "UPDATE recert_change SET {column} = 'other' WHERE run_id = '{{1}}' AND seq = 2"
            ),
        ));
    }
    for column in IMAGE {
        all.push(insider(
            Forger::Changes,
            format!("UPDATE recert_image SET {column} = '{{}}' WHERE run_id = '{{1}}' AND seq = 2")
                .replace("'{}'", "'{\"A\":1}'"),
        ));
    }
    for run in [1, 2, 4] {
        let of = |table: &str| format!("DELETE FROM {table} WHERE run_id = '{{{run}}}'");
        all.push(insider(
            Forger::Runs,
            ["recert_run", "recert_change", "recert_image"].map(of).join("; "),
        ));
    }
    let cut = ["recert_run", "recert_change", "recert_image"]
        .map(|table| format!("DELETE FROM {table} WHERE run_id = '{{7}}'"))
        .join("; ");
    all.push(Forgery { verify: Exit::Evidence, ..insider(Forger::Runs, cut) }); // Its archive excuses nothing any more.
    all.push(insider(
        Forger::Runs,
        "DELETE FROM recert_run; DELETE FROM recert_change; DELETE FROM recert_image".to_owned(),
    ));
    // What excuses an erased image can't be had from another job, or in other words.
    for edit in ["job = 'revoke'", "status = 'failed'"] {
        for run in [6, 7] {
            all.push(Forgery {
                verify: Exit::Evidence,
                ..insider(
                    Forger::Runs,
                    format!("UPDATE recert_run SET {edit} WHERE run_id = '{{{run}}}'"),
                )
            });
        }
    }
    for edit in ["why = 'because'", "action = 'insert'", "row_key = 'P1'", "table_name = 'PM_USER'"]
    {
        for run in [6, 7] {
            all.push(Forgery {
                verify: Exit::Evidence,
                ..insider(
                    Forger::Changes,
                    format!(
                        "UPDATE recert_change SET {edit} WHERE run_id = '{{{run}}}' AND seq = 1"
                    ),
                )
            });
        }
    }
    all
}
