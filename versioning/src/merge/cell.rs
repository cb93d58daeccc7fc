//! Merging two changes of one cell: json and tags can take both (rule M4).

use std::collections::BTreeSet;

use serde_json::{Map, Value as Tree};

use crate::value::{Tags, Value};

/// The value with both changes in it, where there is one. `base`, `ours` and `theirs` are of one type or null, and all
/// different.
pub(crate) fn merge(base: &Value, ours: &Value, theirs: &Value) -> Option<Value> {
    match (ours, theirs) {
        (Value::Tags(_) | Value::Null, Value::Tags(_) | Value::Null) if is_tags(base, ours, theirs) => {
            let (base, ours, theirs) = (tags(base), tags(ours), tags(theirs));
            let stays = |tag: &&str| match (base.contains(tag), ours.contains(tag), theirs.contains(tag)) {
                (true, ours, theirs) => ours && theirs,
                (false, ours, theirs) => ours || theirs,
            };
            Some(Tags::new(ours.union(&theirs).copied().filter(stays)).map_or(Value::Null, Value::Tags))
        }
        (Value::Json(ours), Value::Json(theirs)) => {
            let base = match base {
                Value::Json(base) => Some(base.tree()),
                _ => None,
            };
            let (Tree::Object(ours), Tree::Object(theirs)) = (ours.tree(), theirs.tree()) else { return None };
            let base = match base {
                Some(Tree::Object(base)) => base,
                None => Map::new(),
                Some(_) => return None,
            };
            json(&Tree::Object(merge_objects(&base, &ours, &theirs)?))
        }
        _ => None,
    }
}

/// Both values in one, as [`super::Choice::Combine`] says.
pub(crate) fn combine(ours: &Value, theirs: &Value) -> Option<Value> {
    match (ours, theirs) {
        (Value::Null, value) | (value, Value::Null) => Some(value.clone()),
        (Value::Text(a), Value::Text(b)) => Some(Value::Text(if a.contains(b.as_str()) {
            a.clone()
        } else if b.contains(a.as_str()) {
            b.clone()
        } else {
            format!("{a}\n{b}")
        })),
        (Value::Tags(a), Value::Tags(b)) => Tags::new(a.iter().chain(b.iter())).map(Value::Tags),
        (Value::Json(a), Value::Json(b)) => json(&combine_trees(a.tree(), b.tree())?),
        _ => None,
    }
}

fn is_tags(base: &Value, ours: &Value, theirs: &Value) -> bool {
    [base, ours, theirs].iter().all(|value| matches!(value, Value::Tags(_) | Value::Null))
}

/// No tags are null.
fn tags(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Tags(tags) => tags.iter().collect(),
        _ => BTreeSet::new(),
    }
}

fn json(tree: &Tree) -> Option<Value> {
    tree.to_string().parse().ok().map(Value::Json)
}

/// Key by key, recursively; none when a key is in conflict.
fn merge_objects(
    base: &Map<String, Tree>,
    ours: &Map<String, Tree>,
    theirs: &Map<String, Tree>,
) -> Option<Map<String, Tree>> {
    let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let mut merged = Map::new();
    for key in keys {
        let value = match (base.get(key), ours.get(key), theirs.get(key)) {
            (_, ours, theirs) if ours == theirs => ours.cloned(),
            (base, ours, theirs) if base == ours => theirs.cloned(),
            (base, ours, theirs) if base == theirs => ours.cloned(),
            (base, Some(Tree::Object(ours)), Some(Tree::Object(theirs))) => {
                let empty = Map::new();
                let base = match base {
                    Some(Tree::Object(base)) => base,
                    None => &empty,
                    Some(_) => return None,
                };
                Some(Tree::Object(merge_objects(base, ours, theirs)?))
            }
            _ => return None,
        };
        merged.extend(value.map(|value| (key.clone(), value)));
    }
    Some(merged)
}

fn combine_trees(ours: Tree, theirs: Tree) -> Option<Tree> {
    match (ours, theirs) {
        (Tree::Object(mut ours), Tree::Object(theirs)) => {
            for (key, value) in theirs {
                let both = match ours.remove(&key) {
                    Some(mine) => combine_trees(mine.clone(), value).unwrap_or(mine),
                    None => value,
                };
                ours.insert(key, both);
            }
            Some(Tree::Object(ours))
        }
        (Tree::Array(mut ours), Tree::Array(theirs)) => {
            for value in theirs {
                if !ours.contains(&value) {
                    ours.push(value);
                }
            }
            Some(Tree::Array(ours))
        }
        (ours, theirs) => (ours == theirs).then_some(ours),
    }
}
