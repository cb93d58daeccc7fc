//! Merge requests that pages find hard.

use app::pages::{conflicts::Names, new_request::Proposal};
use hub::{
    Anchor, CellDifference, ConflictCount, ConflictItem, ConflictsAsked, ConflictsView, DatasetPath, Decided, Entry,
    EntryKind, FoundConflict, FoundViolation, GoneBranch, May, Outdated, Protection, RequestChanges, RequestOverview,
    RequestState, RequestSummary, RequestView, RequestsAsked, RequestsView, Review, Role, RuleView, Source, Standing,
    Suggestion, Verdict, ViolationItem,
};
use uuid::Uuid;
use versioning::{
    ColumnId, Hash, Key, TableId, Type, Value,
    merge::{Choice, Conflict, Property, RowCells, Rule, Scope, Side, Stats, TableProperty, Violation},
};

use super::samples::{NOW, changes, column, commits, dataset, rows_of_table, schema, table_summary};

const HOSTILE: &str = "</textarea><script>alert(1)</script>";

const ALL: May = May { discuss: true, edit: true, decide: true, merge: true, apply: true };

pub fn summary(number: u64, state: RequestState) -> RequestSummary {
    RequestSummary {
        number,
        title: format!("Correct the datum {HOSTILE}"),
        author: String::from("ines"),
        state,
        is_draft: number == 2,
        source: Source { path: Some(dataset().path), branch: String::from("fix/names"), is_same: true },
        target: String::from("main"),
        labels: vec![String::from("datum"), String::from("<script>alert(1)</script>")],
        reviewers: vec![String::from("tomasz"), String::from("ada")],
        created_at: NOW,
        updated_at: NOW,
    }
}

pub fn list() -> RequestsView {
    let mut foreign = summary(3, RequestState::Merged);
    foreign.source.is_same = false;
    foreign.source.path = Some(DatasetPath { owner: String::from("ada"), name: String::from("gauges") });
    let mut unseen = summary(1, RequestState::Closed);
    unseen.source.is_same = false;
    unseen.source.path = None;
    RequestsView {
        dataset: dataset(),
        asked: RequestsAsked { label: String::from(HOSTILE), ..RequestsAsked::default() },
        requests: vec![foreign, summary(2, RequestState::Open), unseen],
        next: Some(1),
        may_propose: true,
    }
}

pub fn proposal() -> Proposal {
    Proposal {
        dataset: dataset(),
        targets: vec![String::from("main"), String::from("fix/names")],
        source: None,
        sources: vec![String::from("main"), String::from("fix/names")],
        from: String::from("fix/names"),
        into: String::new(),
    }
}

pub fn comment_id() -> Uuid {
    Uuid::from_u128(1)
}

fn entry(id: u128, author: &str, kind: EntryKind) -> Entry {
    let cell = |column: &str, then: Option<&str>| CellDifference {
        column: column.to_owned(),
        then: then.map(str::to_owned),
        now: Some(String::from("412.5")),
    };
    let outdated = match id {
        3 => Some(Outdated::Changed(vec![cell("zero_m", None)])),
        13 => Some(Outdated::Changed((0..11).map(|_| cell(HOSTILE, Some(HOSTILE))).collect())),
        14 => Some(Outdated::Gone),
        _ => None,
    };
    Entry { id: Uuid::from_u128(id), author: author.to_owned(), at: NOW, kind, outdated }
}

fn overview(undecided: u64) -> RequestOverview {
    RequestOverview {
        said: 1_206,
        commits: Some(250),
        has_more_commits: true,
        tables: Some(2),
        undecided: Some(undecided),
        checks: Some(3),
        gone: None,
    }
}

fn comment(text: &str, anchor: Option<Anchor>, suggestion: Option<Suggestion>) -> EntryKind {
    EntryKind::Comment {
        text: text.to_owned(),
        anchor,
        reply_to: None,
        resolved_by: None,
        suggestion,
        edited_at: Some(NOW),
    }
}

fn entries() -> Vec<Entry> {
    let anchor = |column: Option<(ColumnId, String)>| Anchor {
        table: TableId(7),
        table_name: String::from("gauges"),
        key: rows_of_table().remove(0).key,
        key_text: String::from("G-001/A"),
        column,
        value: Some(String::from(HOSTILE)),
        commit: Some(Hash::of(b"then")),
    };
    let zero = || Some((ColumnId(4), String::from("zero_m")));
    let answer = |to| EntryKind::Comment {
        text: String::from("Yes, **twice**."),
        anchor: None,
        reply_to: Some(Uuid::from_u128(to)),
        resolved_by: None,
        suggestion: None,
        edited_at: None,
    };
    let mut settled = comment("Is that so?", Some(anchor(None)), None);
    if let EntryKind::Comment { resolved_by, .. } = &mut settled {
        *resolved_by = Some(String::from("ines"));
    }
    let applied = Suggestion { value: None, applied: Some(Hash::of(b"applied")) };
    let open = Suggestion { value: Some(String::from("398.2")), applied: None };
    vec![
        entry(1, "tomasz", comment("Was it levelled? <script>alert(1)</script>", None, None)),
        entry(2, "ada", comment("", Some(anchor(zero())), Some(open))),
        entry(3, "ada", comment(HOSTILE, Some(anchor(zero())), Some(applied))),
        entry(4, "ines", answer(1)),
        entry(5, "tomasz", settled),
        entry(6, "ines", answer(5)),
        entry(
            7,
            "tomasz",
            EntryKind::Review { verdict: Verdict::Changes, text: String::from("Not yet."), head: Hash::of(b"old") },
        ),
        entry(8, "ada", EntryKind::Review { verdict: Verdict::Approve, text: String::new(), head: Hash::of(b"head") }),
        entry(
            9,
            "ines",
            EntryKind::Changed { what: String::from("asked <script>alert(1)</script> for a review"), withdrawn: None },
        ),
        entry(10, "ines", EntryKind::State { state: RequestState::Closed, commit: None }),
        entry(11, "ines", EntryKind::State { state: RequestState::Open, commit: None }),
        entry(12, "ada", EntryKind::State { state: RequestState::Merged, commit: Some(Hash::of(b"merged")) }),
        entry(13, "ada", comment("The whole row.", Some(anchor(None)), None)),
        entry(
            14,
            "ada",
            comment("No such row.", Some(Anchor { key: Key::from_bytes(*b"gone"), ..anchor(None) }), None),
        ),
    ]
}

fn stats(open: u64) -> Stats {
    Stats { open_conflicts: open, resolved_conflicts: 12, ..Stats::default() }
}

pub fn request(state: RequestState, standing: Standing) -> RequestView {
    let review = |author: &str, verdict, has_lapsed| Review { author: author.to_owned(), verdict, at: NOW, has_lapsed };
    RequestView {
        dataset: dataset(),
        request: summary(2, state),
        overview: overview(0),
        text: format!("# Why\n\nLevelled *again*, see [the report](https://example.org).\n\n{HOSTILE}"),
        entries: entries(),
        reviews: vec![review("ada", Verdict::Approve, true), review("tomasz", Verdict::Changes, false)],
        standing,
        blocks: vec![],
        protection: Some(Protection {
            branch: String::from("main"),
            request_required: true,
            approvals: 2,
            approvals_lapse: true,
            merge_role: Role::Maintainer,
            checks: Vec::new(),
            warnings_block: false,
        }),
        may: ALL,
        head: Some(Hash::of(b"head")),
        merged: (state == RequestState::Merged).then(|| Hash::of(b"merged")),
        may_delete_source: true,
    }
}

pub fn clean() -> RequestView {
    request(RequestState::Open, Standing::Clean(stats(0)))
}

pub fn gone() -> RequestView {
    let words = format!("The branch “{HOSTILE}” is gone.");
    let gone = Some(GoneBranch { words, back_at: Some(Hash::of(b"head")) });
    let overview = RequestOverview { gone, said: 3, ..RequestOverview::default() };
    RequestView { overview, head: None, ..request(RequestState::Open, Standing::Gone) }
}

pub fn undecided() -> RequestView {
    let blocks = vec![String::from("It is a draft."), String::from("<script>alert(1)</script> asked for changes.")];
    RequestView { blocks, ..request(RequestState::Open, Standing::Undecided(stats(1_228))) }
}

pub fn request_changes() -> RequestChanges {
    let changed = changes().tables.remove(0).changes.remove(0).key;
    let mut entries = entries();
    for entry in &mut entries {
        if let EntryKind::Comment { anchor: Some(anchor), .. } = &mut entry.kind
            && anchor.key != Key::from_bytes(*b"gone")
        {
            anchor.key = changed.clone();
        }
    }
    RequestChanges {
        dataset: dataset(),
        request: summary(2, RequestState::Open),
        overview: overview(0),
        may: ALL,
        head: Some(Hash::of(b"head")),
        entries,
        commits: commits(),
        changes: changes(),
    }
}

pub fn names() -> Names {
    let mut names = Names::default();
    names.add(&[table_summary()]);
    names
}

fn found(conflict: Conflict) -> FoundConflict {
    let column = conflict.column().map(|_| String::from("station"));
    let key = conflict.key().map(|_| String::from("G-001/A"));
    FoundConflict { id: conflict.id(), table: String::from("gauges"), column, key, conflict }
}

/// One of each kind.
fn conflicts() -> Vec<Conflict> {
    let table = TableId(7);
    let key = || rows_of_table().remove(0).key;
    let text = |text: &str| Value::Text(text.to_owned());
    let row = |station: &str| RowCells::from([(ColumnId(1), text("G-001/A")), (ColumnId(2), text(station))]);
    let entry = |name: &str| versioning::TableEntry {
        name: name.to_owned(),
        schema: Hash::of(b"schema"),
        tree: versioning::Tree::default(),
    };
    vec![
        Conflict::Cell {
            table,
            key: key(),
            column: ColumnId(2),
            base: Some(text("Upper ford of the Alder")),
            ours: Some(text("Upper ford of the river Alder")),
            theirs: Some(text("Lower ford of the Alder <script>alert(1)</script>")),
            convert_to: None,
        },
        Conflict::Cell {
            table,
            key: key(),
            column: ColumnId(4),
            base: None,
            ours: Some(Value::Null),
            theirs: Some(Type::Decimal.parse("412.5").expect("a decimal")),
            convert_to: Some(Type::Integer),
        },
        Conflict::Row {
            table,
            key: key(),
            deleted_by: Side::Ours,
            base: Some(row("Upper ford")),
            edited: row(HOSTILE),
        },
        Conflict::Row { table, key: Key::from_bytes(*b"x"), deleted_by: Side::Theirs, base: None, edited: row("Mill") },
        Conflict::Column {
            table,
            column: ColumnId(4),
            dropped_by: Side::Ours,
            base: Box::new(column(4, "zero_m", Type::Decimal)),
            edited: Box::new(column(4, "zero_m", Type::Decimal)),
            edits: 120,
            digest: Hash::of(b"edits"),
        },
        Conflict::Property {
            table,
            column: ColumnId(2),
            property: Property::Required,
            base: Some(Value::Boolean(false)),
            ours: Value::Boolean(true),
            theirs: Value::Boolean(false),
        },
        Conflict::ColumnNames {
            table,
            name: String::from("<script>alert(1)</script>"),
            ours: Box::new(column(20, "a", Type::Text)),
            theirs: Box::new(column(21, "a", Type::Integer)),
        },
        Conflict::PrimaryKey {
            table,
            base: Some(vec![ColumnId(1)]),
            ours: vec![ColumnId(1), ColumnId(2)],
            theirs: vec![ColumnId(2), ColumnId(99)],
        },
        Conflict::Table { table, dropped_by: Side::Theirs, base: entry("gauges"), edited: entry("stations") },
        Conflict::TableProperty {
            table,
            property: TableProperty::Description,
            base: None,
            ours: String::from("one"),
            theirs: String::from(HOSTILE),
        },
        Conflict::TableNames { table, other: TableId(8), name: String::from("weirs") },
    ]
}

pub fn resolver(may_decide: bool) -> ConflictsView {
    let item = |(index, conflict): (usize, Conflict)| {
        let has_value = !matches!(conflict, Conflict::Row { .. } | Conflict::Column { .. } | Conflict::Table { .. });
        ConflictItem {
            decided: match index {
                1 => Some(Decided {
                    choice: Choice::Value(Value::Text(String::from(HOSTILE))),
                    by: Some(String::from("ada")),
                    by_rule: false,
                }),
                2 => Some(Decided { choice: Choice::Delete, by: None, by_rule: true }),
                _ => None,
            },
            value_type: has_value.then_some(if index == 1 { Type::Decimal } else { Type::Text }),
            context: vec![(String::from("river"), Value::Text(String::from("<script>alert(1)</script>")))],
            revision: String::from("0123456789"),
            found: found(conflict),
        }
    };
    let rows: Vec<_> = rows_of_table()
        .into_iter()
        .take(2)
        .map(|row| {
            let cells: RowCells = schema().columns.iter().map(|column| column.id).zip(row.cells).collect();
            (row.key, cells)
        })
        .collect();
    let violation = Violation {
        table: TableId(7),
        rule: Rule::Unique { column: ColumnId(2) },
        rows,
        message: String::from("“station” must be unique: <script>alert(1)</script> stands twice."),
    };
    let violation = FoundViolation {
        id: violation.id(),
        table: String::from("gauges"),
        keys: vec![String::from("G-001/A"), String::from("G-002")],
        violation,
    };
    let count = |id: u64, name: &str| ConflictCount {
        table: TableId(id),
        name: name.to_owned(),
        columns: vec![(ColumnId(2), String::from("station"), 3), (ColumnId(4), String::from("zero_m"), 0)],
        open: 9,
        total: 11,
    };
    ConflictsView {
        dataset: dataset(),
        request: summary(2, RequestState::Open),
        overview: overview(229),
        may: May { decide: may_decide, ..ALL },
        asked: ConflictsAsked { table: Some(TableId(7)), all: true, offset: 25, limit: 25, besides: None },
        stats: Stats { open_violations: 1, ..stats(228) },
        tables: vec![count(7, "gauges"), count(8, "<script>alert(1)</script>")],
        rules: vec![
            RuleView {
                about: String::from("rule:1"),
                revision: String::from("0000000001"),
                scope: Scope { table: Some(TableId(7)), column: Some(ColumnId(3)), kind: None },
                table: Some(String::from("gauges")),
                column: Some(String::from("river")),
                choice: Choice::Ours,
                by: String::from("ada"),
            },
            RuleView {
                about: String::from("rule:2"),
                revision: String::from("0000000002"),
                scope: Scope::default(),
                table: None,
                column: None,
                choice: Choice::Value(Value::Text(String::from("<script>alert(1)</script>"))),
                by: String::from("a program"),
            },
        ],
        conflicts: conflicts().into_iter().enumerate().map(item).collect(),
        has_more: true,
        violations: vec![
            ViolationItem {
                found: FoundViolation { id: Hash::of(b"mended"), ..violation.clone() },
                is_fixed: true,
                fixed_by: Some(String::from("ada")),
                revision: String::from("0000000003"),
            },
            ViolationItem { found: violation, is_fixed: false, fixed_by: None, revision: String::from(hub::OPEN) },
        ],
        revision: String::from("0000000004"),
    }
}

pub fn request_checks() -> hub::RequestChecks {
    hub::RequestChecks {
        dataset: dataset(),
        request: summary(1, RequestState::Open),
        overview: overview(0),
        may: ALL,
        head: Some(Hash::of(b"head")),
        findings: super::samples::findings(),
        open_conflicts: 1,
        statuses: super::samples::statuses(),
        protection: dataset().protections.into_iter().next(),
    }
}
