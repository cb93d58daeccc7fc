//! Columns to sort by, as text.

use super::order::{Direction, Sort};
use crate::{Column, Schema};

/// Why columns to sort by can't be read. Its text is a plain sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SortsError {
    /// The table has no such column.
    #[error("There is no column “{name}” to sort by.")]
    Column {
        /// What was written.
        name: String,
    },
    /// A name in brackets has no end, or something stands behind it.
    #[error("“{text}” begins with a column in brackets: it ends with “]”, and a comma comes before the next one.")]
    Brackets {
        /// What was written from there on.
        text: String,
    },
}

/// Reads columns to sort by: names separated by commas, each perhaps with a `-` before it for descending. A name that has
/// a comma, or begins with a bracket or a `-`, stands in brackets, as in a filter.
///
/// # Errors
/// A column does not exist, or brackets are not closed.
pub fn parse_sorts(text: &str, schema: &Schema) -> Result<Vec<Sort>, SortsError> {
    let mut sorts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (sort, behind) = if let Some(behind) = rest.strip_prefix('[') {
            bracketed(rest, behind, Direction::Ascending, schema)?
        } else if let Some(behind) = rest.strip_prefix("-[") {
            bracketed(rest, behind, Direction::Descending, schema)?
        } else {
            let (part, behind) = rest.split_once(',').unwrap_or((rest, ""));
            (plain(part.trim(), schema)?, behind)
        };
        sorts.extend(sort);
        rest = behind.trim_start();
    }
    Ok(sorts)
}

/// A name without brackets; none where nothing is written. A column may be named with a `-` itself.
fn plain(part: &str, schema: &Schema) -> Result<Option<Sort>, SortsError> {
    if part.is_empty() {
        return Ok(None);
    }
    if let Some(column) = schema.column_named(part) {
        return Ok(Some(Sort { column: column.id, direction: Direction::Ascending }));
    }
    let column = part.strip_prefix('-').and_then(|name| schema.column_named(name.trim_start()));
    let column = column.ok_or_else(|| SortsError::Column { name: part.to_owned() })?;
    Ok(Some(Sort { column: column.id, direction: Direction::Descending }))
}

/// A name in brackets, of which the first is passed; with what comes behind its comma.
fn bracketed<'t>(
    text: &str,
    mut rest: &'t str,
    direction: Direction,
    schema: &Schema,
) -> Result<(Option<Sort>, &'t str), SortsError> {
    let unclosed = || SortsError::Brackets { text: text.to_owned() };
    let mut name = String::new();
    loop {
        let (part, behind) = rest.split_once(']').ok_or_else(unclosed)?;
        name.push_str(part);
        match behind.strip_prefix(']') {
            Some(behind) => {
                name.push(']');
                rest = behind;
            }
            None => {
                rest = behind.trim_start();
                break;
            }
        }
    }
    let column = schema.column_named(&name).ok_or(SortsError::Column { name })?;
    let behind = if rest.is_empty() { rest } else { rest.strip_prefix(',').ok_or_else(unclosed)? };
    Ok((Some(Sort { column: column.id, direction }), behind))
}

/// Writes columns to sort by, so that [`parse_sorts`] reads the same. Those that the schema does not have are left out.
#[must_use]
pub fn print_sorts(sorts: &[Sort], schema: &Schema) -> String {
    let print = |sort: &Sort| {
        let Column { name, .. } = schema.column(sort.column)?;
        let descending = sort.direction == Direction::Descending;
        let sign = if descending { "-" } else { "" };
        let is_other = descending && schema.column_named(&format!("-{name}")).is_some();
        let needs_brackets = is_other || name.contains(',') || name.starts_with(['[', '-']);
        Some(if needs_brackets { format!("{sign}[{}]", name.replace(']', "]]")) } else { format!("{sign}{name}") })
    };
    sorts.iter().filter_map(print).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ColumnId, Type};

    fn schema() -> Schema {
        let names = ["price", "-price", "unit price", "a,b", "[x]", "x", "]", "-"];
        let columns = (1..).zip(names).map(|(id, name)| Column::new(ColumnId(id), name, Type::Text)).collect();
        Schema {
            columns,
            primary_key: vec![ColumnId(1)],
            generated_key: false,
            description: String::new(),
            checks: Vec::new(),
        }
    }

    #[test]
    fn columns_are_read_with_their_directions() {
        let check = |text: &str, expected: &[(u64, Direction)]| {
            let sorts = expected.iter().map(|(id, direction)| Sort { column: ColumnId(*id), direction: *direction });
            assert_eq!(parse_sorts(text, &schema()), Ok(sorts.collect()), "{text}");
        };
        use Direction::{Ascending, Descending};
        check("", &[]);
        check(" , ", &[]);
        check("price, -unit price", &[(1, Ascending), (3, Descending)]);
        check("-price", &[(2, Ascending)]);
        check("-[price],[-price]", &[(1, Descending), (2, Ascending)]);
        check("[a,b] , -[[x]]] ,x", &[(4, Ascending), (5, Descending), (6, Ascending)]);
        check("-]", &[(7, Descending)]);
        check("--", &[(8, Descending)]);
    }

    #[test]
    fn what_is_no_column_is_named() {
        let check = |text: &str, expected: &str| {
            assert_eq!(parse_sorts(text, &schema()).map_err(|error| error.to_string()), Err(expected.to_owned()));
        };
        check("prize", "There is no column “prize” to sort by.");
        check("x, [y]", "There is no column “y” to sort by.");
        let brackets = "begins with a column in brackets: it ends with “]”, and a comma comes before the next one.";
        check("[x", &format!("“[x” {brackets}"));
        check("-[x] x", &format!("“-[x] x” {brackets}"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let schema = schema();
        for direction in [Direction::Ascending, Direction::Descending] {
            let sorts: Vec<Sort> = schema.columns.iter().map(|column| Sort { column: column.id, direction }).collect();
            let text = print_sorts(&sorts, &schema);
            assert_eq!(parse_sorts(&text, &schema).as_ref(), Ok(&sorts), "{text}");
        }
    }
}
