//! Reads a script as SQL*Plus does, line by line, and panics at anything that would not be plain sailing there.

/// What SQL*Plus would send to the database.
pub(super) struct Run {
    pub(super) statements: Vec<String>,
}

impl Run {
    pub(super) fn of(script: &str) -> Self {
        assert!(script.ends_with('\n'), "the last line is not finished");
        let mut statements = Vec::new();
        let mut buffer: Option<String> = None;
        let mut define = true;
        for line in script.split_terminator('\n') {
            assert!(line.len() <= 2_499, "SP2-0027: input is too long");
            assert!(!line.contains(|c: char| c.is_control()), "control character in {line:?}");
            assert!(!(define && line.contains('&')), "would ask for a value: {line:?}");
            assert!(!line.trim_end().ends_with('-'), "would continue: {line:?}");
            let Some(mut statement) = buffer.take() else {
                if !is_settled(line, &mut define) {
                    buffer = begin(line, &mut statements);
                }
                continue;
            };
            let trimmed = line.trim();
            assert!(
                !trimmed.is_empty() && trimmed != "/" && trimmed != ".",
                "ends the statement: {line:?}"
            );
            assert!(!trimmed.starts_with(['#', '@', '/', '!']), "is a command: {line:?}");
            statement.push('\n');
            statement.push_str(line);
            buffer = begin(&statement, &mut statements);
        }
        assert!(buffer.is_none(), "a statement without an end: {buffer:?}");
        Self { statements }
    }
}

/// True for a line that SQL*Plus keeps to itself.
fn is_settled(line: &str, define: &mut bool) -> bool {
    if line.starts_with("--") {
        assert!(!line.ends_with(';'), "a comment that may end a statement: {line:?}");
        return true;
    }
    *define &= line != "SET DEFINE OFF";
    line.starts_with("SET ") || line.starts_with("WHENEVER ")
}

/// Ends the statement where a line ends in `;`, whatever quotes are open: SQL*Plus does not look at them.
fn begin(text: &str, statements: &mut Vec<String>) -> Option<String> {
    let first = text.chars().next().expect("a line");
    assert!(first.is_ascii_alphabetic(), "neither a statement nor a setting: {text:?}");
    match text.trim_end().strip_suffix(';') {
        Some(statement) => {
            statements.push(statement.to_owned());
            None
        }
        None => Some(text.to_owned()),
    }
}

/// The text that the expression between `before` and `after` would yield in Oracle.
pub(super) fn value_between(statement: &str, before: &str, after: &str) -> String {
    let flat = statement.replace('\n', " ");
    let start = flat.find(before).expect("the start") + before.len();
    let mut reader = Reader { rest: &flat[start..], longest: 0 };
    let (text, _) = reader.chain();
    assert!(reader.longest <= 4_000, "ORA-01704: string literal too long");
    reader.expect(after);
    text
}

struct Reader<'a> {
    rest: &'a str,
    longest: usize,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start_matches(' ');
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) {
        assert!(self.eat(token), "expected {token:?} before {:?}", self.rest);
    }

    /// The text of `a || b || …`, and whether it is a CLOB, which alone may be longer than 4,000 bytes.
    fn chain(&mut self) -> (String, bool) {
        let (mut text, mut is_clob) = self.term();
        while self.eat("||") {
            let (more, more_is_clob) = self.term();
            text.push_str(&more);
            is_clob |= more_is_clob;
            assert!(is_clob || text.len() <= 4_000, "ORA-01489: result is too long");
        }
        (text, is_clob)
    }

    fn term(&mut self) -> (String, bool) {
        let mut ends = 1;
        let mut is_clob = false;
        let text = if self.eat("CHR(") {
            let digits: String = self.rest.chars().take_while(char::is_ascii_digit).collect();
            self.rest = &self.rest[digits.len()..];
            let code: u8 = digits.parse().expect("a byte");
            assert!(code.is_ascii(), "CHR({code}) depends on the character set");
            char::from(code).to_string()
        } else if self.eat("TO_CHAR(UNISTR(") {
            ends = 2;
            let units: Vec<u16> = self
                .string()
                .split('\\')
                .skip(1)
                .map(|unit| {
                    assert_eq!(unit.len(), 4);
                    u16::from_str_radix(unit, 16).expect("hexadecimal")
                })
                .collect();
            String::from_utf16(&units).expect("UTF-16")
        } else if self.eat("TO_CLOB(") {
            is_clob = true;
            self.chain().0
        } else if self.eat("(") {
            let (text, inner_is_clob) = self.chain();
            is_clob = inner_is_clob;
            text
        } else {
            ends = 0;
            self.string()
        };
        for _ in 0..ends {
            self.expect(")");
        }
        (text, is_clob)
    }

    fn string(&mut self) -> String {
        self.expect("'");
        let mut text = String::new();
        loop {
            let end = self.rest.find('\'').expect("the end of the string");
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('\'') {
                Some(rest) => self.rest = rest,
                None => break,
            }
            text.push('\'');
        }
        self.longest = self.longest.max(text.len());
        text
    }
}
