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

/// The code with comments, texts and characters left out, so that each bracket and each path in it is one.
fn bare(text: &str) -> String {
    let (mut rest, mut code) = (text, String::new());
    // Behind a quote: where it ends, if a backslash hides the sign after it.
    let end = |text: &str, quote: char| {
        let mut hidden = false;
        let ends = text.char_indices().find(|&(_, c)| {
            let ends = c == quote && !hidden;
            hidden = c == '\\' && !hidden;
            ends
        });
        ends.map_or(text.len(), |(at, _)| at + 1)
    };
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|text| text.len() - text.trim_start_matches('#').len());
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(marks) =
            raw.filter(|&marks| rest[1 + marks..].starts_with('"') && !code.ends_with(is_of_name))
        {
            let (open, close) = (marks + 2, format!("\"{}", "#".repeat(marks)));
            rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
        } else if first == '"' {
            1 + end(&rest[1..], '"')
        } else if first == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            1 + end(&rest[1..], '\'')
        } else {
            code.push(first);
            first.len_utf8()
        };
        rest = &rest[skipped..];
    }
    code
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The name at the beginning of the text, and what is behind it.
fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c| !is_of_name(c)).unwrap_or(text.len()))
}

/// The paths at the beginning of the text, each as its names, and what is behind them: `a::{b, c::{d, e}}` has a::b, a::c::d and
/// a::c::e.
fn paths(text: &str) -> (Vec<Vec<String>>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut all = Vec::new();
        while !rest.trim_start().starts_with('}') && !rest.is_empty() {
            let (some, behind) = paths(rest);
            all.extend(some);
            // A star, or a new name (`as`), is left out.
            rest = behind.trim_start_matches(|c| c != ',' && c != '}');
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        let rest = rest.trim_start();
        return (all, rest.strip_prefix('}').unwrap_or(rest));
    }
    let (first, rest) = name(text);
    let (tails, rest) = match rest.strip_prefix("::") {
        Some(behind) => paths(behind),
        None => (vec![vec![]], rest),
    };
    let tails = tails
        .into_iter()
        .map(|tail| [first].into_iter().filter(|name| !name.is_empty()).map(str::to_string).chain(tail).collect());
    (tails.collect(), rest)
}

/// What a file names by `crate::`, `super::` or `self::`: each as a path from the crate on.
fn named(path: &Path, text: &str) -> BTreeSet<Vec<String>> {
    let file = path.with_extension("");
    let module: Vec<String> =
        file.iter().map(|name| name.to_str().unwrap().to_string()).filter(|name| name != "mod").collect();
    let (code, mut found) = (bare(text), BTreeSet::new());
    // The brackets that are open: the name of the module that one begins, if it does.
    let (mut open, mut rest, mut before) = (Vec::<Option<String>>::new(), &*code, ["", ""]);
    while let Some(first) = rest.chars().next() {
        let (word, behind) = name(rest);
        match (word, first) {
            ("crate" | "pcount" | "super" | "self", _) if behind.starts_with("::") && before[1] != "::" => {
                let within = open.iter().flatten().cloned();
                let here: Vec<String> = module.iter().cloned().chain(within).collect();
                let (all, after) = paths(rest);
                for names in all {
                    let mut whole = if matches!(word, "crate" | "pcount") { vec![] } else { here.clone() };
                    for name in names {
                        match &*name {
                            "crate" | "pcount" | "self" => (),
                            "super" => drop(whole.pop()),
                            _ => whole.push(name),
                        }
                    }
                    found.insert(whole);
                }
                (before, rest) = (["", ""], after);
                continue;
            }
            (_, '{') => open.push(Some(before[1].to_string()).filter(|_| before[0] == "mod")),
            (_, '}') => drop(open.pop()),
            _ => (),
        }
        let token = if !word.is_empty() {
            word
        } else if rest.starts_with("::") {
            "::"
        } else {
            &rest[..first.len_utf8()]
        };
        if !first.is_whitespace() {
            before = [before[1], token];
        }
        rest = &rest[token.len()..];
    }
    found
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let text = "use crate::{a, b::{self, c::{d, e as f}, g::*}}; // crate::none\n\
                fn h<'a>(x: &'a str) -> char { let _ = (\"crate::none {\", r#\"\"{\"#, '{', '\\''); super::i::j(super::super::k) }\n\
                mod l {\n use super::{m, super::n};\n use self::o; use pcount::p::Q; }\n\
                fn last() { self::r::<crate::s>() }";
    let found: Vec<String> = named(Path::new("x/y.rs"), text).iter().map(|names| names.join("::")).collect();
    let expect = [
        "a",
        "b",
        "b::c::d",
        "b::c::e",
        "b::g",
        "k",
        "p::Q",
        "s",
        "x::i::j",
        "x::n",
        "x::y::l::o",
        "x::y::m",
        "x::y::r",
    ];
    assert_eq!(found, expect);
    assert_eq!(
        named(Path::new("x/mod.rs"), "use super::a; use self::b;"),
        named(Path::new("x.rs"), "use super::a; use self::b;")
    );
}

/// The rooms that a file names.
fn used(path: &Path, text: &str) -> BTreeSet<String> {
    named(path, text).into_iter().filter_map(|names| names.into_iter().next()).collect()
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
        if room == "lib" || room == "main" || room == "bin" {
            continue;
        }
        let uses = allowed.get(&room).unwrap_or_else(|| panic!("{room} is not on the map"));
        for used in used(&path, &text).into_iter().filter(|used| *used != room) {
            assert!(uses.contains(&used), "{} uses {used}, which the map does not allow", path.display());
        }
    }
}

#[test]
fn the_map_promises_no_more_than_is_used() {
    let mut using: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources() {
        using.entry(room(&path)).or_default().extend(used(&path, &text));
    }
    for (room, uses) in allowed() {
        let using = using.get(&room).unwrap_or_else(|| panic!("{room} is on the map and not in the code"));
        for used in uses {
            assert!(using.contains(&used), "the map says that {room} uses {used}: it does not");
        }
    }
}

/// The files and folders that the map names, by their paths: those at the start of a row, and in a folder's row what it says
/// of the files in it.
fn named_on_the_map() -> BTreeSet<String> {
    let map = fs::read_to_string(root().join("README.md")).unwrap();
    let rooms = map.split("## Rooms").nth(1).expect("the map has the rooms").split("\n## ").next().unwrap();
    let words = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_string).collect::<Vec<_>>();
    let mut named = BTreeSet::new();
    for row in rooms.lines().filter(|line| line.starts_with("| `")) {
        let (places, about) = row[1..].split_once('|').unwrap();
        for place in words(places) {
            if place.ends_with('/') {
                named.extend(words(about).into_iter().map(|name| format!("{place}{name}")));
            }
            named.insert(place);
        }
    }
    named
}

#[test]
fn the_map_names_every_file() {
    let named = named_on_the_map();
    for (path, _) in sources() {
        let path = path.to_str().unwrap();
        // A folder stands for the file that opens it.
        let name = path.strip_suffix("mod.rs").unwrap_or(path);
        assert!(named.contains(name), "{path} is not on the map");
    }
}

#[test]
fn the_map_names_no_file_that_is_not_there() {
    for name in named_on_the_map().iter().filter(|name| name.ends_with(".rs") || name.ends_with('/')) {
        assert!(root().join(name).exists(), "{name} is on the map and not there");
    }
}

/// A way back to where it began, if there is one: who uses whom that uses whom ... that uses the first again.
fn circle(uses: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn follow(
        at: &str,
        uses: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        through: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = way.iter().position(|name| name == at) {
            return Some(way[start..].to_vec());
        }
        if through.contains(at) {
            return None;
        }
        way.push(at.to_string());
        let found = uses.get(at).into_iter().flatten().find_map(|next| follow(next, uses, way, through));
        way.pop();
        through.insert(at.to_string());
        found
    }
    let mut through = BTreeSet::new();
    uses.keys().find_map(|start| follow(start, uses, &mut Vec::new(), &mut through))
}

#[test]
fn no_rooms_use_each_other_in_a_circle() {
    assert_eq!(circle(&allowed()), None);
}

/// Folders whose files use each other in a circle: a row of the table of options sets what is read from it, and a list is a part of
/// what is in a run file.
const CIRCULAR: [&str; 2] = ["cli", "run_file"];

/// What opens a folder (`mod.rs`) is apart from that.
#[test]
fn no_files_of_a_folder_use_each_other_in_a_circle() {
    let folder = |(path, _): (PathBuf, String)| path.parent().unwrap().to_str().unwrap().to_string();
    let folders: BTreeSet<String> = sources().into_iter().map(folder).collect();
    assert!(folders.len() > 10 && CIRCULAR.iter().all(|folder| folders.contains(*folder)));
    for folder in folders.iter().filter(|folder| !folder.is_empty() && !CIRCULAR.contains(&&***folder)) {
        let parent: Vec<&str> = folder.split('/').collect();
        let files: Vec<(PathBuf, String)> = sources()
            .into_iter()
            .filter(|(path, _)| path.parent() == Some(Path::new(folder)) && !path.ends_with("mod.rs"))
            .collect();
        let stem = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_string();
        let stems: BTreeSet<String> = files.iter().map(|(path, _)| stem(path)).collect();
        let uses = files.iter().map(|(path, text)| {
            let own = stem(path);
            let siblings = named(path, text).into_iter().filter(|names| names.len() > parent.len());
            let siblings = siblings.filter(|names| names.iter().zip(&parent).all(|(name, parent)| name == parent));
            let siblings = siblings.map(|names| names[parent.len()].clone());
            let used = siblings.filter(|name| *name != own && stems.contains(name)).collect();
            (own, used)
        });
        assert_eq!(circle(&uses.collect()), None, "{folder}");
    }
}

/// What occurs in one file only, or in one folder, and where.
const ONE_PLACE: &[(&str, &str)] = &[
    ("::mpi::traits", "world/mpi.rs"),
    ("use hdf5::", "run_file/"),
    ("hdf5_metno_sys", "run_file/"),
    ("flate2::", "run_file/packed.rs"),
    ("signal_hook", "run/stop.rs"),
    ("clap::", "cli/"),
    ("csv::Reader", "column/csv.rs"),
    ("curl::easy", "kernel/download/transfer.rs"),
    ("httpdate::", "kernel/download/transfer.rs"),
    ("use url::", "kernel/download/address.rs"),
    ("rug::", "math/integer.rs"),
    ("gmp_mpfr_sys", "math/integer.rs"),
    ("itoa::", "report/row_lines.rs"),
    ("sha2::", "digest.rs"),
    ("rustix::system", "placement.rs"),
    ("rustix::thread", "placement.rs"),
    ("rustix::time", "process.rs"),
    ("rustix::fs", "folder.rs"),
    ("rustix::stdio", "streams.rs"),
    ("rustix::termios", "streams.rs"),
    ("anstream::", "report/colour.rs"),
    ("strsim::", "cli/meant.rs"),
    ("rustix::process", "run_file/"),
    ("serde_json::", "report/json.rs"),
    ("humantime::", "summary/mod.rs"),
    ("thiserror::", "error.rs"),
    ("tiny_skia::", "plot/png.rs"),
    ("ttf_parser::", "plot/png.rs"),
];

const MPI: [&str; 2] = ["world/mpi.rs", "world/ulfm.rs"];

#[test]
fn every_dependency_is_named_in_one_file() {
    for (word, place) in ONE_PLACE {
        let files: BTreeSet<String> = sources()
            .into_iter()
            .filter(|(_, text)| code(text).any(|line| line.contains(word)))
            .map(|(path, _)| path.to_str().unwrap().to_string())
            // A folder stands for its files.
            .map(|name| if place.ends_with('/') && name.starts_with(place) { place.to_string() } else { name })
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
            let has_it = line.contains("unsafe ") || line.contains("unsafe(");
            if line.starts_with("//") || !has_it {
                continue;
            }
            let linked = name == "kernel/download/transfer.rs" && line == &"#[unsafe(no_mangle)]";
            let may = name.starts_with("math/lanes/")
                || MPI.contains(&name)
                || name == "streams.rs"
                || name == "run_file/direct.rs"
                || linked;
            assert!(may, "unsafe in {name}: {line}");
            // An unsafe function states what it relies on, an unsafe block why that holds.
            let block = line.contains("unsafe {") || line.contains("unsafe(link");
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
