//! Reads what was typed, as `versioning::Type::parse` does. In the browser, floats and JSON are read by the browser: the
//! code to read and write them is there already, and compiled in once more it would be an eighth of what is loaded.

use versioning::{Type, Value, value::ParseValueError};

/// The text as it will be stored; none is null. Of a float or a JSON document the server may still choose another text for
/// the same value.
pub fn read(ty: Type, text: &str) -> Result<Option<String>, ParseValueError> {
    match ty.parse_lean(text) {
        Some(value) => value.map(|value| lean_text(&value)),
        None if ty == Type::Float => {
            other::float(text.trim()).map(|(_, text)| Some(text)).ok_or(ParseValueError::Float)
        }
        // Read by the server, which may choose another text for the same value.
        None if matches!(ty, Type::Tags | Type::File) => Ok(Some(text.to_owned())),
        None => other::json(text.trim()).map(Some).ok_or(ParseValueError::Json),
    }
}

/// The value of a text that can be part of a key.
pub fn value(ty: Type, text: &str) -> Result<Value, ParseValueError> {
    ty.parse_lean(text).unwrap_or_else(|| {
        let number = other::float(text.trim()).and_then(|(number, _)| versioning::value::Float::new(number));
        number.map(Value::Float).ok_or(ParseValueError::Float)
    })
}

/// [`Value::to_text`] of what [`Type::parse_lean`] reads.
fn lean_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Text(text) | Value::Choice(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Timestamp(moment) => moment.to_string(),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::Link(link) => link.to_string(),
        Value::Null | Value::Float(_) | Value::Json(_) | Value::Tags(_) | Value::File(_) => return None,
    })
}

#[cfg(feature = "hydrate")]
mod other {
    use js_sys::{JSON, Number};
    use wasm_bindgen::JsValue;

    pub fn float(text: &str) -> Option<(f64, String)> {
        // JavaScript also reads hexadecimal numbers, infinity, and nothing at all.
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
        if text.is_empty() || !text.bytes().all(plain) {
            return None;
        }
        let number = f64::try_from(JsValue::from_str(text)).ok()?;
        let written = Number::from(number).to_string_with_radix(10).ok()?;
        number.is_finite().then(|| (number, written.into()))
    }

    pub fn json(text: &str) -> Option<String> {
        JSON::stringify(&JSON::parse(text).ok()?).ok().map(String::from)
    }
}

#[cfg(not(feature = "hydrate"))]
mod other {
    use versioning::{Type, Value};

    pub fn float(text: &str) -> Option<(f64, String)> {
        match Type::Float.parse(text).ok()? {
            Value::Float(number) => Some((number.number(), number.to_string())),
            _ => None,
        }
    }

    pub fn json(text: &str) -> Option<String> {
        Type::Json.parse(text).ok()?.to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_that_are_stored() {
        for (ty, text) in [
            (Type::Text, " as it is "),
            (Type::Integer, " +007 "),
            (Type::Decimal, "1.50"),
            (Type::Float, "1e3"),
            (Type::Boolean, "Yes"),
            (Type::Date, "2026-02-28"),
            (Type::Timestamp, "2026-02-28 13:45"),
            (Type::Uuid, "67E5504410B1426F9247BB680E5FE0C8"),
            (Type::Json, "{\"b\": 1, \"a\": [true]}"),
            (Type::Json, ""),
            (Type::Choice, " in progress "),
            (Type::Link, r"a\,b,7"),
        ] {
            let value = ty.parse(text);
            assert_eq!(read(ty, text), value.clone().map(|value| value.to_text()), "{ty} {text}");
            if ty.is_ordered() {
                assert_eq!(super::value(ty, text), value);
            }
        }
    }

    #[test]
    fn tags_and_files_are_left_to_the_server() {
        for (ty, text) in [(Type::Tags, "b, a"), (Type::File, "any")] {
            assert_eq!(read(ty, text), Ok(Some(text.to_owned())));
        }
    }

    #[test]
    fn wrong_texts_have_the_same_reasons() {
        for ty in Type::ALL.into_iter().filter(|ty| !matches!(ty, Type::Text | Type::File)) {
            assert_eq!(read(ty, "wrong!").err(), ty.parse("wrong!").err(), "{ty}");
        }
    }
}
