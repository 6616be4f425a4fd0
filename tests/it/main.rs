//! All of recert's integration tests, in one binary. `README.md` beside this folder is the map.

mod harness;
mod revoke;
