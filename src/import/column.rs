//! The columns of the people file: their header names, and the columns of PM_USER they fill (section 8).

/// What a text column of PM_USER holds at most: the most that a VARCHAR2 can.
const TEXT_BYTES_MAX: usize = 4000;
/// ROW_KEY of the ledger holds an id and what belongs to it.
const ID_BYTES_MAX: usize = 256;
/// RFC 5321: 64 bytes before the `@`, 255 behind it.
const EMAIL_BYTES_MAX: usize = 320;

macro_rules! columns {
    ($($column:ident $name:literal $sql:literal $required:literal,)+) => {
        /// A column of the people file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "they are named as in section 8")]
        pub enum PersonColumn { $($column,)+ }

        impl PersonColumn {
            /// All columns, in the order of section 8.
            pub const ALL: [PersonColumn; PersonColumn::COUNT] = [$(PersonColumn::$column,)+];
            /// How many there are.
            pub const COUNT: usize = [$($name,)+].len();

            /// The name in the file's header.
            pub fn name(self) -> &'static str {
                match self { $(PersonColumn::$column => $name,)+ }
            }

            /// The column of PM_USER.
            pub fn sql_name(self) -> &'static str {
                match self { $(PersonColumn::$column => $sql,)+ }
            }

            /// The header must have it, and every row must fill it.
            pub fn is_required(self) -> bool {
                match self { $(PersonColumn::$column => $required,)+ }
            }
        }
    };
}

columns! {
    Id "id" "ID" false,
    FirstName "firstName" "FIRST_NAME" true,
    LastName "lastName" "LAST_NAME" true,
    Email "email" "EMAIL" true,
    BusinessUnit "businessUnit" "BUSINESS_UNIT" false,
    Company "company" "COMPANY" false,
    Job "job" "JOB" false,
    ManagerEmail "managerEmail" "MANAGER_EMAIL" false,
    MsgId "msgId" "MSG_ID" false,
    City "city" "CITY" true,
    CostCenter "costCenter" "COST_CENTER" true,
    ImportedAt "importedAt" "IMPORTED_AT" false,
    CostCenterShortText "costCenterShortText" "COST_CENTER_SHORT_TEXT" false,
    PersonnelNumber "personnelNumber" "PERSONNEL_NUMBER" false,
    NamePrefix "namePrefix" "NAME_PREFIX" false,
    InitialEntry "initialEntry" "INITIAL_ENTRY" false,
    LeavingDate "leavingDate" "LEAVING_DATE" false,
    CompanyCode "companyCode" "COMPANY_CODE" false,
    PersonnelArea "personnelArea" "PERSONNEL_AREA" false,
    PersonnelAreaText "personnelAreaText" "PERSONNEL_AREA_TEXT" true,
    PersonnelSubarea "personnelSubarea" "PERSONNEL_SUBAREA" false,
    PersonnelSubareaText "personnelSubareaText" "PERSONNEL_SUBAREA_TEXT" false,
    EmployeeGroup "employeeGroup" "EMPLOYEE_GROUP" false,
    EmployeeSubgroup "employeeSubgroup" "EMPLOYEE_SUBGROUP" false,
    ObjectAbbreviation "objectAbbreviation" "OBJECT_ABBREVIATION" false,
    JobLevel "jobLevel" "JOB_LEVEL" false,
    EmploymentPercentage "employmentPercentage" "EMPLOYMENT_PERCENTAGE" false,
    Country "country" "COUNTRY" false,
}

/// How long a text of PM_USER may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLimit {
    /// So many bytes or characters.
    pub most: usize,
    /// Bytes, of UTF-8; else characters.
    pub in_bytes: bool,
}

/// One limit a column.
pub(crate) type TextLimits = [TextLimit; PersonColumn::COUNT];

impl TextLimit {
    pub(crate) fn admits(self, text: &str) -> bool {
        text.len() <= self.most || (!self.in_bytes && text.chars().count() <= self.most)
    }

    /// What is expected of a longer text.
    pub(super) fn expected(self) -> String {
        format!("at most {} {}", self.most, if self.in_bytes { "bytes" } else { "characters" })
    }
}

impl PersonColumn {
    /// How long a text may be where the database's dictionary doesn't say: as long as the column that `migrate` makes. One
    /// too long for its column would fail the run in the database: its row is rejected, or the column left as it is.
    pub fn limit(self) -> TextLimit {
        let most = match self {
            PersonColumn::Id | PersonColumn::MsgId => ID_BYTES_MAX,
            PersonColumn::Email | PersonColumn::ManagerEmail => EMAIL_BYTES_MAX,
            _ => TEXT_BYTES_MAX,
        };
        TextLimit { most, in_bytes: true }
    }

    /// Whether nothing rests on what stands there: then no row is refused for it.
    pub(crate) fn decides_nothing(self) -> bool {
        !self.is_required()
            && !matches!(
                self,
                PersonColumn::Id | PersonColumn::LeavingDate | PersonColumn::EmployeeGroup
            )
    }

    /// Whether what stands in the cell is what goes into PM_USER.
    pub(crate) fn is_kept_as_text(self) -> bool {
        !matches!(
            self,
            PersonColumn::BusinessUnit
                | PersonColumn::ImportedAt
                | PersonColumn::InitialEntry
                | PersonColumn::LeavingDate
                | PersonColumn::Country
        )
    }
}
