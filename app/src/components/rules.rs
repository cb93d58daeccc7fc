//! What a column asks of its cells, in words.

use versioning::Column;

/// The rules, one sentence each without its full stop.
#[must_use]
pub fn of_column(column: &Column, is_key: bool) -> Vec<String> {
    let mut rules = Vec::new();
    if is_key {
        rules.push(String::from("Part of the primary key: must be filled in, and no two rows have the same key"));
    } else if column.required {
        rules.push(String::from("Must be filled in"));
    }
    if column.unique {
        rules.push(String::from("No two rows have the same value"));
    }
    if !column.minimum.is_null() {
        rules.push(format!("At least {}", column.minimum));
    }
    if !column.maximum.is_null() {
        rules.push(format!("At most {}", column.maximum));
    }
    if !column.pattern.is_empty() {
        rules.push(format!("Matches the pattern {}", column.pattern));
    }
    if !column.options.is_empty() {
        rules.push(format!("One of: {}", column.options.join(", ")));
    }
    if column.target.is_some() {
        rules.push(String::from("Leads to a row that is there"));
    }
    rules
}
