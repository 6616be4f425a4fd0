//! What `main` and the tests outside the crate are given, and nothing else is: all other items are the crate's
//! own, so that the compiler sees which of them nobody uses. Its rooms are those of the crate.
#![allow(missing_docs)] // Each item tells of itself where it stands.

pub mod cli {
    pub use crate::cli::{Cli, Command, LogFormat, LogOrigin, find_client_library, run, start_log};
}
pub mod commands {
    pub use crate::commands::{CommandContext, CommandFacts};
    pub mod check {
        pub use crate::commands::check::{Args, CheckedJob, run};
    }
    pub mod history {
        pub use crate::commands::history::{Args, list, run};
    }
    pub mod migrate {
        pub use crate::commands::migrate::{Args, ScriptDialect, ScriptFormat, run};
    }
    pub mod report {
        pub use crate::commands::report::run;
    }
    pub mod verify {
        pub use crate::commands::verify::{Args, run};
    }
}
pub mod config {
    pub use crate::config::{
        ApprovalNeed, Config, DatabaseConfig, Limits, OnConflict, OnNearMatch, Unanswered,
    };
    pub mod directory {
        pub use crate::config::directory::{DirectorySettings, Strategy};
    }
}
pub mod db {
    pub use crate::db::{
        BindArray, Binds, CallTimedOut, Column, ColumnFill, ColumnLength, CommitUnanswered,
        Dialect, EachRow, FailedRow, OpenDatabase, Read, Row, SessionSpec, TakenKey, Transaction,
        Transient, Value, is_transient, open, parse_date,
    };
}
pub mod directory {
    pub use crate::directory::{
        AttributeValue, CheckLine, DanglingReason, EntryPart, LineManager, ManagerAnswer,
        UnreadableReason, open,
    };
}
pub mod exit {
    pub use crate::exit::Exit;
}
pub mod guard {
    pub use crate::guard::{against_defects, keep_memory_private};
}
pub mod import {
    pub use crate::import::{
        BadFile, CellValue, DeliveredPerson, ImportSource, PeopleLine, PersonColumn,
        RejectIdentity, RejectedRow, RejectsWriter, people,
    };
    pub mod availability {
        pub use crate::import::availability::{AvailabilityLine, DeliveredMonths, availability};
    }
    pub mod csv {
        pub use crate::import::csv::{
            CsvFault, CsvFaultKind, CsvReader, CsvRecord, FIELD_BYTES_MAX, FIELDS_MAX,
        };
    }
    pub mod fields {
        pub use crate::import::fields::{
            cost_center, country, date, free_days, is_email, is_month, leaving_date,
        };
    }
}
pub mod jobs {
    pub use crate::jobs::Job;
}
pub mod ledger {
    pub use crate::ledger::{
        ChangeHashes, LedgerChain, LedgerRun, RunStart, lock, look, take_end, write_changes,
        write_run,
    };
    pub mod canonical {
        pub use crate::ledger::canonical::{day, image_sha256, moment};
    }
    pub mod person {
        pub use crate::ledger::person::each_change_of_person;
    }
    pub mod row {
        pub use crate::ledger::row::{LedgerChange, LedgerImage};
    }
}
pub mod outcome {
    pub use crate::outcome::{Outcome, Stdout};
}
pub mod plan {
    pub use crate::plan::{
        Action, Allowance, Approval, Approved, Change, ChangeResult, Columns, Finding, Held, Hold,
        KeptRow, Leeway, Plan, Step, Takes, Touch, TouchRef, apply, approve, hold,
    };
}
pub mod run {
    pub use crate::run::{Ended, Request, run};
}
pub mod schema {
    pub use crate::schema::{Owner, tables};
}
pub mod script {
    pub use crate::script::{Literal, Script, bind_into};
}
pub mod sql {
    pub use crate::sql::{Sql, body};
}
pub mod summary {
    pub use crate::summary::{Status, Summary};
}
