//! Addresses of pages. Every part that people choose (names, keys) is percent-encoded, so that it stays one segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text as one segment of a path, or as a value of a query.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// A row's key as one segment. Browsers resolve the segments `.` and `..` even when they are percent-encoded; a `\`
/// before them means nothing to the key and keeps them.
#[must_use]
pub fn encode_key(key_text: &str) -> String {
    if matches!(key_text, "." | "..") { encode(&format!("\\{key_text}")) } else { encode(key_text) }
}

/// The page of a namespace.
#[must_use]
pub fn namespace(owner: &str) -> String {
    format!("/{}", encode(owner))
}

/// A dataset's page.
#[must_use]
pub fn dataset(owner: &str, name: &str) -> String {
    format!("/{}/{}", encode(owner), encode(name))
}

/// A dataset's page in one of its states; without a reference, its default branch as it is now.
#[must_use]
pub fn place(owner: &str, name: &str, reference: Option<&str>) -> String {
    let dataset = dataset(owner, name);
    match reference {
        Some(reference) => format!("{dataset}/at/{}", encode(reference)),
        None => dataset,
    }
}

/// The address with these parts of a query; those without a value are left out.
#[must_use]
pub fn with_query(address: &str, parts: &[(&str, &str)]) -> String {
    let mut text = address.to_owned();
    for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.contains('?') { '&' } else { '?' });
        text = text + name + "=" + &encode(value);
    }
    text
}

/// The page to sign in on, from which it goes on to this address of ours.
#[must_use]
pub fn sign_in(next: Option<&str>) -> String {
    with_query("/sign-in", &[("next", next.unwrap_or_default())])
}

/// The text where it is an address of ours, else the start: nobody is led elsewhere by a link that begins here.
#[must_use]
pub fn ours(address: &str) -> &str {
    let is_path = address.starts_with('/') && !address.starts_with("//") && !address.starts_with("/\\");
    if is_path && !address.chars().any(char::is_control) { address } else { "/" }
}

/// A page below a dataset's.
#[must_use]
pub fn below(dataset: &str, rest: &str) -> String {
    format!("{dataset}/{rest}")
}

/// A table's page.
#[must_use]
pub fn table(dataset: &str, table: &str) -> String {
    format!("{dataset}/tables/{}", encode(table))
}

/// A row's page.
#[must_use]
pub fn row(dataset: &str, table_name: &str, key_text: &str) -> String {
    format!("{}/rows/{}", table(dataset, table_name), encode_key(key_text))
}

/// A commit's page.
#[must_use]
pub fn commit(dataset: &str, hash: &str) -> String {
    format!("{dataset}/commits/{hash}")
}

/// The next page of a table's changes, on the page that shows the first ones; none where there is no more.
#[cfg(feature = "ssr")]
#[must_use]
pub fn more_changes(page: &str, change: &hub::TableChange) -> Option<String> {
    let next = change.next.as_ref()?;
    // A key's debug form is its bytes in hexadecimal digits.
    Some(with_query(page, &[("table", &change.table.id.to_string()), ("after", &format!("{next:?}"))]))
}

/// An import's page.
#[must_use]
pub fn import(dataset: &str, job: &str) -> String {
    format!("{dataset}/imports/{job}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_query_stay_values() {
        let parts = [("filter", "a = \"1&b=2\""), ("sort", ""), ("offset", "100")];
        assert_eq!(with_query("/t", &parts), "/t?filter=a%20%3D%20%221%26b%3D2%22&offset=100");
        assert_eq!(with_query("/t?x=1", &[("y", "#")]), "/t?x=1&y=%23");
        assert_eq!(with_query("/t", &[("y", "")]), "/t");
    }

    #[test]
    fn parts_stay_one_segment() {
        let dataset = dataset("local", "prices 2026/27");
        assert_eq!(dataset, "/local/prices%202026%2F27");
        assert_eq!(
            row(&dataset, "100%", "<script>,ü"),
            "/local/prices%202026%2F27/tables/100%25/rows/%3Cscript%3E%2C%C3%BC"
        );
        assert_eq!(row("/a/b", "t", ".."), "/a/b/tables/t/rows/%5C..");
        assert_eq!(row("/a/b", "t", "1.5"), "/a/b/tables/t/rows/1.5");
    }
}
