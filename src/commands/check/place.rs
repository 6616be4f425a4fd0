//! Who the session is and in which schema, and where a table's name leads to.

/// Who the session is and where, as far as grants go by it.
pub(super) struct SessionSeen {
    pub(super) user: String,
    pub(super) schema: String,
    pub(super) role: String,
}

impl SessionSeen {
    /// A table of the current schema's own.
    pub(super) fn place(&self, table: &str) -> TablePlace {
        TablePlace { owner: self.schema.clone(), name: table.to_owned() }
    }

    pub(super) fn is_primary(&self) -> bool {
        self.role == "PRIMARY"
    }
}

/// Where a name leads to: the current schema's table, or that of a synonym.
pub(super) struct TablePlace {
    pub(super) owner: String,
    pub(super) name: String,
}
