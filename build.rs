//! Tells the program which commit and which compiler it was built from, for `--version -v` and the run file.

use std::process::Command;

fn main() {
    let line = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        Some(text.lines().next()?.to_string())
    };
    let commit = line("git", &["describe", "--always", "--dirty", "--abbrev=12"]);
    let rustc = line(&std::env::var("RUSTC").unwrap_or("rustc".into()), &["--version"]);
    println!("cargo::rustc-env=PCOUNT_COMMIT={}", commit.unwrap_or("unknown".into()));
    println!("cargo::rustc-env=PCOUNT_RUSTC={}", rustc.unwrap_or("unknown".into()));
    for path in ["build.rs", "src", "Cargo.lock", ".git/HEAD", ".git/index"] {
        if std::path::Path::new(path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}
