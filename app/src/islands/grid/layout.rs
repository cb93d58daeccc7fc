//! How wide columns are and which of them are shown, in CSS pixels.

use std::ops::Range;

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
    let name = 9 * column.name.chars().count() as u32 + 52;
    content.max(name.min(280))
}

/// A width within the limits.
#[must_use]
pub fn within_limits(width: f64) -> u32 {
    (width.round() as u32).clamp(MIN_WIDTH, MAX_WIDTH)
}

/// So much beside what is seen has its elements too, so that a flick of the finger does not outrun them.
const MARGIN: f64 = 1_000.0;

/// Where columns are: the first `frozen` ones stay in place while the others scroll beneath them.
#[derive(Clone, Debug)]
pub struct Columns {
    widths: Vec<u32>,
    /// Where each column begins, and where the last one ends.
    starts: Vec<f64>,
    frozen: usize,
    shown: Range<usize>,
}

impl Columns {
    /// Columns of these widths; the scrolled ones are not shown yet.
    #[must_use]
    pub fn new(widths: Vec<u32>, frozen: usize) -> Self {
        let mut columns = Self { widths, starts: Vec::new(), frozen, shown: frozen..frozen };
        columns.add_up();
        columns
    }

    /// How wide each column is.
    #[must_use]
    pub fn widths(&self) -> &[u32] {
        &self.widths
    }

    /// Gives a column a width.
    pub fn set_width(&mut self, column: usize, width: u32) {
        self.widths[column] = width;
        self.add_up();
    }

    /// Where a column begins; the end of all for the one after the last.
    #[must_use]
    pub fn start(&self, column: usize) -> f64 {
        self.starts[column.min(self.widths.len())]
    }

    /// How many of the first columns stay in place.
    #[must_use]
    pub const fn frozen(&self) -> usize {
        self.frozen
    }

    /// The scrolled columns that have elements.
    #[must_use]
    pub fn shown(&self) -> Range<usize> {
        self.shown.clone()
    }

    /// The column at this distance from the start of the first one, or the nearest.
    #[must_use]
    pub fn at(&self, x: f64) -> usize {
        let begun = self.starts.partition_point(|start| *start <= x);
        begun.saturating_sub(1).min(self.widths.len().saturating_sub(1))
    }

    /// The window shows what is between `left` and `right` of the scrolled columns. The answer is whether other columns
    /// are to be shown now: they change only when the window comes near their edge.
    pub fn look(&mut self, left: f64, right: f64) -> bool {
        let within = |margin: f64| {
            let first = self.at(left - margin).max(self.frozen);
            first..(self.at(right + margin) + 1).max(first)
        };
        let needed = within(MARGIN / 2.0);
        if self.shown.start <= needed.start && needed.end <= self.shown.end {
            return false;
        }
        self.shown = within(MARGIN);
        true
    }

    fn add_up(&mut self) {
        let mut end = 0.0;
        self.starts.clear();
        self.starts.push(end);
        for width in &self.widths {
            end += f64::from(*width);
            self.starts.push(end);
        }
    }
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
    fn columns_are_found_by_their_place() {
        let columns = Columns::new(vec![100, 50, 200], 1);
        assert_eq!([0, 1, 2, 3].map(|column| columns.start(column)), [0.0, 100.0, 150.0, 350.0]);
        assert_eq!([-5.0, 0.0, 99.9, 100.0, 349.0, 900.0].map(|x| columns.at(x)), [0, 0, 0, 1, 2, 2]);
    }

    #[test]
    fn few_of_many_columns_are_shown_and_change_before_the_window_reaches_their_edge() {
        let mut columns = Columns::new(vec![100; 500], 2);
        assert_eq!(columns.shown(), 2..2);
        assert!(columns.look(200.0, 1_200.0));
        assert_eq!(columns.shown(), 2..23);
        assert!(!columns.look(650.0, 1_650.0), "still far from the edge");
        let mut left = 650.0;
        while left < 48_800.0 {
            left += 120.0;
            let moved = columns.look(left, left + 1_000.0);
            let shown = columns.shown();
            assert!(
                columns.start(shown.start) <= left && left + 1_000.0 <= columns.start(shown.end),
                "{left} {shown:?}"
            );
            assert!(shown.len() <= 32 && (!moved || shown.len() > 20 || shown.end == 500));
        }
        assert!(columns.look(0.0, 1_000.0));
        assert_eq!(columns.shown().start, 2);
    }

    #[test]
    fn a_table_that_fits_is_shown_whole() {
        let mut columns = Columns::new(vec![100; 8], 8);
        columns.look(800.0, 1_280.0);
        assert_eq!(columns.shown(), 8..8, "all are frozen");
        let mut columns = Columns::new(vec![100; 8], 1);
        columns.look(0.0, 1_280.0);
        assert_eq!(columns.shown(), 1..8);
        assert!(!columns.look(0.0, 1_280.0));
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
