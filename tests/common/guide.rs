//! The worked examples of CONTRIBUTING.md, applied to a copy of the repository.

use crate::common::Folder;
use std::fs;
use std::path::{Path, PathBuf};

/// What an example does to a file.
#[derive(Debug)]
pub enum Edit {
    Write { file: String, text: String },
    Below { file: String, line: String, text: String },
    Replace { file: String, old: String, new: String },
}

/// A worked example: its heading and what it does.
pub struct Example {
    pub name: String,
    pub edits: Vec<Edit>,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands in backquotes in a line; two of them, and a blank each, around what has one itself.
fn quoted(line: &str) -> Vec<String> {
    let (mut rest, mut found) = (line, vec![]);
    while let Some((_, after)) = rest.split_once('`') {
        let double = after.strip_prefix('`');
        let (fence, body) = double.map_or(("`", after), |body| ("``", body));
        let (word, behind) = body.split_once(fence).unwrap_or_else(|| panic!("a quote does not end: {line}"));
        let word = if fence.len() == 2 { &word[1..word.len() - 1] } else { word };
        found.push(word.to_string());
        rest = behind;
    }
    found
}

/// All worked examples, in order.
pub fn examples() -> Vec<Example> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, text) = text.split_once("## Worked examples\n").expect("there are worked examples");
    let mut examples: Vec<Example> = vec![];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("### ") {
            examples.push(Example { name: name.into(), edits: vec![] });
        }
        let (write, within) = (line.starts_with("Write `"), line.starts_with("In `"));
        if !write && !within {
            continue;
        }
        let words = quoted(line);
        let edit = if within && line.contains("`, replace `") {
            let [file, old, new] = words.try_into().unwrap_or_else(|words| panic!("{line}: {words:?}"));
            Edit::Replace { file, old, new }
        } else {
            assert!(line.ends_with(':') && lines.next() == Some(""), "a block must follow: {line}");
            assert!(lines.next().is_some_and(|fence| fence.starts_with("```")), "a block must follow: {line}");
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let text = body.join("\n") + "\n";
            match &words[..] {
                [file] if write => Edit::Write { file: file.clone(), text },
                [file, line] if within => Edit::Below { file: file.clone(), line: line.clone(), text },
                _ => panic!("not understood: {line}"),
            }
        };
        examples.last_mut().expect("a heading comes first").edits.push(edit);
    }
    examples
}

/// What a source package has of the repository: here there may be no Git, and beside it what users keep.
const PARTS: [&str; 9] =
    ["src", "tests", "scripts", "benches", "examples", "docs", "build.rs", "Cargo.toml", "Cargo.lock"];

/// A copy of the source code.
pub fn copy(name: &str) -> Folder {
    fn copy(from: &Path, to: &Path) {
        if from.is_dir() {
            fs::create_dir_all(to).unwrap();
            fs::read_dir(from)
                .unwrap()
                .map(Result::unwrap)
                .for_each(|file| copy(&file.path(), &to.join(file.file_name())));
        } else {
            fs::copy(from, to).unwrap_or_else(|why| panic!("{}: {why}", from.display()));
        }
    }
    let folder = Folder::new(name);
    PARTS.iter().for_each(|part| copy(&root().join(part), &folder.0.join(part)));
    folder
}

/// Does to the copy what the example says; fails where it is not as the example says.
pub fn apply(example: &Example, copy: &Path) {
    let read = |file: &str| fs::read_to_string(copy.join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
    let once = |file: &str, text: &str, what: &str| {
        assert!(text.contains(what), "{}: there is no '{what}' in {file} any more", example.name);
    };
    for edit in &example.edits {
        let (file, text) = match edit {
            Edit::Write { file, text } => {
                let path: PathBuf = copy.join(file);
                assert!(!path.exists(), "{}: {file} is there already", example.name);
                (file, text.clone())
            }
            Edit::Below { file, line, text } => {
                let whole = read(file);
                once(file, &whole, line);
                let mut lines: Vec<&str> = whole.lines().collect();
                let at = lines.iter().position(|other| other.trim() == line.trim());
                let at = at.unwrap_or_else(|| panic!("{}: '{line}' is no line of {file}", example.name));
                lines.insert(at + 1, text.trim_end_matches('\n'));
                (file, lines.join("\n") + "\n")
            }
            Edit::Replace { file, old, new } => {
                let whole = read(file);
                once(file, &whole, old);
                (file, whole.replacen(old.as_str(), new, 1))
            }
        };
        fs::write(copy.join(file), text).unwrap();
    }
}
