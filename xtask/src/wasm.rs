//! From Rust to what a browser loads: cargo, wasm-bindgen, wasm-opt, and esbuild for the script beside it.

mod shorten;

use crate::process::{run, say};
use crate::setup::{WASM_TARGET, wasm_cargo};
use crate::site::File;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

/// The name of the JavaScript module, and with `_bg.wasm` of the WebAssembly it loads.
pub const NAME: &str = "anabranch";

/// The features of WebAssembly that rustc uses by default for the target, and wasm-bindgen beside them.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Small first. Code without structure is put together anew, which leaves less of it.
const PASSES: [&str; 6] = ["-Oz", "--flatten", "--rereloop", "-Oz", "-Oz", "--vacuum"];

/// Builds the `frontend` crate; the answer is its JavaScript and WebAssembly.
pub fn build(workspace: &Workspace) -> Result<Vec<File>> {
    run(wasm_cargo(workspace).args(["build", "--package", "frontend", "--lib"]).args([
        "--target",
        WASM_TARGET,
        "--profile",
        "wasm",
    ]))?;
    let module = workspace.target.join(WASM_TARGET).join("wasm/frontend.wasm");
    let code = fs::read(&module).with_context(|| format!("could not read {}", module.display()))?;

    // Optimising takes longer than all else here, so its result is kept for as long as it is valid.
    let kept = workspace.output("wasm");
    let stamp = kept.join("made-from");
    let input = fingerprint(workspace, &code)?;
    if !fs::read(&stamp).is_ok_and(|old| old == input.as_bytes()) {
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        generate(&module, &kept)?;
        optimise(workspace, &kept)?;
        fs::write(&stamp, &input)?;
    }
    let mut files = File::read_folder(&kept)?;
    files.retain(|file| file.name != "made-from");
    Ok(files)
}

/// Stands for all that the generated files depend on.
fn fingerprint(workspace: &Workspace, code: &[u8]) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(code);
    hasher.update(&fs::read(workspace.root.join("frontend/package-lock.json"))?);
    hasher.update(&fs::read(workspace.root.join("Cargo.lock"))?);
    // And on what is done here.
    hasher.update(include_bytes!("wasm.rs"));
    hasher.update(include_bytes!("wasm/shorten.rs"));
    Ok(hasher.finalize().to_hex().to_string())
}

fn generate(module: &Path, folder: &Path) -> Result<()> {
    say("generating the JavaScript beside the WebAssembly (wasm-bindgen)");
    Bindgen::new()
        .input_path(module)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .context("wasm-bindgen could not read what cargo built")
}

fn optimise(workspace: &Workspace, folder: &Path) -> Result<()> {
    let (module, script) = (folder.join(format!("{NAME}_bg.wasm")), folder.join(format!("{NAME}.js")));
    let (code, text) = shorten::imports(&fs::read(&module)?, &fs::read_to_string(&script)?)?;
    fs::write(&module, code)?;
    fs::write(&script, text)?;
    let tools = workspace.root.join("frontend/node_modules/.bin");
    run(Command::new(tools.join("wasm-opt")).args(PASSES).args(FEATURES).arg(&module).arg("-o").arg(&module))?;
    run(Command::new(tools.join("esbuild"))
        .arg(&script)
        .args(["--minify", "--format=esm", "--log-level=warning", "--allow-overwrite"])
        .arg(format!("--outfile={}", script.display())))
}
