//! Cuts a migration file into single statements, as PostgreSQL's own scanner would.
//!
//! Knows strings (with backslashes after `E`), quoted identifiers, dollar quotes, both kinds of comments and
//! parentheses. Does not know `BEGIN ATOMIC` bodies: write those functions with dollar quotes.

/// One statement, without comments before it and without its semicolon.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Where it begins in the file, from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// The statements of a file. What is not ended (a string, a comment) reaches to the end: the server complains.
pub(super) fn statements(sql: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = token(rest);
        match kind {
            Kind::Blank => {}
            Kind::End if depth == 0 => {
                found.extend(start.take().and_then(|from| statement(sql, from, at)));
            }
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::End | Kind::Word => {}
        }
        if kind != Kind::Blank && !(kind == Kind::End && depth == 0) {
            start.get_or_insert(at);
        }
        at += length;
    }
    found.extend(start.and_then(|from| statement(sql, from, sql.len())));
    found
}

fn statement(sql: &str, from: usize, to: usize) -> Option<Statement<'_>> {
    let line = 1 + sql.get(..from)?.matches('\n').count();
    Some(Statement { line, text: sql.get(from..to)?.trim_end() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Word,
    Open,
    Close,
    End,
}

/// What the text begins with, and its length in bytes; never 0.
fn token(rest: &str) -> (Kind, usize) {
    let Some(first) = rest.chars().next() else { return (Kind::Blank, 1) };
    match first {
        '-' if rest.starts_with("--") => (Kind::Blank, rest.find('\n').map_or(rest.len(), |end| end + 1)),
        '/' if rest.starts_with("/*") => (Kind::Blank, comment(rest)),
        '\'' | '"' => (Kind::Word, quoted(rest, first, false)),
        '$' => (Kind::Word, dollar_quoted(rest)),
        ';' => (Kind::End, 1),
        '(' => (Kind::Open, 1),
        ')' => (Kind::Close, 1),
        c if c.is_whitespace() => (Kind::Blank, c.len_utf8()),
        c if c.is_alphabetic() || c == '_' => (Kind::Word, word(rest)),
        c => (Kind::Word, c.len_utf8()),
    }
}

/// A comment, which may hold comments.
fn comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(inner) = rest.get(at..).filter(|inner| !inner.is_empty()) {
        if inner.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if inner.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += inner.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// A string or a quoted identifier. A doubled quote reads as an end and a new beginning, which is as good.
fn quoted(rest: &str, quote: char, backslashes: bool) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if backslashes && c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// `$tag$ … $tag$`; a lone `$`, as in the parameter `$1`, is one character.
fn dollar_quoted(rest: &str) -> usize {
    let after = rest.strip_prefix('$').unwrap_or(rest);
    let Some((tag, body)) = after.split_once('$') else { return 1 };
    let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_') && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return 1;
    }
    let fence = format!("${tag}$");
    body.find(&fence).map_or(rest.len(), |end| end + 2 * fence.len())
}

/// A keyword or identifier, which may hold `$`; with the string behind it when it is the `E` of `E'…'`.
fn word(rest: &str) -> usize {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((name, string)) if name.eq_ignore_ascii_case("e") && string.starts_with('\'') => {
            end + quoted(string, '\'', true)
        }
        _ => end,
    }
}

#[cfg(test)]
mod tests;
