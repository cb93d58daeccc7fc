//! Runs the cases of `merge-cases.json`, each also with the sides swapped. The file says what its cases mean.

mod common;

use std::collections::BTreeMap;

use common::Memory;
use serde_json::{Value as Json, json};
use versioning::{
    Column, ColumnId, Hash, Key, Object, ObjectSource, Root, Row, Schema, TableEntry, TableId, Type, Value,
    merge::{
        Choice, Conflict, ConflictKind, Fix, Found, Merged, Options, Resolutions, RowCells, RowFix, Rule, Scope,
        ScopeRule, Side, Sides, Violation, merge,
    },
};

const DEFAULT: [&str; 3] = ["1:id integer key", "2:a text", "3:b integer"];

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} should be text"))
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap_or_else(|| panic!("{json} should be a list"))
}

fn cell(ty: Type, json: &Json) -> Value {
    let text = match json {
        Json::Null => return Value::Null,
        // Text and json know an empty text; elsewhere it would be null.
        Json::String(text) if ty == Type::Text => return Value::Text(text.clone()),
        json if ty == Type::Json => json.to_string(),
        Json::String(text) => text.clone(),
        json => json.to_string(),
    };
    ty.parse(&text).unwrap_or_else(|error| panic!("{text} is no {ty}: {error}"))
}

fn column(spec: &str) -> (Column, bool) {
    let mut words = spec.split(' ');
    let (id, name) = words.next().and_then(|word| word.split_once(':')).expect("id:name");
    let ty: Type = words.next().expect("a type").parse().expect("a type");
    let mut column = Column::new(ColumnId(id.parse().expect("a number")), name, ty);
    let mut is_key = false;
    for word in words {
        let value = |text: &str| ty.parse(text).expect("a value of the type");
        match word.split_once('=').unwrap_or((word, "")) {
            ("key", _) => is_key = true,
            ("required", _) => column.required = true,
            ("unique", _) => column.unique = true,
            ("default", text) => column.default = value(text),
            ("fill", text) => column.fill = value(text),
            ("min", text) => column.minimum = value(text),
            ("max", text) => column.maximum = value(text),
            ("pattern", text) => column.pattern = text.to_owned(),
            ("description", text) => column.description = text.to_owned(),
            ("target", text) => column.target = Some(TableId(text.parse().expect("a number"))),
            ("options", text) => column.options = text.split(',').map(str::to_owned).collect(),
            (other, _) => panic!("{other}?"),
        }
    }
    (column, is_key)
}

fn schema(specs: &[String], description: &str) -> Schema {
    let columns: Vec<(Column, bool)> = specs.iter().map(|spec| column(spec)).collect();
    let schema = Schema {
        primary_key: columns.iter().filter(|(_, is_key)| *is_key).map(|(column, _)| column.id).collect(),
        columns: columns.into_iter().map(|(column, _)| column).collect(),
        generated_key: false,
        description: description.to_owned(),
        checks: Vec::new(),
    };
    assert_eq!(schema.validate(), Ok(()));
    schema
}

/// One case, with a store for its states.
struct Case<'c> {
    case: &'c Json,
    columns: Vec<String>,
    memory: Memory,
}

impl Case<'_> {
    fn state(&mut self, state: &Json) -> Root {
        let tables = match state {
            Json::Null => json!({}),
            Json::Array(_) => json!({"1:t": {"rows": state}}),
            Json::Object(object) => match object.get("tables") {
                Some(tables) => tables.clone(),
                None => json!({format!("1:{}", object.get("name").map_or("t", text)): state}),
            },
            other => panic!("{other} is no state"),
        };
        let mut root = Root::default();
        for (name, table) in tables.as_object().expect("tables by name") {
            let (id, name) = name.split_once(':').expect("id:name");
            let specs = table.get("columns").map_or_else(
                || self.columns.clone(),
                |columns| list(columns).iter().map(|spec| text(spec).to_owned()).collect(),
            );
            let schema = schema(&specs, table.get("description").map_or("", text));
            let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
            for row in list(&table["rows"]) {
                assert_eq!(list(row).len(), schema.columns.len(), "{row} has a cell for each column");
                let row: Row =
                    schema.columns.iter().zip(list(row)).map(|(column, json)| cell(column.ty, json)).collect();
                let key = Key::of_row(&schema, &row).expect("a key");
                assert!(rows.insert(key, row).is_none(), "two rows of one key");
            }
            let tree = self.memory.build(&schema, &rows);
            let bytes = Object::Schema(schema).encode();
            let hash = Hash::of(&bytes);
            self.memory.chunks.insert(hash, bytes);
            let entry = TableEntry { name: name.to_owned(), schema: hash, tree };
            root.tables.insert(TableId(id.parse().expect("a number")), entry);
        }
        root
    }

    fn key(&self, root: &Root, table: TableId, text: &str) -> Option<Key> {
        let source: &dyn ObjectSource = &self.memory;
        Key::from_text(&source.schema(root.tables.get(&table)?.schema).expect("a schema"), text).ok()
    }
}

/// A readable picture of a state, to compare.
fn picture(memory: &Memory, root: &Root) -> Json {
    let source: &dyn ObjectSource = memory;
    let tables = root.tables.iter().map(|(id, entry)| {
        let schema = source.schema(entry.schema).expect("a schema");
        let rows = memory.all(&schema, entry.tree).into_iter().map(|(_, row)| json!(row));
        (format!("{}:{}", id.0, entry.name), json!({"schema": schema, "rows": rows.collect::<Vec<_>>()}))
    });
    Json::Object(tables.collect())
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Json(json) => serde_json::from_str(json.as_str()).expect("json"),
        other => json!(other.to_string()),
    }
}

fn optional(value: Option<&Value>) -> Json {
    value.map_or(json!("(none)"), plain)
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Ours => "ours",
        Side::Theirs => "theirs",
    }
}

fn name(value: impl serde::Serialize) -> Json {
    serde_json::to_value(value).expect("a name")
}

fn describe(conflict: &Conflict, key_text: &dyn Fn(TableId, &Key) -> String) -> Json {
    match conflict {
        Conflict::Cell { table, key, column, base, ours, theirs, convert_to } => {
            let values = [base, ours, theirs].map(|value| optional(value.as_ref()));
            let [base, ours, theirs] = values;
            let mut described = json!({"cell": [key_text(*table, key), column.0, base, ours, theirs]});
            if convert_to.is_some() {
                described["convert"] = json!(true);
            }
            described
        }
        Conflict::Row { table, key, deleted_by, .. } => json!({"row": [key_text(*table, key), side(*deleted_by)]}),
        Conflict::Column { column, dropped_by, edits, .. } => json!({"column": [column.0, side(*dropped_by), edits]}),
        Conflict::Property { column, property, base, ours, theirs, .. } => {
            let text = |value: &Value| json!(value.to_string());
            json!({"property": [column.0, name(property), base.as_ref().map_or(json!("(none)"), text), text(ours), text(theirs)]})
        }
        Conflict::ColumnNames { name, .. } => json!({"column_names": [name]}),
        Conflict::Check { name, property, ours, theirs, .. } => json!({"check": [name, property, ours, theirs]}),
        Conflict::PrimaryKey { .. } => json!({"primary_key": []}),
        Conflict::Table { table, dropped_by, .. } => json!({"table": [table.0, side(*dropped_by)]}),
        Conflict::TableProperty { table, property, base, ours, theirs } => {
            json!({"table_property": [table.0, name(property), base, ours, theirs]})
        }
        Conflict::TableNames { name, .. } => json!({"table_names": [name]}),
    }
}

fn describe_violation(violation: &Violation, key_text: &dyn Fn(TableId, &Key) -> String) -> Json {
    let keys: Vec<String> = violation.rows.iter().map(|(key, _)| key_text(violation.table, key)).collect();
    match violation.rule {
        Rule::Cell { column } => json!({"cell": [column.0, keys[0]]}),
        Rule::Unique { column } => json!({"unique": [column.0, keys]}),
        Rule::Link { column, .. } => json!({"link": [column.0, keys.first()]}),
        Rule::Check { .. } => json!({"check": keys}),
        Rule::Key => json!({"key": keys}),
        Rule::Schema => json!({"schema": []}),
    }
}

fn swapped_word(word: &Json) -> Json {
    match word.as_str() {
        Some("ours") => json!("theirs"),
        Some("theirs") => json!("ours"),
        _ => word.clone(),
    }
}

fn swapped(described: &Json) -> Json {
    let mut described = described.clone();
    for (name, place) in [("cell", 3), ("property", 3), ("table_property", 3)] {
        if let Some(list) = described.get_mut(name).and_then(Json::as_array_mut).filter(|list| list.len() == 5) {
            list.swap(place, place + 1);
        }
    }
    for (name, place) in [("row", 1), ("column", 1), ("table", 1)] {
        if let Some(word) = described.get_mut(name).and_then(|list| list.get_mut(place)) {
            *word = swapped_word(word);
        }
    }
    described
}

fn choice(json: &Json, columns: &dyn Fn() -> Option<Type>) -> Choice {
    match json {
        Json::String(word) => match word.as_str() {
            "ours" => Choice::Ours,
            "theirs" => Choice::Theirs,
            "base" => Choice::Base,
            "combine" => Choice::Combine,
            "keep" => Choice::Keep,
            "delete" => Choice::Delete,
            other => panic!("{other}?"),
        },
        json => Choice::Value(match (&json["value"], columns()) {
            (Json::String(text), _) => Value::Text(text.clone()),
            (value, Some(ty)) => cell(ty, value),
            (value, None) => Value::Integer(value.as_i64().expect("a number")),
        }),
    }
}

fn rules(case: &Json, is_swapped: bool) -> Vec<ScopeRule> {
    let Some(rules) = case.get("rules") else { return Vec::new() };
    let rule = |rule: &Json| {
        let kind: Option<ConflictKind> =
            rule.get("kind").map(|kind| serde_json::from_value(kind.clone()).expect("a kind"));
        let number = |name: &str| rule.get(name).and_then(Json::as_u64);
        let word = if is_swapped { swapped_word(&rule["choice"]) } else { rule["choice"].clone() };
        let scope = Scope { table: number("table").map(TableId), column: number("column").map(ColumnId), kind };
        ScopeRule { scope, choice: choice(&word, &|| None) }
    };
    list(rules).iter().map(rule).collect()
}

fn fix(case: &Case<'_>, merged_like: &Root) -> Option<Fix> {
    let rows = list(case.case.get("fix")?).iter().map(|row| {
        let table = TableId(row.get("table").and_then(Json::as_u64).unwrap_or(1));
        let source: &dyn ObjectSource = &case.memory;
        let schema = source.schema(merged_like.tables[&table].schema).expect("a schema");
        let key = case.key(merged_like, table, text(&row["key"])).expect("a key");
        let fix = match row.get("set") {
            None => RowFix::Delete,
            Some(cells) => RowFix::Set(
                cells
                    .as_object()
                    .expect("cells by column")
                    .iter()
                    .map(|(id, value)| {
                        let id = ColumnId(id.parse().expect("a number"));
                        (id, cell(schema.column(id).expect("a column").ty, value))
                    })
                    .collect::<RowCells>(),
            ),
        };
        (table, key, fix)
    });
    Some(Fix { rows: rows.collect() })
}

fn run(json: &Json, is_swapped: bool) {
    let columns = json.get("columns").map_or_else(
        || DEFAULT.map(str::to_owned).to_vec(),
        |columns| list(columns).iter().map(|spec| text(spec).to_owned()).collect(),
    );
    let mut case = Case { case: json, columns, memory: Memory::default() };
    let base = case.state(&json["base"]);
    let (mut ours, mut theirs) = (case.state(&json["ours"]), case.state(&json["theirs"]));
    if is_swapped {
        std::mem::swap(&mut ours, &mut theirs);
    }
    let combine = json.get("combine").and_then(Json::as_bool).unwrap_or(false);
    let options = Options { combine: combine.then_some(TableId(1)).into_iter().collect(), ..Options::default() };
    let mut resolutions = Resolutions { rules: rules(json, is_swapped), ..Resolutions::default() };
    let expected = json.get("merged").map(|state| case.state(state));
    let fix = expected.as_ref().and_then(|expected| fix(&case, expected));
    let sides = Sides { base: &base, ours: &ours, theirs: &theirs };
    let (merged, conflicts, violations) = loop {
        let mut conflicts = Vec::new();
        let mut violations = Vec::new();
        let mut writes = common::Writes(Vec::new());
        let merged = merge(&case.memory, &mut writes, sides, &options, &resolutions, &mut |found| match found {
            Found::Conflict(conflict, None) => conflicts.push(conflict),
            Found::Violation(violation, None) => violations.push(violation),
            Found::Conflict(..) | Found::Violation(..) => {}
        })
        .expect("all chunks are there");
        case.memory.chunks.extend(writes.0);
        let before = resolutions.violations.len();
        for (violation, fix) in violations.iter().zip(fix.iter().cycle()) {
            resolutions.violations.entry(violation.id()).or_insert_with(|| fix.clone());
        }
        if resolutions.violations.len() == before {
            break (merged, conflicts, violations);
        }
    };
    let Merged { root, stats, .. } = merged;
    assert_eq!(stats.open_conflicts, conflicts.len() as u64);
    assert_eq!(stats.open_violations, violations.len() as u64);
    let source: &dyn ObjectSource = &case.memory;
    let key_text = |table: TableId, key: &Key| -> String {
        // The text of a key that is known by its bytes alone: that of the row that has it.
        for root in [&ours, &theirs, &base] {
            let Some(entry) = root.tables.get(&table).or_else(|| root.tables.values().next()) else { continue };
            let schema = source.schema(entry.schema).expect("a schema");
            if let Some(row) = entry.tree.get(source, &schema, key).expect("all chunks are there") {
                return Key::to_text(&schema, &row);
            }
        }
        // Or, where the key changed, that of the row that would have it.
        let roots = [&ours, &theirs, &base];
        let schemas =
            roots.map(|root| root.tables.get(&table).map(|entry| source.schema(entry.schema).expect("a schema")));
        for (new, root) in schemas.iter().flatten().flat_map(|schema| roots.map(|root| (schema, root))) {
            let Some(entry) = root.tables.get(&table) else { continue };
            let old = source.schema(entry.schema).expect("a schema");
            for (_, row) in case.memory.all(&old, entry.tree) {
                let cell = |column: &Column| old.position(column.id).map_or(Value::Null, |place| row[place].clone());
                let row: Row = new.columns.iter().map(cell).collect();
                if Key::of_row(new, &row).as_ref() == Ok(key) {
                    return Key::to_text(new, &row);
                }
            }
        }
        format!("{key:?}")
    };
    let orient = |described: &Json| if is_swapped { swapped(described) } else { described.clone() };
    let sorted = |mut list: Vec<Json>| {
        list.sort_by_key(Json::to_string);
        list
    };
    let expect = |name: &str| {
        let expected = json.get(name).map_or(&[][..], |expected| list(expected));
        sorted(
            expected
                .iter()
                .map(|described| if name == "conflicts" { orient(described) } else { described.clone() })
                .collect(),
        )
    };
    let conflicts = sorted(conflicts.iter().map(|conflict| describe(conflict, &key_text)).collect());
    let violations: Vec<Json> =
        sorted(violations.iter().map(|violation| describe_violation(violation, &key_text)).collect());
    assert_eq!(conflicts, expect("conflicts"), "conflicts");
    assert_eq!(violations, expect("violations"), "violations");
    assert_eq!(
        root.as_ref().map(|root| picture(&case.memory, root)),
        expected.as_ref().map(|root| picture(&case.memory, root)),
        "merged state"
    );
    if let (Some(root), Some(expected)) = (&root, &expected) {
        assert_eq!(root, expected, "rule T1: the trees are those of a fresh build");
    }
}

#[test]
fn every_case_holds_from_both_sides() {
    // Compiled in: WebAssembly has no files.
    let file: Json = serde_json::from_str(include_str!("merge-cases.json")).expect("JSON");
    let cases = list(&file["cases"]);
    let mut names = std::collections::BTreeSet::new();
    let mut failed = Vec::new();
    for case in cases {
        let title = format!("{} {}", text(&case["rule"]), text(&case["name"]));
        assert!(names.insert(title.clone()), "two cases are named “{title}”");
        for is_swapped in [false, true] {
            if is_swapped && case.get("one_way").is_some() {
                continue;
            }
            if cfg!(not(feature = "pattern")) && case.to_string().contains("pattern=") {
                continue;
            }
            let outcome = std::panic::catch_unwind(|| run(case, is_swapped));
            if outcome.is_err() {
                failed.push(format!("{title}{}", if is_swapped { " (swapped)" } else { "" }));
            }
        }
    }
    assert!(failed.is_empty(), "{} of {} fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
    for rule in 1..=18 {
        let has = cases.iter().any(|case| case["rule"] == json!(format!("M{rule}")));
        assert!(has, "no case is about M{rule}");
    }
}
