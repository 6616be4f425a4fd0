//! What a rule looks for in the tokens of a statement.

use super::super::tokens::Token;

/// Whether these words and signs stand one after the other.
pub(super) fn holds(tokens: &[Token], run: &str) -> bool {
    let run: Vec<&str> = run.split(' ').collect();
    tokens.windows(run.len()).any(|part| part.iter().zip(&run).all(|(a, b)| a.text() == *b))
}

pub(super) fn is(tokens: &[Token], at: usize, word: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text() == word)
}

/// The tokens behind `from` that are in the same parentheses, with their places.
pub(super) fn level(tokens: &[Token], from: usize) -> impl Iterator<Item = (usize, &Token)> {
    let mut depth = 0_i32;
    tokens
        .iter()
        .enumerate()
        .skip(from)
        .map_while(move |(at, token)| {
            let before = depth;
            depth += match token.text() {
                "(" => 1,
                ")" => -1,
                _ => 0,
            };
            (depth >= 0).then_some((before == 0, at, token))
        })
        .filter_map(|(here, at, token)| here.then_some((at, token)))
}

pub(super) fn places<'a>(tokens: &'a [Token], word: &'a str) -> impl Iterator<Item = usize> + 'a {
    (0..tokens.len()).filter(move |at| is(tokens, *at, word))
}

pub(super) fn select_without_from(tokens: &[Token]) -> bool {
    let ends = ["UNION", "MINUS", "INTERSECT"];
    if is(tokens, 0, "GRANT") || is(tokens, 0, "REVOKE") {
        return false;
    }
    places(tokens, "SELECT").any(|at| {
        let mut own = level(tokens, at + 1).map(|(_, token)| token.text());
        !own.by_ref().take_while(|word| !ends.contains(word)).any(|word| word == "FROM")
    })
}

pub(super) fn offset_without_rows(tokens: &[Token]) -> bool {
    places(tokens, "OFFSET").any(|at| !is(tokens, at + 2, "ROWS") && !is(tokens, at + 2, "ROW"))
}

pub(super) fn returning_without_into(tokens: &[Token]) -> bool {
    places(tokens, "RETURNING").any(|at| !tokens[at..].iter().any(|token| token.text() == "INTO"))
}

pub(super) fn several_rows_of_values(tokens: &[Token]) -> bool {
    places(tokens, "VALUES").any(|at| {
        let behind = level(tokens, at + 1).find(|(place, _)| *place > at + 1);
        behind.is_some_and(|(place, token)| token.text() == "," || is(tokens, place + 1, ","))
    })
}

/// In FROM, outside of parentheses, AS can only be before an alias.
pub(super) fn as_before_table_alias(tokens: &[Token]) -> bool {
    let ends = ["WHERE", "GROUP", "ORDER", "HAVING", "UNION", "MINUS", "INTERSECT", "FETCH", "FOR"];
    let is_clause = |at: &usize| !is_function_word(tokens, *at);
    places(tokens, "FROM").filter(is_clause).any(|at| {
        let clause = level(tokens, at + 1).take_while(|(_, token)| !ends.contains(&token.text()));
        clause.map(|(_, token)| token.text()).any(|word| word == "AS")
    })
}

/// `TRIM(BOTH ' ' FROM a)`, `EXTRACT(YEAR FROM day)`.
pub(super) fn is_function_word(tokens: &[Token], from: usize) -> bool {
    let mut depth = 0;
    for at in (0..from).rev() {
        match tokens[at].text() {
            ")" => depth += 1,
            "(" if depth == 0 => {
                return at > 0 && ["TRIM", "EXTRACT"].contains(&tokens[at - 1].text());
            }
            "(" => depth -= 1,
            _ => {}
        }
    }
    false
}

pub(super) fn as_before_changed_alias(tokens: &[Token]) -> bool {
    is(tokens, 0, "UPDATE") && is(tokens, 2, "AS")
        || is(tokens, 0, "DELETE") && (is(tokens, 2, "AS") || is(tokens, 3, "AS"))
        || is(tokens, 0, "MERGE") && is(tokens, 3, "AS")
}

pub(super) fn update_from(tokens: &[Token]) -> bool {
    is(tokens, 0, "UPDATE") && level(tokens, 0).any(|(_, token)| token.text() == "FROM")
}

pub(super) fn interval_without_unit(tokens: &[Token]) -> bool {
    let units = ["DAY", "HOUR", "MINUTE", "SECOND", "MONTH", "YEAR"];
    places(tokens, "INTERVAL").any(|at| {
        matches!(tokens.get(at + 1), Some(Token::Text(_)))
            && !tokens.get(at + 2).is_some_and(|unit| units.contains(&unit.text()))
    })
}

pub(super) fn date_as_text(tokens: &[Token]) -> bool {
    let is_date = |text: &str| {
        let shape: String =
            text.chars().take(10).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        matches!(shape.as_str(), "9999-99-99" | "99.99.9999" | "9999/99/99")
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        Token::Text(text) if is_date(text) => {
            let literal = at > 0 && ["DATE", "TIMESTAMP"].contains(&tokens[at - 1].text());
            let converted = at > 1 && ["TO_DATE", "TO_TIMESTAMP"].contains(&tokens[at - 2].text());
            !literal && !converted
        }
        _ => false,
    })
}

pub(super) fn empty_text(tokens: &[Token]) -> bool {
    tokens.contains(&Token::Text(String::new()))
}

pub(super) fn long_list(tokens: &[Token]) -> bool {
    places(tokens, "IN").any(|at| {
        is(tokens, at + 1, "(")
            && level(tokens, at + 2).filter(|(_, token)| token.text() == ",").count() >= 1_000
    })
}

pub(super) fn long_literal(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Text(text) if text.len() > 4_000))
}

pub(super) fn wide_varchar2(tokens: &[Token]) -> bool {
    places(tokens, "VARCHAR2").any(|at| {
        tokens.get(at + 2).is_some_and(|n| n.text().parse::<u32>().is_ok_and(|n| n > 4_000))
    })
}

pub(super) fn long_name(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Word(name) if name.len() > 128))
}

/// V$RESERVED_WORDS where RESERVED = 'Y', and pseudo-columns.
const RESERVED: &str = " ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER \
    COLUMN COLUMN_VALUE COMMENT COMPRESS CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC \
    DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP HAVING IDENTIFIED IMMEDIATE \
    IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS \
    MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON \
    ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS \
    SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID \
    UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH ";

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&format!(" {} ", word.to_uppercase()))
}

pub(super) fn reserved_bind(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Bind(name) if is_reserved(name)))
}

pub(super) fn reserved_column(tokens: &[Token]) -> bool {
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) if is_reserved(word) => Some(word.as_str()),
        _ => None,
    };
    let alias = places(tokens, "AS").any(|at| {
        // `CAST(a AS NUMBER)` and `WITH x AS (…)` are none.
        let cast = is_cast(tokens, at);
        !cast && word(at + 1).is_some()
    });
    let qualified = places(tokens, ".").any(|at| word(at + 1).is_some_and(|word| word != "ROWID"));
    alias || qualified || column_of_table(tokens, word)
}

pub(super) fn is_cast(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0;
    for before in (0..at).rev() {
        match tokens[before].text() {
            ")" => depth += 1,
            "(" if depth == 0 => return before > 0 && tokens[before - 1].text() == "CAST",
            "(" => depth -= 1,
            _ => {}
        }
    }
    false
}

/// The first word of each definition in CREATE TABLE.
pub(super) fn column_of_table<'a>(
    tokens: &'a [Token],
    word: impl Fn(usize) -> Option<&'a str>,
) -> bool {
    if !is(tokens, 0, "CREATE") || !tokens.iter().take(4).any(|token| token.text() == "TABLE") {
        return false;
    }
    let Some(open) = places(tokens, "(").next() else { return false };
    let commas = level(tokens, open + 1).filter(|(_, token)| token.text() == ",");
    let firsts: Vec<usize> =
        std::iter::once(open + 1).chain(commas.map(|(at, _)| at + 1)).collect();
    let constraint = ["CHECK", "UNIQUE"];
    firsts.into_iter().any(|at| word(at).is_some_and(|word| !constraint.contains(&word)))
}

pub(super) fn for_update_of_a_set(tokens: &[Token]) -> bool {
    let sets = ["DISTINCT", "GROUP", "UNION", "FETCH", "MINUS", "INTERSECT"];
    holds(tokens, "FOR UPDATE") && level(tokens, 0).any(|(_, token)| sets.contains(&token.text()))
}

pub(super) fn rownum_with_order(tokens: &[Token]) -> bool {
    places(tokens, "ROWNUM").any(|at| {
        let mut behind = level(tokens, at).map(|(_, token)| token.text());
        behind.any(|word| word == "ORDER")
    })
}

pub(super) fn merge_sets_its_key(tokens: &[Token]) -> bool {
    if !is(tokens, 0, "MERGE") {
        return false;
    }
    let name = |at: usize| if is(tokens, at + 1, ".") { at + 2 } else { at };
    let Some(on) = places(tokens, "ON").next() else { return false };
    let compared: Vec<&str> = level(tokens, on + 2).map(|(_, token)| token.text()).collect();
    let Some(set) = places(tokens, "SET").next() else { return false };
    let set_columns = level(tokens, set + 1)
        .take_while(|(_, token)| !["WHERE", "WHEN", "DELETE"].contains(&token.text()))
        .filter(|(at, _)| *at == set + 1 || is(tokens, at - 1, ","))
        .map(|(at, _)| tokens[name(at)].text());
    set_columns.into_iter().any(|column| compared.contains(&column))
}
