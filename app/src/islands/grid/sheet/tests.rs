use versioning::{Column, ColumnId, Key, Schema, Type, Value};

use super::{Line, Sheet, answers::Reload};
use crate::{
    islands::grid::selection::{Cell, Range},
    wire::{CellEdit, Edit, Mark, Row, Rows, StaleCell},
};

const COLUMNS: [(u64, &str, Type); 3] =
    [(1, "name", Type::Text), (2, "id", Type::Integer), (3, "price", Type::Decimal)];

fn schema() -> Schema {
    let columns = COLUMNS.map(|(id, name, ty)| Column::new(ColumnId(id), name, ty));
    Schema {
        columns: columns.into(),
        primary_key: vec![ColumnId(2)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn key(id: i64) -> Key {
    let row = vec![Value::Null, Value::Integer(id), Value::Null];
    Key::of_row(&schema(), &row).expect("the key column is filled")
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Rows 1 to `count`, named n1, n2, …, without a price.
fn rows(count: i64) -> Rows {
    let rows = (1..=count).map(|id| Row {
        key: key(id),
        address: id.to_string(),
        cells: vec![Some(format!("n{id}")), Some(id.to_string()), None],
        mark: Mark::Committed,
        findings: Vec::new(),
    });
    let columns = COLUMNS.map(|(id, ..)| ColumnId(id)).into();
    Rows { total: count as u64, offset: 0, rows: rows.collect(), columns }
}

/// A sheet of three rows; columns are shown as id, name, price.
fn sheet() -> Sheet {
    let mut sheet = Sheet::new(schema(), 3, true, Vec::new());
    sheet.cache.plan(0, 3);
    assert!(sheet.loaded(0, rows(3)));
    sheet
}

fn text(sheet: &Sheet, row: u64, column: usize) -> Option<String> {
    sheet.text(Cell::new(row, column)).expect("the row is loaded").map(str::to_owned)
}

fn set(sheet: &mut Sheet, row: u64, column: usize, typed: &str) {
    let checked = sheet.check(column, typed).expect("a value of the column");
    sheet.set(&[(Cell::new(row, column), checked)]).expect("a key");
}

fn save(sheet: &mut Sheet) -> Vec<Edit> {
    let batch = sheet.outbox.batch().expect("there is something to send");
    let inserted = batch.iter().filter(|edit| matches!(edit, Edit::Insert { .. })).count() as u64;
    sheet.saved(sheet.total() + inserted, &[]);
    batch
}

fn update(id: i64, column: u64, before: Option<&str>, after: Option<&str>) -> Edit {
    let cell =
        CellEdit { column: ColumnId(column), before: before.map(str::to_owned), after: after.map(str::to_owned) };
    Edit::Update { key: key(id), cells: vec![cell] }
}

#[test]
fn the_key_is_shown_first_and_a_blank_row_last() {
    let sheet = sheet();
    assert_eq!((sheet.frozen(), sheet.lines()), (1, 4));
    assert_eq!((text(&sheet, 0, 0), text(&sheet, 0, 1)), (some("1"), some("n1")));
    assert!(matches!(sheet.line(3), Line::New));
    assert!(matches!(sheet.line(4), Line::None));
}

#[test]
fn an_edit_is_shown_at_once_and_marked_when_saved() {
    let mut sheet = sheet();
    set(&mut sheet, 1, 2, "03.50");
    let shown = sheet.shown(Cell::new(1, 2)).expect("loaded");
    assert_eq!((shown.text.as_str(), shown.unsaved, shown.changed), ("3.5", true, true));
    assert_eq!(save(&mut sheet), [update(2, 3, None, Some("3.5"))]);
    let shown = sheet.shown(Cell::new(1, 2)).expect("loaded");
    assert_eq!((shown.text.as_str(), shown.unsaved, shown.committed), ("3.5", false, some("")));
}

#[test]
fn the_same_value_again_is_no_edit_and_the_committed_one_takes_the_mark_away() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 1, "n1");
    assert!(sheet.outbox.is_empty());
    set(&mut sheet, 0, 1, "x");
    save(&mut sheet);
    set(&mut sheet, 0, 1, "n1");
    save(&mut sheet);
    assert!(!sheet.shown(Cell::new(0, 1)).expect("loaded").changed);
}

#[test]
fn wrong_values_are_refused_with_the_reason() {
    let sheet = sheet();
    let reason = sheet.check(2, "much").expect_err("no decimal");
    assert_eq!(reason, "This is not a decimal number, such as 12.50.");
    assert_eq!(sheet.check(0, "").expect_err("the key"), "This must not be empty.");
    assert_eq!(sheet.check(1, ""), Ok(None));
}

#[test]
fn undo_and_redo_send_the_inverse() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 1, "a");
    set(&mut sheet, 0, 1, "b");
    save(&mut sheet);
    assert_eq!(sheet.undo().map(|action| action.key), Some(key(1)));
    assert_eq!(text(&sheet, 0, 1), some("a"));
    assert_eq!(save(&mut sheet), [update(1, 1, Some("b"), Some("a"))]);
    sheet.redo();
    assert_eq!(text(&sheet, 0, 1), some("b"));
    sheet.undo();
    sheet.undo();
    assert_eq!(text(&sheet, 0, 1), some("n1"));
    assert_eq!(sheet.undo(), None);
}

#[test]
fn a_changed_key_is_followed_and_undone() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 0, "9");
    set(&mut sheet, 0, 1, "nine");
    let batch = sheet.outbox.batch().expect("two edits");
    assert_eq!(batch[1], update(9, 1, Some("n1"), Some("nine")));
    assert_eq!(sheet.saved(3, &[]), Reload::Rows);
    assert_eq!(sheet.find(&key(9)), Some(0));
    sheet.undo();
    sheet.undo();
    let batch = sheet.outbox.batch().expect("two edits");
    assert_eq!(batch, [update(9, 1, Some("nine"), Some("n1")), update(9, 2, Some("9"), Some("1"))]);
    assert_eq!(sheet.outbox.entries()[1].key_after, key(1));
}

#[test]
fn the_blank_row_becomes_a_row() {
    let mut sheet = sheet();
    sheet.type_new(1, some("four"));
    let (column, reason) = sheet.insert_new(String::new).expect_err("there is no key");
    assert_eq!((column, reason.as_str()), (0, "id: This must not be empty."));
    sheet.type_new(0, some("4"));
    assert_eq!(sheet.insert_new(String::new), Ok(key(4)));
    assert!(matches!(sheet.line(3), Line::Inserted(_)));
    assert_eq!((text(&sheet, 3, 0), text(&sheet, 3, 1)), (some("4"), some("four")));
    assert!(matches!(sheet.line(4), Line::New) && sheet.new_row_is_blank());
    save(&mut sheet);
    assert_eq!((sheet.total(), sheet.lines()), (4, 5));
    sheet.undo();
    assert!(matches!(save(&mut sheet)[0], Edit::Delete { .. }));
}

#[test]
fn a_block_is_pasted_past_the_end() {
    let mut sheet = sheet();
    let block =
        [["3", "drei", "1.0"], ["4", "vier", ""], ["5", "fünf", "x"]].map(|row| row.map(str::to_owned).to_vec());
    let range = sheet.paste(Cell::new(2, 0), &block, String::new).expect("keys");
    assert_eq!(range, Range { top: 2, bottom: 4, left: 0, right: 2 });
    assert_eq!((text(&sheet, 2, 1), text(&sheet, 2, 2)), (some("drei"), some("1")));
    assert_eq!(text(&sheet, 3, 1), some("vier"));
    assert_eq!(sheet.outbox.entries().len(), 2, "one change, one new row");
    assert_eq!(sheet.notices().len(), 1);
    assert_eq!(sheet.notices()[0].typed, some("5 · fünf · x"));
    sheet.undo();
    assert_eq!(text(&sheet, 2, 1), some("n3"));
    assert!(matches!(sheet.line(3), Line::New));
}

#[test]
fn a_block_wider_than_the_sheet_is_cut() {
    let mut sheet = sheet();
    let block = [vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]];
    let range = sheet.paste(Cell::new(0, 2), &block, String::new).expect("no key");
    assert_eq!((range.left, range.right), (2, 2));
    assert_eq!(sheet.outbox.entries()[0].edit, update(1, 3, None, Some("1")));
}

#[test]
fn cells_that_must_not_be_empty_are_left() {
    let mut sheet = sheet();
    let kept = sheet.clear(Range { top: 0, bottom: 1, left: 0, right: 1 }).expect("no key changes");
    assert_eq!(kept, 2);
    assert_eq!((text(&sheet, 0, 0), text(&sheet, 0, 1)), (some("1"), None));
}

#[test]
fn deleted_rows_come_back_with_all_they_held() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 2, "7");
    assert_eq!(sheet.delete(0, 1), 2);
    assert_eq!(sheet.delete(0, 1), 0, "they are on their way out");
    sheet.undo();
    let last = sheet.outbox.entries().back().expect("the undo").edit.clone();
    let cells = vec![(ColumnId(1), "n1".to_owned()), (ColumnId(2), "1".to_owned()), (ColumnId(3), "7".to_owned())];
    assert_eq!(last, Edit::Insert { key: key(1), cells });
}

#[test]
fn a_refused_edit_is_rolled_back_and_can_be_had_again() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 1, "bad");
    sheet.outbox.batch();
    let entry = sheet.outbox.refused().expect("there was one");
    sheet.refused(&entry, "No.");
    assert_eq!(text(&sheet, 0, 1), some("n1"));
    assert!(sheet.shown(Cell::new(0, 1)).expect("loaded").refused);
    let notice = sheet.notices()[0].clone();
    assert_eq!((notice.place.as_str(), notice.typed), ("name, row 1", some("bad")));
    assert_eq!(sheet.undo(), None, "there is nothing to take back");
    sheet.dismiss(notice.id);
    assert!(sheet.notices().is_empty());
}

#[test]
fn a_cell_somebody_else_changed_is_shown_and_can_be_overruled() {
    let mut sheet = sheet();
    set(&mut sheet, 0, 1, "mine");
    sheet.outbox.batch();
    let entry = sheet.outbox.refused().expect("there was one");
    let stale = StaleCell { key: key(1), column: Some(ColumnId(1)), now: some("theirs") };
    sheet.stale(&entry, "Meanwhile changed.", &[stale]);
    assert_eq!(text(&sheet, 0, 1), some("theirs"));
    let notice = sheet.notices()[0].clone();
    assert_eq!(notice.now, Some(some("theirs")));
    sheet.overrule(key(1), ColumnId(1), some("theirs"), notice.typed);
    assert_eq!(save(&mut sheet), [update(1, 1, Some("theirs"), Some("mine"))]);
}

#[test]
fn other_columns_than_the_grid_has_are_not_shown() {
    let mut sheet = sheet();
    sheet.cache.invalidate();
    sheet.cache.plan(0, 3);
    let mut other = rows(3);
    other.columns.pop();
    assert!(!sheet.loaded(0, other));
}

#[test]
fn what_is_typed_before_its_row_is_loaded_waits_for_it() {
    let mut sheet = Sheet::new(schema(), 3, true, Vec::new());
    let cell = Cell::new(1, 2);
    sheet.type_ahead(cell, some("1.5"));
    sheet.type_ahead(Cell::new(1, 1), some("other"));
    sheet.type_ahead(cell, some("2.5"));
    assert_eq!(sheet.text(cell), Some(Some("2.5")), "it is shown meanwhile");
    assert!(sheet.outbox.is_empty(), "nobody knows yet which row it is");
    sheet.cache.plan(0, 3);
    assert!(sheet.loaded(0, rows(3)));
    assert_eq!((text(&sheet, 1, 1), text(&sheet, 1, 2)), (some("other"), some("2.5")));
    let edits: Vec<_> = sheet.outbox.entries().iter().map(|entry| entry.edit.clone()).collect();
    let expected = [
        update(2, 3, None, Some("1.5")),
        update(2, 1, Some("n2"), Some("other")),
        update(2, 3, Some("1.5"), Some("2.5")),
    ];
    assert_eq!(edits, expected);
}

#[test]
fn what_is_typed_into_a_row_that_never_comes_is_told() {
    let mut sheet = Sheet::new(schema(), 300, true, Vec::new());
    sheet.type_ahead(Cell::new(299, 2), some("1.5"));
    sheet.loaded_aside(1, Rows { total: 3, rows: Vec::new(), ..rows(3) });
    let [notice] = sheet.notices() else { panic!("one notice: {:?}", sheet.notices()) };
    assert_eq!((notice.typed.as_deref(), notice.reason.as_str()), (Some("1.5"), "The row is gone."));
}

#[test]
fn a_new_row_is_edited_before_it_is_acknowledged() {
    let mut sheet = sheet();
    sheet.type_new(0, some("9"));
    let key = sheet.insert_new(String::new).expect("its key is there");
    assert_eq!(sheet.line_of(&key), Some(3));
    sheet.set_seen(&key, 2, None, some("1.5")).expect("the row is known");
    assert_eq!(text(&sheet, 3, 2), some("1.5"));
    assert_eq!(save(&mut sheet).len(), 2);
}

#[test]
fn a_new_row_that_is_not_taken_stays_until_its_key_is_free_or_it_is_dismissed() {
    let mut sheet = sheet();
    sheet.type_new(0, some("2"));
    sheet.type_new(1, some("mine"));
    sheet.insert_new(String::new).expect("its key is there");
    let refuse = |sheet: &mut Sheet| {
        sheet.outbox.batch();
        let entry = sheet.outbox.refused().expect("there was one");
        sheet.refused(&entry, "There is such a row.");
        sheet.notices()[0].id
    };
    let id = refuse(&mut sheet);
    assert_eq!((sheet.lines(), sheet.line_of_held(id)), (5, Some(3)));
    assert_eq!((text(&sheet, 3, 0), text(&sheet, 3, 1)), (some("2"), some("mine")));
    let shown = sheet.shown(Cell::new(3, 0)).expect("it is there");
    assert_eq!((shown.refused, shown.finding), (true, some("There is such a row.")));
    assert_eq!(text(&sheet, 1, 1), some("n2"), "the row that has the key is another one");
    assert_eq!(sheet.unsaved().count(), 1, "it is kept");

    // What is known to be taken is not sent.
    sheet.set_held(id, vec![(1, some("mine too"))]).expect("a text");
    sheet.set_held(sheet.notices()[0].id, vec![(0, some("3"))]).expect("a key");
    let notice = sheet.notices()[0].clone();
    assert!(sheet.outbox.is_empty() && sheet.line_of_held(notice.id) == Some(3));
    assert_eq!((notice.place.as_str(), notice.typed), ("row 3", some("mine too · 3")));
    sheet.set_held(notice.id, vec![(0, some("9"))]).expect("a key");
    assert!(sheet.notices().is_empty() && matches!(sheet.line(3), Line::Inserted(_)));
    let cells = vec![(ColumnId(1), "mine too".to_owned()), (ColumnId(2), "9".to_owned())];
    assert_eq!(save(&mut sheet), [Edit::Insert { key: key(9), cells }]);

    for put_away in
        [(|sheet, id| drop(sheet.dismiss(id))) as fn(&mut Sheet, u32), |sheet, _| assert_eq!(sheet.delete(4, 4), 0)]
    {
        sheet.type_new(0, some("2"));
        sheet.insert_new(String::new).expect("its key is there");
        let id = refuse(&mut sheet);
        put_away(&mut sheet, id);
        assert!(sheet.notices().is_empty() && sheet.line_of_held(id).is_none());
        assert_eq!((sheet.lines(), sheet.unsaved().count()), (5, 0));
    }
}

#[test]
fn a_key_is_pasted_into_a_new_row_that_was_not_taken() {
    let mut sheet = sheet();
    sheet.type_new(0, some("2"));
    sheet.insert_new(String::new).expect("its key is there");
    sheet.outbox.batch();
    let entry = sheet.outbox.refused().expect("there was one");
    sheet.refused(&entry, "There is such a row.");
    sheet.paste(Cell::new(3, 0), &[vec!["8".to_owned(), "eight".to_owned()]], String::new).expect("a key");
    assert_eq!((text(&sheet, 3, 0), text(&sheet, 3, 1)), (some("8"), some("eight")));
    assert_eq!(sheet.outbox.entries().len(), 1);
}
