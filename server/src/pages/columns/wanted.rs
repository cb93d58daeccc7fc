//! What a form of the page asks for, as changes: what differs from what the person saw, and nothing else.

use app::{
    form::Submitted,
    pages::columns::{View, address, form::shown},
};
use hub::{Change, Error, FieldError, NewColumn, Properties};
use serde_json::Value as Json;
use versioning::{
    Column, ColumnId, Type, Value,
    schema::{ColumnError, ValueProperty, is_name},
};

/// A change, and the field of the form that it comes from.
type Step = (Change, &'static str);

/// The fields that a new column has in the form as well as for the hub.
pub(super) const FIELDS: [&str; 9] =
    ["name", "type", "target", "options", "description", "default", "minimum", "maximum", "pattern"];

/// What is to be committed, and where the form leads then.
pub(super) struct Wanted {
    pub(super) message: String,
    pub(super) steps: Vec<Step>,
    /// The field at which is told what stands against the whole.
    pub(super) rest: &'static str,
    pub(super) leads_to: String,
}

/// What the form asks for. `view` is what the person saw, `dataset` the address of the dataset in the state.
pub(super) fn of(view: &View, dataset: &str, form: &Submitted) -> Result<Wanted, Error> {
    let table = &view.table.table;
    let name = table.name.clone();
    let here = address(dataset, &name);
    let wanted = |message: String, steps: Vec<Step>, rest: &'static str| Wanted {
        message: Some(form.or("why", "").trim()).filter(|why| !why.is_empty()).map_or(message, str::to_owned),
        steps,
        rest,
        leads_to: here.clone(),
    };
    let old = form.or("old", "");
    match form.or("what", "").as_str() {
        "add" => {
            let column = column(view, None, form)?;
            let message = format!("Add the column “{}” to “{name}”", column.name);
            let step = (added(view, &column, position(form)?), "default");
            Ok(wanted(message, vec![step], "why"))
        }
        "change" => {
            let missing = || Error::invalid("name", format!("There is no column “{old}”."));
            let found = table.schema.column_named(&old).ok_or_else(missing)?;
            let new = column(view, Some(found), form)?;
            let place = position(form)?.filter(|place| table.schema.position(found.id) != Some(*place));
            let rest = if is_of_new_type(found, &new) { "type" } else { "why" };
            let message = format!("Change the column “{old}” of “{name}”");
            Ok(wanted(message, changed(view, found, &new, place), rest))
        }
        "drop" => {
            let message = format!("Drop the column “{old}” of “{name}”");
            Ok(wanted(message, vec![(Change::DropColumn { table: name.clone(), column: old }, "drop")], "drop"))
        }
        "table" => Ok(of_table(view, dataset, form)),
        "drop-table" if form.or("confirm", "").trim() != name => {
            Err(Error::invalid("confirm", format!("Type {name} to drop it.")))
        }
        "drop-table" => {
            let message = format!("Drop the table “{name}”");
            let step = (Change::DropTable { table: name.clone() }, "confirm");
            Ok(Wanted { leads_to: dataset.to_owned(), ..wanted(message, vec![step], "confirm") })
        }
        _ => Err(Error::NotFound { what: "such form".to_owned() }),
    }
}

/// The table's name and description, as far as they are others.
fn of_table(view: &View, dataset: &str, form: &Submitted) -> Wanted {
    let table = &view.table.table;
    let name = form.or("table-name", &table.name).trim().to_owned();
    let description = lines(&form.or("table-description", &table.schema.description));
    let mut steps: Vec<Step> = Vec::new();
    if description != lines(&table.schema.description) {
        steps.push((Change::DescribeTable { table: table.name.clone(), description }, "table-description"));
    }
    let mut message = format!("Describe the table “{}”", table.name);
    if name != table.name {
        message = format!("Rename the table “{}” to “{name}”", table.name);
        steps.push((Change::RenameTable { table: table.name.clone(), name: name.clone() }, "table-name"));
    }
    let why = form.or("table-why", "").trim().to_owned();
    Wanted {
        message: if why.is_empty() { message } else { why },
        steps,
        rest: "table-why",
        leads_to: address(dataset, &name),
    }
}

/// The column as the form has it.
fn column(view: &View, old: Option<&Column>, form: &Submitted) -> Result<Column, Error> {
    let schema = &view.table.table.schema;
    let ty: Type = form.or("type", "").parse().map_err(|_| Error::invalid("type", "Choose a type."))?;
    let text = |field: &str| {
        let typed = lines(&form.or(field, ""));
        match old.map(|old| (old.ty, shown(old, field))) {
            // What was there for the old type and was left is not meant for one that has no such thing.
            Some((was, first)) if lines(&first) == typed => {
                if was != ty && !suits(field, ty) {
                    String::new()
                } else {
                    first
                }
            }
            _ => typed,
        }
    };
    let mut wrong = Vec::new();
    let mut tell = |field: &str, message: String| wrong.push(FieldError { field: field.to_owned(), message });
    let mut column = Column::new(old.map_or(ColumnId(0), |old| old.id), form.or("name", "").trim().to_owned(), ty);
    if !is_name(&column.name) {
        tell("name", "A name has 1 to 200 characters and no control characters.".to_owned());
    }
    if schema.column_named(&column.name).is_some_and(|found| found.id != column.id) {
        tell("name", format!("There is a column “{}” already.", column.name));
    }
    for (field, value) in
        [("default", &mut column.default), ("minimum", &mut column.minimum), ("maximum", &mut column.maximum)]
    {
        let text = text(field);
        match ty.parse(&text) {
            Ok(parsed) => *value = parsed,
            Err(error) => tell(field, format!("“{text}” is no valid value: {error}.")),
        }
    }
    column.required = match old {
        Some(old) if schema.is_key(old.id) => old.required,
        _ => form.ticked("required", false),
    };
    column.unique = form.ticked("unique", false);
    column.pattern = text("pattern");
    column.description = text("description");
    column.options =
        text("options").lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if ty == Type::Link {
        let name = form.or("target", "");
        column.target = view.tables.iter().find(|(_, found)| *found == name).map(|(id, _)| *id);
    }
    if let Err(error) = column.validate() {
        tell(field_of(&error), sentence(&error));
    }
    if wrong.is_empty() { Ok(column) } else { Err(Error::Invalid { fields: wrong }) }
}

/// Whether columns of the type can have what the field asks for.
fn suits(field: &str, ty: Type) -> bool {
    match field {
        "options" => matches!(ty, Type::Choice | Type::Tags),
        "pattern" => ty == Type::Text,
        "minimum" | "maximum" => ty.is_ordered(),
        _ => true,
    }
}

fn field_of(error: &ColumnError) -> &'static str {
    match error {
        ColumnError::WrongType { property, .. }
        | ColumnError::TooLarge { property }
        | ColumnError::NoOrder { property, .. } => match property {
            ValueProperty::Fill | ValueProperty::Default => "default",
            ValueProperty::Minimum => "minimum",
            ValueProperty::Maximum => "maximum",
        },
        ColumnError::EmptyRange { .. } => "maximum",
        ColumnError::NoPattern { .. } | ColumnError::Pattern(_) => "pattern",
        ColumnError::MissingOptions
        | ColumnError::NoOptions { .. }
        | ColumnError::OptionCount { .. }
        | ColumnError::Option { .. }
        | ColumnError::DuplicateOption { .. } => "options",
        ColumnError::MissingTarget | ColumnError::NoTarget { .. } => "target",
        ColumnError::Default(_) => "default",
        ColumnError::Description => "description",
    }
}

/// The place that was chosen among the other columns.
fn position(form: &Submitted) -> Result<Option<usize>, Error> {
    let place = form.value("place").map(str::parse).transpose();
    place.map_err(|_| Error::invalid("place", "Choose a place."))
}

fn added(view: &View, column: &Column, position: Option<usize>) -> Change {
    let properties = Properties {
        required: Some(column.required),
        unique: Some(column.unique),
        default: Some(json(&column.default)),
        minimum: Some(json(&column.minimum)),
        maximum: Some(json(&column.maximum)),
        pattern: Some(column.pattern.clone()),
        options: Some(column.options.clone()),
        description: Some(column.description.clone()),
    };
    let column = NewColumn {
        name: column.name.clone(),
        ty: column.ty.name().to_owned(),
        target: column.target.and_then(|target| view.name_of(target)).map(str::to_owned),
        properties,
    };
    Change::AddColumn { table: view.table.table.name.clone(), column, position }
}

fn is_of_new_type(old: &Column, new: &Column) -> bool {
    old.ty != new.ty || old.target != new.target
}

/// What makes the new column of the old one. What would be in the way on the way is taken off first: a bound below the
/// other one that comes later, a default of the old type.
fn changed(view: &View, old: &Column, new: &Column, place: Option<usize>) -> Vec<Step> {
    let (table, column) = (view.table.table.name.clone(), old.name.clone());
    let set = |(set, field)| (Change::SetColumn { table: table.clone(), column: column.clone(), set }, field);
    let is_of_new_type = is_of_new_type(old, new);
    let mut now = old.clone();
    now.required &= new.required;
    now.unique &= new.unique;
    for (now, new) in
        [(&mut now.default, &new.default), (&mut now.minimum, &new.minimum), (&mut now.maximum, &new.maximum)]
    {
        if is_of_new_type || now != new {
            *now = Value::Null;
        }
    }
    if is_of_new_type || now.pattern != new.pattern {
        now.pattern.clear();
    }
    let mut steps: Vec<Step> = differences(old, &now).into_iter().map(set).collect();
    if is_of_new_type {
        let target = new.target.and_then(|target| view.name_of(target)).map(str::to_owned);
        let (table, column, options) = (table.clone(), column.clone(), new.options.clone());
        steps.push((Change::RetypeColumn { table, column, ty: new.ty, options, target }, "type"));
        now.options.clone_from(&new.options);
    }
    steps.extend(differences(&now, new).into_iter().map(set));
    if let Some(position) = place {
        steps.push((Change::MoveColumn { table: table.clone(), column: column.clone(), position }, "place"));
    }
    if new.name != old.name {
        steps.push((Change::RenameColumn { table, column, name: new.name.clone() }, "name"));
    }
    steps
}

/// The properties that differ, one by one, each with its field: what is refused is told there.
fn differences(from: &Column, to: &Column) -> Vec<(Properties, &'static str)> {
    let none = Properties::default;
    let value = |from: &Value, to: &Value| (from != to).then(|| json(to));
    let options = (from.options != to.options).then(|| to.options.clone());
    let pattern = (from.pattern != to.pattern).then(|| to.pattern.clone());
    let description = (from.description != to.description).then(|| to.description.clone());
    let all = [
        (Properties { options, ..none() }, "options"),
        (Properties { minimum: value(&from.minimum, &to.minimum), ..none() }, "minimum"),
        (Properties { maximum: value(&from.maximum, &to.maximum), ..none() }, "maximum"),
        (Properties { pattern, ..none() }, "pattern"),
        (Properties { default: value(&from.default, &to.default), ..none() }, "default"),
        (Properties { required: (from.required != to.required).then_some(to.required), ..none() }, "required"),
        (Properties { unique: (from.unique != to.unique).then_some(to.unique), ..none() }, "unique"),
        (Properties { description, ..none() }, "description"),
    ];
    all.into_iter().filter(|(properties, _)| *properties != none()).collect()
}

/// The value as changes have it.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Json(document) => document.as_str().parse().unwrap_or_default(),
        value => Json::String(value.to_string()),
    }
}

/// The text with the ends of lines that are kept: forms send others.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// What is wrong, with a capital and a full stop.
fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}
