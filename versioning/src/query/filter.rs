//! Filters as trees, and their one canonical text.

use std::{fmt, ops::Range};

/// A filter as it was written: it names columns that may not exist and values that may not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// What a row must satisfy.
    pub root: Expression,
}

/// A part of a filter and where it stands in the text, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// What it says.
    pub node: Node,
    /// Where.
    pub span: Range<usize>,
}

/// What a part of a filter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// At least one of two or more.
    Or(Vec<Expression>),
    /// All of two or more.
    And(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// Something about the cell of a column.
    Condition {
        /// The column.
        column: Name,
        /// What is said of its cell.
        condition: Condition,
    },
}

/// A column's name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, without brackets.
    pub text: String,
    /// Where, in bytes, with brackets.
    pub span: Range<usize>,
}

/// What is said of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `is null`, or `is not null`.
    Null {
        /// Whether it is the opposite.
        negated: bool,
    },
    /// `= 1`.
    Compare {
        /// How.
        comparison: Comparison,
        /// With what.
        literal: Literal,
        /// Whether letters of either case are the same.
        ignoring_case: bool,
    },
    /// `contains "x"`.
    Text {
        /// Whether it is the opposite.
        negated: bool,
        /// Where in the cell.
        matching: TextMatch,
        /// What.
        literal: Literal,
        /// Whether letters of either case are the same.
        ignoring_case: bool,
    },
    /// `in (1, 2)`.
    In {
        /// Whether it is the opposite.
        negated: bool,
        /// One or more.
        literals: Vec<Literal>,
        /// Whether letters of either case are the same.
        ignoring_case: bool,
    },
    /// `between 1 and 2`, both ends included.
    Between {
        /// Whether it is the opposite.
        negated: bool,
        /// The smallest.
        low: Literal,
        /// The largest.
        high: Literal,
    },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Where a text is looked for in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Anywhere.
    Contains,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
}

impl TextMatch {
    /// As it is written.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::StartsWith => "starts with",
            Self::EndsWith => "ends with",
        }
    }
}

/// A value as it was written, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// What it is.
    pub kind: LiteralKind,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// A string, without quotes and escapes.
    Text(String),
    /// A number, digit by digit.
    Number(String),
    /// `true` or `false`.
    Boolean(bool),
}

/// Whether the character can begin a word.
pub(super) fn begins_word(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

/// Whether the character can stand in a word behind its first.
pub(super) fn continues_word(character: char) -> bool {
    // Combining marks: without them half of a letter written in decomposed form (NFD) would end the word.
    character == '_' || character.is_alphanumeric() || matches!(character, '\u{300}'..='\u{36F}')
}

/// The words that can't name a column without brackets.
pub(super) const WORDS: [&str; 16] = [
    "and", "or", "not", "is", "null", "in", "between", "contains", "starts", "ends", "with", "ignoring", "case",
    "true", "false", "like",
];

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl Filter {
    /// Gives columns other names: what `new` makes of the name that each has; it stays where that is none. The places of
    /// parts are those in the text that was parsed.
    pub fn rename(&mut self, new: &mut dyn FnMut(&str) -> Option<String>) {
        self.root.rename(new);
    }
}

impl Expression {
    fn rename(&mut self, new: &mut dyn FnMut(&str) -> Option<String>) {
        match &mut self.node {
            Node::Or(parts) | Node::And(parts) => parts.iter_mut().for_each(|part| part.rename(new)),
            Node::Not(part) => part.rename(new),
            Node::Condition { column, .. } => {
                if let Some(name) = new(&column.text) {
                    column.text = name;
                }
            }
        }
    }

    /// How tightly the parts hold together: or 0, and 1, not 2, condition 3.
    fn binding(&self) -> u8 {
        match self.node {
            Node::Or(_) => 0,
            Node::And(_) => 1,
            Node::Not(_) => 2,
            Node::Condition { .. } => 3,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, at_least: u8) -> fmt::Result {
        if self.binding() < at_least { write!(f, "({self})") } else { fmt::Display::fmt(self, f) }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    f.write_str(word)?;
                }
                part.write(f, self.binding() + 1)?;
            }
            Ok(())
        };
        match &self.node {
            Node::Or(parts) => list(f, parts, " or "),
            Node::And(parts) => list(f, parts, " and "),
            Node::Not(part) => {
                f.write_str("not ")?;
                part.write(f, 2)
            }
            Node::Condition { column, condition } => write!(f, "{column} {condition}"),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = self.text.starts_with(begins_word)
            && self.text.chars().all(continues_word)
            && !WORDS.iter().any(|word| self.text.eq_ignore_ascii_case(word));
        if is_word { f.write_str(&self.text) } else { write!(f, "[{}]", self.text.replace(']', "]]")) }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "not " } else { "" };
        let case = |ignoring: &bool| if *ignoring { " ignoring case" } else { "" };
        match self {
            Self::Null { negated } => write!(f, "is {}null", not(negated)),
            Self::Compare { comparison, literal, ignoring_case } => {
                write!(f, "{} {literal}{}", comparison.symbol(), case(ignoring_case))
            }
            Self::Text { negated, matching, literal, ignoring_case } => {
                write!(f, "{}{} {literal}{}", not(negated), matching.words(), case(ignoring_case))
            }
            Self::In { negated, literals, ignoring_case } => {
                write!(f, "{}in (", not(negated))?;
                for (index, literal) in literals.iter().enumerate() {
                    write!(f, "{}{literal}", if index > 0 { ", " } else { "" })?;
                }
                write!(f, "){}", case(ignoring_case))
            }
            Self::Between { negated, low, high } => write!(f, "{}between {low} and {high}", not(negated)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LiteralKind::Number(digits) => f.write_str(digits),
            LiteralKind::Boolean(value) => value.fmt(f),
            LiteralKind::Text(text) => {
                f.write_str("\"")?;
                for character in text.chars() {
                    match character {
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        _ if character.is_control() => write!(f, "\\u{{{:x}}}", u32::from(character))?,
                        _ => write!(f, "{character}")?,
                    }
                }
                f.write_str("\"")
            }
        }
    }
}
