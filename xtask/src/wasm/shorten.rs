//! Short names for what the WebAssembly takes from its JavaScript.
//!
//! wasm-bindgen names each import after its function and 16 hexadecimal digits that nothing compresses, once in the
//! module and twice in the script: some 6 of 150 kB. Only these two files know the names.

use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use walrus::Module;

/// The module and its script with other names for what goes from one to the other.
pub fn imports(code: &[u8], script: &str) -> Result<(Vec<u8>, String)> {
    let mut module = Module::from_buffer(code).context("the module can't be read")?;
    let mut names = HashMap::new();
    for (index, import) in module.imports.iter_mut().enumerate() {
        let short = short(index);
        let old = std::mem::replace(&mut import.name, short.clone());
        ensure!(names.insert(old.clone(), short).is_none(), "“{old}” is imported twice");
    }
    let mut used = 0;
    let script = rename(script, |word| {
        let short = names.get(word)?;
        used += 1;
        Some(short.as_str())
    });
    // The script has each once, as a property of what it hands to the module.
    ensure!(used == names.len(), "{} imports, but the script has {used} of their names", names.len());
    Ok((module.emit_wasm(), script))
}

/// a, b, … z, aa, ab, …
fn short(mut index: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.insert(0, b'a' + u8::try_from(index % 26).expect("a remainder of 26 fits a byte"));
        if index < 26 {
            return String::from_utf8(name).expect("letters are UTF-8");
        }
        index = index / 26 - 1;
    }
}

/// The script with other words for some of its words.
fn rename<'n>(script: &str, mut name: impl FnMut(&str) -> Option<&'n str>) -> String {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let mut renamed = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|character| !is_part(character)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        renamed.push_str(before);
        renamed.push_str(name(word).unwrap_or(word));
        rest = after;
    }
    renamed + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_differ() {
        let names: Vec<_> = [0, 25, 26, 27, 51, 52, 701, 702].map(short).to_vec();
        assert_eq!(names, ["a", "z", "aa", "ab", "az", "ba", "zz", "aaa"]);
    }

    #[test]
    fn only_whole_words_are_renamed() {
        let name = |word: &str| (word == "__wbg_a_1").then_some("b");
        assert_eq!(
            rename("x.__wbg_a_1(__wbg_a_12, $__wbg_a_1) // ü __wbg_a_1", name),
            "x.b(__wbg_a_12, $__wbg_a_1) // ü b"
        );
    }
}
