//! The proleptic Gregorian calendar and the texts of ISO 8601 and RFC 3339 that this crate reads and writes. Small on
//! purpose: browsers load it.
//!
//! Days are counted with the algorithms of Howard Hinnant, "chrono-compatible low-level date algorithms"
//! (<https://howardhinnant.github.io/date_algorithms.html>).

use std::fmt;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;

/// Days since 1970-01-01 of a year (1 to 9999), month and day; none if there is no such day.
pub(crate) fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    const LENGTHS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = LENGTHS.get(month.checked_sub(1)? as usize)? + u32::from(is_leap && month == 2);
    if !(1..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year as i32;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The year, month and day this many days after 1970-01-01.
pub(crate) fn date(days: i32) -> (i32, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Writes the day as `year-month-day`.
pub(crate) fn write_date(days: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (year, month, day) = date(days);
    write!(f, "{year:04}-{month:02}-{day:02}")
}

/// Writes the moment as `year-month-dayThour:minute:secondZ`, with as many digits of the second as it has.
pub(crate) fn write_timestamp(micros: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    write_date(i32::try_from(days).map_err(|_| fmt::Error)?, f)?;
    let seconds = rest / 1_000_000;
    write!(f, "T{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
    let mut fraction = rest % 1_000_000;
    if fraction > 0 {
        let mut digits = 6;
        while fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        write!(f, ".{fraction:0digits$}")?;
    }
    f.write_str("Z")
}

/// Days since 1970-01-01 of a text `year-month-day`.
pub(crate) fn read_date(text: &str) -> Option<i32> {
    let mut reader = Reader(text.as_bytes());
    let days = reader.date()?;
    reader.0.is_empty().then_some(days)
}

/// Microseconds since 1970-01-01T00:00:00Z of a text as RFC 3339 has it. Space may stand for the `T`; the time of day or
/// its seconds may be left out, and so may the offset, which then is UTC.
pub(crate) fn read_timestamp(text: &str) -> Option<i64> {
    let mut reader = Reader(text.as_bytes());
    let days = i64::from(reader.date()?);
    if reader.0.is_empty() {
        return Some(days * DAY);
    }
    if !reader.one_of(b"Tt ") {
        return None;
    }
    let (hour, minute) = reader.hour_and_minute()?;
    let (mut second, mut micros) = (0, 0);
    if reader.one_of(b":") {
        second = reader.digits(2)?;
        if reader.one_of(b".,") {
            micros = reader.fraction()?;
        }
    }
    // A leap second is the second before it, as in POSIX.
    if second > 60 {
        return None;
    }
    let second = second.min(59);
    let offset = reader.offset()?;
    let minutes = i64::from(hour * 60 + minute) - offset;
    reader.0.is_empty().then_some(days * DAY + (minutes * 60 + i64::from(second)) * 1_000_000 + micros)
}

/// What is left of a text.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn one_of(&mut self, bytes: &[u8]) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if bytes.contains(first) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Exactly this many digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))?;
        self.0 = rest;
        Some(number)
    }

    fn date(&mut self) -> Option<i32> {
        let year = self.digits(4)?;
        let month = self.one_of(b"-").then(|| self.digits(2))??;
        let day = self.one_of(b"-").then(|| self.digits(2))??;
        days(i32::try_from(year).ok()?, month, day)
    }

    fn hour_and_minute(&mut self) -> Option<(u32, u32)> {
        let hour = self.digits(2)?;
        let minute = self.one_of(b":").then(|| self.digits(2))??;
        (hour < 24 && minute < 60).then_some((hour, minute))
    }

    /// The fraction of a second in microseconds; none if it is finer.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        let (kept, dropped) = digits.split_at(length.min(6));
        if kept.is_empty() || dropped.iter().any(|digit| *digit != b'0') {
            return None;
        }
        self.0 = rest;
        let number = kept.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'));
        Some(number * 10_i64.pow(6 - kept.len() as u32))
    }

    /// The offset from UTC in minutes.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.one_of(b"Zz") {
            return Some(0);
        }
        let sign = if self.one_of(b"+") {
            1
        } else if self.one_of(b"-") {
            -1
        } else {
            return None;
        };
        let hour = self.digits(2)?;
        let minute = match self.0 {
            [] => 0,
            _ => {
                self.one_of(b":");
                self.digits(2)?
            }
        };
        (hour < 24 && minute < 60).then_some(sign * i64::from(hour * 60 + minute))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil, fmt::temporal::DateTimePrinter};
    use proptest::prelude::*;

    use super::*;

    struct Written(i64);

    impl fmt::Display for Written {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write_timestamp(self.0, f)
        }
    }

    #[test]
    fn every_day_is_the_one_that_another_calendar_has() {
        let mut day = civil::date(1, 1, 1);
        for count in -719_162..=2_932_896 {
            let parts = (i32::from(day.year()), day.month() as u32, day.day() as u32);
            assert_eq!(date(count), parts);
            assert_eq!(days(parts.0, parts.1, parts.2), Some(count));
            day = day.tomorrow().unwrap_or(day);
        }
        assert_eq!(days(2023, 2, 29), None);
        assert_eq!(days(2024, 13, 1), None);
        assert_eq!(days(0, 12, 31), None);
    }

    #[test]
    fn texts_of_moments() {
        let check = |text, expected: Option<&str>| {
            assert_eq!(read_timestamp(text).map(|micros| Written(micros).to_string()).as_deref(), expected, "{text}");
        };
        check("2026-02-28T13:45:00Z", Some("2026-02-28T13:45:00Z"));
        check("2026-02-28 13:45:00.5", Some("2026-02-28T13:45:00.5Z"));
        check("2026-02-28t13:45z", Some("2026-02-28T13:45:00Z"));
        check("2026-02-28", Some("2026-02-28T00:00:00Z"));
        check("2026-02-28T13:45:00+05:30", Some("2026-02-28T08:15:00Z"));
        check("2026-02-28T13:45:00-0530", Some("2026-02-28T19:15:00Z"));
        check("2026-01-01T00:30:00+01", Some("2025-12-31T23:30:00Z"));
        check("1969-12-31T23:59:59.000001Z", Some("1969-12-31T23:59:59.000001Z"));
        check("2026-02-28T13:45:00.123456000Z", Some("2026-02-28T13:45:00.123456Z"));
        for wrong in [
            "",
            "2026",
            "2026-02-30",
            "2026-02-28T",
            "2026-02-28T1:45",
            "2026-02-28T24:00",
            "2026-02-28T13:60",
            "2026-02-28T13:45:61Z",
            "2026-02-28T13:45:00.1234567Z",
            "2026-02-28T13:45:00.Z",
            "2026-02-28T13:45:00+25:00",
            "2026-02-28T13:45:00 Z",
            "2026-02-28T13:45:00Zulu",
            "２026-02-28",
        ] {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn moments_are_written_as_rfc_3339_has_them(micros in -62_135_596_800_000_000..=253_402_207_200_000_000_i64) {
            let moment = Timestamp::from_microsecond(micros).expect("a moment of the years 1 to 9999");
            let text = DateTimePrinter::new().timestamp_to_string(&moment);
            prop_assert_eq!(&Written(micros).to_string(), &text);
            prop_assert_eq!(read_timestamp(&text), Some(micros));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZtz:.+ -]{0,30}") {
            let _ = (read_date(&text), read_timestamp(&text));
        }
    }
}
