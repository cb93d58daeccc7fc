//! Which cells are selected, and how the keyboard moves the selection.

/// A cell, by its position in the grid. Rows are counted without the header, columns as they are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Counted from 0.
    pub row: u64,
    /// Counted from 0.
    pub column: usize,
}

impl Cell {
    /// The cell at this place.
    #[must_use]
    pub const fn new(row: u64, column: usize) -> Self {
        Self { row, column }
    }
}

/// How large the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Rows, the blank one for a new row included.
    pub rows: u64,
    /// Columns.
    pub columns: usize,
    /// Rows that fit into the window.
    pub page: u64,
}

/// A step of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One row up; from the first row into the header.
    Up,
    /// One row down.
    Down,
    /// One column to the left.
    Left,
    /// One column to the right.
    Right,
    /// A window up.
    PageUp,
    /// A window down.
    PageDown,
    /// The row's first cell.
    RowStart,
    /// The row's last cell.
    RowEnd,
    /// The column's first cell.
    ColumnStart,
    /// The column's last cell.
    ColumnEnd,
    /// The first cell of all.
    First,
    /// The last cell of all.
    Last,
}

/// A rectangle of cells, both corners included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its first row.
    pub top: u64,
    /// Its last row.
    pub bottom: u64,
    /// Its first column.
    pub left: usize,
    /// Its last column.
    pub right: usize,
}

impl Range {
    /// Whether the cell is in it.
    #[must_use]
    pub fn contains(&self, cell: Cell) -> bool {
        (self.top..=self.bottom).contains(&cell.row) && (self.left..=self.right).contains(&cell.column)
    }

    /// How many rows it has.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.bottom - self.top + 1
    }

    /// How many columns it has.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.right - self.left + 1
    }

    /// Whether it is one cell.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.rows() == 1 && self.columns() == 1
    }
}

/// The selected rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The cell that typing goes to; the corner that stays while the selection is extended.
    pub active: Cell,
    /// The corner that moves while the selection is extended.
    pub head: Cell,
    /// Whether the keyboard is in the header, in the column of `active`.
    pub in_header: bool,
    /// Where a run of Tab began: Enter goes back to this column.
    tab_column: Option<usize>,
}

impl Selection {
    /// One cell.
    #[must_use]
    pub const fn at(cell: Cell) -> Self {
        Self { active: cell, head: cell, in_header: false, tab_column: None }
    }

    /// Nothing but the active cell, for the same run of Tab.
    #[must_use]
    pub const fn collapsed(self) -> Self {
        Self { head: self.active, in_header: false, ..self }
    }

    /// The selected cells.
    #[must_use]
    pub fn range(&self) -> Range {
        let (a, b) = (self.active, self.head);
        Range {
            top: a.row.min(b.row),
            bottom: a.row.max(b.row),
            left: a.column.min(b.column),
            right: a.column.max(b.column),
        }
    }

    /// Keeps the active cell and moves the other corner here.
    #[must_use]
    pub const fn extended_to(self, head: Cell) -> Self {
        Self { head, in_header: false, tab_column: None, ..self }
    }

    /// All cells.
    #[must_use]
    pub const fn all(self, extent: Extent) -> Self {
        let head = Cell::new(extent.rows.saturating_sub(1), extent.columns.saturating_sub(1));
        Self { active: Cell::new(0, 0), head, in_header: false, tab_column: None }
    }

    /// The rows of the selection, whole.
    #[must_use]
    pub const fn whole_rows(self, extent: Extent) -> Self {
        let active = Cell::new(self.active.row, 0);
        let head = Cell::new(self.head.row, extent.columns.saturating_sub(1));
        Self { active, head, in_header: false, tab_column: None }
    }

    /// The columns of the selection, whole.
    #[must_use]
    pub const fn whole_columns(self, extent: Extent) -> Self {
        let active = Cell::new(0, self.active.column);
        let head = Cell::new(extent.rows.saturating_sub(1), self.head.column);
        Self { active, head, in_header: false, tab_column: None }
    }

    /// After a step; with `extend`, the active cell stays and the selection grows or shrinks.
    #[must_use]
    pub fn moved(self, step: Step, extend: bool, extent: Extent) -> Self {
        let last_row = extent.rows.saturating_sub(1);
        let last_column = extent.columns.saturating_sub(1);
        let from = if extend { self.head } else { self.active };
        let Cell { row, column } = from;
        if self.in_header {
            let column = match step {
                Step::Left => column.saturating_sub(1),
                Step::Right => (column + 1).min(last_column),
                Step::RowStart | Step::First => 0,
                Step::RowEnd => last_column,
                Step::Down | Step::PageDown | Step::ColumnEnd | Step::Last if extent.rows > 0 => {
                    let below = Self::at(Cell::new(0, column));
                    return if step == Step::Down { below } else { below.moved(step, false, extent) };
                }
                _ => column,
            };
            return Self { in_header: true, ..Self::at(Cell::new(0, column)) };
        }
        if (step == Step::Up && row == 0 && !extend) || extent.rows == 0 {
            return Self { in_header: true, ..Self::at(Cell::new(0, column)) };
        }
        let to = match step {
            Step::Up => Cell::new(row.saturating_sub(1), column),
            Step::Down => Cell::new((row + 1).min(last_row), column),
            Step::Left => Cell::new(row, column.saturating_sub(1)),
            Step::Right => Cell::new(row, (column + 1).min(last_column)),
            Step::PageUp => Cell::new(row.saturating_sub(extent.page), column),
            Step::PageDown => Cell::new(row.saturating_add(extent.page).min(last_row), column),
            Step::RowStart => Cell::new(row, 0),
            Step::RowEnd => Cell::new(row, last_column),
            Step::ColumnStart => Cell::new(0, column),
            Step::ColumnEnd => Cell::new(last_row, column),
            Step::First => Cell::new(0, 0),
            Step::Last => Cell::new(last_row, last_column),
        };
        if extend { self.extended_to(to) } else { Self::at(to) }
    }

    /// After an edit that ended with Tab or Shift+Tab: one cell on, through the rows as one reads.
    #[must_use]
    pub fn tabbed(self, back: bool, extent: Extent) -> Self {
        let Cell { row, column } = self.active;
        let last_column = extent.columns.saturating_sub(1);
        let to = match (back, column) {
            (false, column) if column < last_column => Cell::new(row, column + 1),
            (false, _) if row + 1 < extent.rows => Cell::new(row + 1, 0),
            (true, 1..) => Cell::new(row, column - 1),
            (true, 0) if row > 0 => Cell::new(row - 1, last_column),
            _ => self.active,
        };
        Self { tab_column: self.tab_column.or((!back).then_some(column)), ..Self::at(to) }
    }

    /// After an edit that ended with Enter or Shift+Enter: one row on, in the column where a run of Tab began.
    #[must_use]
    pub fn entered(self, back: bool, extent: Extent) -> Self {
        let column = self.tab_column.unwrap_or(self.active.column);
        let row = self.active.row;
        let row = if back { row.saturating_sub(1) } else { (row + 1).min(extent.rows.saturating_sub(1)) };
        Self::at(Cell::new(row, column))
    }

    /// Within a grid that may have become smaller.
    #[must_use]
    pub fn within(self, extent: Extent) -> Self {
        let inside = |cell: Cell| {
            Cell::new(cell.row.min(extent.rows.saturating_sub(1)), cell.column.min(extent.columns.saturating_sub(1)))
        };
        Self {
            active: inside(self.active),
            head: inside(self.head),
            in_header: self.in_header || extent.rows == 0,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { rows: 100, columns: 5, page: 10 };

    fn walk(from: (u64, usize), steps: &[Step]) -> (u64, usize) {
        let start = Selection::at(Cell::new(from.0, from.1));
        let end = steps.iter().fold(start, |selection, step| selection.moved(*step, false, EXTENT));
        assert_eq!(end.active, end.head);
        (end.active.row, end.active.column)
    }

    #[test]
    fn steps_stop_at_the_edges() {
        use Step::*;
        assert_eq!(walk((0, 0), &[Right, Down]), (1, 1));
        assert_eq!(walk((0, 0), &[Left]), (0, 0));
        assert_eq!(walk((99, 4), &[Down, Right]), (99, 4));
        assert_eq!(walk((50, 2), &[PageDown, PageDown]), (70, 2));
        assert_eq!(walk((95, 2), &[PageDown]), (99, 2));
        assert_eq!(walk((5, 2), &[PageUp]), (0, 2));
        assert_eq!(walk((5, 2), &[RowEnd]), (5, 4));
        assert_eq!(walk((5, 2), &[RowStart]), (5, 0));
        assert_eq!(walk((5, 2), &[Last]), (99, 4));
        assert_eq!(walk((5, 2), &[First]), (0, 0));
        assert_eq!(walk((5, 2), &[ColumnEnd]), (99, 2));
    }

    #[test]
    fn up_from_the_first_row_is_the_header_and_down_comes_back() {
        let header = Selection::at(Cell::new(0, 2)).moved(Step::Up, false, EXTENT);
        assert!(header.in_header);
        let right = header.moved(Step::Right, false, EXTENT);
        assert!(right.in_header && right.active.column == 3);
        assert_eq!(right.moved(Step::Down, false, EXTENT), Selection::at(Cell::new(0, 3)));
        assert_eq!(right.moved(Step::Last, false, EXTENT), Selection::at(Cell::new(99, 4)));
    }

    #[test]
    fn an_empty_grid_has_only_its_header() {
        let empty = Extent { rows: 0, ..EXTENT };
        let selection = Selection::default().within(empty);
        assert!(selection.in_header);
        assert!(selection.moved(Step::Down, false, empty).in_header);
    }

    #[test]
    fn extending_moves_the_head_only() {
        let selection = Selection::at(Cell::new(5, 2));
        let selection = selection.moved(Step::Up, true, EXTENT).moved(Step::Right, true, EXTENT);
        assert_eq!(selection.active, Cell::new(5, 2));
        assert_eq!(selection.range(), Range { top: 4, bottom: 5, left: 2, right: 3 });
        let back = selection.moved(Step::Down, true, EXTENT).moved(Step::Left, true, EXTENT);
        assert!(back.range().is_single());
        // Up in the first row does not leave the grid while extending.
        assert!(!Selection::at(Cell::new(0, 0)).moved(Step::Up, true, EXTENT).in_header);
    }

    #[test]
    fn whole_rows_columns_and_all() {
        let selection = Selection::at(Cell::new(3, 1)).moved(Step::Down, true, EXTENT);
        assert_eq!(selection.whole_rows(EXTENT).range(), Range { top: 3, bottom: 4, left: 0, right: 4 });
        assert_eq!(selection.whole_columns(EXTENT).range(), Range { top: 0, bottom: 99, left: 1, right: 1 });
        assert_eq!(selection.all(EXTENT).range(), Range { top: 0, bottom: 99, left: 0, right: 4 });
    }

    #[test]
    fn enter_after_tabs_returns_to_where_they_began() {
        let selection = Selection::at(Cell::new(5, 3));
        let selection = selection.tabbed(false, EXTENT).collapsed().tabbed(false, EXTENT);
        assert_eq!(selection.active, Cell::new(6, 0));
        assert_eq!(selection.entered(false, EXTENT).active, Cell::new(7, 3));
        let moved = selection.moved(Step::Right, false, EXTENT);
        assert_eq!(moved.entered(false, EXTENT).active, Cell::new(7, 1));
        assert_eq!(Selection::at(Cell::new(6, 0)).tabbed(true, EXTENT).active, Cell::new(5, 4));
        assert_eq!(Selection::at(Cell::new(99, 4)).tabbed(false, EXTENT).active, Cell::new(99, 4));
    }
}
