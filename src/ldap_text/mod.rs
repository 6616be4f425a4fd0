//! Text as LDAP writes and compares it: names of entries, filters, values. Below both the config, which
//! checks what is typed, and the directory, which asks with it.

pub(crate) mod dn;
pub(crate) mod filter;
pub(crate) mod fold;
