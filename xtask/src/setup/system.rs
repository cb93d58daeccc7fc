//! Packages of the operating system. Debian's (and its children's) are installed; for others the
//! names are told.

use crate::process::{answer, find_program, run, say};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// One thing that the operating system must give.
pub struct Package {
    /// What it is called by Debian, Fedora, Arch and Homebrew. Empty: it comes with the system.
    names: [&'static str; 4],
    why: &'static str,
    present: fn() -> bool,
}

/// What compiling the server takes beside Rust and a C compiler.
pub const NATIVE: [Package; 5] = [
    Package { names: ["g++", "gcc-c++", "gcc", ""], why: "RocksDB is C++", present: || find_program("c++").is_some() },
    Package {
        names: ["make", "make", "make", ""],
        why: "cmake hands its work to it",
        present: || find_program("make").is_some(),
    },
    Package {
        names: ["cmake", "cmake", "cmake", "cmake"],
        why: "C libraries of the database are built with it",
        present: || find_program("cmake").is_some(),
    },
    Package {
        names: ["clang", "clang", "clang", "llvm"],
        why: "it knows the header files from which RocksDB's bindings are made",
        present: || find_program("clang").is_some(),
    },
    Package {
        names: ["libclang-dev", "clang-devel", "clang", "llvm"],
        why: "RocksDB's bindings are made with it",
        present: has_libclang,
    },
];

/// What the browser tests take.
pub const BROWSER: [Package; 2] = [
    Package {
        names: ["chromium", "chromium", "chromium", "--cask google-chrome"],
        why: "the browser tests run in it",
        present: || super::chromium().is_some(),
    },
    Package {
        names: ["fonts-liberation", "liberation-fonts", "ttf-liberation", ""],
        why: "the browser needs a font to draw pages with",
        present: || {
            // A browser that is there already has shown what it can.
            super::chromium().is_some()
                || Path::new("/usr/share/fonts").read_dir().is_ok_and(|mut fonts| fonts.next().is_some())
        },
    },
];

/// Installs those of the packages that are missing, or says how a person can.
pub fn install(groups: &[&[Package]]) -> Result<()> {
    let packages = groups.iter().copied().flatten();
    let missing: Vec<&Package> = packages.filter(|package| !(package.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let reasons: Vec<String> =
        missing.iter().map(|package| format!("{} ({})", package.names[0], package.why)).collect();
    if !is_debian() {
        bail!("missing: {}; install them with: {}", reasons.join(", "), advice(&missing));
    }
    say(&format!("installing {}", reasons.join(", ")));
    let names: Vec<&str> = missing.iter().map(|package| package.names[0]).collect();
    apt_install(&names)?;
    match missing.iter().find(|package| !(package.present)()) {
        Some(package) => bail!("{} was installed and still is not found", package.names[0]),
        None => Ok(()),
    }
}

/// Installs Debian packages. The lists are fetched first, once: those of a fresh container are empty.
pub fn apt_install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "));
    let Some(mut update) = as_root("apt-get") else {
        bail!("installing needs root; as root, run: {by_hand}");
    };
    // A list that can't be fetched is no reason to stop: the others may have what is wanted.
    if let Err(error) = run(update.arg("update")) {
        say(&format!("{error:#}; going on with the lists there are"));
    }
    let Some(mut install) = as_root("apt-get") else {
        bail!("installing needs root; as root, run: {by_hand}");
    };
    install.args(["install", "-y", "--no-install-recommends"]).args(packages);
    run(&mut install)
}

/// A command run as root: directly, or through sudo where that asks for no password.
pub fn as_root(program: &str) -> Option<Command> {
    if answer(Command::new("id").arg("-u")).is_ok_and(|user| user == "0") {
        let mut command = Command::new(program);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Some(command);
    }
    answer(Command::new("sudo").args(["-n", "true"])).ok()?;
    let mut command = Command::new("sudo");
    command.args(["-n", "DEBIAN_FRONTEND=noninteractive", program]);
    Some(command)
}

/// Whether this is Debian or a child of it.
pub fn is_debian() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let named = release.lines().any(|line| {
        let is_name = line.starts_with("ID=") || line.starts_with("ID_LIKE=");
        is_name && line.contains("debian")
    });
    named && find_program("apt-get").is_some()
}

fn has_libclang() -> bool {
    let mut folders: Vec<PathBuf> = vec!["/usr/lib".into(), "/usr/lib64".into()];
    folders.extend(env::var_os("LIBCLANG_PATH").map(PathBuf::from));
    folders.push(Path::new("/usr/lib").join(format!("{}-linux-gnu", env::consts::ARCH)));
    folders.extend(["/Library/Developer/CommandLineTools/usr/lib", "/opt/homebrew/opt/llvm/lib"].map(Into::into));
    // Debian keeps each version of LLVM in a folder of its own.
    if let Ok(entries) = fs::read_dir("/usr/lib") {
        let entries = entries.flatten();
        let llvm = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"));
        folders.extend(llvm.map(|entry| entry.path().join("lib")));
    }
    folders.iter().any(|folder| {
        fs::read_dir(folder).is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|file| is_libclang(&file.file_name().to_string_lossy())))
        })
    })
}

/// `libclang.so`, `libclang.so.1`, `libclang-14.so.1`, `libclang.dylib`; not `libclang-cpp.so.14`.
fn is_libclang(file: &str) -> bool {
    file.strip_prefix("libclang").is_some_and(|rest| {
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        rest.starts_with("so") || rest == "dylib"
    })
}

/// The command for each kind of system, or for this one where its kind is seen.
fn advice(missing: &[&Package]) -> String {
    let managers = [
        ("apt-get", "apt-get install --no-install-recommends"),
        ("dnf", "dnf install"),
        ("pacman", "pacman -S"),
        ("brew", "brew install"),
    ];
    let command = |index: usize| {
        let mut names: Vec<&str> = missing.iter().map(|package| package.names[index]).collect();
        names.retain(|name| !name.is_empty());
        names.dedup();
        format!("{} {}", managers[index].1, names.join(" "))
    };
    match managers.iter().position(|(program, _)| find_program(program).is_some()) {
        Some(index) => command(index),
        None => format!("{} (the names are Debian's)", command(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libclang_is_not_its_cplusplus_sibling() {
        for name in ["libclang.so", "libclang.so.1", "libclang-14.so.1", "libclang-14.0.6.so", "libclang.dylib"] {
            assert!(is_libclang(name), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclangAST.a", "libclang_rt.so"] {
            assert!(!is_libclang(name), "{name}");
        }
    }

    #[test]
    fn advice_names_packages_for_every_kind_of_system() {
        for package in NATIVE.iter().chain(&BROWSER) {
            assert!(package.names[..3].iter().all(|name| !name.is_empty()), "{}", package.why);
        }
    }
}
