//! The run file: a report kept in HDF5, to be read by `h5dump`, h5py and `pcount show`. The only file that
//! names the hdf5 crate.
//!
//! ```text
//! /          attributes: schema, status, kernel
//! /problem   what was asked:   attributes, and datasets where a fact is a list
//! /answer    a dataset for each column of the answer; attributes: total, bare
//! /primes    a list of primes, in chunks; the name of its column is the attribute `list` of /
//! /run       how it was done:  attributes and datasets
//! /legs      /0, /1, ...: /run of the runs that this one went on from, the first one first
//! /timeline  who computed which units when: a dataset for each of first_unit, units, rank, thread, start,
//!            seconds, leg
//! /ledger    what a resume needs. Attributes: fingerprint of the plan, its units, how many are done, the ranks it
//!            was stated for; datasets: the arguments, a list named there, and of the blocks that are in
//!            level, index, size of the part, and the parts end to end
//! ```
//!
//! Integers that outgrow 64 bits are text. Each group has an attribute `order`: its facts or columns as they
//! are told. Only rank 0 writes: beside the file, read back, then renamed; the file before stays as `.prev`.
//! HDF5's own locks are off, because they fail on file systems of clusters: `lock.rs` has ours.
//!
//! The first 512 bytes are text, in what HDF5 calls the user block and lets be: the schema, the SHA-256 of
//! all that follows, and whether the run is unfinished. HDF5 believes what it reads, and a flipped bit can make it crash, hang or ask for all
//! memory there is, so the bytes are checked before it sees them.

use super::lock::{Lock, Owner};
use super::{Column, Fact, List, Report, State, Status, Stint, Table, Value};
use crate::block::Block;
use crate::digest::{Sha256, hex};
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::wire::Bytes;
use hdf5::filters::deflate_available;
use hdf5::types::{FixedAscii, VarLenUnicode};
use hdf5::{Dataset, File, FileBuilder, Group, H5Type, Location};
// Only its build script is used: `build.rs` hears from it which HDF5 there is.
use hdf5_metno_sys as _;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const SCHEMA: &str = "pcount-run/1";

/// Bytes of the user block: the least that HDF5 has.
const HEAD: usize = 512;

/// A run file to be written, once or again and again.
pub struct RunFile {
    path: PathBuf,
    /// Whether what is there is damaged, so that it must not take the place of the one before.
    damaged: bool,
    /// Keeps other runs away for as long as this one may write.
    _lock: Lock,
}

/// Makes sure that the run file can be written where it is wanted, before there is something to write.
///
/// # Errors
/// Also if there is an unfinished run, which somebody may want to go on with.
pub fn draft(path: &Path, me: &Owner) -> Result<RunFile> {
    let run = place(path, me, "--out ")?;
    let before = previous(&run.path);
    let refused = |what: &str| {
        Err(Error::usage(format!(
            "--out '{0}': there is an unfinished run{what}: go on with pcount resume {0}, or remove it",
            path.display()
        )))
    };
    // Whoever removed the newest file wants neither; whoever has a damaged one would lose the one before.
    match says_unfinished(&run.path) {
        true => refused(""),
        false if says_unfinished(&before) && matches!(open(&run.path), Err(Fault::Damaged(_) | Fault::Foreign)) => {
            refused(&format!(" in '{}', and '{}' is damaged", before.display(), path.display()))
        }
        // It may be somebody's data.
        false if is_foreign(&run.path) => {
            let why = "what is there is not a pcount run file: give another name, or remove it";
            Err(Error::usage(format!("--out '{}': {why}", path.display())))
        }
        false => Ok(run),
    }
}

/// A run to be gone on with.
pub struct Left {
    pub report: Report,
    pub run: RunFile,
    /// Where it was found, and what must be said of that: that the file is damaged and the one before it was taken.
    pub from: PathBuf,
    pub note: Option<String>,
}

/// The run in the file.
///
/// # Errors
/// If neither is as it was written.
pub fn resume(path: &Path, me: &Owner) -> Result<Left> {
    if let Err(Fault::Missing) = open(path)
        && open(&previous(path)).is_err()
    {
        return Err(Fault::Missing.at(path));
    }
    let run = place(path, me, "")?;
    match (open(&run.path), open(&previous(&run.path))) {
        (Ok(report), _) => Ok(Left { report, from: run.path.clone(), run, note: None }),
        // What another pcount wrote is not damaged.
        (Err(fault @ (Fault::Missing | Fault::Damaged(_) | Fault::Foreign)), Ok(report)) => {
            let why = fault.at(path).to_string();
            let words = report
                .state
                .iter()
                .flat_map(|state| &state.arguments)
                .fold(String::new(), |all, word| all + " " + word);
            let note = format!("{why}; taking that, which is of pcount{words}");
            let from = previous(&run.path);
            Ok(Left { report, run: RunFile { damaged: true, ..run }, from, note: Some(note) })
        }
        (Err(fault), _) => Err(fault.at(path)),
    }
}

/// The name of the file before this one.
fn previous(path: &Path) -> PathBuf {
    path.with_file_name(beside(path, ".prev"))
}

/// Where the run file is to be, locked.
fn place(path: &Path, me: &Owner, option: &str) -> Result<RunFile> {
    let wrong = |why: String| Error::usage(format!("{option}'{}': {why}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(wrong(format!("there is no folder '{}'", folder.display())));
    }
    // What a link leads to is replaced, not the link.
    let path = match path.is_symlink() {
        true => &fs::canonicalize(path).map_err(|why| wrong(format!("it is a link that leads nowhere: {why}")))?,
        false => path,
    };
    for name in ["", ".new", ".prev", ".lock"].map(|ending| beside(path, ending)) {
        match fs::symlink_metadata(path.with_file_name(&name)) {
            Ok(there) if !there.is_file() => return Err(wrong(format!("'{name}' is there and is not a plain file"))),
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(wrong(format!("'{name}': {why}"))),
            _ => (),
        }
    }
    let lock = path.with_file_name(beside(path, ".lock"));
    let lock = Lock::take(&lock, me).map_err(|why| match why.kind() {
        io::ErrorKind::PermissionDenied if lock.exists() => {
            let hint = format!("{why}; if no run has it, remove that");
            cannot("write", &lock, &hint)
        }
        _ => cannot("write", path, &why),
    })?;
    Ok(RunFile { path: path.into(), damaged: false, _lock: lock })
}

/// The file's name with something behind it.
fn beside(path: &Path, ending: &str) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    format!("{}{ending}", name.unwrap_or_default())
}

fn cannot(what: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    let why = why.to_string().replace('\n', " ");
    // HDF5 tells all it knows; what the system said is enough.
    let short = why.split_once("error message = '").and_then(|(_, rest)| rest.split('\'').next());
    let why = match short {
        Some(_) if why.contains("unable to lock") => {
            "it is locked (if this file system has no locks, set HDF5_USE_FILE_LOCKING=FALSE)"
        }
        Some(short) => short,
        None => &why,
    };
    Error::failed(format!("cannot {what} '{}': {why}", path.display()))
}

/// Writes the report beside the run file and makes it that.
pub fn write(report: &Report, run: &mut RunFile) -> Result<()> {
    let (draft, file) = create(run)?;
    fill(file, report).map_err(|why| cannot("write", &run.path, &why))?;
    keep(report, run, draft)
}

/// An empty run file beside its place. Where HDF5's locks cannot be turned off, it has one of its own on it.
fn create(run: &RunFile) -> Result<(Draft, File)> {
    let cannot = |why: &dyn std::fmt::Display| cannot("write", &run.path, why);
    let mut draft = Draft::new(&run.path, &beside(&run.path, ".new")).map_err(|why| cannot(&why))?;
    draft.file().unlock().map_err(|why| cannot(&why))?;
    let file = unlocked().with_fcpl(|list| list.userblock(HEAD as u64)).create(draft.path());
    Ok((draft, file.map_err(|why| cannot(&why))?))
}

/// HDF5's way to a file, without locks where it has a way without: from 1.10.7 and 1.12.1 on.
fn unlocked() -> FileBuilder {
    #[cfg_attr(not(hdf5_file_locking), allow(unused_mut))]
    let mut builder = FileBuilder::new();
    #[cfg(hdf5_file_locking)]
    builder.with_fapl(|list| list.file_locking(false));
    builder
}

/// A draft that is filled, on its way to be the run file.
struct Keeping<'a> {
    report: &'a Report,
    run: &'a mut RunFile,
    draft: Draft,
}

type Step = fn(&mut Keeping) -> io::Result<()>;

/// What is done to it, in this order. Whoever dies between two of them leaves a whole file behind, the old one or the
/// new one.
const STEPS: [Step; 7] = [
    |keeping| seal(keeping.draft.file(), keeping.report.status),
    // What a full disk or a bad one made of it is known only by reading it.
    |keeping| match open(keeping.draft.path()) {
        Ok(found) if found == *keeping.report => Ok(()),
        Ok(_) => Err(io::Error::other("it is not read back as it was written")),
        Err(_) => Err(io::Error::other("it could not be read back (is the disk full?)")),
    },
    |keeping| forget(keeping.run),
    |keeping| remember(keeping.run),
    |keeping| keeping.draft.sync(),
    |keeping| {
        keeping.draft.replace()?;
        keeping.run.damaged = false;
        Ok(())
    },
    |keeping| keeping.draft.settle(),
];

/// Makes the draft with this report the run file.
fn keep(report: &Report, run: &mut RunFile, draft: Draft) -> Result<()> {
    let mut keeping = Keeping { report, run, draft };
    let kept = STEPS.iter().try_for_each(|step| step(&mut keeping));
    kept.map_err(|why| cannot("write", &keeping.run.path, &why))
}

/// Puts into the user block what belongs there.
fn seal(file: &mut fs::File, status: Status) -> io::Result<()> {
    file.seek(SeekFrom::Start(HEAD as u64))?;
    let head = head(digest(file)?, status == Status::Partial);
    file.rewind()?;
    file.write_all(&head)
}

/// The user block that goes with the rest of the file.
fn head(rest: [u8; 32], unfinished: bool) -> Vec<u8> {
    let status = if unfinished { UNFINISHED } else { "" };
    let mut head = format!("{SCHEMA}\nsha256 {}\n{status}", hex(&rest)).into_bytes();
    head.resize(HEAD, 0);
    head
}

/// A line of the user block, so that whoever is about to replace the file sees it without reading it all.
const UNFINISHED: &str = "unfinished\n";

fn digest(rest: &mut fs::File) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::default();
    io::copy(rest, &mut digest)?;
    Ok(digest.finish())
}

/// What the file begins with; nothing if it cannot be read.
fn begin(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    read.map_or(vec![], |_| head)
}

/// Whether there is a file that says so, damaged or not.
fn says_unfinished(path: &Path) -> bool {
    let head = begin(path);
    let mut lines = head.split_inclusive(|&byte| byte == b'\n');
    head.starts_with(SCHEMA.as_bytes()) && lines.any(|line| line == UNFINISHED.as_bytes())
}

/// Whether there is something else than a run file, of whatever pcount.
fn is_foreign(path: &Path) -> bool {
    let head = begin(path);
    !head.is_empty() && !head.starts_with(b"pcount-run/")
}

/// Whether the file that is there becomes the one before.
fn is_good(run: &RunFile) -> bool {
    !run.damaged && run.path.exists()
}

/// Makes room for the file that is there, if one is, under another name.
fn forget(run: &RunFile) -> io::Result<()> {
    if !is_good(run) {
        return Ok(());
    }
    match fs::remove_file(previous(&run.path)) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Gives it that name too.
fn remember(run: &RunFile) -> io::Result<()> {
    if !is_good(run) {
        return Ok(());
    }
    // Not every file system has hard links.
    fs::hard_link(&run.path, previous(&run.path)).or_else(|_| fs::copy(&run.path, previous(&run.path)).map(drop))
}

fn fill(file: File, report: &Report) -> hdf5::Result<()> {
    put_text(&file, "schema", SCHEMA)?;
    put_text(&file, "status", report.status.name())?;
    put_text(&file, "kernel", &report.kernel)?;
    put_facts(&file.create_group("problem")?, &report.problem)?;
    put_facts(&file.create_group("run")?, &report.run)?;
    put_answer(&file.create_group("answer")?, report)?;
    put_timeline(&file.create_group("timeline")?, &report.timeline)?;
    let legs = file.create_group("legs")?;
    put(&legs, "count", &(report.legs.len() as u64))?;
    for (index, leg) in report.legs.iter().enumerate() {
        put_facts(&legs.create_group(&index.to_string())?, leg)?;
    }
    let ledger = file.create_group("ledger")?;
    report.state.iter().try_for_each(|state| put_state(&ledger, state))?;
    file.close()
}

fn string(text: &str) -> hdf5::Result<VarLenUnicode> {
    text.parse().map_err(|why| hdf5::Error::from(format!("text that HDF5 cannot hold: {why}")))
}

fn put_text(place: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    put(place, name, &string(text)?)
}

fn put<T: H5Type>(place: &Location, name: &str, value: &T) -> hdf5::Result<()> {
    place.new_attr::<T>().create(name)?.write_scalar(value)
}

/// Single values are attributes, lists datasets: an attribute has at most 64 KiB.
fn put_facts(group: &Group, facts: &[Fact]) -> hdf5::Result<()> {
    let names: Vec<&str> = facts.iter().map(|fact| fact.name.as_ref()).collect();
    put_text(group, "order", &names.join(","))?;
    for Fact { name, value } in facts {
        match value {
            Value::Count(count) => put(group, name, count)?,
            Value::Seconds(seconds) => put(group, name, seconds)?,
            Value::List(values) => drop(put_values(group, name, &values.iter().collect::<Vec<_>>())?),
            value => put_text(group, name, &value.to_string())?,
        }
    }
    Ok(())
}

fn facts(group: &Group) -> hdf5::Result<Vec<Fact>> {
    let there = |value| if value == Value::Nothing { Value::text("") } else { value };
    let fact = |name: &str| {
        let value = match group.attr(name) {
            // In these lists nothing is missing, so what reads like it was empty text.
            Err(_) => Value::List(values(&group.dataset(name)?)?.into_iter().map(there).collect()),
            Ok(attr) if attr.dtype()?.is::<u64>() => Value::Count(attr.read_scalar()?),
            Ok(attr) if attr.dtype()?.is::<f64>() => Value::Seconds(attr.read_scalar()?),
            Ok(_) => Value::Text(text(group, name)?),
        };
        Ok(Fact::new(name.to_string(), value))
    };
    text(group, "order")?.split(',').filter(|name| !name.is_empty()).map(fact).collect()
}

fn put_answer(group: &Group, report: &Report) -> hdf5::Result<()> {
    let table = &report.table;
    let keys: Vec<&str> = table.columns.iter().map(|column| column.key.as_ref()).collect();
    put_text(group, "order", &keys.join(","))?;
    put_text(group, "bare", &report.bare)?;
    if let Some(total) = &report.total {
        put_text(group, "total", total)?;
    }
    for (index, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Value> = table.rows.iter().map(|row| &row[index]).collect();
        let dataset = put_values(group, &column.key, &cells)?;
        put_text(&dataset, "unit", &column.unit)?;
    }
    Ok(())
}

fn answer(group: &Group) -> hdf5::Result<Table> {
    let (mut columns, mut cells) = (Vec::new(), Vec::new());
    for key in text(group, "order")?.split(',').filter(|key| !key.is_empty()) {
        let dataset = group.dataset(key)?;
        columns.push(Column { key: key.to_string().into(), unit: text(&dataset, "unit")?.into() });
        cells.push(values(&dataset)?.into_iter());
    }
    let count = cells.first().map_or(0, ExactSizeIterator::len);
    let row = |_| cells.iter_mut().map(|column| column.next().unwrap_or(Value::Nothing)).collect();
    Ok(Table { columns, rows: (0..count).map(row).collect() })
}

/// What the values of a list or a column are, in its dataset's attribute `kind`. Nothing is empty text or not
/// a number.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Count,
    Seconds,
    Text,
    /// Lists of counts, as text: `0,1,2,8`.
    Counts,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Integer, "integer"),
    (Kind::Count, "count"),
    (Kind::Seconds, "seconds"),
    (Kind::Text, "text"),
    (Kind::Counts, "counts"),
];

fn kind(value: &Value) -> Option<Kind> {
    match value {
        Value::Integer(_) => Some(Kind::Integer),
        Value::Count(_) => Some(Kind::Count),
        Value::Seconds(_) => Some(Kind::Seconds),
        Value::Text(_) => Some(Kind::Text),
        Value::List(_) => Some(Kind::Counts),
        Value::Nothing => None,
    }
}

fn put_values(group: &Group, name: &str, values: &[&Value]) -> hdf5::Result<Dataset> {
    let kind = values.iter().find_map(|value| kind(value)).unwrap_or(Kind::Text);
    let new = group.new_dataset_builder();
    let dataset = match kind {
        Kind::Count => {
            let counts: Vec<u64> =
                values.iter().map(|value| if let Value::Count(n) = value { *n } else { 0 }).collect();
            new.with_data(&counts).create(name)?
        }
        Kind::Seconds => {
            let seconds = values.iter().map(|value| if let Value::Seconds(s) = value { *s } else { f64::NAN });
            new.with_data(&seconds.collect::<Vec<f64>>()).create(name)?
        }
        Kind::Integer | Kind::Text | Kind::Counts => {
            let word = |value: &&Value| match value {
                Value::List(values) => string(&values.iter().map(Value::to_string).collect::<Vec<_>>().join(",")),
                value => string(&value.to_string()),
            };
            let words: Vec<VarLenUnicode> = values.iter().map(word).collect::<hdf5::Result<_>>()?;
            new.with_data(&words).create(name)?
        }
    };
    let kind = KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name);
    put_text(&dataset, "kind", kind)?;
    Ok(dataset)
}

fn values(dataset: &Dataset) -> hdf5::Result<Vec<Value>> {
    let name = text(dataset, "kind")?;
    let kind = KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    let kind = kind.ok_or_else(|| hdf5::Error::from(format!("values of the unknown kind '{name}'")))?;
    let value = |word: &VarLenUnicode| match (kind, word.as_str()) {
        (Kind::Counts, words) => {
            let counts = words.split(',').filter(|word| !word.is_empty()).map(|word| word.parse().map(Value::Count));
            counts
                .collect::<std::result::Result<_, _>>()
                .map(Value::List)
                .map_err(|_| hdf5::Error::from("a list of no counts"))
        }
        (_, "") => Ok(Value::Nothing),
        (Kind::Integer, word) => Ok(Value::integer(word)),
        (_, word) => Ok(Value::text(word)),
    };
    match kind {
        Kind::Count => Ok(dataset.read_raw::<u64>()?.into_iter().map(Value::Count).collect()),
        Kind::Seconds => {
            let seconds = dataset.read_raw::<f64>()?.into_iter();
            Ok(seconds.map(|s| if s.is_nan() { Value::Nothing } else { Value::Seconds(s) }).collect())
        }
        _ => dataset.read_raw::<VarLenUnicode>()?.iter().map(value).collect(),
    }
}

fn put_timeline(group: &Group, timeline: &[Stint]) -> hdf5::Result<()> {
    let counts = |name, pick: fn(&Stint) -> u64| {
        let values: Vec<u64> = timeline.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    let seconds = |name, pick: fn(&Stint) -> f64| {
        let values: Vec<f64> = timeline.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    counts("first_unit", |stint| stint.first_unit)?;
    counts("units", |stint| stint.units)?;
    counts("rank", |stint| stint.rank)?;
    counts("thread", |stint| stint.thread)?;
    seconds("start", |stint| stint.start)?;
    seconds("seconds", |stint| stint.seconds)?;
    counts("leg", |stint| stint.leg)
}

fn timeline(group: &Group) -> hdf5::Result<Vec<Stint>> {
    let counts = |name| group.dataset(name)?.read_raw::<u64>();
    let seconds = |name| group.dataset(name)?.read_raw::<f64>();
    let (first, units, rank, thread) = (counts("first_unit")?, counts("units")?, counts("rank")?, counts("thread")?);
    let (start, seconds, leg) = (seconds("start")?, seconds("seconds")?, counts("leg")?);
    if [units.len(), rank.len(), thread.len(), start.len(), seconds.len(), leg.len()] != [first.len(); 6] {
        return Err("a timeline whose columns differ in length".into());
    }
    let stint = |index: usize| Stint {
        first_unit: first[index],
        units: units[index],
        rank: rank[index],
        thread: thread[index],
        start: start[index],
        seconds: seconds[index],
        leg: leg[index],
    };
    Ok((0..first.len()).map(stint).collect())
}

fn put_state(group: &Group, state: &State) -> hdf5::Result<()> {
    put(group, "fingerprint", &state.fingerprint)?;
    put(group, "units", &state.units)?;
    put(group, "done", &state.done)?;
    put(group, "ranks", &state.ranks)?;
    let words = |words: &[String]| words.iter().map(|word| string(word)).collect::<hdf5::Result<Vec<_>>>();
    group.new_dataset_builder().with_data(&words(&state.arguments)?).create("arguments")?;
    group.new_dataset_builder().with_data(&words(&state.list)?).create("list")?;
    let counts = |name, pick: fn(&(Block, Bytes)) -> u64| {
        let values: Vec<u64> = state.blocks.iter().map(pick).collect();
        group.new_dataset_builder().with_data(&values).create(name).map(drop)
    };
    counts("level", |(block, _)| block.level.into())?;
    counts("index", |(block, _)| block.index)?;
    counts("size", |(_, part)| part.0.len() as u64)?;
    let parts: Vec<u8> = state.blocks.iter().flat_map(|(_, part)| part.0.iter().copied()).collect();
    group.new_dataset_builder().with_data(&parts).create("parts").map(drop)
}

fn state(group: &Group) -> hdf5::Result<Option<State>> {
    if group.attr("fingerprint").is_err() {
        return Ok(None);
    }
    let count = |name| group.attr(name)?.read_scalar::<u64>();
    let counts = |name| group.dataset(name)?.read_raw::<u64>();
    let words = |name| -> hdf5::Result<Vec<String>> {
        let words = group.dataset(name)?.read_raw::<VarLenUnicode>()?;
        Ok(words.iter().map(ToString::to_string).collect())
    };
    let (levels, indices, sizes) = (counts("level")?, counts("index")?, counts("size")?);
    let parts = group.dataset("parts")?.read_raw::<u8>()?;
    let mut rest = &parts[..];
    let mut blocks = Vec::with_capacity(levels.len());
    for ((level, index), size) in levels.into_iter().zip(indices).zip(sizes) {
        let (part, behind) = rest.split_at_checked(size as usize).ok_or("parts that end too early")?;
        let level = u32::try_from(level).map_err(|_| "a block of no level")?;
        blocks.push((Block { level, index }, Bytes(part.to_vec())));
        rest = behind;
    }
    Ok(Some(State {
        arguments: words("arguments")?,
        list: words("list")?,
        ranks: count("ranks")?,
        fingerprint: count("fingerprint")?,
        units: count("units")?,
        done: count("done")?,
        blocks,
    }))
}

fn text(place: &Location, name: &str) -> hdf5::Result<String> {
    Ok(place.attr(name)?.read_scalar::<VarLenUnicode>()?.to_string())
}

/// The report that a run file keeps.
///
/// # Errors
/// If there is no such file, or it is no run file, or not as it was written.
pub fn read(path: &Path) -> Result<Report> {
    open(path).map_err(|fault| fault.at(path))
}

/// What can be wrong with a run file.
#[derive(Debug)]
enum Fault {
    Missing,
    /// Something else than a run file.
    Foreign,
    /// Of another pcount.
    Other,
    Damaged(String),
    Unreadable(Error),
}

impl Fault {
    fn at(self, path: &Path) -> Error {
        let previous = previous(path);
        let hint =
            if previous.is_file() { format!("; the one before is '{}'", previous.display()) } else { String::new() };
        let wrong = |what: &str| Error::failed(format!("'{}' {what}{hint}", path.display()));
        match self {
            Fault::Missing => Error::usage(format!("'{}': there is no such file{hint}", path.display())),
            Fault::Foreign => wrong("is not a pcount run file"),
            Fault::Other => wrong("is a run file of another pcount"),
            Fault::Damaged(how) => wrong(&format!("is damaged: {how}")),
            Fault::Unreadable(why) => why,
        }
    }
}

fn open(path: &Path) -> std::result::Result<Report, Fault> {
    let unreadable = |why: io::Error| Fault::Unreadable(cannot("read", path, &why));
    // Whoever opens a pipe waits, and a device may never end.
    match fs::metadata(path) {
        Ok(there) if there.is_file() => (),
        Ok(_) => return Err(Fault::Foreign),
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Err(Fault::Missing),
        Err(why) => return Err(unreadable(why)),
    }
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let mut found = Vec::new();
    (&mut file).take(HEAD as u64).read_to_end(&mut found).map_err(unreadable)?;
    let digest = digest(&mut file).map_err(unreadable)?;
    let fits = [false, true].iter().any(|&unfinished| head(digest, unfinished) == found);
    let schema = found.split(|&byte| byte == b'\n').next().unwrap_or_default();
    match schema == SCHEMA.as_bytes() {
        true if fits => (),
        true => return Err(Fault::Damaged("it does not fit its checksum".into())),
        false if schema.starts_with(b"pcount-run/") => return Err(Fault::Other),
        false => return Err(Fault::Foreign),
    }
    let file = unlocked().open(path).map_err(|why| Fault::Unreadable(cannot("read", path, &why)))?;
    content(&file).map_err(|why| Fault::Damaged(why.to_string().replace('\n', " ")))
}

fn content(file: &File) -> hdf5::Result<Report> {
    let status = text(file, "status")?;
    let status = Status::ALL.into_iter().find(|known| known.name() == status);
    let answers = file.group("answer")?;
    Ok(Report {
        status: status.ok_or("an unknown status")?,
        kernel: text(file, "kernel")?,
        problem: facts(&file.group("problem")?)?,
        table: answer(&answers)?,
        total: answers.attr("total").is_ok().then(|| text(&answers, "total")).transpose()?,
        bare: text(&answers, "bare")?,
        run: facts(&file.group("run")?)?,
        legs: legs(&file.group("legs")?)?,
        timeline: timeline(&file.group("timeline")?)?,
        list: match file.attr("list").is_ok() {
            true => Some(list(text(file, "list")?, &file.dataset(LIST)?)?),
            false => None,
        },
        state: state(&file.group("ledger")?)?,
    })
}

fn legs(group: &Group) -> hdf5::Result<Vec<Vec<Fact>>> {
    let count: u64 = group.attr("count")?.read_scalar()?;
    (0..count).map(|index| facts(&group.group(&index.to_string())?)).collect()
}

/// Where a list of primes is.
const LIST: &str = "primes";

/// Numbers of a chunk: half a megabyte.
const CHUNK: usize = 1 << 16;

/// A run file whose list is being written.
pub struct ListFile {
    draft: Draft,
    run: RunFile,
    file: File,
    dataset: Dataset,
    wide: bool,
    list: List,
    sha256: Sha256,
    /// Numbers that do not fill a chunk yet.
    waiting: Vec<u128>,
}

/// A number beyond 64 bits, in decimal.
type Wide = FixedAscii<39>;

impl ListFile {
    /// A list of numbers; they are kept as text if they are `wide`, which is beyond 64 bits.
    pub fn begin(run: RunFile, key: &'static str, wide: bool) -> Result<ListFile> {
        let (draft, file) = create(&run)?;
        let begin = || {
            put_text(&file, "list", key)?;
            // What is no number for HDF5 is none for its compression either, but bytes.
            let new = if wide { file.new_dataset::<Wide>().shuffle() } else { file.new_dataset::<u64>().shuffle() };
            let new = new.chunk(CHUNK);
            let new = if deflate_available() { new.deflate(1) } else { new };
            new.shape((0..,)).create(LIST)
        };
        let dataset = begin().map_err(|why| cannot("write", &run.path, &why))?;
        let list = List { key: key.into(), count: 0, sha256: String::new() };
        Ok(ListFile { draft, run, file, dataset, wide, list, sha256: Sha256::default(), waiting: Vec::new() })
    }

    /// Puts a number behind the others.
    pub fn push(&mut self, number: u128) -> Result<()> {
        self.waiting.push(number);
        if self.waiting.len() == CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.append().map_err(|why| cannot("write", &self.run.path, &why))
    }

    fn append(&mut self) -> hdf5::Result<()> {
        let numbers = std::mem::take(&mut self.waiting);
        let (from, to) = (self.list.count as usize, self.list.count as usize + numbers.len());
        self.dataset.resize(to)?;
        match self.wide {
            true => self.dataset.write_slice(&wide(&numbers)?, from..to)?,
            false => self.dataset.write_slice(&numbers.iter().map(|&n| n as u64).collect::<Vec<u64>>(), from..to)?,
        }
        digest_numbers(&mut self.sha256, &numbers);
        self.list.count = to as u64;
        Ok(())
    }

    /// Writes the report of the run beside its list, and makes the draft the run file.
    pub fn keep(mut self, report: &Report) -> Result<()> {
        self.flush()?;
        let ListFile { draft, mut run, file, dataset, mut list, sha256, .. } = self;
        drop(dataset);
        list.sha256 = hex(&sha256.finish());
        let report = Report { list: Some(list), ..report.clone() };
        fill(file, &report).map_err(|why| cannot("write", &run.path, &why))?;
        keep(&report, &mut run, draft)
    }
}

fn wide(numbers: &[u128]) -> hdf5::Result<Vec<Wide>> {
    let text = |number: &u128| Wide::from_ascii(&number.to_string()).map_err(|why| hdf5::Error::from(why.to_string()));
    numbers.iter().map(text).collect()
}

fn digest_numbers(sha256: &mut Sha256, numbers: &[u128]) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    sha256.update(&bytes);
}

/// What is known of a list without holding it.
fn list(key: String, dataset: &Dataset) -> hdf5::Result<List> {
    let (mut sha256, mut count) = (Sha256::default(), 0);
    each_chunk(dataset, &mut |numbers| {
        digest_numbers(&mut sha256, numbers);
        count += numbers.len() as u64;
        true
    })?;
    Ok(List { key: key.into(), count, sha256: hex(&sha256.finish()) })
}

/// Gives `each` the numbers of a list, chunk by chunk, for as long as it wants more.
fn each_chunk(dataset: &Dataset, each: &mut dyn FnMut(&[u128]) -> bool) -> hdf5::Result<()> {
    let (size, wide) = (dataset.size(), !dataset.dtype()?.is::<u64>());
    for from in (0..size).step_by(CHUNK) {
        let units = from..size.min(from + CHUNK);
        let numbers: Vec<u128> = match wide {
            true => {
                let number = |text: &Wide| text.as_str().parse().map_err(|_| hdf5::Error::from("a list of no numbers"));
                dataset.read_slice_1d::<Wide, _>(units)?.iter().map(number).collect::<hdf5::Result<_>>()?
            }
            false => dataset.read_slice_1d::<u64, _>(units)?.iter().map(|&n| n.into()).collect(),
        };
        if !each(&numbers) {
            break;
        }
    }
    Ok(())
}

/// The numbers of the list in a run file, chunk by chunk, for as long as `each` wants more.
pub fn numbers(path: &Path, each: &mut dyn FnMut(&[u128]) -> bool) -> Result<()> {
    let read = unlocked().open(path).and_then(|file| each_chunk(&file.dataset(LIST)?, each));
    read.map_err(|why| cannot("read", path, &why))
}

/// The version of the HDF5 library.
pub fn library() -> String {
    let (major, minor, micro) = hdf5::library_version();
    format!("{major}.{minor}.{micro}")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn me() -> Owner {
        Owner { host: "here".into(), pid: 7, job: None }
    }

    fn draft(path: &Path) -> Result<RunFile> {
        super::draft(path, &me())
    }

    fn write(report: &Report, mut run: RunFile) -> Result<()> {
        super::write(report, &mut run)
    }

    /// A run under way, with so many blocks.
    fn unfinished(blocks: u64) -> Report {
        let block = |index| (Block { level: 0, index: 2 * index }, Bytes(vec![index as u8; 100]));
        let state = State {
            arguments: ["primes", "0..1e12", "--out", "run.h5"].map(String::from).to_vec(),
            list: vec!["a line".into()],
            ranks: 3,
            fingerprint: u64::MAX - 1,
            units: 4 * blocks,
            done: blocks,
            blocks: (0..blocks).map(block).collect(),
        };
        let legs = vec![sample().run, vec![Fact::new("ranks", Value::Count(2))]];
        Report { status: Status::Partial, total: None, legs, state: Some(state), ..sample() }
    }

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("pcount-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = Folder::new("written");
        let path = folder.0.join("run.h5");
        let full = sample();
        let empty = Report { table: Table::default(), total: None, timeline: vec![], problem: vec![], ..sample() };
        let no_rows = Report { table: Table { rows: vec![], ..sample().table }, ..sample() };
        let long = Report {
            problem: vec![Fact::new("ranges", Value::texts((0..100_000).map(|n| format!("{n}..{}", n + 1))))],
            ..sample()
        };
        let blank = Report { run: vec![Fact::new("arguments", Value::texts(["--dir", ""]))], ..sample() };
        for report in [blank, full, empty, no_rows, long] {
            write(&report, draft(&path).unwrap()).unwrap();
            assert_eq!(read(&path).unwrap(), report);
        }
        // The last but one is kept, and no draft is left.
        assert_eq!(read(&folder.0.join("run.h5.prev")).unwrap().table.rows.len(), 0);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let folder = Folder::new("list");
        let path = folder.0.join("run.h5");
        for (start, count) in [(0u128, 0u128), (2, 5), (1, CHUNK as u128), (7, 150_000), (1 << 100, 70_000)] {
            let numbers: Vec<u128> = (start..start + count).collect();
            let mut file = ListFile::begin(draft(&path).unwrap(), "prime", start > 1 << 64).unwrap();
            numbers.iter().for_each(|&number| file.push(number).unwrap());
            let report = Report { table: Table::default(), ..sample() };
            file.keep(&report).unwrap();
            let list = read(&path).unwrap().list.unwrap();
            assert_eq!((&*list.key, u128::from(list.count)), ("prime", count));
            let mut found = Vec::new();
            super::numbers(&path, &mut |chunk| {
                found.extend_from_slice(chunk);
                true
            })
            .unwrap();
            assert_eq!(found, numbers);
        }
        // No draft is left, and none of one that is not kept.
        let mut file = ListFile::begin(draft(&path).unwrap(), "prime", false).unwrap();
        file.push(2).unwrap();
        drop(file);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn every_damage_is_told() {
        let folder = Folder::new("damage");
        let path = folder.0.join("run.h5");
        write(&sample(), draft(&path).unwrap()).unwrap();
        let whole = fs::read(&path).unwrap();
        assert!(read(&folder.0.join("none.h5")).unwrap_err().to_string().ends_with("there is no such file"));
        for cut in [0, 1, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..cut]).unwrap();
            assert!(read(&path).is_err(), "cut at {cut}");
        }
        // Wherever a bit flips, it is seen before HDF5 sees it.
        for at in (0..whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&path, &bytes).unwrap();
            assert!(read(&path).is_err(), "a bit of byte {at}");
        }
        for (content, what) in [
            (&whole[..whole.len() - 1], "is damaged"),
            (b"pcount-run/9\n", "is a run file of another pcount"),
            (&whole[HEAD..], "is not a pcount run file"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(read(&path).unwrap_err().to_string().contains(what), "{what}");
        }
        assert!(read(&folder.0).unwrap_err().to_string().ends_with("is not a pcount run file"));
    }

    #[test]
    fn only_a_plain_file_is_replaced() {
        let folder = Folder::new("plain");
        let path = folder.0.join("run.h5");
        let refused = |path: &Path| draft(path).err().unwrap().to_string();
        assert!(refused(Path::new("/dev/null")).contains("'null' is there and is not a plain file"));
        assert!(refused(&folder.0.join("x".repeat(252))).contains("too long"));
        fs::create_dir(folder.0.join("run.h5.prev")).unwrap();
        assert!(refused(&path).contains("'run.h5.prev' is there and is not a plain file"));
        fs::remove_dir(folder.0.join("run.h5.prev")).unwrap();

        // Through a link it is its target that is replaced.
        let link = folder.0.join("link.h5");
        std::os::unix::fs::symlink("run.h5", &link).unwrap();
        assert!(refused(&link).contains("a link that leads nowhere"));
        fs::write(&path, "pcount-run/0, say").unwrap();
        write(&sample(), draft(&link).unwrap()).unwrap();
        assert!(link.is_symlink() && path.is_file());
        assert_eq!(read(&link).unwrap(), sample());
        assert_eq!(fs::read(folder.0.join("run.h5.prev")).unwrap(), b"pcount-run/0, say");

        // What is no run file may be somebody's data; an empty file is none.
        fs::write(&path, "data").unwrap();
        assert!(
            refused(&path)
                .ends_with("run.h5': what is there is not a pcount run file: give another name, or remove it")
        );
        fs::write(&path, "").unwrap();
        drop(draft(&path).unwrap());
    }

    #[test]
    fn two_runs_do_not_write_the_same_file() {
        let folder = Folder::new("two");
        let path = folder.0.join("run.h5");
        let first = draft(&path).unwrap();
        let why = draft(&path).err().unwrap().to_string();
        assert!(why.ends_with("run.h5': another run is writing it: process 7 on here"), "{why}");
        write(&sample(), first).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
        drop(draft(&path).unwrap());
    }

    #[test]
    fn a_missing_folder_is_known_before_the_run() {
        let why = draft(Path::new("/nowhere/run.h5")).err().unwrap();
        assert_eq!(why, Error::usage("--out '/nowhere/run.h5': there is no folder '/nowhere'"));
    }

    #[test]
    fn a_run_under_way_is_read_as_it_was_written_and_not_overwritten() {
        let folder = Folder::new("under-way");
        let path = folder.0.join("run.h5");
        for blocks in [0, 1, 300] {
            super::write(&unfinished(blocks), &mut place(&path, &me(), "").unwrap()).unwrap();
            assert_eq!(read(&path).unwrap(), unfinished(blocks));
        }
        let why = draft(&path).err().unwrap();
        assert!(matches!(&why, Error::Usage(what) if what.contains("go on with pcount resume")), "{why}");
    }

    #[test]
    fn ten_thousand_blocks_are_saved_within_a_tenth_of_a_second() {
        let folder = Folder::new("many");
        let mut run = draft(&folder.0.join("run.h5")).unwrap();
        let stint = sample().timeline[0].clone();
        let report = Report { timeline: vec![stint; 16_384], ..unfinished(10_000) };
        let took = (0..5).map(|_| {
            let began = std::time::Instant::now();
            super::write(&report, &mut run).unwrap();
            began.elapsed()
        });
        let best = took.min().unwrap();
        assert!(best.as_millis() < 100, "{best:?}");
    }

    /// As a killed process leaves it: nothing is undone.
    fn die(keeping: Keeping) {
        std::mem::forget(keeping.draft);
    }

    #[test]
    fn whoever_dies_in_a_save_leaves_a_whole_file_behind() {
        let folder = Folder::new("killed");
        let path = folder.0.join("run.h5");
        let (old, new) = (unfinished(3), unfinished(5));
        for before in [false, true] {
            for steps in 0..=STEPS.len() + 1 {
                for name in ["run.h5", "run.h5.prev", "run.h5.new"] {
                    let _ = fs::remove_file(folder.0.join(name));
                }
                let mut run = place(&path, &me(), "").unwrap();
                if before {
                    super::write(&unfinished(2), &mut run).unwrap();
                    super::write(&old, &mut run).unwrap();
                }
                let (draft, file) = create(&run).unwrap();
                match steps.checked_sub(1) {
                    None => {
                        drop(file);
                        std::mem::forget(draft);
                    }
                    Some(steps) => {
                        fill(file, &new).unwrap();
                        let mut keeping = Keeping { report: &new, run: &mut run, draft };
                        STEPS[..steps].iter().for_each(|step| step(&mut keeping).unwrap());
                        die(keeping);
                    }
                }
                drop(run);
                // It has the new name from the last step but one on.
                let renamed = steps > 6;
                match resume(&path, &me()) {
                    Ok(Left { report, note, .. }) => {
                        assert_eq!(report, *if renamed { &new } else { &old }, "after {steps} steps");
                        assert_eq!(note, None);
                        assert!(before || renamed);
                    }
                    Err(why) => assert!(!before && !renamed, "after {steps} steps: {why}"),
                }
                // Whatever lies around, the next run writes.
                let mut run = place(&path, &me(), "").unwrap();
                super::write(&new, &mut run).unwrap();
                assert_eq!(read(&path).unwrap(), new);
            }
        }
    }

    #[test]
    fn the_file_before_is_taken_and_kept_where_the_newest_is_damaged() {
        let folder = Folder::new("before");
        let path = folder.0.join("run.h5");
        let (first, second) = (unfinished(2), unfinished(3));
        let mut run = draft(&path).unwrap();
        super::write(&first, &mut run).unwrap();
        super::write(&second, &mut run).unwrap();
        drop(run);
        let whole = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            bytes
        };
        for damage in [vec![], whole[..whole.len() / 2].to_vec(), flipped(HEAD + 100), flipped(0)] {
            fs::write(&path, damage).unwrap();
            // Nor does another run.
            let why = draft(&path).err().unwrap().to_string();
            assert!(why.contains("there is an unfinished run") && why.contains("go on with pcount resume"), "{why}");
            let Left { report, mut run, from, note } = resume(&path, &me()).unwrap();
            assert_eq!((report, from), (first.clone(), previous(&path)));
            assert!(
                note.unwrap().ends_with("run.h5.prev'; taking that, which is of pcount primes 0..1e12 --out run.h5")
            );
            // The damaged file does not take the place of the good one.
            super::write(&second, &mut run).unwrap();
            assert_eq!((read(&path).unwrap(), read(&previous(&path)).unwrap()), (second.clone(), first.clone()));
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(resume(&path, &me()).unwrap().report, first);
        drop(draft(&path).unwrap());
        // Of another pcount both are, or a file that is missing with the one before it: no way.
        fs::write(&path, b"pcount-run/9\n").unwrap();
        assert!(resume(&path, &me()).err().unwrap().to_string().contains("of another pcount"));
        let none = resume(&folder.0.join("none.h5"), &me()).err().unwrap();
        assert!(matches!(none, Error::Usage(_)));
        assert!(!folder.0.join("none.h5.lock").exists());
    }
}
