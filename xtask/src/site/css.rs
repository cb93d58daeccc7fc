//! One style sheet out of many: `@import "x.css" layer(y);` lines of the main file are replaced by
//! `@layer y { … }` with the file's text, then comments and needless blanks go.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// Bundles the main file with what it imports.
pub fn bundle(main: &Path) -> Result<String> {
    let text = read(main)?;
    let folder = main.parent().unwrap_or(Path::new("."));
    let mut bundled = String::new();
    for (number, line) in text.lines().enumerate() {
        let Some(statement) = line.trim_start().strip_prefix("@import") else {
            bundled.push_str(line);
            bundled.push('\n');
            continue;
        };
        let place = || format!("{}:{}", main.display(), number + 1);
        let (file, layer) = parse_import(statement)
            .with_context(|| format!("{}: expected `@import \"file.css\" layer(name);`, alone on its line", place()))?;
        let imported = read(&folder.join(file)).with_context(place)?;
        if squeeze(&imported).contains("@import") {
            bail!("{}: {file} has an @import of its own; only the main file may", place());
        }
        match layer {
            Some(layer) => bundled.push_str(&format!("@layer {layer} {{\n{imported}\n}}\n")),
            None => bundled.push_str(&imported),
        }
    }
    Ok(squeeze(&bundled))
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))
}

/// The file and the layer of ` "x.css" layer(y);`.
fn parse_import(statement: &str) -> Option<(&str, Option<&str>)> {
    let rest = statement.trim_start().strip_prefix('"')?;
    let (file, rest) = rest.split_once('"')?;
    let (condition, comment) = rest.split_once(';')?;
    let comment = comment.trim();
    let is_comment = comment.starts_with("/*") && comment.ends_with("*/");
    if !comment.is_empty() && !is_comment {
        return None;
    }
    match condition.trim() {
        "" => Some((file, None)),
        condition => {
            let layer = condition.strip_prefix("layer(")?.strip_suffix(')')?;
            Some((file, Some(layer.trim())))
        }
    }
}

/// Drops comments, makes any run of blanks one, and drops those next to braces, `;` and `,` and after `:`.
/// Strings stay as they are.
fn squeeze(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut blank = false;
    let mut rest = css;
    while let Some(next) = rest.chars().next() {
        let token = if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
            continue;
        } else if next.is_ascii_whitespace() {
            blank = true;
            rest = &rest[1..];
            continue;
        } else if next == '"' || next == '\'' {
            &rest[..string_length(rest, next)]
        } else {
            &rest[..next.len_utf8()]
        };
        let hugs = |c: char| matches!(c, '{' | '}' | ';' | ',');
        let open = out.is_empty() || out.ends_with(hugs) || out.ends_with(':');
        if blank && !hugs(next) && !open {
            out.push(' ');
        }
        blank = false;
        if next == '}' && out.ends_with(';') {
            out.pop();
        }
        out.push_str(token);
        rest = &rest[token.len()..];
    }
    out
}

/// The length of the string literal that the text begins with, quotes included.
fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_comments_go_strings_stay() {
        let check = |css: &str, expected: &str| assert_eq!(squeeze(css), expected, "{css}");
        check("/* head */\na {\n  color: red;\n}\n", "a{color:red}");
        check("a  >  b ,\n c { x: calc(1px  +  2px) ; }", "a > b,c{x:calc(1px + 2px)}");
        check("a::before { content: \"  /* { ; \\\" \"; }", "a::before{content:\"  /* { ; \\\" \"}");
        check("a :hover { b: '→  ' }", "a :hover{b:'→  '}");
        check("a { b: \"unclosed", "a{b:\"unclosed");
        check("a { /* unclosed", "a{");
    }

    #[test]
    fn imports_name_a_file_and_perhaps_a_layer() {
        let check = |line: &str, expected| assert_eq!(parse_import(line), expected, "{line}");
        check(" \"a.css\" layer(base);", Some(("a.css", Some("base"))));
        check(" \"a.css\";", Some(("a.css", None)));
        check(" \"a.css\" layer(base); /* why */", Some(("a.css", Some("base"))));
        check(" \"a.css\" print;", None);
        check(" url(a.css);", None);
        check(" \"a.css\"", None);
    }
}
