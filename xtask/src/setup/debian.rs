//! The WebAssembly target where the Rust distribution server can't be reached: Debian has a Rust
//! with the sources of the standard library, from which the target's library is compiled.

use super::WASM_TARGET;
use super::system::{apt_install, as_root, is_debian};
use crate::process::{run, say};
use crate::workspace::{Workspace, cache};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name under which rustup knows Debian's Rust.
pub const TOOLCHAIN: &str = "debian";

/// Where Debian's Rust keeps the standard library's source text.
const SOURCES: &str = "/usr/lib/rustlib/src/rust/library";

/// Installs Debian's Rust, compiles the target's standard library and tells rustup of both.
pub fn install_rust(workspace: &Workspace) -> Result<()> {
    if !is_debian() {
        bail!("this system is not Debian's kind");
    }
    say("installing Debian's Rust, its sources and linker (the browser's half)");
    apt_install(&["rustc-web", "cargo-web", "rust-web-clippy", "rust-web-src", "rust-web-llvm"])?;
    apt_install(&[&linker_package()?])?;
    let libraries = compile_library()?;
    let folder = format!("/usr/lib/rustlib/{WASM_TARGET}/lib");
    let Some(mut install) = as_root("install") else {
        bail!("installing the compiled library in {folder} needs root");
    };
    install.args(["-D", "-m", "644", "-t", &folder]).args(libraries);
    run(&mut install)?;
    run(Command::new("rustup").args(["toolchain", "link", TOOLCHAIN, "/usr"]).current_dir(&workspace.root))
}

/// The package of the linker: `rust-lld` is a link to a version of it that Debian only suggests.
fn linker_package() -> Result<String> {
    let link = "/usr/bin/rust-lld";
    let to = fs::read_link(link).with_context(|| format!("{link} is not a link"))?;
    package_of_linker(&to).with_context(|| format!("{link} leads to {}", to.display()))
}

/// `lld-22` out of `lld-22` or `../lib/llvm-22/bin/lld`.
fn package_of_linker(link: &Path) -> Option<String> {
    link.iter().filter_map(OsStr::to_str).find_map(|part| {
        let version = part.strip_prefix("lld-").or_else(|| part.strip_prefix("llvm-"))?;
        version.parse::<u32>().ok().map(|version| format!("lld-{version}"))
    })
}

/// Compiles the standard library for the target; the answer is its files.
fn compile_library() -> Result<Vec<PathBuf>> {
    let work = cache()?.join("debian-std");
    let sources = work.join("library");
    if sources.exists() {
        fs::remove_dir_all(&sources)?;
    }
    fs::create_dir_all(&work)?;
    // A copy, because building writes a lock file beside the sources.
    run(Command::new("cp").args(["-r", SOURCES]).arg(&work))?;
    let target = work.join("target");
    run(Command::new("/usr/bin/cargo")
        .args(["build", "--release", "--target", WASM_TARGET])
        .args(["--features", "panic-unwind,compiler-builtins-mem"])
        .arg("--manifest-path")
        .arg(sources.join("sysroot/Cargo.toml"))
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "-Zforce-unstable-if-unmarked -Copt-level=3 -Cembed-bitcode=yes -Cpanic=abort")
        // Not the toolchain of the cargo that runs us.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .current_dir(&work))?;
    let built = target.join(WASM_TARGET).join("release/deps");
    let mut libraries = Vec::new();
    for entry in fs::read_dir(&built)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("rlib")) {
            libraries.push(path);
        }
    }
    if libraries.is_empty() {
        bail!("no library was compiled into {}", built.display());
    }
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_package_is_read_from_the_link() {
        for link in ["lld-22", "/usr/bin/lld-22", "../lib/llvm-22/bin/lld"] {
            assert_eq!(package_of_linker(Path::new(link)).as_deref(), Some("lld-22"), "{link}");
        }
        assert_eq!(package_of_linker(Path::new("/usr/bin/lld")), None);
    }
}
