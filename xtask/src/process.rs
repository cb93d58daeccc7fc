//! Running other programs: what is run is said first, and a failure names it.

use anyhow::{Context, Result, bail};
use std::env;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Tells what happens next, on standard error, set apart from the output of the programs run.
pub fn say(text: &str) {
    eprintln!("▸ {text}");
}

/// Runs a command to its end; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = announce(command).status().with_context(|| format!("could not start `{}`", shown(command)))?;
    check(command, status)
}

/// Runs a command, hands on each line of its standard output, to the terminal and to `read`.
/// The exit status is the caller's to judge.
pub fn run_reading(command: &mut Command, mut read: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = announce(command)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{}`", shown(command)))?;
    let output = child.stdout.take().context("its standard output is not piped")?;
    // Test programs may print bytes that are not UTF-8.
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("could not read its output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        read(&line);
    }
    child.wait().with_context(|| format!("could not wait for `{}`", shown(command)))
}

/// The standard output of a command that is only asked something, so not announced.
pub fn answer(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where the search path has a program, as the shell's `command -v`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn announce(command: &mut Command) -> &mut Command {
    eprintln!("$ {}", shown(command));
    command
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// A command as a person would type it, without the environment it gets.
pub fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        let argument = argument.to_string_lossy();
        if argument.is_empty() || argument.contains([' ', '"', '$', '*']) {
            text.push_str(&format!("'{argument}'"));
        } else {
            text.push_str(&argument);
        }
    }
    text
}
