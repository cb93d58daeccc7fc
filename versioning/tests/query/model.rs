//! Filters, orders and groups by the words of their rules, written down apart from the code under test.

use std::cmp::Ordering;

use versioning::{
    ColumnId, Key, Row, Schema, Type, Value,
    query::{
        Aggregate, Comparison, Condition, Direction, Expression, GroupRow, Literal, LiteralKind, Node, Sort, TextMatch,
    },
};

use crate::world::{TYPES, file};

/// The order that the rules give (T3), written down apart from the code under test.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) | (Value::Choice(a), Value::Choice(b)) => a.chars().cmp(b.chars()),
        (Value::Link(a), Value::Link(b)) => a.as_str().chars().cmp(b.as_str().chars()),
        // Groups of values without an order are in the order of their texts.
        (Value::Tags(_), Value::Tags(_)) | (Value::File(_), Value::File(_)) => a.to_string().cmp(&b.to_string()),
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Integer(a), Value::Decimal(b)) => rust_decimal::Decimal::from(*a).cmp(&b.number()),
        (Value::Decimal(a), Value::Decimal(b)) => a.number().cmp(&b.number()),
        (Value::Float(a), Value::Float(b)) => a.number().partial_cmp(&b.number()).expect("no NaN"),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Json(a), Value::Json(b)) => a.as_str().cmp(b.as_str()),
        (Value::Uuid(a), Value::Uuid(b)) => a.as_u128().cmp(&b.as_u128()),
        _ => panic!("{a:?} and {b:?} are never compared"),
    }
}

/// Whether a row satisfies an expression, by the words of the language's description.
pub fn holds(expression: &Expression, row: &Row) -> bool {
    let (column, condition) = match &expression.node {
        Node::Or(parts) => return parts.iter().any(|part| holds(part, row)),
        Node::And(parts) => return parts.iter().all(|part| holds(part, row)),
        Node::Not(part) => return !holds(part, row),
        Node::Condition { column, condition } => (column, condition),
    };
    let place = TYPES.iter().position(|(name, _)| *name == column.text).expect("the column");
    let (cell, ty) = (&row[place], TYPES[place].1);
    let value = |literal: &Literal| match &literal.kind {
        LiteralKind::Text(text) if ty == Type::Text => Value::Text(text.clone()),
        LiteralKind::Text(text) if ty == Type::File => file(text),
        LiteralKind::Text(text) | LiteralKind::Number(text) => {
            ty.parse(text).or_else(|_| Type::Decimal.parse(text)).expect("a value")
        }
        LiteralKind::Boolean(value) => Value::Boolean(*value),
    };
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    let same = |literal: &Literal, ignoring_case: bool| match (cell, value(literal)) {
        (Value::File(cell), Value::File(file)) if ignoring_case => lower(cell.name()) == lower(file.name()),
        (Value::File(cell), Value::File(file)) => cell.name() == file.name(),
        (cell, value) if ignoring_case => lower(&cell.to_string()) == lower(&value.to_string()),
        (cell, value) => order(cell, &value).is_eq(),
    };
    let exists = !cell.is_null();
    match condition {
        Condition::Null { negated } => exists == *negated,
        Condition::Compare { comparison, literal, ignoring_case } => match comparison {
            Comparison::Equal => exists && same(literal, *ignoring_case),
            Comparison::NotEqual => !(exists && same(literal, *ignoring_case)),
            Comparison::Less => exists && order(cell, &value(literal)).is_lt(),
            Comparison::LessOrEqual => exists && order(cell, &value(literal)).is_le(),
            Comparison::Greater => exists && order(cell, &value(literal)).is_gt(),
            Comparison::GreaterOrEqual => exists && order(cell, &value(literal)).is_ge(),
        },
        Condition::In { negated, literals, ignoring_case } => {
            (exists && literals.iter().any(|literal| same(literal, *ignoring_case))) != *negated
        }
        Condition::Between { negated, low, high } => {
            (exists && order(cell, &value(low)).is_ge() && order(cell, &value(high)).is_le()) != *negated
        }
        Condition::Text { negated, matching, literal, ignoring_case } => {
            let (LiteralKind::Text(text) | LiteralKind::Number(text)) = &literal.kind else { panic!("a text") };
            let fold = |text: &str| if *ignoring_case { lower(text) } else { text.to_owned() };
            let cell = match cell {
                Value::Null => return *negated,
                Value::Tags(tags) => return tags.iter().any(|tag| fold(tag) == fold(text.trim())) != *negated,
                Value::File(file) => file.name().to_owned(),
                other => other.to_string(),
            };
            let (cell, text) = (fold(&cell), fold(text));
            let matches = match matching {
                TextMatch::Contains => cell.contains(&text),
                TextMatch::StartsWith => cell.starts_with(&text),
                TextMatch::EndsWith => cell.ends_with(&text),
            };
            matches != *negated
        }
    }
}

pub fn sorted(schema: &Schema, mut rows: Vec<(Key, Row)>, sorts: &[Sort]) -> Vec<(Key, Row)> {
    rows.sort_by(|(a_key, a), (b_key, b)| {
        let by_columns = sorts.iter().map(|sort| {
            let place = schema.position(sort.column).expect("the column");
            match (&a[place], &b[place]) {
                (Value::Null, Value::Null) => Ordering::Equal,
                (Value::Null, _) => Ordering::Greater,
                (_, Value::Null) => Ordering::Less,
                (a, b) if sort.direction == Direction::Ascending => order(a, b),
                (a, b) => order(b, a),
            }
        });
        by_columns.fold(Ordering::Equal, Ordering::then).then_with(|| a_key.cmp(b_key))
    });
    rows
}

/// Aggregates of rows, written down apart from the code under test; sums of floats come in any order, so they are left out.
pub fn grouped(schema: &Schema, rows: &[(Key, Row)], by: &[ColumnId], aggregates: &[Aggregate]) -> Vec<GroupRow> {
    use rust_decimal::Decimal as Number;
    let place = |id: &ColumnId| schema.position(*id).expect("the column");
    let mut groups: Vec<(Vec<Value>, Vec<&Row>)> = Vec::new();
    if by.is_empty() {
        groups.push((Vec::new(), Vec::new()));
    }
    for (_, row) in rows {
        let key: Vec<Value> = by.iter().map(|id| row[place(id)].clone()).collect();
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups.sort_by(|(a, _), (b, _)| {
        let orders = a.iter().zip(b).map(|(a, b)| match (a, b) {
            (Value::Null, _) | (_, Value::Null) => a.is_null().cmp(&b.is_null()),
            _ => order(a, b),
        });
        orders.fold(Ordering::Equal, Ordering::then)
    });
    let value = |rows: &[&Row], aggregate: &Aggregate| {
        let cells = |id: &ColumnId| -> Vec<Value> {
            rows.iter().map(|row| row[place(id)].clone()).filter(|value| !value.is_null()).collect()
        };
        let number = |value: &Value| match value {
            Value::Integer(number) => Number::from(*number),
            Value::Decimal(number) => number.number(),
            _ => panic!("no number"),
        };
        let sum = |id| cells(id).iter().map(number).sum::<Number>();
        let decimal = |number| Value::Decimal(versioning::value::Decimal::new(number));
        match aggregate {
            Aggregate::Count => Value::Integer(rows.len() as i64),
            Aggregate::Present(id) => Value::Integer(cells(id).len() as i64),
            Aggregate::Sum(id) | Aggregate::Average(id) if cells(id).is_empty() => {
                assert!(schema.column(*id).is_some());
                Value::Null
            }
            Aggregate::Average(id) => decimal(sum(id) / Number::from(cells(id).len() as u64)),
            Aggregate::Sum(id) => match cells(id)[0] {
                Value::Integer(_) => Value::Integer(i64::try_from(sum(id)).expect("a small sum")),
                _ => decimal(sum(id)),
            },
            Aggregate::Minimum(id) => cells(id).into_iter().min_by(order).unwrap_or_default(),
            Aggregate::Maximum(id) => cells(id).into_iter().max_by(order).unwrap_or_default(),
        }
    };
    let row = |(key, rows): (Vec<Value>, Vec<&Row>)| {
        let values = aggregates.iter().map(|aggregate| value(&rows, aggregate)).collect();
        GroupRow { key, values }
    };
    groups.into_iter().map(row).collect()
}
