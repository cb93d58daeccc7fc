//! Types of columns, found in their values.

use versioning::{Type, Value};

use super::order::Order;

/// The narrowest type that a value which is not empty satisfies.
///
/// Narrow means here that the value keeps its meaning: what has zeros in front or a plus sign (article numbers, postal
/// codes, telephone numbers) is text, and so are `0` and `1` no booleans.
pub(super) fn classify(text: &str) -> Type {
    let text = text.trim();
    let is = |ty: Type| if ty.parse(text).is_ok() { ty } else { Type::Text };
    match text.as_bytes() {
        [b'{', .., b'}'] | [b'[', .., b']'] => is(Type::Json),
        [b'0'..=b'9' | b'-' | b'.', ..] => number(text).unwrap_or_else(|| moment_or_uuid(text)),
        [b'a'..=b'f' | b'A'..=b'F', ..] if text.len() == 36 => moment_or_uuid(text),
        [b't' | b'T' | b'f' | b'F' | b'y' | b'Y' | b'n' | b'N', ..] if text.len() <= 5 => is(Type::Boolean),
        _ => Type::Text,
    }
}

/// The narrowest type of a number written in full; none where the text is no number or has zeros in front.
fn number(text: &str) -> Option<Type> {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let whole = digits(rest);
    if whole > 1 && rest[0] == b'0' {
        return None;
    }
    rest = &rest[whole..];
    let mut fraction = None;
    if let [b'.', after @ ..] = rest {
        let length = digits(after);
        fraction = Some(length);
        rest = &after[length..];
    }
    let length = whole + fraction.unwrap_or(0);
    if length == 0 {
        return None;
    }
    if rest.is_empty() {
        // 18 digits always fit into 64 bits, 28 into a decimal number.
        return match fraction {
            None if length <= 18 || text.parse::<i64>().is_ok() => Some(Type::Integer),
            _ if length <= 28 || Type::Decimal.parse(text).is_ok() => Some(Type::Decimal),
            _ => None,
        };
    }
    let [b'e' | b'E', exponent @ ..] = rest else { return None };
    let exponent = exponent.strip_prefix(b"-").or_else(|| exponent.strip_prefix(b"+")).unwrap_or(exponent);
    let is_float = !exponent.is_empty() && digits(exponent) == exponent.len() && Type::Float.parse(text).is_ok();
    is_float.then_some(Type::Float)
}

fn moment_or_uuid(text: &str) -> Type {
    let bytes = text.as_bytes();
    let is_dated = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    let ty = match bytes.len() {
        10 if is_dated => Type::Date,
        36 if [8, 13, 18, 23].iter().all(|at| bytes[*at] == b'-') => Type::Uuid,
        16.. if is_dated => Type::Timestamp,
        _ => return Type::Text,
    };
    if ty.parse(text).is_ok() { ty } else { Type::Text }
}

/// The narrowest type for values of both types.
fn join(one: Type, other: Type) -> Type {
    use Type::{Date, Decimal, Float, Integer, Text, Timestamp};
    match (one, other) {
        _ if one == other => one,
        (Integer, Decimal) | (Decimal, Integer) => Decimal,
        (Integer | Decimal, Float) | (Float, Integer | Decimal) => Float,
        // A date is the timestamp of its midnight.
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        _ => Text,
    }
}

/// What is known of a column's values so far.
#[derive(Default)]
pub(super) struct Evidence {
    /// None until there is a value.
    ty: Option<Type>,
    has_empty: bool,
    order: Order,
    samples: Vec<String>,
    longest: usize,
}

/// What a column turned out to be.
pub(super) struct Finding {
    pub(super) ty: Type,
    pub(super) complete: bool,
    pub(super) unique: bool,
    pub(super) increasing: bool,
    pub(super) samples: Vec<String>,
    /// Bytes of the longest value.
    pub(super) longest: usize,
}

impl Evidence {
    /// Takes the next row's value. `memory` is the number of values that may still be remembered, over all columns.
    pub(super) fn see(&mut self, text: &str, memory: &mut usize) {
        if text.is_empty() {
            self.has_empty = true;
            self.order.stop(memory);
            return;
        }
        if self.samples.len() < 5 {
            let shown = super::shown(text);
            if !self.samples.contains(&shown) {
                self.samples.push(shown);
            }
        }
        self.longest = self.longest.max(text.len());
        let before = self.ty;
        if before != Some(Type::Text) {
            let found = classify(text);
            let ty = before.map_or(found, |before| join(before, found));
            if before.is_some_and(|before| before != ty) {
                self.order.widen(ty, memory);
            }
            self.ty = Some(ty);
        }
        if self.order.is_followed() {
            self.order.see(self.ty.unwrap_or(Type::Text), text, memory);
        }
    }

    /// The verdict after the last row.
    pub(super) fn finish(self) -> Finding {
        let ty = self.ty.unwrap_or(Type::Text);
        let complete = !self.has_empty;
        let is_key = complete && self.ty.is_some() && ty.is_ordered();
        let increasing = is_key && self.order.is_increasing(ty);
        let unique = is_key && (increasing || self.order.is_unique());
        Finding { ty, complete, unique, increasing, samples: self.samples, longest: self.longest }
    }
}

/// The value that a text which [`classify`] accepted has in a wider type.
pub(super) fn value(ty: Type, text: &str) -> Option<Value> {
    ty.parse(text).ok().filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find<'a>(values: impl IntoIterator<Item = &'a str>) -> Finding {
        let mut evidence = Evidence::default();
        let mut memory = 1_000;
        for value in values {
            evidence.see(value, &mut memory);
        }
        evidence.finish()
    }

    #[test]
    fn values_have_the_narrowest_type() {
        let check = |ty: Type, values: &[&str]| {
            for value in values {
                assert_eq!(classify(value), ty, "{value:?}");
                assert!(ty == Type::Text || ty.parse(value).is_ok(), "{value:?}");
            }
        };
        check(Type::Boolean, &["true", "FALSE", "yes", "No", "t", "F"]);
        check(Type::Integer, &["0", "1", "-7", "9223372036854775807", "-9223372036854775808", " 12 "]);
        check(Type::Decimal, &["0.5", "-12.50", ".5", "5.", "9223372036854775808", "1234567890123456789012345678"]);
        check(Type::Float, &["1e5", "-1.5E-3", "6.02e+23"]);
        check(Type::Date, &["2026-02-28"]);
        check(
            Type::Timestamp,
            &["2026-02-28T13:45:00Z", "2026-02-28 13:45:00", "2026-02-28T13:45", "2026-02-28T13:45:00.123456+01:00"],
        );
        check(Type::Uuid, &["0190163d-8694-739b-aea5-966c26f8ad90", "A190163D-8694-739B-AEA5-966C26F8AD90"]);
        check(Type::Json, &["{}", "[1, 2]", "{\"a\": null}"]);
        check(
            Type::Text,
            &[
                "007",
                "01.5",
                "-01",
                "+41",
                "+1.5",
                "1,5",
                "1 000",
                "1e999",
                "-",
                ".",
                "-.",
                "1e",
                "e5",
                "1.2.3",
                "12345678901234567890123456789",
                "2026-02-30",
                "2026-2-28",
                "28.02.2026",
                "13:45",
                "{",
                "[1,]",
                "{a}",
                "nope",
                "y",
                "N/A",
                "nan",
                "inf",
                "Infinity",
                "  ",
                "0x10",
                "0190163d8694739baea5966c26f8ad90",
                "é",
                "2026-02-28T25:00:00Z",
                "٣",
            ],
        );
    }

    #[test]
    fn columns_take_the_type_that_all_values_satisfy() {
        let check = |ty: Type, values: &[&str]| assert_eq!(find(values.iter().copied()).ty, ty, "{values:?}");
        check(Type::Text, &[]);
        check(Type::Text, &["", ""]);
        check(Type::Integer, &["", "1", ""]);
        check(Type::Decimal, &["1", "1.5", "2"]);
        check(Type::Float, &["1", "1.5", "1e3"]);
        check(Type::Timestamp, &["2026-02-28", "2026-02-28T00:00:00Z"]);
        check(Type::Text, &["1", "true"]);
        check(Type::Text, &["1", "2026-02-28"]);
        check(Type::Text, &["1", "007", "2"]);
        check(Type::Text, &["NO", "SE"]);
    }

    #[test]
    fn order_and_uniqueness_are_those_of_the_type() {
        let check = |values: &[&str], expected: (bool, bool, bool)| {
            let found = find(values.iter().copied());
            assert_eq!((found.complete, found.unique, found.increasing), expected, "{values:?}");
        };
        check(&[], (true, false, false));
        check(&["1"], (true, true, true));
        check(&["1", "2", "10"], (true, true, true));
        check(&["1", "2", "10", "x"], (true, true, false));
        check(&["1", "10", "2", "x"], (true, true, true));
        check(&["1", "2", "10", "10.5"], (true, true, true));
        check(&["1", "2", "1.5", "3"], (true, true, false));
        check(&["1", "2", "2"], (true, false, false));
        check(&["2", "1", "3"], (true, true, false));
        check(&["2", "1", "3", "1"], (true, false, false));
        check(&["1", "", "3"], (false, false, false));
        check(&["-5", "-3", "0"], (true, true, true));
        check(&["2026-01-01", "2026-02-01", "2026-02-01T00:00:01Z"], (true, true, true));
        check(&["false", "true"], (true, true, true));
        check(&["[1]", "[2]"], (true, false, false));
        // One value has several texts.
        check(&["no", "false"], (true, false, false));
        check(&["2", "1.50", "1.5"], (true, false, false));
        check(&["2", "1", "1.0"], (true, false, false));
        check(&["0", "-0"], (true, false, false));
        check(&["0.5", ".5"], (true, false, false));
        check(&["2", "1", " 1 "], (true, false, false));
        check(&["100", "1e2", "1"], (true, false, false));
        check(&["2026-02-01T00:00:00Z", "2026-02-01T01:00:00+01:00"], (true, false, false));
        check(&["A190163D-8694-739B-AEA5-966C26F8AD90", "a190163d-8694-739b-aea5-966c26f8ad90"], (true, false, false));
        // As text they are different.
        check(&["b", "1.50", "1.5"], (true, true, false));
        check(&["1.50", "b", "1.50"], (true, false, false));
    }

    #[test]
    fn nothing_is_claimed_beyond_the_memory() {
        let mut evidence = Evidence::default();
        let mut memory = 3;
        for value in ["5", "4", "3", "2", "1"] {
            evidence.see(value, &mut memory);
        }
        assert_eq!(memory, 3);
        assert!(!evidence.finish().unique);
    }

    #[test]
    fn samples_are_different_and_short() {
        let long = "é".repeat(300);
        let found = find(["a", "b", "a", &long, "c", "d", "e"]);
        assert_eq!(found.samples, ["a", "b", &"é".repeat(200), "c", "d"]);
    }

    proptest! {
        #[test]
        fn every_value_of_a_column_parses_as_its_type(values in proptest::collection::vec("[-+.e0-9:TZ truefals{}\\[\\]]{0,12}|[0-9]{1,3}|[0-9]{1,30}\\.[0-9]{0,4}", 1..6)) {
            let found = find(values.iter().map(String::as_str));
            for value in &values {
                prop_assert!(found.ty.parse(value).is_ok(), "{value:?} is no {}", found.ty);
            }
        }

        #[test]
        fn increasing_means_what_the_keys_say(values in proptest::collection::vec(-30_i64..30, 1..5)) {
            let texts: Vec<_> = values.iter().map(i64::to_string).collect();
            let found = find(texts.iter().map(String::as_str));
            prop_assert_eq!(found.increasing, values.is_sorted_by(|one, other| one < other));
            let different: std::collections::BTreeSet<_> = values.iter().collect();
            prop_assert_eq!(found.unique, different.len() == values.len());
        }
    }
}
