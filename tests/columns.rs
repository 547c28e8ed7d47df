//! Numbers in columns of files: tables in text and datasets in HDF5, on any number of ranks, each of which reads its own slices.

mod common;

use common::{Folder, PYTHON, Run, alone, has_h5py, is_built_in, mpirun, mpirun_of, pcount, run};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// A file in a folder of the test.
fn table(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.file(name);
    fs::write(&path, text).unwrap();
    path
}

/// pcount with this on stdin.
fn fed(args: &[&str], text: &str) -> Run {
    let mut child = common::spawn(pcount(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    common::ended(child)
}

const SHOP: &str = "item,price\n\"bread, white\",3\nrefund,-2\n\"two\nlines\",1\n";

/// A list of numbers is a column of its own; of ranges it is not.
#[test]
fn a_list_of_numbers_needs_no_column() {
    let folder = Folder::new("columns-plain");
    let file = folder.file("numbers.txt");
    fs::write(&file, "# of a lesson\n3 -2\n\n1e3\n").unwrap();
    for (line, expect) in
        [("sum", "1001\n"), ("map-reduce", "1000013\n"), ("square", "9\n4\n1000000\n"), ("double", "6\n-4\n2000\n")]
    {
        let run = alone(&[line, "--list", &file, "-q"]);
        assert_eq!((run.code, &*run.out), (Some(0), expect), "{line}: {run:?}");
    }
    fs::write(&file, "1..3\n5..6\n").unwrap();
    assert_eq!(alone(&["sum", "--list", &file, "-q"]).out, "8\n");
    fs::write(&file, "1\n5..6\n").unwrap();
    let mixed = alone(&["sum", "--list", &file]);
    assert_eq!((mixed.code, &*mixed.out), (Some(2), ""), "{mixed:?}");
    assert!(mixed.said()[0].contains("'5..6' is a range among numbers"), "{mixed:?}");
    fs::write(&file, "1\n").unwrap();
    let cached = alone(&["sum", "--list", &file, "--cache", &folder.file("c")]);
    if is_built_in("--cache") {
        assert!(
            cached.code == Some(2) && cached.said()[0].contains("--cache is not for numbers in a file"),
            "{cached:?}"
        );
    }
}

#[test]
fn a_column_of_a_table_is_one_answer_on_any_number_of_ranks() {
    let folder = Folder::new("columns");
    let shop = table(&folder, "shop.csv", SHOP);
    for (line, answer) in [
        ("sum --column price -q", "2\n"),
        ("map-reduce --column 2", "14\n"),
        ("square --column price", " n  value\n 3      9\n-2      4\n 1      1\n"),
        ("double --column price -q", "6\n-4\n2\n"),
        ("square --column price -f csv", "n,value\n3,9\n-2,4\n1,1\n"),
    ] {
        let args = [&words(line)[..], &["--list", &shop]].concat();
        assert_eq!(alone(&args).out, answer, "{line}");
        for (ranks, schedule) in [(2, "fixed"), (3, "farm"), (8, "fixed")] {
            let run = mpirun(ranks, &[&args[..], &["--schedule", schedule]].concat());
            assert_eq!((run.code, &*run.out), (Some(0), answer), "{line} on {ranks} ranks: {}", run.err);
        }
        let from_stdin = fed(&[&words(line)[..], &["--list", "-"]].concat(), SHOP);
        assert_eq!(from_stdin.out, answer, "{line} from stdin: {}", from_stdin.err);
    }
    // A column may be called like a dataset.
    let slash = table(&folder, "slash.csv", "/x,b\n4,5\n6,7\n");
    assert_eq!(alone(&["sum", "--list", &slash, "--column", "/x"]).out, "10\n");
    let json = alone(&["sum", "--list", &shop, "--column", "price", "-f", "json"]).json();
    assert_eq!(json["problem"]["column"], "price");
    assert_eq!(json["answer"], json!({"total": "2"}));
    let tabs = table(&folder, "shop.tsv", "a\tb\r\n1,5\t7\r\n2\t8\r\n");
    assert_eq!(alone(&["sum", "--list", &tabs, "--column", "b"]).out, "15\n");
    assert_eq!(
        alone(&["sum", "--list", &tabs, "--column", "b", "--dry-run", "-f", "json"]).json()["status"],
        "planned"
    );
}

#[test]
fn what_is_no_column_is_one_line() {
    let folder = Folder::new("no-columns");
    let shop = table(&folder, "shop.csv", SHOP);
    let empty = table(&folder, "empty.csv", "");
    let ranges = table(&folder, "ranges.csv", "1..5\n7\n");
    let holes = table(&folder, "holes.csv", "a,b\n1,\n");
    let halves = table(&folder, "halves.csv", "a\n1\n\n2.5\n");
    for (line, what) in [
        (format!("sum --column price --list {shop}x"), "No such file"),
        (format!("sum --column cost --list {shop}"), "there is no column 'cost': the first row has 'item', 'price'"),
        (format!("sum --column 3 --list {shop}"), "there is no column 3: the first row has 2 columns"),
        (format!("sum --column item --list {shop}"), "line 2: 'bread, white' is not an integer"),
        (format!("sum --column 1 --list {empty}"), "it has no rows"),
        (format!("sum --column 1 --list {ranges}"), "line 1: '1..5' is not an integer"),
        (format!("square --column b --list {holes}"), "line 2: the cell is empty"),
        (format!("map-reduce --column a --list {halves}"), "line 4: '2.5' is not an integer"),
        (format!("sum 0..9 --column price --list {shop}"), "'0..9' and --column exclude each other"),
        ("sum --column price".into(), "--column price needs a file that has it: add --list FILE.csv"),
        ("sum --column /x".into(), "--column /x needs a file that has it: add --list FILE.h5"),
        ("sum --column /x --list -".into(), "a dataset is read in slices"),
        (format!("sum --column 1 --list {}", folder.0.display()), "it is no plain file"),
        (format!("sum --column /x --list {shop}"), "--list"),
        (format!("pi --column 1 --list {shop}"), "'--column' is not an option"),
        (format!("compare sum --python --column price --list {shop}"), "--python has nothing for --column"),
    ] {
        for run in [alone(&words(&line)), mpirun(3, &words(&line))] {
            assert_eq!((run.code, &*run.out), (Some(2), ""), "{line}: {run:?}");
            assert!(run.said().len() == 1 && run.err.contains(what), "{line}: {}", run.err);
        }
    }
    let twice = alone(&["sum", "--list", &shop, "--list", &shop, "--column", "price"]);
    assert!(twice.code == Some(2) && twice.said().len() == 1, "{twice:?}");
}

#[test]
fn ranks_that_do_not_see_the_file_end_together() {
    let folder = Folder::new("unshared");
    for rank in 0..2 {
        fs::create_dir(folder.0.join(format!("of{rank}"))).unwrap();
    }
    fs::write(folder.0.join("of0/shop.csv"), SHOP).unwrap();
    let script = format!(
        "cd {}/of$OMPI_COMM_WORLD_RANK && exec {} sum --list shop.csv --column price",
        folder.0.display(),
        env!("CARGO_BIN_EXE_pcount")
    );
    let run = run(mpirun_of(2, "sh", &["-c", &script]));
    let said: Vec<&str> = run.err.lines().filter(|line| line.starts_with("pcount: ")).collect();
    assert!(run.out.is_empty() && said.len() == 1, "{run:?}");
    assert!(said[0].contains("rank 1: on host") && said[0].contains("No such file"), "{run:?}");
}

#[test]
fn a_long_column_takes_little_memory() {
    let folder = Folder::new("long");
    let text: String = (0..3_000_000u64).map(|n| format!("{n},{}\n", 7 * n)).collect();
    let path = table(&folder, "long.csv", &text);
    let expect = (0..3_000_000u64).map(|n| 7 * n).sum::<u64>();
    let args = ["sum", "--list", &path, "--column", "2", "--threads", "2"];
    assert_eq!(alone(&args).out, format!("{expect}\n"));
    let largest = common::peak_at_end(common::spawn(pcount(&args).stdout(Stdio::null())));
    assert!(largest < 40_000, "{largest} KiB for a file of {} bytes", text.len());
    assert_eq!(mpirun(3, &args).out, format!("{expect}\n"));
    let values: String = (0..3_000_000u64).map(|n| format!("{}\n", 14 * n)).collect();
    assert!(alone(&["double", "--list", &path, "--column", "2", "-q"]).out == values);
}

#[test]
#[cfg_attr(not(feature = "hdf5"), ignore = "pcount is built without HDF5")]
fn a_resume_wants_the_file_as_it_was() {
    let folder = Folder::new("edited");
    let text: String = (0..200_000u64).map(|n| format!("{n},{}\n", 7 * n)).collect();
    let mut files = vec![(table(&folder, "long.csv", &text), "2")];
    if has_h5py() {
        let path = folder.file("data.h5");
        let script = "import h5py, numpy, sys; h5py.File(sys.argv[1], 'w')['x'] = 7 * numpy.arange(200000)";
        let mut maker = Command::new(PYTHON);
        maker.args(["-c", script, &path]);
        assert_eq!(run(maker).code, Some(0));
        files.push((path, "/x"));
    }
    for (path, column) in files {
        let out = folder.file("run.h5");
        let _ = fs::remove_file(&out);
        let args = ["sum", "--list", &path, "--column", column, "--for", "1ms", "--out", &out];
        assert_eq!(alone(&args).code, Some(85), "{path}");
        let before = fs::read(&path).unwrap();
        let mut edited = before.clone();
        // The lowest digit or byte of a number in the middle: the file is as long as it was.
        let at = edited.len() / 2 + edited[edited.len() / 2..].iter().position(|&byte| byte == b'\n').unwrap_or(0) + 1;
        edited[at] = if edited[at] == b'9' { b'8' } else { b'9' };
        fs::write(&path, &edited).unwrap();
        for refused in [alone(&["resume", &out]), mpirun(2, &["resume", &out])] {
            assert_eq!((refused.code, refused.said().len()), (Some(2), 1), "{refused:?}");
            assert!(refused.err.contains("this run was started with checksum "), "{refused:?}");
        }
        fs::write(&path, before).unwrap();
        let expect = format!("{}\n", (0..200_000u64).map(|n| 7 * n).sum::<u64>());
        assert_eq!(alone(&["resume", &out]).out, expect);
    }
}

#[test]
fn datasets_of_other_programs_are_read_in_slices() {
    if !has_h5py() {
        return;
    }
    let folder = Folder::new("datasets");
    let path = folder.file("data.h5");
    let script = "import h5py, numpy, sys\n\
                  f = h5py.File(sys.argv[1], 'w')\n\
                  g = f.create_group('group')\n\
                  g['big'] = numpy.arange(-5, 1000000, dtype='>i4')\n\
                  f.create_dataset('packed', data=numpy.arange(300000, dtype='u2') % 1000, chunks=(1000,), compression='gzip', shuffle=True)\n\
                  f['u64'] = numpy.array([2**64 - 1, 1], dtype='u8')\n\
                  f['floats'] = numpy.array([1.0, -4.0])\n\
                  f['none'] = numpy.array([], dtype='i8')\n\
                  f['half'] = numpy.array([0.5])\n\
                  f['flat'] = numpy.zeros((3, 2), dtype='i8')\n\
                  f['text'] = ['a', 'b']\n\
                  f['link'] = h5py.ExternalLink('other.h5', '/x')\n\
                  f.create_dataset('outside', (2,), 'i8', external=[('raw', 0, 16)])\n";
    let mut maker = Command::new(PYTHON);
    maker.args(["-c", script, &path]);
    assert_eq!(run(maker).code, Some(0));
    let big = (-5..1_000_000i64).sum::<i64>();
    let packed = (0..300_000u64).map(|n| (n % 65536) % 1000).sum::<u64>();
    for (line, answer) in [
        ("sum --column /group/big", format!("{big}\n")),
        ("sum --column /packed", format!("{packed}\n")),
        ("sum --column /u64", "18446744073709551616\n".into()),
        ("map-reduce --column /floats", "17\n".into()),
        ("sum --column /none", "0\n".into()),
        ("square --column /floats -f csv", "n,value\n1,1\n-4,16\n".into()),
        ("square --column /none", "n  value\n".into()),
    ] {
        let args = [&words(line)[..], &["--list", &path]].concat();
        assert_eq!(alone(&args).out, answer, "{line}");
        for (ranks, schedule) in [(3, "farm"), (2, "fixed")] {
            let run = mpirun(ranks, &[&args[..], &["--schedule", schedule]].concat());
            assert_eq!((run.code, &*run.out), (Some(0), &*answer), "{line} on {ranks} ranks: {}", run.err);
        }
    }
    for (name, what) in [
        ("/half", "0.5 at place 0 is not an integer"),
        ("/flat", "has 2 dimensions, and a column has one"),
        ("/text", "has no numbers"),
        ("/link", "is a link to elsewhere"),
        ("/outside", "has its numbers in other files"),
        ("/group", "is no dataset"),
        ("/missing", "there is no '/missing' in it"),
    ] {
        let run = mpirun(2, &["sum", "--list", &path, "--column", name]);
        assert_eq!((run.code, run.said().len()), (Some(2), 1), "{name}: {run:?}");
        assert!(run.err.contains(what), "{name}: {}", run.err);
    }
    let no_column = mpirun(2, &["sum", "--list", &table(&folder, "plain.csv", "x,/y\n1,2\n"), "--column", "/group/x"]);
    assert_eq!((no_column.code, no_column.said().len()), (Some(2), 1), "{no_column:?}");
    assert!(no_column.err.contains("there is no column '/group/x': the first row has 'x', '/y'"), "{no_column:?}");
    let plain = alone(&["sum", "--list", &path]);
    assert!(plain.code == Some(2) && plain.err.contains("name a dataset, as in --column /group/values"), "{plain:?}");
    let table = alone(&["sum", "--list", &path, "--column", "x"]);
    assert!(table.code == Some(2) && table.err.contains("it is an HDF5 file: name a dataset"), "{table:?}");
}
