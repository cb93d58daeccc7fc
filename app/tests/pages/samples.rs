//! Data that pages find hard: long, foreign, and out to be taken for markup.

use app::{components::search::Asked, form::Submitted, pages};
use std::time::Duration;

use hub::{
    Against, BlameView, ChangeSet, CommitSummary, CommitView, CompareView, Component, ComponentState, Dataset,
    DatasetPath, DatasetSummary, DatasetView, DraftSummary, DraftView, Error, Fact, Found, ImportMode, ImportPhase,
    ImportRequest, ImportView, JobState, LogView, PastRow, Query, ReclaimRecord, ReclaimView, Reclaimed, RefSummary,
    RefsView, RowChange, RowHistory, RowPage, RowState, RowView, StaleCell, SystemView, TableChange, TableDifference,
    TableSummary, TableView, Viewed, ViewedKind,
};
use services::import::{Dialect, FoundColumn, Inspection, Problem};
use uuid::Uuid;
use versioning::{
    Column, ColumnId, Hash, Key, Row, Schema, TableId, Type, Value,
    diff::schema_changes,
    query::{Direction, Sort},
    schema::Severity,
};

pub const NOW: i64 = 1_795_363_200_000_000;

pub fn dataset() -> Dataset {
    Dataset {
        id: Uuid::nil(),
        path: DatasetPath { owner: String::from("local"), name: String::from("river-gauges") },
        title: String::from("River gauges"),
        description: String::from(
            "Gauging stations of the upper catchment, with the readings that were checked by hand.",
        ),
        default_branch: String::from("main"),
        created_at: NOW,
        updated_at: NOW,
        origin: None,
        visibility: hub::Visibility::Private,
        archived_at: None,
        protections: vec![hub::Protection {
            branch: String::from("main"),
            request_required: true,
            approvals: 1,
            approvals_lapse: true,
            merge_role: hub::Role::Maintainer,
            checks: vec![String::from("<b>ci</b>"), String::from("totals")],
            warnings_block: true,
        }],
        has_unknown_rules: false,
        role: Some(hub::Role::Owner),
    }
}

fn commit(number: u8, author: &str, message: &str) -> CommitSummary {
    CommitSummary {
        hash: Hash::of(&[number]),
        parents: if number == 0 { vec![] } else { vec![Hash::of(&[number - 1])] },
        author: author.to_owned(),
        time: NOW - i64::from(9 - number) * 93_600_000_000,
        message: message.to_owned(),
    }
}

pub fn commits() -> Vec<CommitSummary> {
    vec![
        commit(
            4,
            "Ines Duarte",
            "Correct the datum of three stations\n\nLevelled again in October; see the survey report.",
        ),
        commit(3, "Ines Duarte", "Add the stations below the weir"),
        commit(2, "Tomasz Wójcik", "Replace readings with readings-2026-10.csv"),
        commit(1, "Tomasz Wójcik", "Name the <script>alert(1)</script> station properly"),
        commit(0, "local", "Import gauges from gauges.csv"),
    ]
}

pub fn column(id: u64, name: &str, ty: Type) -> Column {
    Column::new(ColumnId(id), name, ty)
}

pub fn schema() -> Schema {
    Schema {
        columns: vec![
            column(1, "code", Type::Text),
            column(2, "station", Type::Text),
            column(3, "river", Type::Text),
            column(4, "zero_m", Type::Decimal),
            column(5, "since", Type::Date),
            column(6, "telemetry", Type::Boolean),
            column(7, "last_reading", Type::Timestamp),
            column(8, "extra", Type::Json),
        ],
        primary_key: vec![ColumnId(1)],
        generated_key: false,
        description: String::new(),
        checks: Vec::new(),
    }
}

fn values(texts: [&str; 8]) -> Row {
    schema()
        .columns
        .iter()
        .zip(texts)
        .map(|(column, text)| column.ty.parse(text).expect("sample values are valid"))
        .collect()
}

pub fn rows_of_table() -> Vec<RowView> {
    let rows = [
        ["G-001/A", "Upper ford", "Alder", "412.50", "1961-04-01", "true", "2026-11-21T06:00:00Z", ""],
        ["G-002", "Old mill", "Alder", "398.115", "1974-10-12", "true", "2026-11-21T06:00:00Z", r#"{"owner":"mill"}"#],
        ["G-003", "Confluence, left bank", "Alder", "371.2", "1988-01-01", "false", "", ""],
        ["G-004", "<script>alert(1)</script>", "Birch", "365.04", "1990-06-30", "true", "2026-11-20T18:00:00Z", ""],
        ["G-005", "Świętokrzyska bridge", "Birch", "360", "1990-06-30", "true", "2026-11-21T06:00:00Z", ""],
        [
            "G-006",
            "Ferry landing below the second weir, right bank, behind the pumping station",
            "Birch",
            "352.75",
            "",
            "",
            "",
            "",
        ],
    ];
    rows.into_iter()
        .cycle()
        .take(60)
        .enumerate()
        .map(|(index, texts)| {
            let mut cells = values(texts);
            if index >= 6 {
                cells[0] = Value::Text(format!("G-{:03}", index + 1));
            }
            let state = match index {
                1 => RowState::Updated(vec![ColumnId(4), ColumnId(3)]),
                4 => RowState::Inserted,
                _ => RowState::Committed,
            };
            let before = (index == 1).then(|| {
                let mut before = cells.clone();
                before[3] = Type::Decimal.parse("398.1").expect("a decimal");
                before
            });
            RowView {
                key: Key::of_row(&schema(), &cells).expect("the key is complete"),
                key_text: Key::to_text(&schema(), &cells),
                cells,
                state,
                before,
                findings: Vec::new(),
            }
        })
        .collect()
}

pub fn table_summary() -> TableSummary {
    TableSummary { id: TableId(7), name: String::from("gauges"), rows: 1_260, schema: schema() }
}

fn draft_summary() -> DraftSummary {
    DraftSummary { revision: 12, rows: 4, updated_at: NOW, behind: true }
}

pub fn viewed() -> Viewed {
    Viewed {
        kind: ViewedKind::Branch,
        name: String::from("main"),
        reference: None,
        commit: Some(Hash::of(b"newest")),
        may_edit: true,
    }
}

pub fn table_view() -> TableView {
    TableView {
        dataset: dataset(),
        viewed: viewed(),
        table: table_summary(),
        commit: commits().remove(0),
        draft: Some(draft_summary()),
    }
}

/// The table with a check of each severity.
pub fn checked_table() -> TableView {
    let mut view = table_view();
    let schema = &mut view.table.schema;
    let check = |id, name: &str, severity| versioning::schema::Check {
        id: versioning::CheckId(id),
        name: name.to_owned(),
        filter: versioning::schema::Check::stored("station contains \"<script>\"", schema).expect("a filter"),
        severity,
        message: String::from("<script>alert(1)</script>"),
    };
    let checks = vec![check(1, "<script>alert(1)</script>", Severity::Error), check(2, "& odd", Severity::Warning)];
    schema.checks = checks;
    view
}

pub fn found(offset: u64) -> Found {
    let rows = RowPage { schema: schema(), total: 1_260, offset, rows: rows_of_table(), revision: 12 };
    Found { rows, all: 1_260, sorts: vec![], list: String::new() }
}

pub fn found_sorted() -> Found {
    let mut found = found(0);
    found.rows.total = 60;
    let sort = |id, direction| Sort { column: ColumnId(id), direction };
    found.sorts = vec![sort(4, Direction::Descending), sort(1, Direction::Ascending)];
    found.list = String::from("list");
    found
}

pub fn asked(filter: &str, sort: &str, blame: bool) -> Asked {
    let query = Query { filter: filter.to_owned(), sort: sort.to_owned() };
    Asked { here: String::from("/local/river-gauges/tables/gauges"), query, blame }
}

/// The last column was not found; the others come from several commits.
pub fn blame(found: &Found) -> BlameView {
    let commits = commits();
    let columns: Vec<ColumnId> = found.rows.schema.columns.iter().map(|column| column.id).collect();
    let row = |index: usize| {
        let commit = |column: usize| (column < 7).then(|| commits[(index + column) % commits.len()].hash);
        (0..columns.len()).map(commit).collect()
    };
    BlameView {
        rows: (0..found.rows.rows.len()).map(row).collect(),
        columns,
        commits: commits.iter().map(|commit| (commit.hash, commit.clone())).collect(),
        complete: false,
    }
}

/// A row that was added, changed and removed.
pub fn row_history() -> RowHistory {
    let [removed, changed, _, _, added] = <[CommitSummary; 5]>::try_from(commits()).expect("five commits");
    let now = ["G-002", "</textarea><script>alert(1)</script>", "Alder", "398.115", "1974-10-12", "true", "", ""];
    let then = ["G-002", "Old mill", "Alder", "", "1974-10-12", "true", "", ""];
    let state = |commit: CommitSummary, before: Option<[&str; 8]>, after: Option<[&str; 8]>, columns: &[u64]| {
        let (before, after) = (before.map(values), after.map(values));
        let row = after.as_ref().or(before.as_ref()).expect("a change has a side");
        PastRow {
            seen_at: Some((commit.hash, String::from("gauges"))),
            schema_before: before.is_some().then(schema),
            schema_after: after.is_some().then(schema),
            change: RowChange {
                key: Key::of_row(&schema(), row).expect("the key is complete"),
                key_text: Key::to_text(&schema(), row),
                before,
                after,
            },
            columns: columns.iter().map(|id| ColumnId(*id)).collect(),
            commit,
        }
    };
    RowHistory {
        table: table_view(),
        key_text: String::from("G-002"),
        states: vec![
            state(removed, Some(now), None, &[]),
            state(changed, Some(then), Some(now), &[2, 4]),
            state(added, None, Some(then), &[1, 2, 3, 5, 6]),
        ],
        next: Some(String::from("abc")),
    }
}

pub fn row() -> RowView {
    rows_of_table().remove(1)
}

pub fn stale_form(view: &TableView) -> Submitted {
    let columns = &view.table.schema.columns;
    let typed = [
        (pages::row::cell_field(&columns[3]), String::from("12x")),
        (pages::row::cell_field(&columns[1]), String::from("New mill")),
    ];
    let row = row();
    Submitted::new(typed)
        .refused(&Error::Stale {
            message: String::from("Someone changed this row while you were editing it. Nothing was overwritten."),
            cells: vec![StaleCell {
                key: row.key,
                key_text: row.key_text,
                column: Some(columns[1].id),
                column_name: columns[1].name.clone(),
                before: Some(String::from("Old mill")),
                after: Some(String::from("New mill")),
                now: Some(String::from("Burnt mill")),
            }],
            head: Some(commits()[0].hash),
        })
        .with_error(
            pages::row::cell_field(&columns[3]),
            "“12x” is no valid value: not a decimal number, such as 12.50.",
        )
}

pub fn summaries() -> Vec<DatasetSummary> {
    let mut awkward = dataset();
    awkward.path.name = String::from("prices");
    awkward.title = String::from("Prices <script>alert(1)</script> of everything that is sold on the market");
    awkward.description = String::new();
    vec![
        DatasetSummary { dataset: dataset(), tables: 3, rows: 1_048_576, head: Some(commits().remove(0)) },
        DatasetSummary { dataset: awkward, tables: 0, rows: 0, head: None },
    ]
}

pub fn dataset_view() -> DatasetView {
    let mut readings = table_summary();
    readings.id = TableId(8);
    readings.name = String::from("readings");
    readings.rows = 1_047_316;
    readings.schema.primary_key.push(ColumnId(7));
    DatasetView {
        dataset: dataset(),
        viewed: viewed(),
        has_accounts: true,
        watch: Some(hub::Watch::Mine),
        origin: Some(hub::Upstream {
            path: DatasetPath { owner: String::from("ada"), name: String::from("origin") },
            branch: String::from("main"),
            apart: Some((1, 2)),
        }),
        tables: vec![table_summary(), readings],
        commits: commits(),
        draft: Some(draft_summary()),
    }
}

pub fn empty_dataset_view() -> DatasetView {
    DatasetView { tables: vec![], commits: vec![], draft: None, ..dataset_view() }
}

pub fn log() -> LogView {
    LogView { dataset: dataset(), viewed: viewed(), commits: commits(), next: Some(Hash::of(b"next")) }
}

fn change(before: Option<usize>, after: Option<[&str; 8]>) -> RowChange {
    let before = before.map(|index| rows_of_table().remove(index).cells);
    let after = after.map(values);
    let row = after.as_ref().or(before.as_ref()).expect("a change has a side");
    RowChange {
        key: Key::of_row(&schema(), row).expect("the key is complete"),
        key_text: Key::to_text(&schema(), row),
        before,
        after,
    }
}

pub fn changes() -> ChangeSet {
    let mut before = schema();
    before.columns[3].name = String::from("zero");
    before.columns[4].required = true;
    before.columns[7] = column(99, "remark", Type::Text);
    let mut after = schema();
    after.columns[0].target = Some(TableId(9));
    after.columns[1].unique = true;
    after.columns[1].pattern = String::from("[A-Z].*");
    after.columns[7].required = true;
    after.columns[7].description = String::from("what else is known");
    after.columns[2].options = vec![String::from("Alder"), String::from("<script>alert(1)</script>")];
    after.columns[3].default = Type::Decimal.parse("1.5").expect("a decimal");
    let new = ["G-020", "Lower lock", "Birch", "340.5", "2026-10-01", "true", "", ""];
    ChangeSet {
        tables: vec![
            TableChange {
                table: TableDifference {
                    id: TableId(7),
                    name_before: Some(String::from("stations")),
                    name_after: Some(String::from("gauges")),
                    schema: schema_changes(&before, &after),
                    before: Some(before),
                    after: Some(after),
                    rows: (1_260, 1_260),
                },
                changes: vec![
                    change(
                        Some(1),
                        Some([
                            "G-002",
                            "Old mill",
                            "Alder",
                            "398.120",
                            "1974-10-12",
                            "true",
                            "2026-11-21T06:00:00Z",
                            "",
                        ]),
                    ),
                    change(Some(2), None),
                    change(None, Some(new)),
                    change(
                        Some(3),
                        Some([
                            "G-004",
                            "</textarea><script>alert(1)</script>",
                            "",
                            "365.04",
                            "1990-06-30",
                            "true",
                            "2026-11-20T18:00:00Z",
                            r#"{"a":[1,2]}"#,
                        ]),
                    ),
                ],
                next: Some(Key::from_bytes(*b"G-004\0\0")),
            },
            TableChange {
                table: TableDifference {
                    id: TableId(9),
                    name_before: None,
                    name_after: Some(String::from("weirs")),
                    schema: vec![],
                    before: None,
                    after: Some(schema()),
                    rows: (0, 1),
                },
                changes: vec![change(None, Some(new))],
                next: None,
            },
        ],
        names: [(TableId(7), String::from("gauges")), (TableId(9), String::from("weirs"))].into(),
    }
}

pub fn commit_view() -> CommitView {
    CommitView {
        dataset: dataset(),
        commit: commits().remove(0),
        changes: changes(),
        warnings: findings(),
        statuses: statuses(),
    }
}

/// A row that meets a check, and what another system says, with text that wants to be markup.
pub fn findings() -> hub::Findings {
    let finding = |severity| hub::Finding {
        severity,
        table: String::from("gauges"),
        keys: vec![String::from("<i>1</i>"), String::from("2")],
        message: String::from("Row <i>1</i> meets the check “<script>”"),
    };
    hub::Findings { listed: vec![finding(Severity::Error), finding(Severity::Warning)], errors: 1, warnings: 2 }
}

pub fn statuses() -> Vec<hub::StatusView> {
    vec![hub::StatusView {
        context: String::from("<b>ci</b>"),
        state: hub::StatusState::Failure,
        description: String::from("3 totals <script>alert(1)</script>"),
        url: Some(String::from("https://ci.example/1?a=\"b\"")),
        author: String::from("ada"),
        at: 1_790_000_000_000_000,
    }]
}

pub fn draft() -> DraftView {
    let origin = Some(DatasetPath { owner: String::from("ada"), name: String::from("origin") });
    DraftView {
        dataset: dataset(),
        viewed: viewed(),
        summary: Some(draft_summary()),
        origin,
        changes: changes(),
        findings: findings(),
    }
}

pub fn empty_draft() -> DraftView {
    DraftView {
        dataset: dataset(),
        viewed: viewed(),
        summary: None,
        origin: None,
        changes: ChangeSet::default(),
        findings: hub::Findings::default(),
    }
}

pub fn import(state: JobState) -> ImportView {
    let found = |name: &str, ty, complete, unique, samples: &[&str]| FoundColumn {
        name: name.to_owned(),
        ty,
        complete,
        unique,
        increasing: unique,
        samples: samples.iter().map(|sample| (*sample).to_owned()).collect(),
    };
    let inspection = Inspection {
        dialect: Dialect { encoding: String::from("windows-1252"), delimiter: b';', header: true },
        columns: vec![
            found("id", Type::Integer, true, true, &["1", "2", "3"]),
            found(
                "name",
                Type::Text,
                true,
                false,
                &["Alder", "<script>alert(1)</script>", "a long text that goes on and on and on for quite a while"],
            ),
            found("city", Type::Text, false, false, &["Łódź", "São Paulo"]),
            found("price", Type::Decimal, true, false, &["12.50", "0.99"]),
            found("quantity", Type::Integer, true, false, &["1", "12"]),
        ],
        rows: 1_000_000,
        bytes: 40_600_000,
        preview: (1..=20)
            .map(|n| {
                vec![n.to_string(), String::from("Alder"), String::from("Łódź"), format!("{n}.50"), String::from("7")]
            })
            .collect(),
        suggested_key: Some(0),
        problems: vec![],
        problem_count: 0,
    };
    let problems = vec![
        Problem {
            line: 7,
            column: Some(String::from("price")),
            value: String::from("12,5o"),
            reason: String::from("not a decimal number, such as 12.50"),
        },
        Problem {
            line: 1_024,
            column: None,
            value: String::from("7;<script>alert(1)</script>"),
            reason: String::from("2 fields where 5 were expected"),
        },
    ];
    let is_failed = state == JobState::Failed;
    ImportView {
        id: Uuid::nil(),
        dataset: dataset().path,
        request: ImportRequest {
            branch: String::from("main"),
            table: String::from("prices"),
            mode: ImportMode::Create,
            file_name: String::from("prices 2026.csv"),
            size: Some(40_600_000),
            unattended: false,
            key: vec![],
            message: String::new(),
        },
        state,
        phase: ImportPhase::Importing,
        rows: 412_000,
        bytes: 16_700_000,
        total_bytes: Some(40_600_000),
        rate: 611_000,
        inspection: Some(inspection),
        choice: None,
        problems: if is_failed { problems } else { vec![] },
        problem_count: if is_failed { 3_141 } else { 0 },
        error: is_failed.then(|| String::from("3,141 values do not fit the types of their columns.")),
        commit: Some(Hash::of(b"import")),
        imported_rows: 1_000_000,
        created_at: NOW,
    }
}

pub fn system() -> SystemView {
    let component = |name: &str, role: &str, state, facts: &[(&'static str, &str)]| Component {
        name: name.to_owned(),
        role: role.to_owned(),
        state,
        facts: facts.iter().map(|(label, value)| Fact { label, value: (*value).to_owned() }).collect(),
    };
    SystemView {
        version: "0.1.0",
        processes: vec![
            component(
                "Back end",
                "answers people and programs",
                ComponentState::Healthy,
                &[("Process", "4711"), ("Memory", "84.0 MB"), ("Running for", "3 d 4 h")],
            ),
            component("Service import", "import into local/prices", ComponentState::Idle, &[]),
        ],
        apis: vec![component("Pages and forms", "HTML for browsers", ComponentState::Healthy, &[])],
        stores: vec![
            component(
                "Versioned data",
                "chunks, commits and refs",
                ComponentState::Healthy,
                &[("Chunks", "12044"), ("Directory", "/home/somebody/.local/share/anabranch/with/a/long/path/to/it")],
            ),
            component(
                "Unversioned data",
                "drafts and jobs",
                ComponentState::Failing,
                &[("Fault", "<script>alert(1)</script>")],
            ),
        ],
        reclaiming: Some(ReclaimView {
            running: None,
            last: Some(ReclaimRecord {
                ended_at: NOW,
                reclaimed: Reclaimed { reachable: 12_044, commits: 3, chunks: 1_234, bytes: 14_800_000 },
                error: None,
            }),
            kept: Duration::from_secs(14 * 24 * 3600),
        }),
    }
}

pub fn past() -> Viewed {
    let name = String::from("main@2026-01-01T00:00:00Z");
    Viewed { kind: ViewedKind::Past, reference: Some(name.clone()), name, ..viewed() }
}

pub fn refs() -> RefsView {
    let summary = |name: &str, apart: Option<(u64, u64)>| RefSummary {
        name: name.to_owned(),
        is_default: apart.is_none(),
        head: commits().remove(0),
        apart,
    };
    RefsView {
        dataset: dataset(),
        branches: vec![summary("main", None), summary("fix/names", Some((2, 1)))],
        tags: vec![RefSummary { is_default: false, ..summary("v1.0", None) }],
    }
}

pub fn comparison() -> CompareView {
    CompareView {
        dataset: dataset(),
        from: viewed(),
        to: past(),
        base: Some(Hash::of(b"base")),
        against: Against::Base,
        apart: Some((3, 2)),
        changes: changes(),
    }
}
