//! The site: every file the browser gets that is not a page. Names carry a hash of the whole
//! content, so that a browser may keep each file for ever; `manifest.json` tells them to the server.

mod css;

use crate::process::say;
use crate::wasm::{self, NAME};
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::json;
use std::fs;
use std::path::Path;

/// The smallest result brotli can make; files are compressed when built, not when sent.
const BROTLI_QUALITY: u32 = 11;

/// A file of the site; the name is relative to its folder, with `/` between parts.
pub struct File {
    /// Where it is.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

impl File {
    /// All files of a folder and the folders in it, in the order of their names.
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>> {
        let mut files = Vec::new();
        if folder.exists() {
            read_into(folder, "", &mut files)?;
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// What a browser that takes brotli is sent, where that is smaller.
    pub fn compressed(&self) -> Option<Vec<u8>> {
        let packed = [".woff2", ".png", ".jpg", ".webp", ".avif"];
        if packed.iter().any(|extension| self.name.ends_with(extension)) {
            return None;
        }
        let parameters = brotli::enc::BrotliEncoderParams {
            quality: BROTLI_QUALITY as i32,
            size_hint: self.content.len(),
            ..Default::default()
        };
        let mut out = Vec::new();
        // Writing to memory does not fail; if it did, the file would be sent as it is.
        brotli::BrotliCompress(&mut self.content.as_slice(), &mut out, &parameters).ok()?;
        (out.len() < self.content.len()).then_some(out)
    }
}

/// Brings `target/site` up to date with its sources.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut package = wasm::build(workspace)?;
    let style = workspace.root.join("style");
    let sheet = css::bundle(&style.join("main.css"))?;
    // Where cargo-leptos looks for it.
    fs::create_dir_all(workspace.output(""))?;
    fs::write(workspace.output("style.css"), &sheet)?;
    package.push(File { name: format!("{NAME}.css"), content: sheet.into_bytes() });
    let fixed = File::read_folder(&style.join("static"))?;

    let output_name = format!("{NAME}-{}", content_hash(&package, &fixed));
    let manifest = json!({ "output_name": output_name, "css": format!("{output_name}.css") });
    let manifest = manifest.to_string();
    let site = workspace.output("site");
    if fs::read_to_string(site.join("manifest.json")).is_ok_and(|old| old == manifest) {
        return Ok(());
    }
    say(&format!("writing {}", site.display()));
    let fresh = workspace.output("site.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    for file in package {
        write(&fresh, &renamed(file, &output_name))?;
    }
    for file in fixed {
        write(&fresh, &file)?;
    }
    fs::write(fresh.join("manifest.json"), manifest)?;
    // Only a whole site takes the old one's place.
    if site.exists() {
        fs::remove_dir_all(&site)?;
    }
    fs::rename(&fresh, &site)?;
    Ok(())
}

/// Stands for every file of the site, so that a change of any gives all new names.
fn content_hash(package: &[File], fixed: &[File]) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in package.iter().chain(fixed) {
        hasher.update(blake3::hash(file.name.as_bytes()).as_bytes());
        hasher.update(blake3::hash(&file.content).as_bytes());
    }
    hasher.finalize().to_hex()[..12].to_owned()
}

/// The file under its published name, with the names in it made right.
fn renamed(file: File, output_name: &str) -> File {
    let name = match file.name.strip_prefix(NAME) {
        Some(rest) => format!("pkg/{output_name}{rest}"),
        None => format!("pkg/{}", file.name),
    };
    let module = format!("{NAME}_bg.wasm");
    let content = match String::from_utf8(file.content) {
        Ok(text) if name.ends_with(".js") => text.replace(&module, &format!("{output_name}_bg.wasm")).into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    File { name, content }
}

fn write(folder: &Path, file: &File) -> Result<()> {
    let path = folder.join(&file.name);
    let parent = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(parent)?;
    fs::write(&path, &file.content).with_context(|| format!("could not write {}", path.display()))?;
    if let Some(compressed) = file.compressed() {
        fs::write(folder.join(format!("{}.br", file.name)), compressed)?;
    }
    Ok(())
}

fn read_into(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            read_into(&path, &format!("{name}/"), files)?;
        } else {
            let content = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
            files.push(File { name, content });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, content: &str) -> File {
        File { name: name.to_owned(), content: content.as_bytes().to_vec() }
    }

    #[test]
    fn published_names_carry_the_hash_and_javascript_knows_them() {
        let js = renamed(file("anabranch.js", "new URL('anabranch_bg.wasm')"), "anabranch-1f");
        assert_eq!(js.name, "pkg/anabranch-1f.js");
        assert_eq!(js.content, b"new URL('anabranch-1f_bg.wasm')");
        let snippet = renamed(file("snippets/x/inline0.js", ""), "anabranch-1f");
        assert_eq!(snippet.name, "pkg/snippets/x/inline0.js");
    }

    #[test]
    fn the_hash_follows_every_name_and_every_byte() {
        let hash = |name: &str, content: &str| content_hash(&[file(name, content)], &[]);
        assert_eq!(hash("a", "b"), hash("a", "b"));
        assert_ne!(hash("a", "b"), hash("ab", ""));
        assert_ne!(hash("a", "b"), hash("a", "c"));
    }
}
