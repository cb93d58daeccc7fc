//! How wide columns are, in CSS pixels.

use versioning::{Column, Type};

/// No column is narrower.
pub const MIN_WIDTH: u32 = 56;
/// No column is wider.
pub const MAX_WIDTH: u32 = 1_200;

/// The width a column has until somebody changes it.
#[must_use]
pub fn default_width(column: &Column) -> u32 {
    let content = match column.ty {
        Type::Boolean => 88,
        Type::Integer | Type::Decimal | Type::Float => 120,
        Type::Date => 124,
        Type::Timestamp => 216,
        Type::Choice | Type::Link => 160,
        Type::Text | Type::Tags | Type::File => 220,
        Type::Json => 280,
        Type::Uuid => 320,
    };
    let name = 9 * column.name.chars().count() as u32 + 40;
    content.max(name.min(280))
}

/// A width within the limits.
#[must_use]
pub fn within_limits(width: f64) -> u32 {
    (width.round() as u32).clamp(MIN_WIDTH, MAX_WIDTH)
}

/// The widths as they are kept by the browser: by the columns' ids, so that they survive renames and new columns.
#[must_use]
pub fn print<'a>(columns: impl Iterator<Item = (&'a Column, u32)>) -> String {
    let parts = columns.map(|(column, width)| [column.id.to_string(), width.to_string()].join(":"));
    parts.collect::<Vec<_>>().join(",")
}

/// The kept width of a column.
#[must_use]
pub fn read(kept: &str, column: &Column) -> Option<u32> {
    let id = column.id.to_string();
    let (_, width) = kept.split(',').filter_map(|part| part.split_once(':')).find(|(kept, _)| *kept == id)?;
    width.parse::<u32>().ok().map(|width| width.clamp(MIN_WIDTH, MAX_WIDTH))
}

#[cfg(test)]
mod tests {
    use versioning::ColumnId;

    use super::*;

    fn column(id: u64) -> Column {
        Column::new(ColumnId(id), "n", Type::Text)
    }

    #[test]
    fn kept_widths_are_found_by_column() {
        let (a, b) = (column(1), column(2));
        let kept = print([(&a, 100), (&b, 5_000)].into_iter());
        assert_eq!(read(&kept, &a), Some(100));
        assert_eq!(read(&kept, &b), Some(MAX_WIDTH));
        assert_eq!(read(&kept, &column(3)), None);
        assert_eq!(read("nonsense,:,1:x", &a), None);
    }
}
