//! Where things are, and cargo with the target directory that all checkouts share.

use crate::process::say;
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// The folders of our crates, but for `xtask` itself.
pub const CRATES: [&str; 8] = ["app", "bench", "frontend", "hub", "server", "services", "storage", "versioning"];

/// One checkout and the directory cargo builds into.
pub struct Workspace {
    /// The folder of the workspace's Cargo.toml.
    pub root: PathBuf,
    /// Cargo's target directory: the user's `CARGO_TARGET_DIR`, else one in the cache folder.
    pub target: PathBuf,
}

impl Workspace {
    /// The checkout that cargo started us from.
    pub fn find() -> Result<Self> {
        // Asked when run, not when compiled: with a shared target directory the program may
        // have been compiled in another checkout.
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`, please")?;
        let root = Path::new(&manifest).parent().context("xtask is a folder of the workspace")?.to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => root.join(target),
            None => cache()?.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Cargo on this workspace.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new("cargo");
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // `cargo run` describes xtask to us in these; passed on, they would describe it to
        // every build script below.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(describes_a_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Where cargo puts programs of the daily profile.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A file or folder of ours under `target/` of the checkout, which git ignores.
    pub fn output(&self, name: &str) -> PathBuf {
        self.root.join("target").join(name)
    }

    /// Makes the shared target directory this checkout's for as long as the answer is kept.
    ///
    /// Cargo tells a crate of one checkout from the same crate of another by nothing but the
    /// age of its files. What another checkout compiled after we edited ours looks fresh to it,
    /// and would be linked into our program. So whoever comes after another checkout makes its
    /// sources new, and nobody builds meanwhile. Dependencies stay as they are.
    pub fn claim_target(&self) -> Result<File> {
        fs::create_dir_all(&self.target).with_context(|| format!("could not create {}", self.target.display()))?;
        let lock = self.target.join("anabranch.lock");
        let owner = self.target.join("anabranch.checkout");
        let ours = self.root.as_os_str().as_encoded_bytes();
        let file = File::create(&lock).with_context(|| format!("could not write {}", lock.display()))?;
        loop {
            file.lock_shared()?;
            if fs::read(&owner).is_ok_and(|theirs| theirs == ours) {
                return Ok(file);
            }
            file.unlock()?;
            if let Err(TryLockError::WouldBlock) = file.try_lock() {
                say("waiting for another checkout that builds into the same target directory");
                file.lock()?;
            }
            for name in CRATES.iter().chain(&["xtask"]) {
                make_new(&self.root.join(name))?;
            }
            fs::write(&owner, ours)?;
            file.unlock()?;
        }
    }
}

/// Our folder in the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(folder) if Path::new(&folder).is_absolute() => PathBuf::from(folder),
        _ => env::home_dir().context("neither XDG_CACHE_HOME nor HOME is set")?.join(".cache"),
    };
    Ok(base.join("anabranch"))
}

fn describes_a_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| variable.starts_with(prefix))
}

fn make_new(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new("node_modules")) {
                make_new(&path)?;
            }
        } else if path.extension() == Some(OsStr::new("rs")) {
            File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()))
                .with_context(|| format!("could not touch {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_made_new_when_another_checkout_built_last() {
        let folder = env::temp_dir().join(format!("anabranch-xtask-{}", std::process::id()));
        let checkout = |name: &str| {
            let root = folder.join(name);
            for crate_name in CRATES.iter().chain(&["xtask"]) {
                fs::create_dir_all(root.join(crate_name).join("src")).expect("the folder is ours");
            }
            fs::write(root.join("app/src/lib.rs"), "").expect("the folder is ours");
            Workspace { root, target: folder.join("target") }
        };
        let long_ago = SystemTime::UNIX_EPOCH;
        let set_old = |checkout: &Workspace| {
            let source = checkout.root.join("app/src/lib.rs");
            let file = File::options().append(true).open(source).expect("it was written");
            file.set_modified(long_ago).expect("its time can be set");
        };
        let is_old = |checkout: &Workspace| {
            let data = fs::metadata(checkout.root.join("app/src/lib.rs")).expect("it was written");
            data.modified().expect("files have times here") == long_ago
        };
        let (one, two) = (checkout("one"), checkout("two"));
        let claim = |checkout: &Workspace| drop(checkout.claim_target().expect("nobody holds it"));

        claim(&one);
        set_old(&one);
        set_old(&two);
        claim(&one);
        assert!(is_old(&one), "its own build came last");
        claim(&two);
        assert!(!is_old(&two), "the build of `one` came last");
        claim(&one);
        assert!(!is_old(&one), "the build of `two` came last");
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
