//! Asking a table: filters people write, and scans that count, page, sort and group without a declared index.
//!
//! A [`Filter`] is parsed from text, bound to a schema as a [`Predicate`], and evaluated leaf by leaf and column by
//! column over a [`Table`]: a tree with, if there is one, a draft laid over it. Memory never grows with the table. Where a
//! filter bounds the first column of the primary key, the subtrees outside are not read.
//!
//! Threads are the caller's: [`Table::split`] cuts a table into ranges of about equal numbers of rows, each answer about
//! a range is a partial one, and partial ones are merged.
//!
//! # The language
//!
//! ```text
//! filter     = or ;
//! or         = and , { "or" , and } ;
//! and        = not , { "and" , not } ;
//! not        = "not" , not | "(" , or , ")" | condition ;
//! condition  = column , ( comparison | text | set | range | null ) ;
//! comparison = ( "=" | "==" | "!=" | "<>" ) , literal , [ case ] | ( "<" | "<=" | ">" | ">=" ) , literal ;
//! text       = [ "not" ] , ( "contains" | "starts" , "with" | "ends" , "with" ) , string , [ case ] ;
//! set        = [ "not" ] , "in" , "(" , literal , { "," , literal } , ")" , [ case ] ;
//! range      = [ "not" ] , "between" , literal , "and" , literal ;
//! null       = "is" , [ "not" ] , "null" ;
//! case       = "ignoring" , "case" ;
//! column     = word | "[" , { character - "]" | "]]" } , "]" ;
//! literal    = string | number | "true" | "false" ;
//! string     = '"' , { character - '"' | escape } , '"' | "'" , { character - "'" | escape } , "'" ;
//! escape     = "\" , ( "\" | '"' | "'" | "n" | "r" | "t" | "u{" , hexadecimal digits , "}" ) ;
//! number     = [ "-" ] , digits , [ "." , digits ] , [ "e" , [ "+" | "-" ] , digits ] ;
//! word       = ( letter | "_" ) , { letter | digit | "_" } ;
//! ```
//!
//! Words of the language may be written in either case, and a column that is named like one stands in brackets:
//! `[in] = 1`. Letters and digits are Unicode's alphabetic and numeric characters and marks that follow them. Dates,
//! timestamps, UUIDs and JSON are written as strings; the key of a link may be a number. `and` binds tighter than `or`,
//! `not` tighter than both.
//!
//! Columns to sort by are written one after the other with commas between them, each with a `-` before it for descending:
//!
//! ```text
//! sorts = sort , { "," , sort } ;
//! sort  = [ "-" ] , ( { character - "," } | "[" , { character - "]" | "]]" } , "]" ) ;
//! ```
//!
//! # What it means
//!
//! - There are two truth values. A comparison with a null cell is false, and what is negated is its exact opposite:
//!   `city != "Oslo"`, `not city = "Oslo"` and `city not in ("Oslo")` all show the rows without a city. People who filter
//!   a grid expect that "not Oslo" and "Oslo" together are all rows; SQL's third truth value loses some.
//! - Text compares exactly, by Unicode code point. `ignoring case` compares the lower-case mapping of each character
//!   (Unicode, `char::to_lowercase`), without regard to language.
//! - Choices, and links by the text of the key they lead to, compare as text does. Of files the name is asked; they have
//!   no order. `labels contains "new"` asks whether the tag is one of a cell's; sets of tags are equal when they have the
//!   same tags.
//! - Numbers compare by value: `quantity < 2.5` is good for a column of whole numbers.
//! - `between` takes in both ends.

mod aggregate;
mod bind;
mod error;
mod evaluate;
mod filter;
mod matches;
mod order;
mod parse;
mod range;
mod sorts;
mod table;
mod token;

pub use self::{
    aggregate::{Aggregate, GroupRow, Groups, MAX_GROUPS},
    bind::Predicate,
    error::{FilterError, FilterErrorKind},
    filter::{Comparison, Condition, Expression, Filter, Literal, LiteralKind, Name, Node, TextMatch},
    matches::{Found, Matches},
    order::{Direction, MAX_TOP, Place, Sort, Top},
    parse::{MAX_DEPTH, MAX_LENGTH},
    range::KeyRange,
    sorts::{SortsError, parse_sorts, print_sorts},
    table::{Page, ScanError, Table},
};
