//! Numbers, times and sizes as people read them.

use jiff::{Timestamp, tz::TimeZone};

/// A whole number in groups of three digits.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// “1 row”, “2 rows”.
#[must_use]
pub fn count(count: u64, one: &str) -> String {
    format!("{} {one}{}", number(count), if count == 1 { "" } else { "s" })
}

/// Bytes with three digits that count: “40.6 MB”.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    // In whole numbers: printing a float takes a browser a lot of code.
    let bytes = u128::from(bytes);
    let mut one = 1_u128;
    let mut unit = 0;
    while 2 * bytes >= 1_999 * one && unit + 1 < UNITS.len() {
        one *= 1_000;
        unit += 1;
    }
    let name = if bytes == 1 { "byte" } else { UNITS[unit] };
    if unit == 0 || 20 * bytes >= 1_999 * one {
        return format!("{} {name}", (bytes + one / 2) / one);
    }
    let tenths = (10 * bytes + one / 2) / one;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

/// A moment given in microseconds since 1970: what people read, and what programs do (RFC 3339).
#[must_use]
pub fn time(micros: i64) -> (String, String) {
    let Ok(moment) = Timestamp::from_microsecond(micros) else {
        return (String::from("an unknown time"), String::new());
    };
    let utc = moment.to_zoned(TimeZone::UTC);
    let month = month(utc.month());
    let text = format!("{} {month} {}, {:02}:{:02} UTC", utc.day(), utc.year(), utc.hour(), utc.minute());
    (text, moment.to_string())
}

/// The day of a moment given in microseconds since 1970, in UTC, short: “3 Mar 2026”.
#[must_use]
pub fn day(micros: i64) -> String {
    let Ok(moment) = Timestamp::from_microsecond(micros) else { return String::from("an unknown day") };
    let utc = moment.to_zoned(TimeZone::UTC);
    format!("{} {:.3} {}", utc.day(), month(utc.month()), utc.year())
}

fn month(number: i8) -> &'static str {
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(number - 1).ok().and_then(|number| months.get(number)).copied().unwrap_or_default()
}

/// The first characters of a hash: enough to tell commits apart.
#[must_use]
pub fn short(hash: &versioning::Hash) -> String {
    let mut text = hash.to_string();
    text.truncate(10);
    text
}

/// The first line of a message.
#[must_use]
pub fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or("").trim();
    if line.is_empty() { String::from("(no message)") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sizes_and_times_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(1_000, "row"), "1,000 rows");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(999_600), "1.0 MB");
        assert_eq!(bytes(40_600_000), "40.6 MB");
        assert_eq!(time(0), (String::from("1 January 1970, 00:00 UTC"), String::from("1970-01-01T00:00:00Z")));
        assert_eq!(day(1_772_500_000_000_000), "3 Mar 2026");
        assert_eq!(first_line("\n"), "(no message)");
    }
}
