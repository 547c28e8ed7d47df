//! A column of a table in text: CSV, or TSV in a file whose name ends so. The only file that names the csv crate.
//!
//! A slice ends at the end of a row. Where a file has no quotes, rows end with lines. Where it has some, a line break may be in a
//! cell, so that the rows are looked through once from the beginning.

use super::{Column, ColumnReader, Gathered, checksum, checksum_fact, facts, full, written};
use crate::error::{Error, Result};
use crate::escaped;
use crate::values::{Fact, Numbers, Value};
use csv::{ByteRecord, ReaderBuilder};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a slice, about: some milliseconds.
const SLICE: u64 = 1 << 20;

/// A smaller file is cut into so many slices, so that each of many ranks has its share.
const SLICES_OF_SMALL: u64 = 64;

/// Bytes of a row with the number wanted, about.
const ROW_BYTES: u64 = 10;

/// A column of a file.
pub struct CsvColumn {
    path: PathBuf,
    place: Place,
    /// Where each slice begins, and the last one ends.
    edges: Vec<u64>,
    /// What tells the content of the file.
    checksum: u64,
}

/// Where a column is in its table.
#[derive(Clone)]
struct Place {
    /// As it was asked for.
    name: String,
    index: usize,
    separator: u8,
    /// Where the first row of numbers begins.
    first_row: u64,
}

impl CsvColumn {
    /// The column of that name or number in a file. Cost: the file is read once, at the speed of the disk if it has no quotes.
    ///
    /// # Errors
    /// If it is no plain file, if it cannot be read, or if it has no such column.
    pub fn open(path: &Path, name: &str) -> Result<CsvColumn> {
        let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("--list {}: {why}", path.display()));
        // A pipe might keep its reader waiting for ever.
        if !path.metadata().map_err(|why| wrong(&why))?.is_file() {
            return Err(wrong(&"it is no plain file, and ranks read it in slices: write --list - and redirect it"));
        }
        let file = File::open(path).map_err(|why| wrong(&why))?;
        let metadata = file.metadata().map_err(|why| wrong(&why))?;
        let separator = if path.extension().is_some_and(|ending| ending == "tsv") { b'\t' } else { b',' };
        let place = Place::find(&mut BufReader::new(&file), name, separator).map_err(|why| wrong(&why))?;
        let (edges, checksum) = edges(&file, &place, metadata.len()).map_err(|why| wrong(&why))?;
        Ok(CsvColumn { path: path.into(), place, edges, checksum })
    }
}

/// The numbers of a column that comes once, such as from stdin; at most so many.
///
/// # Errors
/// As [`CsvColumn::open`], and if there are more numbers.
pub fn numbers_of(from: &mut dyn Read, name: &str, most: usize) -> Result<Vec<String>> {
    let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("--list -: {why}"));
    let mut held = vec![];
    from.read_to_end(&mut held).map_err(|why| wrong(&why))?;
    let place = Place::find(&mut &held[..], name, b',').map_err(|why| wrong(&why))?;
    let table = &held[held.len().min(place.first_row as usize)..];
    if table.contains(&b'"') {
        each_row(table, place.separator, |_| ()).map_err(|why| wrong(&why))?;
    }
    let mut rows = Rows::of(table, &place, 0);
    let (mut numbers, mut row) = (vec![], 0);
    while let Some(cell) = rows.next().map_err(|why| wrong(&why))? {
        row += 1;
        numbers.push(written(cell.trim_ascii()).map_err(|why| wrong(&format!("row {row}: {why}")))?);
        if numbers.len() > most {
            return Err(wrong(&format!(
                "more than {most} numbers are held by no rank: save them in a file and write --list FILE"
            )));
        }
    }
    Ok(numbers)
}

/// What is wrong with a table.
type Found<T> = std::result::Result<T, String>;

impl Place {
    /// Looks for a column in the first row.
    fn find(from: &mut dyn Read, name: &str, separator: u8) -> Found<Place> {
        let mut start = [0; 3];
        let count = full(from, &mut start).map_err(|why| why.to_string())?;
        let mark = match &start[..count] {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err("it is text in UTF-16: save it in UTF-8".into()),
            [0x89, b'H', b'D'] => {
                return Err("it is an HDF5 file: name a dataset with its slash, as in --column /group/values".into());
            }
            // A mark that it is UTF-8.
            [0xef, 0xbb, 0xbf] => 3,
            _ => 0,
        };
        let mut rows = reader(start[mark..count].chain(from).chain(BEHIND), separator);
        let mut row = ByteRecord::new();
        rows.read_byte_record(&mut row).map_err(|why| why.to_string())?;
        let behind = rows.position().byte() + mark as u64;
        let place = |index, first_row| Ok(Place { name: name.into(), index, separator, first_row });
        let names = || row.iter().map(|cell| format!("'{}'", shown(cell))).collect::<Vec<_>>().join(", ");
        match row.iter().next_back() {
            Some(cell) if row.len() == 1 && cell == &BEHIND[1..] => return Err("it has no rows".into()),
            Some(cell) if cell.ends_with(BEHIND) => return Err(OPEN.into()),
            _ => (),
        }
        if !name.is_empty() && name.bytes().all(|c| c.is_ascii_digit()) {
            return match name.parse::<usize>() {
                Ok(number) if (1..=row.len()).contains(&number) => {
                    // Without a heading the first row has a number there, or what should be one, which is said when it is read.
                    let cell = row[number - 1].trim_ascii();
                    let unsigned = cell.strip_prefix(b"-").or(cell.strip_prefix(b"+")).unwrap_or(cell);
                    let is_number = unsigned.first().is_some_and(u8::is_ascii_digit);
                    place(number - 1, if is_number { mark as u64 } else { behind })
                }
                _ => Err(format!("there is no column {name}: the first row has {}", columns(row.len()))),
            };
        }
        let mut named = (0..row.len()).filter(|&index| row[index].trim_ascii() == name.trim().as_bytes());
        match (named.next(), named.next()) {
            (Some(index), None) => place(index, behind),
            (Some(index), Some(_)) => Err(format!(
                "several columns are called '{name}': write the number of one, such as --column {}",
                index + 1
            )),
            _ => Err(format!("there is no column '{}': the first row has {}", escaped::line(name), names())),
        }
    }
}

/// The beginning of a cell, for a message.
pub(super) fn shown(cell: &[u8]) -> String {
    escaped::line(&String::from_utf8_lossy(cell).chars().take(40).collect::<String>()).into_owned()
}

fn columns(count: usize) -> String {
    if count == 1 { "1 column".into() } else { format!("{count} columns") }
}

/// Stands behind a table, as a row of its own. If it is none, a quote is open.
const BEHIND: &[u8] = b"\npcount-end";

/// Reads all rows, and tells where each ends.
fn each_row(from: impl Read, separator: u8, mut each: impl FnMut(u64)) -> Found<()> {
    let mut rows = reader(from.chain(BEHIND), separator);
    let (mut row, mut is_behind) = (ByteRecord::new(), false);
    while rows.read_byte_record(&mut row).map_err(|why| why.to_string())? {
        is_behind = row.len() == 1 && row[0] == BEHIND[1..];
        each(rows.position().byte());
    }
    if is_behind { Ok(()) } else { Err(OPEN.into()) }
}

const OPEN: &str = "a quote is opened and not closed";

/// Where the slices begin, and the last one ends; and the checksum of the file.
fn edges(file: &File, place: &Place, end: u64) -> Found<(Vec<u64>, u64)> {
    let wrong = |why: &dyn std::fmt::Display| why.to_string();
    let first = place.first_row.min(end);
    let width = ((end - first) / SLICES_OF_SMALL).clamp(1, SLICE);
    let mut has_quotes = false;
    let mut look = |at: u64, bytes: &[u8]| {
        let heading = first.saturating_sub(at).min(bytes.len() as u64) as usize;
        has_quotes = has_quotes || bytes[heading..].contains(&b'"');
    };
    let checksum = checksum::of_all(file, &mut look).map_err(|why| wrong(&why))?;
    let edges = match has_quotes {
        false => by_lines(file, first, end, width).map_err(|why| wrong(&why))?,
        true => by_rows(file, place, end, width)?,
    };
    Ok((edges, checksum))
}

/// Slices of so many bytes and the rest of the line.
fn by_lines(mut file: &File, first: u64, end: u64, width: u64) -> io::Result<Vec<u64>> {
    let (mut edges, mut buffer) = (vec![first], vec![0; 4096]);
    let mut at = first + width;
    while at < end {
        file.seek(SeekFrom::Start(at))?;
        let count = full(&mut file, &mut buffer)?;
        match buffer[..count].iter().position(|&byte| byte == b'\n') {
            Some(line_end) => {
                edges.push(at + line_end as u64 + 1);
                at += line_end as u64 + 1 + width;
            }
            None if count < buffer.len() => break,
            None => at += count as u64,
        }
    }
    if edges[edges.len() - 1] < end {
        edges.push(end);
    }
    Ok(edges)
}

/// Slices of as many rows as have so many bytes.
fn by_rows(mut file: &File, place: &Place, end: u64, width: u64) -> Found<Vec<u64>> {
    file.seek(SeekFrom::Start(place.first_row)).map_err(|why| why.to_string())?;
    let mut edges = vec![place.first_row];
    each_row(BufReader::with_capacity(1 << 16, file), place.separator, |length| {
        let at = place.first_row + length;
        if at >= edges[edges.len() - 1] + width && at < end {
            edges.push(at);
        }
    })?;
    edges.push(end);
    Ok(edges)
}

fn reader<R: Read>(from: R, separator: u8) -> csv::Reader<R> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(from)
}

impl Column for CsvColumn {
    fn slices(&self) -> u64 {
        self.edges.len() as u64 - 1
    }

    fn numbers(&self) -> u64 {
        (self.edges[self.edges.len() - 1] - self.edges[0]) / ROW_BYTES
    }

    fn facts(&self) -> Vec<Fact> {
        let bytes = self.edges[self.edges.len() - 1];
        facts(&self.path, &self.place.name, [Fact::new("bytes", Value::Count(bytes)), checksum_fact(self.checksum)])
    }

    fn reader(self: Arc<Self>) -> Box<dyn ColumnReader> {
        Box::new(CsvReader { column: self, file: None })
    }
}

struct CsvReader {
    column: Arc<CsvColumn>,
    file: Option<File>,
}

impl ColumnReader for CsvReader {
    fn slice(&mut self, slice: u64) -> Result<Numbers> {
        let CsvColumn { path, place, edges, .. } = &*self.column;
        let (start, end) = (edges[slice as usize], edges[slice as usize + 1]);
        let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("--list {}: {why}", path.display()));
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::open(path).map_err(|why| wrong(&why))?,
        };
        let mut bytes = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes)).map_err(|why| wrong(&why))?;
        self.file = Some(file);
        let (mut rows, mut numbers) = (Rows::of(&bytes, place, start), Gathered::default());
        while let Some(cell) = rows.next().map_err(|why| wrong(&why))? {
            let pushed = numbers.push(cell);
            pushed.map_err(|why| wrong(&format!("{}: {why}", rows.place(path))))?;
        }
        Ok(numbers.done())
    }
}

/// The cells of a column.
struct Rows<'a> {
    rows: csv::Reader<&'a [u8]>,
    row: ByteRecord,
    index: usize,
    /// Where the bytes begin in the file.
    start: u64,
}

impl<'a> Rows<'a> {
    fn of(bytes: &'a [u8], place: &Place, start: u64) -> Rows<'a> {
        let rows = reader(bytes, place.separator);
        Rows { rows, row: ByteRecord::new(), index: place.index, start }
    }

    /// The next cell.
    fn next(&mut self) -> Found<Option<&[u8]>> {
        match self.rows.read_byte_record(&mut self.row).map_err(|why| why.to_string())? {
            // A row that is too short has an empty cell there.
            true => Ok(Some(self.row.get(self.index).unwrap_or_default())),
            false => Ok(None),
        }
    }

    /// Where the row is that was read last, for a message: the line in which it ends.
    fn place(&self, path: &Path) -> String {
        let last = (self.start + self.rows.position().byte()).saturating_sub(1);
        match line_at(path, last) {
            Ok(line) => format!("line {line}"),
            Err(_) => format!("byte {last}"),
        }
    }
}

/// The number of the line that has the byte, from 1. The file is read up to there.
fn line_at(path: &Path, at: u64) -> io::Result<u64> {
    let mut before = BufReader::new(File::open(path)?.take(at));
    let (mut line, mut buffer) = (1, vec![0; 1 << 16]);
    loop {
        match full(&mut before, &mut buffer)? {
            0 => return Ok(line),
            count => line += buffer[..count].iter().filter(|&&byte| byte == b'\n').count() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that goes with the test.
    struct Table(PathBuf);

    impl Table {
        fn new(name: &str, text: &[u8]) -> Table {
            let path = std::env::temp_dir().join(format!("pcount-{}-{name}", std::process::id()));
            std::fs::write(&path, text).unwrap();
            Table(path)
        }

        /// All numbers of a column, slice by slice.
        fn read(&self, name: &str) -> Result<Vec<String>> {
            let column = Arc::new(CsvColumn::open(&self.0, name)?);
            let mut reader = column.clone().reader();
            let slices = (0..column.slices()).map(|slice| reader.slice(slice));
            Ok(slices
                .collect::<Result<Vec<_>>>()?
                .iter()
                .flat_map(|numbers| numbers.texts().collect::<Vec<_>>())
                .collect())
        }
    }

    impl Drop for Table {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn columns_are_found_by_name_and_by_number() {
        for (name, text, column, expect) in [
            ("a.csv", "n,price\n1,10\n2,-20\n", "price", "10 -20"),
            ("b.csv", "n,price\r\n1,10\r\n\r\n2,20", "2", "10 20"),
            ("c.csv", "1,10\n2,20\n", "1", "1 2"),
            ("d.csv", "\u{feff}price\n7\n", "price", "7"),
            ("e.csv", "\u{feff}7\n8\n", "1", "7 8"),
            ("f.tsv", "a\tb, c\n1\t2\n", "b, c", "2"),
            ("g.csv", "\"a\"\"b\",\"c\nd\"\n\"5\",\"6\"\n\" 7 \",8\n", "a\"b", "5 7"),
            ("h.csv", "\"c\nd\",x\n\"e\nf\",9\n", "x", "9"),
            ("i.csv", "x\n", "x", ""),
            ("j.csv", "x\n1e3\n18446744073709551616\n", "x", "1000 18446744073709551616"),
            ("k.csv", "1\n2", "1", "1 2"),
        ] {
            assert_eq!(Table::new(name, text.as_bytes()).read(column).unwrap().join(" "), expect, "{name}");
            let held = numbers_of(&mut text.replace('\t', ",").as_bytes(), &column.replace(", ", ""), 9);
            assert!(name == "f.tsv" || held.unwrap().join(" ") == expect, "{name} held");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, column, what) in [
            ("", "x", "it has no rows"),
            ("a,b\n1,2\n", "c", "there is no column 'c': the first row has 'a', 'b'"),
            ("a,b\n1,2\n", "3", "there is no column 3: the first row has 2 columns"),
            ("a\n1\n", "0", "there is no column 0: the first row has 1 column"),
            ("a,a\n1,2\n", "a", "several columns are called 'a': write the number of one, such as --column 1"),
            ("a,b\n1,2\n3\n", "b", "line 3: the cell is empty"),
            ("a,b\n1,2\n\n3,x\n", "b", "line 4: 'x' is not an integer"),
            ("a\n1\n2.5\n", "a", "line 3: '2.5' is not an integer"),
            ("n,c\n1,\"x\n2,y\n", "n", OPEN),
            ("n,\"c\n1,2\n", "n", OPEN),
            ("1,\"2\n3\n", "1", OPEN),
        ] {
            let why = Table::new("wrong.csv", text.as_bytes()).read(column).unwrap_err().to_string();
            assert!(why.starts_with("--list ") && why.contains(what), "{text:?}: {why}");
            let held = numbers_of(&mut text.as_bytes(), column, 9).unwrap_err().to_string();
            assert!(held.contains(what.split(": ").last().unwrap()), "{text:?}: {held}");
        }
        assert!(Table::new("wide.csv", b"\xff\xfea\0").read("a").unwrap_err().to_string().contains("UTF-16"));
        assert!(
            numbers_of(&mut "x\n1\n2\n".as_bytes(), "x", 1).unwrap_err().to_string().contains("more than 1 numbers")
        );
    }

    #[test]
    fn slices_end_where_rows_do() {
        let plain: String = (0..300_000).map(|n| format!("{n},{}\n", n * 7)).collect();
        let quoted: String = (0..300_000).map(|n| format!("\"{n}\n\",\"{}\"\n", n * 7)).collect();
        for (name, text, cut) in
            [("plain.csv", plain.clone(), true), ("quoted.csv", quoted, true), ("few.csv", "1,7\n".into(), false)]
        {
            let table = Table::new(name, format!("a,b\n{text}").as_bytes());
            let numbers = table.read("b").unwrap();
            let count = if cut { 300_000 } else { 1 };
            assert!(
                numbers.len() == count
                    && numbers.iter().enumerate().all(|(n, text)| !cut || *text == (7 * n).to_string()),
                "{name}"
            );
            assert!(!cut || CsvColumn::open(&table.0, "b").unwrap().slices() >= 60, "{name}");
        }
    }
}
