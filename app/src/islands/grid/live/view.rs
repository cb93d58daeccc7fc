//! The elements: as many rows and columns as are seen, reused while they scroll. Nothing is written that is there already.

use std::collections::VecDeque;

use web_sys::HtmlElement;

use super::{
    dom::{create, find, find_all, px, set, set_or_remove, style},
    widths,
};
use crate::{
    islands::grid::{
        layout::{self, Columns},
        scroll::{Scroll, Window},
        selection::{Cell, Selection},
        sheet::{Line, Sheet},
    },
    wire::{Mark, TablePath},
};

/// The elements of the grid.
pub struct View {
    /// What scrolls.
    pub scroller: HtmlElement,
    /// The table.
    pub table: HtmlElement,
    /// What stays in place while the scroller scrolls: the table and the editor.
    pub layer: HtmlElement,
    /// What is dragged to change a column's width.
    pub handles: Vec<HtmlElement>,
    space: HtmlElement,
    body: HtmlElement,
    head: HtmlElement,
    heads: Vec<HtmlElement>,
    cols: Vec<HtmlElement>,
    columns: Columns,
    numbers: Vec<bool>,
    rows: VecDeque<Row>,
    next_id: u32,
    shift: f64,
    lines: u64,
    active: Option<String>,
    /// The column whose head has the keyboard.
    active_head: Option<usize>,
    busy: bool,
    /// Where the scroller stands, sideways, and how wide its window is.
    left: f64,
    width: f64,
    /// Where the rows are that the server wrote, while they are shown.
    written: Option<u64>,
}

/// A row of elements and what they show.
struct Row {
    element: HtmlElement,
    /// Fills the place of the columns between the frozen ones and those that are shown.
    gap: HtmlElement,
    /// Of the frozen columns, then of those that are shown.
    cells: Vec<Painted>,
    /// What the ids of its cells begin with.
    id: String,
    line: u64,
    class: &'static str,
}

/// A cell's element and what it shows.
struct Painted {
    element: HtmlElement,
    column: usize,
    text: String,
    note: String,
    flags: Flags,
}

/// How a cell is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    selected: bool,
    active: bool,
    changed: bool,
    unsaved: bool,
    refused: bool,
    wrong: bool,
}

impl View {
    /// Takes the server's table over; none if it is not there.
    pub fn take_over(frame: &HtmlElement, sheet: &Sheet, path: &TablePath, offset: u64) -> Option<Self> {
        let scroller = find(frame, ".grid__view")?;
        let table = find(&scroller, "table")?;
        let kept = widths::kept(path);
        let width = |column| {
            let column = sheet.column(column);
            layout::read(&kept, column).unwrap_or_else(|| layout::default_width(column))
        };
        let widths = (0..sheet.width()).map(width).collect();
        let mut view = Self {
            space: find(&scroller, ".grid__space")?,
            layer: find(&scroller, ".grid__layer")?,
            body: find(&table, "tbody")?,
            head: find(&table, "thead")?,
            heads: find_all(&table, "thead th"),
            cols: find_all(&table, "col"),
            columns: Columns::new(widths, sheet.frozen()),
            numbers: (0..sheet.width()).map(|column| sheet.column(column).ty.is_number()).collect(),
            handles: Vec::new(),
            rows: VecDeque::new(),
            next_id: 0,
            shift: f64::NAN,
            lines: u64::MAX,
            active: None,
            active_head: None,
            busy: false,
            left: 0.0,
            width: 0.0,
            written: Some(offset),
            scroller,
            table,
        };
        if view.heads.len() != sheet.width() || view.cols.len() != sheet.width() {
            return None;
        }
        view.prepare(frame, sheet, &path.table)?;
        Some(view)
    }

    fn prepare(&mut self, frame: &HtmlElement, sheet: &Sheet, name: &str) -> Option<()> {
        // The editor takes the keyboard, so what scrolls need not.
        for attribute in ["tabindex", "role", "aria-label"] {
            let _ = self.scroller.remove_attribute(attribute);
        }
        for (attribute, value) in
            [("role", "grid"), ("id", "grid"), ("aria-label", name), ("aria-multiselectable", "true")]
        {
            set(&self.table, attribute, value);
        }
        set(&self.table, "aria-colcount", &sheet.width().to_string());
        set_or_remove(&self.table, "aria-readonly", (!sheet.editable()).then_some("true"));
        for (column, head) in self.heads.iter().enumerate() {
            set(head, "id", &head_id(column));
            set(head, "aria-colindex", &(column + 1).to_string());
            set(head, "aria-description", "Shift and the arrow keys change the width, Enter fits it");
            // The grid is one stop of the tab key; the page's form sorts as well.
            if let Some(link) = find(head, "a") {
                set(&link, "tabindex", "-1");
            }
            let handle = create("span", "grid__handle")?;
            set(&handle, "aria-hidden", "true");
            head.append_child(&handle).ok()?;
            self.handles.push(handle);
        }
        if let Some(row) = find(&self.head, "tr") {
            set(&row, "aria-rowindex", "1");
        }
        for column in 0..self.cols.len() {
            self.write_width(column);
        }
        self.look();
        self.write_frame();
        let classes = frame.class_list();
        let _ = classes.add_1("is-live");
        Some(())
    }

    /// The height of a row, and of the header.
    pub fn measure(&self) -> (f64, f64) {
        let row = find(&self.body, "tr").map_or(0.0, |row| row.get_bounding_client_rect().height());
        (if row > 0.0 { row } else { 32.0 }, self.head.get_bounding_client_rect().height())
    }

    /// Makes the scrolled space this high.
    pub fn set_space(&self, height: f64) {
        style(&self.space, "block-size", &px(height));
        style(&self.layer, "block-size", &px(f64::from(self.scroller.client_height()).min(height)));
    }

    /// The height of the window, the header included.
    pub fn height(&self) -> f64 {
        f64::from(self.scroller.client_height())
    }

    /// Where the scroller stands.
    pub fn top(&self) -> f64 {
        f64::from(self.scroller.scroll_top())
    }

    /// Scrolls. The answer is where the scroller really went.
    pub fn scroll_to(&self, top: f64) -> f64 {
        if (self.top() - top).abs() >= 1.0 {
            self.scroller.set_scroll_top(top.round() as i32);
        }
        self.top()
    }

    /// Scrolls sideways until the column is seen.
    pub fn reveal_column(&self, column: usize) {
        if column < self.columns.frozen() && self.is_frozen() {
            return;
        }
        let (start, end) = (self.columns.start(column) - self.frozen_width(), self.columns.start(column + 1));
        let (left, width) = (f64::from(self.scroller.scroll_left()), f64::from(self.scroller.client_width()));
        if start < left {
            self.scroller.set_scroll_left(start as i32);
        } else if end > left + width {
            // Of a column that is wider than the window its beginning is seen.
            self.scroller.set_scroll_left((end - width).min(start).ceil() as i32);
        }
    }

    /// How far the content is scrolled sideways.
    pub const fn left(&self) -> f64 {
        self.left
    }

    /// The widths of the columns.
    pub fn widths(&self) -> &[u32] {
        self.columns.widths()
    }

    /// Gives a column a width.
    pub fn set_width(&mut self, column: usize, width: u32) {
        self.columns.set_width(column, width);
        self.write_width(column);
        self.write_frame();
    }

    /// How wide a column would have to be for all that is seen of it.
    pub fn content_width(&self, column: usize) -> f64 {
        // A cell tells how wide its content is only when it is narrower.
        style(&self.cols[column], "inline-size", "1px");
        let cells = self.rows.iter().filter_map(|row| row.cell(column)).map(|cell| &cell.element);
        let content = cells.chain([&self.heads[column]]).map(|cell| cell.scroll_width()).max().unwrap_or(0);
        self.write_width(column);
        f64::from(content + 14)
    }

    /// The column at this distance from the left edge of the window.
    pub fn column_at(&self, x: f64) -> usize {
        self.columns.at(if x < self.frozen_width() { x } else { x + self.left })
    }

    /// Whether key columns stay in place: they don't where they would leave little room for the others.
    fn is_frozen(&self) -> bool {
        self.columns.start(self.columns.frozen()) <= self.width / 2.0
    }

    /// How much of the window columns take that stay in place.
    fn frozen_width(&self) -> f64 {
        if self.is_frozen() { self.columns.start(self.columns.frozen()) } else { 0.0 }
    }

    fn write_width(&self, column: usize) {
        style(&self.cols[column], "inline-size", &px(f64::from(self.columns.widths()[column])));
    }

    /// What follows from all widths.
    fn write_frame(&self) {
        style(&self.table, "inline-size", &px(self.columns.start(self.cols.len())));
        for frozen in 0..self.columns.frozen() {
            style(&self.table, &["--left-", &frozen.to_string()].concat(), &px(self.columns.start(frozen)));
        }
        let _ = self.table.class_list().toggle_with_force("is-unfrozen", !self.is_frozen());
    }

    /// Looks where the scroller stands. The answer is whether other columns are to be shown now.
    fn look(&mut self) -> bool {
        (self.left, self.width) = (f64::from(self.scroller.scroll_left()), f64::from(self.scroller.client_width()));
        self.columns.look(self.left, self.left + self.width)
    }

    /// Where a cell is in the layer: left, top, width, height. None if its row is not seen.
    pub fn place_of(&self, cell: Cell, scroll: &Scroll) -> Option<[f64; 4]> {
        let window = scroll.window();
        if !(window.first..window.end).contains(&cell.row) {
            return None;
        }
        let header = f64::from(self.head.offset_height());
        let top = header + (cell.row - window.first) as f64 * scroll.row_height() - window.shift;
        let stays = cell.column < self.columns.frozen() && self.is_frozen();
        let left = self.columns.start(cell.column) + if stays { self.left } else { 0.0 };
        Some([left, top, f64::from(self.columns.widths()[cell.column]), scroll.row_height()])
    }

    /// Shows these rows. While `speaker`, which has the keyboard, speaks for the grid, it is told which cell is active.
    pub fn show(&mut self, sheet: &Sheet, window: Window, selection: Selection, speaker: Option<&HtmlElement>) {
        // What the server wrote stays until it can be shown again, unless the person goes elsewhere.
        let loading = matches!(sheet.line(window.first), Line::Loading);
        if loading && window.shift == 0.0 && self.written == Some(window.first) {
            return;
        }
        self.written = None;
        if self.lines != sheet.lines() {
            self.lines = sheet.lines();
            set(&self.table, "aria-rowcount", &(self.lines + 1).to_string());
        }
        let moved = self.look();
        self.arrange(window);
        if moved {
            for row in &mut self.rows {
                row.take_columns(&self.columns, &self.numbers);
            }
        }
        let mut busy = false;
        for (row, line) in self.rows.iter_mut().zip(window.first..) {
            busy |= row.show(sheet, line, selection);
        }
        if self.busy != busy {
            self.busy = busy;
            set_or_remove(&self.table, "aria-busy", busy.then_some("true"));
        }
        if self.shift != window.shift {
            self.shift = window.shift;
            let move_up = ["translateY(", &px(-window.shift), ")"].concat();
            style(&self.body, "transform", &move_up);
        }
        let active_head = selection.in_header.then_some(selection.active.column);
        let before = std::mem::replace(&mut self.active_head, active_head);
        if before != active_head {
            for (column, active) in [(before, false), (active_head, true)] {
                let head = column.and_then(|column| self.heads.get(column));
                let _ = head.map(|head| head.class_list().toggle_with_force("is-active", active));
            }
        }
        self.show_active(selection, speaker);
    }

    /// Reuses the elements of rows that left at one end for those that came in at the other.
    fn arrange(&mut self, window: Window) {
        let count = usize::try_from(window.end - window.first).unwrap_or(0);
        if self.rows.is_empty() {
            self.body.set_text_content(None);
        }
        let first = self.rows.front().map_or(0, |row| row.line);
        let length = self.rows.len() as u64;
        if window.first > first && window.first < first + length {
            for _ in first..window.first {
                let Some(row) = self.rows.pop_front() else { break };
                let _ = self.body.append_child(&row.element);
                self.rows.push_back(row);
            }
        } else if window.first < first && first - window.first < length {
            for _ in window.first..first {
                let Some(row) = self.rows.pop_back() else { break };
                let _ = self.body.insert_before(&row.element, self.body.first_child().as_ref());
                self.rows.push_front(row);
            }
        }
        while self.rows.len() > count {
            if let Some(row) = self.rows.pop_back() {
                row.element.remove();
            }
        }
        while self.rows.len() < count {
            let Some(row) = self.create_row() else { break };
            let _ = self.body.append_child(&row.element);
            self.rows.push_back(row);
        }
    }

    fn create_row(&mut self) -> Option<Row> {
        self.next_id += 1;
        let element = create("tr", "")?;
        let gap = create("td", "")?;
        set(&gap, "aria-hidden", "true");
        element.append_child(&gap).ok()?;
        let id = ["grid-", &self.next_id.to_string(), "-"].concat();
        let mut row = Row { element, gap, id, cells: Vec::new(), line: u64::MAX, class: "" };
        row.take_columns(&self.columns, &self.numbers);
        Some(row)
    }

    fn show_active(&mut self, selection: Selection, speaker: Option<&HtmlElement>) {
        let Some(speaker) = speaker else {
            self.active = None;
            return;
        };
        let active = if selection.in_header {
            Some(head_id(selection.active.column))
        } else {
            let row = self.rows.iter().find(|row| row.line == selection.head.row);
            row.and_then(|row| Some(row.cell(selection.head.column)?.element.id()))
        };
        if self.active != active {
            set_or_remove(speaker, "aria-activedescendant", active.as_deref());
            self.active = active;
        }
    }
}

impl Row {
    /// The cell of a column, if it is shown.
    fn cell(&self, column: usize) -> Option<&Painted> {
        self.cells.iter().find(|cell| cell.column == column)
    }

    /// Has cells of the frozen columns and of those that are shown. Cells are reused; what they hold is of other columns.
    fn take_columns(&mut self, columns: &Columns, numbers: &[bool]) -> Option<()> {
        let (frozen, shown) = (columns.frozen(), columns.shown());
        for cell in self.cells.drain((frozen + shown.len()).min(self.cells.len())..) {
            cell.element.remove();
        }
        for (index, column) in (0..frozen).chain(shown.clone()).enumerate() {
            if self.cells.len() <= index {
                let cell = Painted::create(column, frozen)?;
                if column < frozen {
                    self.element.insert_before(&cell.element, Some(&self.gap)).ok()?;
                } else {
                    self.element.append_child(&cell.element).ok()?;
                }
                self.cells.push(cell);
            }
            let cell = &mut self.cells[index];
            if cell.column != column || cell.element.id().is_empty() {
                cell.column = column;
                set(&cell.element, "id", &[&self.id, &*column.to_string()].concat());
                set(&cell.element, "aria-colindex", &(column + 1).to_string());
                cell.element.set_class_name(&class_of(cell.flags, column < frozen, numbers[column]));
            }
        }
        let left_out = shown.start - frozen;
        self.gap.set_hidden(left_out == 0);
        set(&self.gap, "colspan", &left_out.max(1).to_string());
        Some(())
    }

    /// Shows a line. The answer is whether it is still loading.
    fn show(&mut self, sheet: &Sheet, line: u64, selection: Selection) -> bool {
        if self.line != line {
            self.line = line;
            set(&self.element, "aria-rowindex", &(line + 2).to_string());
        }
        let found = sheet.line(line);
        let class = match found {
            Line::Row(_, Some(pending)) if pending.deleted => "is-deleted",
            Line::Row(row, _) if row.mark == Mark::Inserted => "is-inserted",
            Line::Row(..) | Line::None => "",
            Line::Loading => "is-loading",
            Line::Inserted(_) | Line::Held(_) => "is-inserted is-unsaved",
            Line::New => "is-new",
        };
        if self.class != class {
            self.class = class;
            self.element.set_class_name(class);
            set_or_remove(&self.element, "aria-label", (class == "is-new").then_some("New row"));
            // A row is headed by its key; without one there is nothing to head it.
            let role = if matches!(class, "is-new" | "is-loading") { "gridcell" } else { "rowheader" };
            for key in self.cells.iter().take(sheet.frozen()) {
                set(&key.element, "role", role);
            }
        }
        let row_note = match class {
            "is-deleted" => "Will be deleted.",
            "is-inserted" => "New row, not committed.",
            "is-inserted is-unsaved" => "New row, not saved yet.",
            "is-new" => "New row: type to fill it, Enter adds it.",
            _ => "",
        };
        for painted in &mut self.cells {
            let cell = Cell::new(line, painted.column);
            painted.show(sheet, cell, selection, if cell.column == 0 { row_note } else { "" });
        }
        class == "is-loading"
    }
}

impl Painted {
    fn create(column: usize, frozen: usize) -> Option<Self> {
        let element = create(if column < frozen { "th" } else { "td" }, "")?;
        if column < frozen {
            set(&element, "scope", "row");
            set(&element, "role", "rowheader");
            style(&element, "inset-inline-start", &["var(--left-", &column.to_string(), ")"].concat());
        } else {
            set(&element, "role", "gridcell");
        }
        set(&element, "aria-selected", "false");
        Some(Self { element, column, text: String::new(), note: String::new(), flags: Flags::default() })
    }

    fn show(&mut self, sheet: &Sheet, cell: Cell, selection: Selection, row_note: &str) {
        let shown = sheet.shown(cell).unwrap_or_default();
        if self.text != shown.text {
            self.element.set_text_content(Some(&shown.text));
        }
        let here = !selection.in_header;
        let flags = Flags {
            selected: here && selection.range().contains(cell),
            active: here && selection.active == cell,
            changed: shown.changed,
            unsaved: shown.unsaved,
            refused: shown.refused,
            wrong: shown.finding.is_some(),
        };
        if self.flags != flags {
            let frozen = cell.column < sheet.frozen();
            self.element.set_class_name(&class_of(flags, frozen, sheet.column(cell.column).ty.is_number()));
            if self.flags.selected != flags.selected {
                set(&self.element, "aria-selected", if flags.selected { "true" } else { "false" });
            }
            let invalid = flags.refused || flags.wrong;
            if (self.flags.refused || self.flags.wrong) != invalid {
                set_or_remove(&self.element, "aria-invalid", invalid.then_some("true"));
            }
            self.flags = flags;
        }
        let mut note = match (&shown.committed, shown.refused) {
            (_, true) => "What was typed here was not taken.".to_owned(),
            (Some(committed), _) if committed.is_empty() => "Not committed; empty before.".to_owned(),
            (Some(committed), _) => ["Not committed; before: ", committed].concat(),
            _ if shown.unsaved => "Not saved yet.".to_owned(),
            _ => row_note.to_owned(),
        };
        if let Some(finding) = &shown.finding {
            note = [finding, " ", &note].concat();
        }
        if self.note != note {
            let value = (!note.is_empty()).then_some(note.as_str());
            set_or_remove(&self.element, "title", value);
            set_or_remove(&self.element, "aria-description", value);
            self.note = note;
        }
        self.text = shown.text;
    }
}

fn head_id(column: usize) -> String {
    ["grid-head-", &column.to_string()].concat()
}

fn class_of(flags: Flags, frozen: bool, number: bool) -> String {
    let classes = [
        (frozen, "is-frozen"),
        (number, "is-number"),
        (flags.selected, "is-selected"),
        (flags.active, "is-active"),
        (flags.changed, "is-changed"),
        (flags.unsaved, "is-unsaved"),
        (flags.refused, "is-refused"),
        (flags.wrong, "is-wrong"),
    ];
    classes.into_iter().filter(|(on, _)| *on).map(|(_, class)| class).collect::<Vec<_>>().join(" ")
}
