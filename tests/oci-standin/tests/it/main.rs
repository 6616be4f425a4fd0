//! The stand-in through the unmodified `oracle` crate.

mod batch;
mod connect;
mod dictionary;
mod locks;
mod model;
mod queries;
mod resources;
mod strict;
mod transactions;
mod types;
mod util;
