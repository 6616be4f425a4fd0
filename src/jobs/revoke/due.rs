//! A response whose day has come, and the access it takes.

use std::sync::Arc;

use crate::db::Value;

/// A response whose day has come.
pub(super) struct DueResponse {
    pub(super) row_id: Value,
    pub(super) user: Value,
    pub(super) location: Value,
    pub(super) key: Box<str>,
    pub(super) why: Arc<str>,
    pub(super) before: Box<str>,
    pub(super) unanswered: bool,
    /// Whether any access is there.
    pub(super) has_access: bool,
    /// The access it takes.
    pub(super) mappings: Vec<DueMapping>,
}

/// A mapping row that is to go.
pub(super) struct DueMapping {
    pub(super) row_id: Value,
    pub(super) user: Value,
    pub(super) location: Value,
    pub(super) before: Box<str>,
}

impl DueResponse {
    /// Whether it says whose access and where.
    pub(super) fn has_key(&self) -> bool {
        let given = |value: &Value| !value.is_null() && !value.display().is_empty();
        given(&self.user) && given(&self.location)
    }
}
