//! What proves a report: where its rows come from, who asked when, and a hash of every row.
//!
//! `sql/report/README.md` writes down how to take the hashes again.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::facts::LedgerVerdict;
use super::row::RowCell;
use super::tally::Tally;
use crate::db::{Dialect, write_day};
use crate::ledger::canonical;
use crate::sql::Sql;
use crate::text::hex;

/// What is known before the first row.
#[derive(Clone, Debug)]
pub(crate) struct ReportOrigin {
    /// UUIDv7 of this report.
    pub(crate) report_id: String,
    /// The database's address, without anything secret.
    pub(crate) database: String,
    /// What was asked for, and the rules of the config that decided.
    pub(crate) parameters: Json,
    pub(crate) run_at: DateTime<Utc>,
    /// The day of that moment, in the configured zone: the access that is told is this day's, whatever day is named.
    pub(crate) run_on: NaiveDate,
    /// Who, as the operating system knows them.
    pub(crate) os_user: String,
    pub(crate) host: String,
    /// Which database it is: the statement's wording differs.
    pub(crate) dialect: Dialect,
}

/// What is known behind the last row.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// What was known before.
    pub(crate) origin: ReportOrigin,
    /// Name of the statement: its file below `sql/`.
    pub(crate) statement: String,
    /// SHA-256 of the statement's text, as the database got it.
    pub(crate) query_sha256: String,
    /// Rows in the report, dated and undated.
    pub(crate) row_count: u64,
    /// SHA-256 of these rows.
    pub(crate) rows_sha256: String,
    /// SHA-256 of the accesses that are listed.
    pub(crate) accesses_sha256: String,
    /// What the ledger came to.
    pub(crate) ledger: LedgerVerdict,
    /// Why this report proves nothing; none: it does.
    pub(crate) problems: Vec<String>,
}

impl Evidence {
    /// Closes the evidence.
    pub(super) fn close(
        origin: ReportOrigin,
        query: &Sql,
        ledger: LedgerVerdict,
        tally: &Tally,
        rows: RowsHash,
        accesses: RowsHash,
        n_doubted: u64,
    ) -> Evidence {
        let (text, dialect) = match origin.dialect {
            Dialect::Oracle => (query.oracle(), "oracle"),
            Dialect::Sqlite => (query.sqlite(), "sqlite"),
        };
        let mut problems: Vec<String> = Vec::new();
        if let Some(problem) = &ledger.problem {
            problems.push(format!("the ledger does not verify: {problem}"));
        }
        if n_doubted > 0 {
            problems.push(format!(
                "runs that the verified chain does not hold speak of {n_doubted} accesses"
            ));
        }
        let sums = tally.equations();
        problems.extend(
            sums.iter()
                .filter(|sum| !sum.holds())
                .map(|sum| format!("the report does not reconcile: {sum}")),
        );
        Evidence {
            statement: format!("sql/{}.{dialect}.sql", query.name),
            query_sha256: hex(&Sha256::digest(text.as_bytes())),
            row_count: tally.n_rows(),
            rows_sha256: rows.finish(),
            accesses_sha256: accesses.finish(),
            ledger,
            problems,
            origin,
        }
    }

    /// As lines for people: a name and a value each.
    pub(crate) fn lines(&self, tally: &Tally) -> Vec<(&'static str, String)> {
        let origin = &self.origin;
        let mut lines = vec![
            ("report", origin.report_id.clone()),
            ("database", origin.database.clone()),
            ("table", "RECREATE_RESPONSE".to_owned()),
            ("accesses", "MAP_RAP_USER_ROLE".to_owned()),
            ("statement", self.statement.clone()),
            ("query SHA-256", self.query_sha256.clone()),
            ("parameters", origin.parameters.to_string()),
            ("run at", canonical::moment(origin.run_at)),
            ("run by", format!("{} on {}", origin.os_user, origin.host)),
            ("version", format!("recert {}", env!("CARGO_PKG_VERSION"))),
            ("rows", self.row_count.to_string()),
            ("rows SHA-256", self.rows_sha256.clone()),
            ("rows SHA-256 again", HASH_AGAIN.to_owned()),
            ("listed accesses SHA-256", self.accesses_sha256.clone()),
            ("ledger", self.ledger.told()),
            ("ledger head", self.ledger.head.clone()),
        ];
        lines.extend(tally.equations().iter().map(|sum| ("reconciliation", sum.to_string())));
        lines.extend(self.problems.iter().map(|problem| ("NOT PROVEN", problem.clone())));
        lines
    }

    /// As one JSON object.
    pub(crate) fn json(&self, tally: &Tally) -> Json {
        let origin = &self.origin;
        let sums: Vec<Json> = tally
            .equations()
            .iter()
            .map(|sum| {
                let parts: Map<String, Json> =
                    sum.parts.iter().map(|(name, n)| ((*name).to_owned(), (*n).into())).collect();
                json!({"of": sum.name, "total": sum.total, "parts": parts, "adds_up": sum.holds()})
            })
            .collect();
        json!({
            "report_id": origin.report_id,
            "database": origin.database,
            "table": "RECREATE_RESPONSE",
            "access_table": "MAP_RAP_USER_ROLE",
            "statement": self.statement,
            "query_sha256": self.query_sha256,
            "parameters": origin.parameters,
            "run_at": canonical::moment(origin.run_at),
            "run_by": {"os_user": origin.os_user, "host": origin.host},
            "version": env!("CARGO_PKG_VERSION"),
            "row_count": self.row_count,
            "rows_sha256": self.rows_sha256,
            "rows_sha256_again": HASH_AGAIN,
            "accesses_sha256": self.accesses_sha256,
            "ledger": {
                "runs": self.ledger.runs,
                "head_sha256": self.ledger.head,
                "verified": self.ledger.problem.is_none(),
                "problem": self.ledger.problem,
            },
            "reconciliation": sums,
            "proven": self.problems.is_empty(),
            "problems": self.problems,
        })
    }
}

/// How anybody takes the hash of the rows again, of the report as JSON: it is the same in every format.
const HASH_AGAIN: &str = r#"python3 -c "import json, hashlib, sys; d = json.load(open(sys.argv[1], encoding='utf-8'), parse_int=str, parse_float=str); n = lambda v: b'-' if v is None else b'%d:%b,' % (len(v.encode()), v.encode()); print(hashlib.sha256(b'15:recert-report-2,' + b''.join(n(v) for r in d['rows'] + d['undated_rows'] for v in r.values())).hexdigest())" REPORT.json"#;

/// SHA-256 of rows: the fields of each as netstrings, `-` for nothing, behind the tag `recert-report-2`.
pub(crate) struct RowsHash {
    hash: Sha256,
    room: Vec<u8>,
    day: String,
}

impl RowsHash {
    /// Of no rows.
    pub(crate) fn begin() -> RowsHash {
        let mut hash = Sha256::new();
        hash.update(b"15:recert-report-2,");
        RowsHash { hash, room: Vec::with_capacity(1 << 16), day: String::new() }
    }

    /// One more row.
    pub(super) fn add(&mut self, cells: &[RowCell]) {
        let mut digits = [0; 20];
        for cell in cells {
            match cell {
                RowCell::Empty => self.room.push(b'-'),
                RowCell::Text(text) | RowCell::Number(text) => {
                    let length = canonical::decimal(text.len() as u64, &mut digits);
                    self.room.extend_from_slice(length);
                    self.room.push(b':');
                    self.room.extend_from_slice(text.as_bytes());
                    self.room.push(b',');
                }
                RowCell::Day(day) => {
                    self.day.clear();
                    write_day(*day, &mut self.day);
                    let length = canonical::decimal(self.day.len() as u64, &mut digits);
                    self.room.extend_from_slice(length);
                    self.room.push(b':');
                    self.room.extend_from_slice(self.day.as_bytes());
                    self.room.push(b',');
                }
            }
        }
        if self.room.len() > (1 << 15) {
            self.hash.update(&self.room);
            self.room.clear();
        }
    }

    fn finish(mut self) -> String {
        self.hash.update(&self.room);
        hex(&self.hash.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_hashed_over_the_bytes_that_are_written_down() {
        let mut cells = super::super::row::Cells::default();
        cells[0] = RowCell::text("é");
        cells[6] = RowCell::Number("-7".into());
        let mut rows = RowsHash::begin();
        rows.add(&cells);
        let expected =
            hex(&Sha256::digest("15:recert-report-2,2:é,-----2:-7,-----------".as_bytes()));
        assert_eq!(rows.finish(), expected);
    }
}
