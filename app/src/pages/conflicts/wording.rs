//! Conflicts, what they offer and what was decided, in plain words.

use hub::FoundConflict;
use versioning::{
    Column, Type, Value,
    merge::{CheckProperty, Choice, Conflict, Property, Side, TableProperty},
};

use super::Names;
use crate::text;

/// What was decided, to go behind a colon.
pub(super) fn choice(choice: &Choice, target: &str) -> String {
    match choice {
        Choice::Ours => format!("as on {target}"),
        Choice::Theirs => String::from("as offered"),
        Choice::Base => String::from("as before"),
        Choice::Value(Value::Null) => String::from("empty"),
        Choice::Value(value) => format!("“{value}”"),
        Choice::Combine => String::from("both"),
        Choice::Keep => String::from("kept"),
        Choice::Delete => String::from("deleted"),
    }
}

/// What was decided about a conflict: of what one side deleted, whether it stays.
pub(super) fn decided(decided: &Choice, conflict: &Conflict, target: &str) -> String {
    let words = choice(decided, target);
    let gone_from = match conflict {
        Conflict::Row { deleted_by: side, .. }
        | Conflict::Column { dropped_by: side, .. }
        | Conflict::Table { dropped_by: side, .. } => *side,
        _ => return words,
    };
    let taken = match decided {
        Choice::Ours => Side::Ours,
        Choice::Theirs => Side::Theirs,
        _ => return words,
    };
    format!("{words}: {}", if taken == gone_from { "it goes" } else { "it stays, as changed" })
}

/// The choices that a conflict offers besides a value: how they are sent, and what the buttons say.
pub(super) fn offers(conflict: &Conflict, value_type: Option<Type>, target: &str) -> Vec<(&'static str, String)> {
    let ours = || ("ours", format!("As on {target}"));
    let theirs = || ("theirs", String::from("As offered"));
    let base = |is_there: bool| is_there.then(|| ("base", String::from("As before")));
    match conflict {
        Conflict::Cell { base: before, ours: mine, theirs: other, .. } => {
            let mut offers = vec![ours(), theirs()];
            let before = before.as_ref().filter(|value| !value.is_null());
            offers.push(("base", if before.is_some() { "As before" } else { "Empty" }.to_owned()));
            let is_null = |value: &Option<Value>| matches!(value, Some(Value::Null));
            let adds_up = matches!(value_type, Some(Type::Text | Type::Tags | Type::Json));
            if (adds_up && mine.is_some() && other.is_some()) || is_null(mine) || is_null(other) {
                offers.push(("combine", String::from("Both")));
            }
            offers
        }
        Conflict::Row { base: before, .. } => {
            let mut offers =
                vec![("keep", String::from("Keep the row, as changed")), ("delete", String::from("Delete the row"))];
            offers.extend(base(before.is_some()));
            offers
        }
        Conflict::Column { .. } => {
            vec![("keep", String::from("Keep the column")), ("delete", String::from("Drop the column"))]
        }
        Conflict::Table { .. } => {
            vec![("keep", String::from("Keep the table")), ("delete", String::from("Drop the table"))]
        }
        Conflict::Property { base: before, .. } => {
            [ours(), theirs()].into_iter().chain(base(before.is_some())).collect()
        }
        Conflict::Check { property: CheckProperty::Whole, .. } => {
            vec![("keep", String::from("Keep the check")), ("delete", String::from("Drop the check"))]
        }
        Conflict::Check { base: before, .. } => [ours(), theirs()].into_iter().chain(base(before.is_some())).collect(),
        Conflict::PrimaryKey { base: before, .. } => {
            [ours(), theirs()].into_iter().chain(base(before.is_some())).collect()
        }
        Conflict::TableProperty { base: before, .. } => {
            [ours(), theirs()].into_iter().chain(base(before.is_some())).collect()
        }
        Conflict::ColumnNames { .. } => vec![
            ("ours", format!("The column on {target} gets the name")),
            ("theirs", String::from("The offered column gets the name")),
        ],
        Conflict::TableNames { .. } => Vec::new(),
    }
}

/// What the field for a value asks for.
pub(super) fn value_label(conflict: &Conflict) -> &'static str {
    match conflict {
        Conflict::ColumnNames { .. } => "Another name for the offered column",
        Conflict::TableNames { .. } => "Another name for the offered table",
        Conflict::TableProperty { property: TableProperty::Name, .. }
        | Conflict::Check { property: CheckProperty::Name, .. }
        | Conflict::Property { property: Property::Name, .. } => "Another name",
        Conflict::Check { property: CheckProperty::Filter, .. } => "Another filter",
        _ => "Another value",
    }
}

/// What a conflict is about: its heading.
pub(super) fn subject(found: &FoundConflict) -> String {
    let table = &found.table;
    let column = found.column.as_deref().unwrap_or_default();
    let key = found.key.as_deref().unwrap_or_default();
    match &found.conflict {
        Conflict::Cell { .. } => format!("{column} of row {key} in {table}"),
        Conflict::Row { .. } => format!("Row {key} in {table}"),
        Conflict::Column { edited, .. } => format!("Column {} of {table}", edited.name),
        Conflict::Property { property, .. } => {
            format!("{} of column {column} in {table}", capital(property_name(*property)))
        }
        Conflict::Check { name, property: CheckProperty::Whole, .. } => format!("Check {name} of {table}"),
        Conflict::Check { name, property, .. } => {
            format!("{} of check {name} in {table}", capital(check_property_name(*property)))
        }
        Conflict::ColumnNames { name, .. } => format!("Two columns {name} in {table}"),
        Conflict::PrimaryKey { .. } => format!("Primary key of {table}"),
        Conflict::Table { edited, .. } => format!("Table {}", edited.name),
        Conflict::TableProperty { property: TableProperty::Name, .. } => format!("Name of table {table}"),
        Conflict::TableProperty { property: TableProperty::Description, .. } => format!("Description of table {table}"),
        Conflict::TableNames { name, .. } => format!("Two tables {name}"),
    }
}

/// What happened, and what deciding means.
pub(super) fn story(found: &FoundConflict, names: &Names, target: &str) -> Option<String> {
    let who = |side: Side| match side {
        Side::Ours => format!("on {target}"),
        Side::Theirs => String::from("in the offer"),
    };
    match &found.conflict {
        Conflict::Cell { convert_to, .. } => convert_to
            .map(|ty| format!("What should stand there can’t be read as {}: choose or type what can.", ty.name())),
        Conflict::Row { deleted_by, .. } => Some(format!(
            "The row was deleted {} and changed {}. Deleting it drops those changes; keeping it brings the row back.",
            who(*deleted_by),
            who(deleted_by.other())
        )),
        Conflict::Column { dropped_by, edited, edits, .. } => {
            Some(column_story(edited, *edits, &who(*dropped_by), &who(dropped_by.other())))
        }
        Conflict::Property { property, .. } => {
            Some(format!("Its {} was changed on {target} and, differently, in the offer.", property_name(*property)))
        }
        Conflict::Check { name, property: CheckProperty::Whole, ours, .. } => {
            let (dropped, changed) =
                if ours.is_none() { (Side::Ours, Side::Theirs) } else { (Side::Theirs, Side::Ours) };
            Some(format!(
                "“{name}” was dropped {} and changed {}. Keeping it keeps it as changed.",
                who(dropped),
                who(changed)
            ))
        }
        Conflict::Check { property, .. } => Some(format!(
            "Its {} was changed on {target} and, differently, in the offer.",
            check_property_name(*property)
        )),
        Conflict::ColumnNames { name, ours, theirs, .. } => Some(format!(
            "On {target} “{name}” is a column of {}, in the offer it is another column, of {}. One table can’t have both \
             under one name: one of them gets another one, and no cell is lost.",
            ours.ty.name(),
            theirs.ty.name()
        )),
        Conflict::PrimaryKey { .. } => {
            Some(format!("It was changed on {target} and, differently, in the offer. All rows are found by it."))
        }
        Conflict::Table { dropped_by, edited, .. } => Some(format!(
            "“{}” was dropped {} and changed {}. Dropping it drops those changes; keeping it brings the table back.",
            edited.name,
            who(*dropped_by),
            who(dropped_by.other())
        )),
        Conflict::TableProperty { .. } => Some(format!("It was changed on {target} and, differently, in the offer.")),
        Conflict::TableNames { name, table, .. } => Some(format!(
            "On {target} “{name}” is the table that was there as “{}”; in the offer it is another one. Both stay: the offered \
             one needs another name.",
            names.table(*table)
        )),
    }
}

fn column_story(column: &Column, edits: u64, dropped: &str, changed: &str) -> String {
    let name = &column.name;
    if edits == 0 {
        return format!(
            "“{name}” was dropped {dropped}; {changed} it was described, set up or asked for anew. Keeping it brings the column back."
        );
    }
    let cells = text::count(edits, "cell");
    format!(
        "“{name}” was dropped {dropped}; {changed} {cells} of it changed. Dropping the column drops them; keeping it brings \
         the column back with them."
    )
}

/// What a property is called within a sentence.
pub(super) fn property_name(property: Property) -> &'static str {
    match property {
        Property::Name => "name",
        Property::Type => "type",
        Property::Required => "rule whether it must be filled in",
        Property::Unique => "rule whether values may repeat",
        Property::Fill => "value in rows older than the column",
        Property::Default => "default",
        Property::Minimum => "minimum",
        Property::Maximum => "maximum",
        Property::Pattern => "pattern",
        Property::Target => "table that it links to",
        Property::Description => "description",
    }
}

/// What a property of a check is called within a sentence.
fn check_property_name(property: CheckProperty) -> &'static str {
    match property {
        CheckProperty::Whole => "check",
        CheckProperty::Name => "name",
        CheckProperty::Filter => "filter",
        CheckProperty::Severity => "severity",
        CheckProperty::Message => "message",
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_column_is_told_with_what_goes_with_it() {
        let column = Column::new(versioning::ColumnId(1), "price", Type::Decimal);
        assert_eq!(
            column_story(&column, 120, "on main", "in the offer"),
            "“price” was dropped on main; in the offer 120 cells of it changed. Dropping the column drops them; keeping it \
             brings the column back with them."
        );
    }

    #[test]
    fn a_subject_begins_with_a_capital() {
        assert_eq!(capital("über"), "Über");
        assert_eq!(capital(""), "");
    }
}
