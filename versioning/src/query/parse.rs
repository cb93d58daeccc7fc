//! From text to a filter: recursive descent, one function for each rule of the grammar.

use std::{ops::Range, str::FromStr};

use super::{
    error::{FilterError, FilterErrorKind},
    filter::{Comparison, Condition, Expression, Filter, Literal, LiteralKind, Name, Node, TextMatch, WORDS},
    token::{Token, Tokens, quoted},
};

/// The most characters of a filter.
pub const MAX_LENGTH: usize = 10_000;
/// How deep parentheses and `not` stand in each other.
pub const MAX_DEPTH: usize = 64;

const COLUMN: &str = "a column, “not” or “(”";
const CONDITION: &str = "a comparison, such as =, <, contains, in or is null";
const VALUE: &str = "a value, such as 12, \"text\" or true";

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(source: &str) -> Result<Self, FilterError> {
        if let Some((end, _)) = source.char_indices().nth(MAX_LENGTH) {
            return Err(FilterError::new(source, end..source.len(), FilterErrorKind::TooLong));
        }
        let mut tokens = Tokens::new(source);
        let (token, span) = tokens.next()?;
        let mut parser = Parser { source, tokens, token, span, end: 0, depth: 0 };
        let root = parser.or()?;
        match parser.token {
            Token::End => Ok(Self { root }),
            _ => Err(parser.unexpected("“and”, “or” or the end")),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(source: &str) -> Result<Self, FilterError> {
        Self::parse(source)
    }
}

struct Parser<'t> {
    source: &'t str,
    tokens: Tokens<'t>,
    /// The next token.
    token: Token,
    /// Where it stands.
    span: Range<usize>,
    /// Where the token before it ended.
    end: usize,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, span: Range<usize>, kind: FilterErrorKind) -> FilterError {
        FilterError::new(self.source, span, kind)
    }

    fn unexpected(&self, expected: &'static str) -> FilterError {
        let found = match self.token {
            Token::End => "the end".to_owned(),
            _ => quoted(&self.source[self.span.clone()]),
        };
        self.error(self.span.clone(), FilterErrorKind::Unexpected { found, expected })
    }

    /// Passes the next token and returns it with its place.
    fn advance(&mut self) -> Result<(Token, Range<usize>), FilterError> {
        let (token, span) = self.tokens.next()?;
        self.end = self.span.end;
        Ok((std::mem::replace(&mut self.token, token), std::mem::replace(&mut self.span, span)))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Passes the word if it comes next.
    fn word(&mut self, word: &str) -> Result<bool, FilterError> {
        let found = self.is_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_word(&mut self, word: &str, expected: &'static str) -> Result<(), FilterError> {
        if self.word(word)? { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn symbol(&mut self, symbol: &'static str) -> Result<bool, FilterError> {
        let found = self.token == Token::Symbol(symbol);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn list(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expression, FilterError>,
        join: fn(Vec<Expression>) -> Node,
    ) -> Result<Expression, FilterError> {
        let start = self.span.start;
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.word(word)? {
            parts.push(part(self)?);
        }
        Ok(Expression { node: join(parts), span: start..self.end })
    }

    fn or(&mut self) -> Result<Expression, FilterError> {
        self.list("or", Self::and, Node::Or)
    }

    fn and(&mut self) -> Result<Expression, FilterError> {
        self.list("and", Self::not, Node::And)
    }

    fn not(&mut self) -> Result<Expression, FilterError> {
        let start = self.span.start;
        let opens = self.is_word("not") || self.token == Token::Symbol("(");
        if !opens {
            return self.condition();
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error(self.span.clone(), FilterErrorKind::TooDeep));
        }
        self.depth += 1;
        let expression = if self.word("not")? {
            let node = Node::Not(Box::new(self.not()?));
            Expression { node, span: start..self.end }
        } else {
            self.advance()?;
            let inner = self.or()?;
            if !self.symbol(")")? {
                return Err(self.unexpected("“and”, “or” or “)”"));
            }
            inner
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn condition(&mut self) -> Result<Expression, FilterError> {
        let start = self.span.start;
        let column = match &self.token {
            Token::Word(word) if WORDS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) => None,
            Token::Word(name) | Token::Name(name) => Some(name.clone()),
            _ => None,
        };
        let text = column.ok_or_else(|| self.unexpected(COLUMN))?;
        let (_, span) = self.advance()?;
        let column = Name { text, span };
        let condition = self.said()?;
        Ok(Expression { node: Node::Condition { column, condition }, span: start..self.end })
    }

    /// What is said of a column.
    fn said(&mut self) -> Result<Condition, FilterError> {
        if self.is_word("like") {
            return Err(self.error(self.span.clone(), FilterErrorKind::Like));
        }
        if let Token::Symbol(symbol) = self.token {
            use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
            let comparison = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]
                .into_iter()
                .find(|comparison| comparison.symbol() == symbol)
                .ok_or_else(|| self.unexpected(CONDITION))?;
            self.advance()?;
            let literal = self.literal()?;
            let ignoring_case = matches!(comparison, Equal | NotEqual) && self.case()?;
            return Ok(Condition::Compare { comparison, literal, ignoring_case });
        }
        if self.word("is")? {
            let negated = self.word("not")?;
            self.expect_word("null", if negated { "“null”" } else { "“null” or “not null”" })?;
            return Ok(Condition::Null { negated });
        }
        let negated = self.word("not")?;
        let matching = if self.word("contains")? {
            TextMatch::Contains
        } else if self.word("starts")? {
            self.expect_word("with", "“with”")?;
            TextMatch::StartsWith
        } else if self.word("ends")? {
            self.expect_word("with", "“with”")?;
            TextMatch::EndsWith
        } else if self.word("in")? {
            return self.set(negated);
        } else if self.word("between")? {
            let low = self.literal()?;
            self.expect_word("and", "“and”")?;
            return Ok(Condition::Between { negated, low, high: self.literal()? });
        } else if self.is_word("like") {
            return Err(self.error(self.span.clone(), FilterErrorKind::Like));
        } else {
            let expected = "“contains”, “starts with”, “ends with”, “in” or “between”";
            return Err(self.unexpected(if negated { expected } else { CONDITION }));
        };
        let literal = self.literal()?;
        Ok(Condition::Text { negated, matching, literal, ignoring_case: self.case()? })
    }

    fn set(&mut self, negated: bool) -> Result<Condition, FilterError> {
        if !self.symbol("(")? {
            return Err(self.unexpected("“(”"));
        }
        let mut literals = vec![self.literal()?];
        while self.symbol(",")? {
            literals.push(self.literal()?);
        }
        if !self.symbol(")")? {
            return Err(self.unexpected("“,” or “)”"));
        }
        Ok(Condition::In { negated, literals, ignoring_case: self.case()? })
    }

    fn case(&mut self) -> Result<bool, FilterError> {
        let ignoring = self.word("ignoring")?;
        if ignoring {
            self.expect_word("case", "“case”")?;
        }
        Ok(ignoring)
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        let kind = match &self.token {
            Token::Text(text) => LiteralKind::Text(text.clone()),
            Token::Number(digits) => LiteralKind::Number(digits.clone()),
            Token::Word(_) if self.is_word("true") => LiteralKind::Boolean(true),
            Token::Word(_) if self.is_word("false") => LiteralKind::Boolean(false),
            Token::Word(_) if self.is_word("null") => {
                return Err(self.error(self.span.clone(), FilterErrorKind::Null));
            }
            Token::Word(_) | Token::Name(_) => {
                return Err(self.unexpected("a value, such as 12 or \"text\" in quotes"));
            }
            _ => return Err(self.unexpected(VALUE)),
        };
        let (_, span) = self.advance()?;
        Ok(Literal { kind, span })
    }
}
