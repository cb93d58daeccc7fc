//! From text to tokens.

use std::ops::Range;

use super::{
    error::{FilterError, FilterErrorKind},
    filter::{begins_word, continues_word},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(String),
    /// A name in brackets.
    Name(String),
    Text(String),
    Number(String),
    /// One of `= != < <= > >= ( ) ,`.
    Symbol(&'static str),
    End,
}

/// `<>` and `==` are other ways to write `!=` and `=`; longer ones come before those they begin with.
const SYMBOLS: [(&str, &str); 11] = [
    ("!=", "!="),
    ("<>", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("==", "="),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("(", "("),
    (")", ")"),
    (",", ","),
];

pub(super) struct Tokens<'t> {
    source: &'t str,
    offset: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(source: &'t str) -> Self {
        Self { source, offset: 0 }
    }

    fn rest(&self) -> &'t str {
        &self.source[self.offset..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !test(c)).unwrap_or(rest.len())];
        self.offset += taken.len();
        taken
    }

    /// The next token and where it stands.
    pub(super) fn next(&mut self) -> Result<(Token, Range<usize>), FilterError> {
        self.take_while(char::is_whitespace);
        let start = self.offset;
        let Some(first) = self.peek() else { return Ok((Token::End, start..start)) };
        let token = match first {
            '"' | '\'' => self.text(first)?,
            '[' => self.name()?,
            '-' | '0'..='9' => self.number()?,
            _ if begins_word(first) => Token::Word(self.take_while(continues_word).to_owned()),
            _ => match SYMBOLS.iter().find(|(written, _)| self.rest().starts_with(written)) {
                Some((written, symbol)) => {
                    self.offset += written.len();
                    Token::Symbol(symbol)
                }
                None => {
                    let expected = match first {
                        '`' => "a name in [brackets]",
                        '“' | '”' | '‘' | '’' | '„' | '«' | '»' => "a straight quote, \" or '",
                        _ => "a word, a value or a comparison",
                    };
                    let kind = FilterErrorKind::Unexpected { found: quoted(&first.to_string()), expected };
                    return Err(FilterError::new(self.source, start..start + first.len_utf8(), kind));
                }
            },
        };
        Ok((token, start..self.offset))
    }

    fn unclosed(&self, start: usize, opened: &'static str, close: char) -> FilterError {
        FilterError::new(self.source, start..self.source.len(), FilterErrorKind::Unclosed { opened, close })
    }

    fn text(&mut self, quote: char) -> Result<Token, FilterError> {
        let start = self.offset;
        self.offset += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote && c != '\\'));
            match self.peek() {
                None => return Err(self.unclosed(start, "a string", quote)),
                Some('\\') => text.push(self.escape()?),
                Some(_) => {
                    self.offset += 1;
                    return Ok(Token::Text(text));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, FilterError> {
        let start = self.offset;
        let rest = &self.rest()[1..];
        let (character, length) = match rest.chars().next() {
            Some(character @ ('\\' | '"' | '\'')) => (Some(character), 1),
            Some('n') => (Some('\n'), 1),
            Some('r') => (Some('\r'), 1),
            Some('t') => (Some('\t'), 1),
            Some('u') => {
                let digits = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
                let digits = digits.filter(|digits| {
                    (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
                });
                let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
                (character, digits.map_or(1, |digits| digits.len() + 3))
            }
            Some(character) => (None, character.len_utf8()),
            None => (None, 0),
        };
        self.offset += 1 + length;
        character.ok_or_else(|| FilterError::new(self.source, start..self.offset, FilterErrorKind::Escape))
    }

    fn name(&mut self) -> Result<Token, FilterError> {
        let start = self.offset;
        self.offset += 1;
        let mut name = String::new();
        loop {
            name.push_str(self.take_while(|c| c != ']'));
            if self.rest().starts_with("]]") {
                name.push(']');
                self.offset += 2;
            } else if self.rest().is_empty() {
                return Err(self.unclosed(start, "a name in brackets", ']'));
            } else {
                self.offset += 1;
                return Ok(Token::Name(name));
            }
        }
    }

    fn number(&mut self) -> Result<Token, FilterError> {
        let start = self.offset;
        let digit = |c: char| c.is_ascii_digit();
        self.take_while(|c| c == '-');
        let sign = self.offset - start;
        let whole = self.take_while(digit);
        let mut fits = sign <= 1 && !whole.is_empty();
        if self.peek() == Some('.') {
            self.offset += 1;
            fits &= !self.take_while(digit).is_empty();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.offset += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.offset += 1;
            }
            fits &= !self.take_while(digit).is_empty();
        }
        // `12px`, `1.2.3` and `2026-01-01` are no number and something else behind it.
        fits &= self.take_while(|c| continues_word(c) || matches!(c, '.' | '-' | ':')).is_empty();
        let text = &self.source[start..self.offset];
        if fits {
            return Ok(Token::Number(text.to_owned()));
        }
        let kind = FilterErrorKind::Unexpected {
            found: quoted(text),
            expected: "a number, such as 12 or -0.5, or a string, such as \"2026-01-31\"",
        };
        Err(FilterError::new(self.source, start..self.offset, kind))
    }
}

/// The text in quotation marks, and not more of it than one reads.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("“{shown}”")
}
