//! Names for files: the last segment of a URL made safe, and no two alike.

use super::decoded;
use std::collections::{HashMap, HashSet};

/// A name for the file of each URL, given their paths: numbered where two would be the same, or one of those that are
/// taken.
pub fn names<'a>(paths: impl Iterator<Item = &'a str>, taken: &[String]) -> Vec<String> {
    // Some file systems do not tell upper from lower case.
    let mut taken: HashSet<String> = taken.iter().map(|name| name.to_lowercase()).collect();
    let mut next = HashMap::new();
    let name = |path: &str| {
        let name = safe(path);
        let (stem, ending) = match name.rfind('.') {
            Some(dot) => name.split_at(dot),
            None => (&name[..], ""),
        };
        let next = next.entry(name.to_lowercase()).or_insert(1);
        loop {
            let name = if *next == 1 { name.clone() } else { format!("{stem}-{next}{ending}") };
            *next += 1;
            if taken.insert(name.to_lowercase()) {
                return name;
            }
        }
    };
    paths.map(name).collect()
}

/// A name that is one plain file in a folder, from a URL's path.
fn safe(path: &str) -> String {
    let segment = decoded(path.rsplit('/').next().unwrap_or(""));
    // A decoded slash would lead out of the folder. The text behind it serves as the name.
    let segment = segment.rsplit(['/', '\\']).next().unwrap_or("");
    let plain = |c: char| if c.is_alphanumeric() || "._-+=@,() ".contains(c) { c } else { '_' };
    let name: String = segment.chars().map(plain).collect();
    // No hidden files, and none that is a folder.
    let name = name.trim_start_matches(['.', ' ']).trim_end_matches([' ', '.']);
    let end = (0..=name.len().min(FILE_NAME_MAX)).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    match &name[..end] {
        "" => "index.html".into(),
        name => name.into(),
    }
}

/// Bytes of a name: file systems take 255, and the draft and a number need some.
const FILE_NAME_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder_and_apart() {
        for (path, name) in [
            ("/a/file.txt", "file.txt"),
            ("/", "index.html"),
            ("", "index.html"),
            ("/a/..", "index.html"),
            ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
            ("/..%5c..%5cboot.ini", "boot.ini"),
            ("/.bashrc", "bashrc"),
            ("/a%00b", "a_b"),
            ("/100%", "100_"),
            ("/gr%C3%B6%C3%9Fe.bin", "größe.bin"),
            ("/a%20b.tar.gz", "a b.tar.gz"),
        ] {
            assert_eq!(safe(path), name, "{path}");
        }
        assert_eq!(safe(&"ä".repeat(300)).len(), 200);

        let paths = ["/x/a.txt", "/y/a.txt", "/z/A.TXT", "/a-2.txt", "/x/", "/y/"];
        let numbered = ["a.txt", "a-2.txt", "A-3.TXT", "a-2-2.txt", "index.html", "index-2.html"];
        assert_eq!(names(paths.into_iter(), &[]), numbered);
        // A run file and its companions keep their names.
        let taken = ["run.h5".to_string(), "run.h5.prev".into()];
        assert_eq!(names(["/RUN.h5", "/run.h5.prev"].into_iter(), &taken), ["RUN-2.h5", "run.h5-2.prev"]);
    }
}
