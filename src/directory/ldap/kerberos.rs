//! Kerberos.
