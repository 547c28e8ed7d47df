//! How pcount is built: `build.rs`, in a small package of its own, tells what is true and builds nothing twice; and
//! `scripts/setup` says what it would do, and takes no rights that it was not given.

mod common;

use common::Folder;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A package with the build script of pcount, in a Git repository of its own.
struct Package(Folder);

impl Package {
    fn new(name: &str) -> Package {
        let package = Package(Folder::new(name));
        let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs")).unwrap();
        package.write("build.rs", &script);
        package
            .write("Cargo.toml", "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
        package.write("src/main.rs", "fn main() { println!(\"{}\", env!(\"PCOUNT_COMMIT\")) }\n");
        package.write(".gitignore", "/target\n");
        package.git(&["init", "-q", "-b", "main"]);
        package.build();
        package.commit();
        package
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]);
        let output = git.args(args).current_dir(&self.0.0).output().expect("there is a git");
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    }

    /// Builds it; whether there was anything to do.
    fn build(&self) -> bool {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--offline"]).current_dir(&self.0.0).env("CARGO_TARGET_DIR", self.0.0.join("target"));
        let output = cargo.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        said.contains("Compiling")
    }

    /// The commit that the program says it was built from.
    fn says(&self) -> String {
        let output = Command::new(self.0.0.join("target/debug/small")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "--short=12", "HEAD"]).trim().to_string()
    }
}

#[test]
fn nothing_is_built_twice() {
    let package = Package::new("twice");
    // As after a clone: Git has yet to note that the files are those of the commit, and would write its index.
    package.write("src/main.rs", &fs::read_to_string(package.0.0.join("src/main.rs")).unwrap());
    package.build();
    assert!(!package.build(), "it was built again, and nothing had changed");
    package.git(&["status"]);
    assert!(!package.build(), "it was built again because Git looked at it");
}

#[test]
fn another_commit_is_noticed() {
    let package = Package::new("commit");
    for pack in [false, true] {
        if pack {
            package.git(&["pack-refs", "--all"]);
            package.build();
        }
        package.commit();
        assert!(package.build(), "a new commit was not noticed, packed: {pack}");
        assert_eq!(package.says(), package.head());
        assert!(!package.build());
    }
    package.git(&["checkout", "-q", "--detach", "HEAD~1"]);
    package.build();
    assert_eq!(package.says(), package.head());
    package.write("src/main.rs", "fn main() { print!(\"{}\", env!(\"PCOUNT_COMMIT\")) }\n");
    package.build();
    assert_eq!(package.says(), format!("{}-dirty", package.head()));
}

/// Runs `scripts/setup` as a user who is not root, on a machine without MPI where a `sudo` notes that it was called: its code,
/// what it said, and whether it used `sudo`.
fn setup(name: &str, args: &[&str], modules: bool) -> (Option<i32>, String, bool) {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new(name);
    let called = folder.0.join("called");
    for (tool, does) in [("id", "echo 1000".to_string()), ("sudo", format!("touch {}; exit 1", called.display()))] {
        let path = folder.0.join(tool);
        fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut setup = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/setup"));
    setup.args(args).stdin(std::process::Stdio::null());
    setup.env("PATH", format!("{}:{}", folder.0.display(), std::env::var("PATH").unwrap()));
    setup.env("MPICC", "no-mpicc").env("CARGO_TARGET_DIR", folder.0.join("target"));
    match modules {
        true => setup.env("MODULEPATH", "/opt/modules"),
        false => setup.env_remove("MODULEPATH").env_remove("LMOD_CMD"),
    };
    let output = setup.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap(), called.exists())
}

#[test]
fn setup_tells_what_it_would_do_and_does_nothing() {
    let (code, said, sudo) = setup("help", &["--help"], false);
    assert!(code == Some(0) && said.contains("scripts/setup --dry-run") && !said.contains("set -"), "{said}");
    assert!(!sudo && !said.contains("missing"), "{said}");
    let (code, said, sudo) = setup("dry", &["--dry-run", "--tests"], false);
    assert!(code == Some(0) && said.contains("missing: an MPI library") && !sudo, "{said}");
    assert!(
        said.contains("would run cargo build --release --locked, which takes about ") && said.contains(" min on "),
        "{said}"
    );
    let (code, said, sudo) = setup("packages", &["--dry-run", "--no-build"], false);
    assert!(code == Some(0) && said.contains("missing: an MPI library") && !said.contains("cargo") && !sudo, "{said}");
    let (code, said, sudo) = setup("wrong", &["--frobnicate"], false);
    assert!(code == Some(2) && said.contains("'--frobnicate'") && !sudo, "{said}");
}

#[test]
fn setup_asks_before_it_uses_sudo() {
    if !Path::new("/usr/bin/apt-get").exists() {
        return common::ignored("there is no apt-get here");
    }
    // Nobody can be asked here, so nothing is taken.
    let (code, said, sudo) = setup("asks", &[], false);
    assert!(code == Some(1) && !sudo && said.contains("sudo apt-get install openmpi-bin libopenmpi-dev"), "{said}");
    let (code, said, sudo) = setup("yes", &["--yes"], false);
    assert!(code != Some(0) && sudo && said.contains("installing openmpi-bin"), "{said}");
}

#[test]
fn setup_names_modules_first_where_there_are_some() {
    for args in [&[][..], &["--yes"]] {
        let (code, said, sudo) = setup("modules", args, true);
        assert!(code == Some(1) && !sudo && said.contains("module load gcc openmpi hdf5 llvm"), "{said}");
        assert!(!said.contains("apt-get"), "{said}");
    }
}
