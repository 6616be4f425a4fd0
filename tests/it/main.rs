//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod archive;
mod cli;
mod harness;
mod history;
mod restore;
mod revoke;
mod verify;
