//! The map is true: who may use whom, as the table in `src/README.md` says, checked against the code; and the
//! things that may occur in one file only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file with its text, without its tests, which stand at the end.
fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                let code = code.split("#[cfg(test)]\npub(crate) mod tests").next().unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_path_buf(), code.to_string()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    assert!(found.len() > 30);
    found
}

/// The room of a file: its folder at the top, or its own name there.
fn room(path: &Path) -> String {
    path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_string()
}

/// Lines of code, without what is only said.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

/// The rooms that a file names.
fn used(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for line in code(text) {
        for (at, prefix) in line.match_indices("crate::").chain(line.match_indices("pcount::")) {
            let rest = &line[at + prefix.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split(',').map(|name| name.trim().trim_end_matches(['}', ';'])).collect(),
                None => vec![rest],
            };
            let first = |name: &str| name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_string();
            rooms.extend(names.into_iter().map(first).filter(|name| !name.is_empty()));
        }
    }
    rooms
}

/// The table of `src/README.md`: what each room may use.
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    let table = text.split("## Who may use whom").nth(1).expect("the map has the table").split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_string).collect::<BTreeSet<_>>();
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let uses = words(cells[2]);
        words(cells[1]).into_iter().map(move |room| (room, uses.clone()))
    })
    .collect()
}

#[test]
fn rooms_use_only_what_the_map_allows() {
    let allowed = allowed();
    for (path, text) in sources() {
        let room = room(&path);
        if room == "lib" || room == "main" {
            continue;
        }
        let uses = allowed.get(&room).unwrap_or_else(|| panic!("{room} is not on the map"));
        for used in used(&text).into_iter().filter(|used| *used != room) {
            assert!(uses.contains(&used), "{} uses {used}, which the map does not allow", path.display());
        }
    }
}

#[test]
fn the_map_promises_no_more_than_is_used() {
    let mut using: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        using.entry(room(&path)).or_default().extend(used(&text));
    }
    for (room, uses) in allowed() {
        let using = using.get(&room).unwrap_or_else(|| panic!("{room} is on the map and not in the code"));
        for used in uses {
            assert!(using.contains(&used), "the map says that {room} uses {used}: it does not");
        }
    }
}

#[test]
fn the_map_names_every_file() {
    let map = fs::read_to_string(root().join("README.md")).unwrap();
    for (path, _) in sources() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let name = if name == "mod.rs" { room(&path) } else { name.to_string() };
        assert!(map.contains(&name), "{} is not on the map", path.display());
    }
}

/// What occurs in one file only, and where.
const ONE_PLACE: &[(&str, &str)] = &[
    ("::mpi::traits", "world/mpi.rs"),
    ("use hdf5::", "report/hdf5.rs"),
    ("hdf5_metno_sys", "report/hdf5.rs"),
    ("signal_hook", "run/stop.rs"),
    ("clap::", "cli.rs"),
    ("ureq::", "kernel/download.rs"),
    ("rug::", "math/integer.rs"),
    ("gmp_mpfr_sys", "math/integer.rs"),
    ("indicatif::", "report/progress.rs"),
    ("sha2::", "digest.rs"),
    ("rustix::", "seat.rs"),
    ("serde_json::", "report/json.rs"),
    ("humantime::", "tell.rs"),
    ("thiserror::", "error.rs"),
];

const MPI: [&str; 2] = ["world/mpi.rs", "world/ulfm.rs"];

#[test]
fn every_dependency_is_named_in_one_file() {
    for (word, place) in ONE_PLACE {
        let files: BTreeSet<String> = sources()
            .into_iter()
            .filter(|(_, text)| code(text).any(|line| line.contains(word)))
            .map(|(path, _)| path.to_str().unwrap().to_string())
            .collect();
        assert_eq!(files, BTreeSet::from([place.to_string()]), "{word}");
    }
    // The one with two: what MPI cannot do everywhere stands by itself.
    for (path, text) in sources() {
        let named = code(&text).any(|line| line.contains("::mpi::") || line.contains("mpi::ffi"));
        assert!(!named || MPI.contains(&path.to_str().unwrap()), "{} names MPI", path.display());
    }
    let manifest = fs::read_to_string(root().join("../Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for line in dependencies.lines().filter(|line| line.contains('=')) {
        let name = line.split('=').next().unwrap().trim().replace('-', "_");
        assert!(ONE_PLACE.iter().any(|(word, _)| word.contains(&name)), "{name} has no one place");
    }
}

#[test]
fn unsafe_code_stays_in_its_rooms_and_gives_its_reason() {
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            if line.starts_with("//") || !line.contains("unsafe ") || line.contains("deny(unsafe_code)") {
                continue;
            }
            assert!(name.starts_with("math/lanes/") || MPI.contains(&name), "unsafe in {name}: {line}");
            // An unsafe function states what it relies on, an unsafe block why that holds.
            let block = line.contains("unsafe {");
            let reasoned = lines[..index].iter().rev().take(3).any(|before| before.contains("SAFETY"));
            assert!(!block || reasoned, "{name}: no reason before '{line}'");
        }
    }
}

#[test]
fn numbers_know_no_ranks_and_ranks_no_numbers() {
    let mentions = |text: &str, words: &[&str]| {
        let words: BTreeSet<&str> = words.iter().copied().collect();
        code(text).flat_map(|line| line.split(|c: char| !c.is_alphanumeric())).any(|word| words.contains(word))
    };
    for (path, text) in sources() {
        match room(&path).as_str() {
            "math" => assert!(
                !mentions(&text, &["rank", "ranks", "World", "File", "Instant", "println", "eprintln"]),
                "{path:?}"
            ),
            "run" | "world" => assert!(!mentions(&text, &["prime", "primes", "sieve", "factorial"]), "{path:?}"),
            _ => (),
        }
        let prints =
            code(&text).any(|line| ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|p| line.contains(p)));
        let speaks = path.starts_with("report") || path.ends_with("world/mod.rs");
        assert!(!prints || speaks, "{path:?} prints");
    }
}
