//! Makes sure that there is a folder to embed: a plain `cargo build` comes before the first build of the site.

use std::{env, fs, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let site = Path::new(&manifest).join("../target/site");
    fs::create_dir_all(&site).expect("the checkout can be written to");
    // The names carry a hash, so the manifest changes whenever a file does.
    println!("cargo::rerun-if-changed=../target/site/manifest.json");
    println!("cargo::rerun-if-changed=build.rs");
}
