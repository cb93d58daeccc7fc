//! Changes of rows, and cells and keys from JSON.

use serde_json::{Map, Value as Json};
use uuid::Uuid;
use versioning::{Column, Key, Row, Schema, Type, Value};

use super::bench::{Bench, Opened, Trouble, escape, refuse};

impl Bench<'_> {
    pub(super) fn row(&self, table: &Opened, key: &Key) -> Result<Option<Row>, Trouble> {
        match self.rows.get(&table.id).and_then(|rows| rows.get(key)) {
            Some(waiting) => Ok(waiting.row.clone()),
            None => Ok(table.tree.get(self.desk, &table.schema, key)?),
        }
    }

    pub(super) fn insert(&mut self, table: &str, values: &Map<String, Json>) -> Result<(), Trouble> {
        let table = self.open(table)?;
        let mut row: Row = table.schema.columns.iter().map(|column| column.default.clone()).collect();
        self.fill(&table.schema, &mut row, values)?;
        if table.schema.generated_key {
            let position = table.schema.key_positions()[0];
            if row[position].is_null() {
                row[position] = Value::Uuid(Uuid::now_v7());
            }
        }
        let key = match Key::of_row(&table.schema, &row) {
            Ok(key) => key,
            Err(error) => return refuse("values", format!("{error}.")),
        };
        if self.row(&table, &key)?.is_some() {
            let text = Key::to_text(&table.schema, &row);
            return refuse("values", format!("There is a row with the key “{text}” already."));
        }
        self.wait(table.id, key, Some(row));
        Ok(())
    }

    pub(super) fn update(&mut self, table: &Opened, key: Key, values: &Map<String, Json>) -> Result<(), Trouble> {
        let Some(mut row) = self.row(table, &key)? else { return refuse("key", "There is no row with this key.") };
        self.fill(&table.schema, &mut row, values)?;
        let new_key = match Key::of_row(&table.schema, &row) {
            Ok(key) => key,
            Err(error) => return refuse("values", format!("{error}.")),
        };
        if new_key != key {
            if self.row(table, &new_key)?.is_some() {
                let text = Key::to_text(&table.schema, &row);
                return refuse("values", format!("There is a row with the key “{text}” already."));
            }
            self.wait(table.id, key, None);
        }
        self.wait(table.id, new_key, Some(row));
        Ok(())
    }

    fn fill(&self, schema: &Schema, row: &mut Row, values: &Map<String, Json>) -> Result<(), Trouble> {
        for (name, json) in values {
            let place = || format!("values/{}", escape(name));
            let Some(column) = schema.column_named(name) else {
                return refuse(place(), format!("There is no column “{name}”."));
            };
            let Some(position) = schema.position(column.id) else { continue };
            match value_of(column.ty, json) {
                Ok(value) => row[position] = self.canonical(column, value)?,
                Err(reason) => return refuse(place(), format!("This can't stand in “{name}”: {reason}.")),
            }
        }
        Ok(())
    }

    /// Links are kept in the one form that their target's key has.
    fn canonical(&self, column: &Column, value: Value) -> Result<Value, Trouble> {
        let (Value::Link(link), Some(target)) = (&value, column.target) else { return Ok(value) };
        let Some(entry) = self.root.tables.get(&target) else { return Ok(value) };
        let schema = self.objects().schema(entry.schema)?;
        match link.canonical(&schema) {
            Ok(link) => Ok(Value::Link(link)),
            Err(error) => refuse(format!("values/{}", escape(&column.name)), format!("{error}.")),
        }
    }
}

/// A cell's value from JSON: numbers, booleans, null, text as people write the type, an array of texts for tags, and any
/// JSON for json.
///
/// # Errors
/// Why it can't be read, without a full stop.
pub fn value_of(ty: Type, json: &Json) -> Result<Value, String> {
    let parse = |text: &str| ty.parse(text).map_err(|error| error.to_string());
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Json, json) => parse(&json.to_string()),
        (Type::Text, Json::String(text)) if text.len() <= versioning::value::MAX_CELL => Ok(Value::Text(text.clone())),
        (Type::Tags, Json::Array(tags)) => {
            let texts: Option<Vec<&str>> = tags.iter().map(Json::as_str).collect();
            let texts = texts.ok_or("tags are texts")?;
            Ok(versioning::value::Tags::new(texts).map_or(Value::Null, Value::Tags))
        }
        (_, Json::String(text)) if text.is_empty() => Err("the text is empty; null stands for nothing".to_owned()),
        (_, Json::String(text)) => parse(text),
        (_, Json::Number(number)) => parse(&number.to_string()),
        (Type::Boolean, Json::Bool(value)) => Ok(Value::Boolean(*value)),
        (_, Json::Bool(_)) => Err(format!("a boolean is no {ty}")),
        (_, Json::Array(_) | Json::Object(_)) => Err(format!("an array or object is no {ty}")),
    }
}

/// The key that a request means.
pub(super) fn key_of(schema: &Schema, json: &Json) -> Result<Key, Trouble> {
    let columns: Vec<&Column> = schema.primary_key.iter().filter_map(|id| schema.column(*id)).collect();
    let cells: Vec<&Json> = match json {
        Json::String(text) => {
            return match Key::from_text(schema, text) {
                Ok(key) => Ok(key),
                Err(error) => refuse("key", format!("{error}.")),
            };
        }
        Json::Array(values) => values.iter().collect(),
        Json::Object(values) => {
            let found: Option<Vec<&Json>> = columns.iter().map(|column| values.get(&column.name)).collect();
            match found {
                Some(found) => found,
                None => return refuse("key", "Not all columns of the primary key are there."),
            }
        }
        single => vec![single],
    };
    if cells.len() != columns.len() {
        return refuse("key", format!("The primary key has {} columns.", columns.len()));
    }
    let mut row: Row = vec![Value::Null; schema.columns.len()];
    for (column, json) in columns.iter().zip(cells) {
        let Some(position) = schema.position(column.id) else { continue };
        match value_of(column.ty, json) {
            Ok(value) => row[position] = value,
            Err(reason) => return refuse("key", format!("“{}”: {reason}.", column.name)),
        }
    }
    match Key::of_row(schema, &row) {
        Ok(key) => Ok(key),
        Err(error) => refuse("key", format!("{error}.")),
    }
}
