//! JSON and texts that come from a browser, a program or the store: cells of draft patches, operations, resolutions of
//! merges, blames to go on with, places in lists.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use versioning::{
    ColumnId, Value,
    evolve::Operation,
    history::{Blame, Cursor},
    merge::Resolutions,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(cells) = serde_json::from_slice::<BTreeMap<ColumnId, Value>>(bytes) {
        let text = serde_json::to_string(&cells).expect("values can be written");
        assert_eq!(serde_json::from_str::<BTreeMap<ColumnId, Value>>(&text).expect("and read"), cells);
    }
    let _ = serde_json::from_slice::<Operation>(bytes);
    let _ = serde_json::from_slice::<Resolutions>(bytes);
    let _ = serde_json::from_slice::<Blame>(bytes);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(cursor) = text.parse::<Cursor>()
    {
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
});
