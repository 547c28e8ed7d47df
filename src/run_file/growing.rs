//! A list while it grows: its full chunks, as HDF5 will store them, end to end in a file beside the run file.
//!
//! HDF5 cannot do this safely: whoever is killed while it has a file open may leave one that nobody can read. So nothing but whole chunks is ever
//! appended here, by plain writes, and nothing that was appended is changed. How far the file is whole is said by the run file, which is replaced by a
//! save as that of any run: it has the sizes and digests of the chunks, and the rows that do not fill one yet. A save first brings the chunks to the
//! disk. So after any death the run file speaks of chunks that are there; what stands behind them is cut off. At the end the chunks are copied into an
//! HDF5 file, and this file is removed.
//!
//! ```text
//! run.h5                      what is whole: sizes, digests, the last rows
//! run.h5.3f9a0c51d27e.rows    the first chunk of each column, the second of each, ...
//! ```

use super::cannot;
use super::content::fill;
use super::list::{CHUNK_NUMBERS, Columns, Kind, Known, Seen, known};
use super::place::{ROWS, RunFile, beside, rows_name};
use super::save::{create, keep};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::report::list::KeptList;
use crate::report::{Report, RowsSoFar};
use crate::values::{ListColumn, Numbers, Stretch};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list that is being written.
pub struct GrowingList {
    run: Arc<Mutex<RunFile>>,
    /// The path of the run file, for messages.
    path: PathBuf,
    /// The name of the file of chunks, and its random digits.
    name: OsString,
    digits: String,
    file: File,
    columns: Vec<Growing>,
    /// The bytes of each chunk, in the order of the file.
    sizes: Vec<u64>,
    threads: usize,
    /// Whether the run file has the whole list.
    is_kept: bool,
}

/// A column of a list that is being written.
struct Growing {
    key: String,
    kind: Kind,
    /// Numbers that do not fill a chunk yet, in the form of the column's size.
    waiting: Numbers,
    /// Full chunks that are not written yet.
    full: Vec<Numbers>,
    known: Known,
}

/// Bytes of numbers that wait to be packed: enough for all threads, and little for a machine.
const PENDING: usize = 32 << 20;

impl Growing {
    fn new(column: &ListColumn) -> Growing {
        let kind = Kind::of(column);
        Growing { key: column.key.to_string(), kind, waiting: kind.none(), full: vec![], known: Known::default() }
    }

    /// Adds numbers.
    fn put(&mut self, numbers: &Numbers) -> hdf5::Result<()> {
        match numbers {
            Numbers::From(first, count) => (0..u128::from(*count)).try_for_each(|index| self.push(first + index)),
            Numbers::Ascending(numbers) => numbers.numbers().try_for_each(|number| self.push(number)),
            Numbers::Narrow(numbers) => numbers.iter().try_for_each(|&number| self.push(number.into())),
            Numbers::Wide(numbers) => numbers.iter().try_for_each(|&number| self.push(number)),
            Numbers::Signed(_) | Numbers::Long(_) => numbers.texts().try_for_each(|text| self.push_text(text)),
        }
    }

    #[inline]
    fn push(&mut self, number: u128) -> hdf5::Result<()> {
        match (&mut self.waiting, u64::try_from(number)) {
            (Numbers::Narrow(waiting), Ok(number)) => {
                waiting.push(number);
                if waiting.len() == CHUNK_NUMBERS {
                    self.fill();
                }
                Ok(())
            }
            _ => self.push_text(number.to_string()),
        }
    }

    fn push_text(&mut self, text: String) -> hdf5::Result<()> {
        let too_long = || hdf5::Error::from(format!("{text} is too long for its column"));
        match &mut self.waiting {
            Numbers::Narrow(waiting) => waiting.push(text.parse().map_err(|_| too_long())?),
            Numbers::Signed(waiting) => waiting.push(text.parse().map_err(|_| too_long())?),
            Numbers::Long(waiting) => waiting.push(text),
            _ => unreachable!("no column waits so"),
        }
        if self.waiting.len() == CHUNK_NUMBERS {
            self.fill();
        }
        Ok(())
    }

    fn fill(&mut self) {
        let mut room = self.kind.none();
        if let Numbers::Narrow(numbers) = &mut room {
            numbers.reserve(CHUNK_NUMBERS);
        }
        self.full.push(std::mem::replace(&mut self.waiting, room));
    }
}

/// Does the same for all of these on so many threads, in order.
fn on_threads<T: Sync, R: Send>(all: &[T], threads: usize, each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let share = all.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let (each, mut shares) = (&each, all.chunks(share));
        let mine = shares.next().unwrap_or_default();
        let others: Vec<_> =
            shares.map(|share| scope.spawn(move || share.iter().map(each).collect::<Vec<R>>())).collect();
        let mut done: Vec<R> = mine.iter().map(each).collect();
        others
            .into_iter()
            .for_each(|other| done.extend(other.join().expect("no thread panics: the job would have ended")));
        done
    })
}

fn locked(run: &Mutex<RunFile>) -> MutexGuard<'_, RunFile> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of the chunks in the file, of columns of these kinds; `None` if one of them is none.
///
/// # Errors
/// With the reason to give up.
fn read_again(
    file: &File,
    kinds: &[Kind],
    rows: &RowsSoFar,
    threads: usize,
    enough: &dyn Fn() -> Option<Error>,
) -> Result<Option<Vec<Known>>> {
    let mut at = 0;
    let places = rows.sizes.iter().enumerate().map(|(index, &size)| {
        at += size;
        (kinds[index % kinds.len()], at - size, size)
    });
    let places: Vec<(Kind, u64, u64)> = places.collect();
    let once = (PENDING / kinds.iter().map(|kind| kind.chunk_bytes()).max().unwrap_or(1)).max(1);
    let mut found: Vec<Known> = vec![Known::default(); kinds.len()];
    for (index, some) in places.chunks(once).enumerate() {
        if let Some(why) = enough() {
            return Err(why);
        }
        let seen = on_threads(some, threads, |&(kind, at, size)| {
            let mut packed = vec![0; kind.packed_most().min(size as usize)];
            let is_there = size <= kind.packed_most() as u64 && file.read_exact_at(&mut packed, at).is_ok();
            let numbers = if is_there { kind.unpack(&packed).ok() } else { None };
            numbers.map(|numbers| Seen::of(&numbers))
        });
        for (chunk, seen) in (index * once..).zip(seen) {
            let Some(seen) = seen else { return Ok(None) };
            found[chunk % kinds.len()].add(&seen);
        }
    }
    Ok(Some(found))
}

impl GrowingList {
    /// Begins a list of these columns, which up to so many threads pack.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn begin(run: Arc<Mutex<RunFile>>, columns: &[ListColumn], threads: usize) -> Result<GrowingList> {
        let mut place = locked(&run);
        let path = place.path.clone();
        let made = place.look_for_folder().and_then(|()| place.folder.create_random(place.name(), ROWS));
        let (file, name) = made.map_err(|why| cannot("write", &path, &why))?;
        drop(place);
        let ending = name.as_encoded_bytes().len() - ROWS.len();
        let digits = String::from_utf8_lossy(&name.as_encoded_bytes()[ending - DIGITS..ending]).into_owned();
        let columns = columns.iter().map(Growing::new).collect();
        Ok(GrowingList { run, path, name, digits, file, columns, sizes: vec![], threads, is_kept: false })
    }

    /// Goes on with a list of which these rows are on the disk. They are read again; what stands behind them is cut off. `enough` is asked now and
    /// then for a reason to give up.
    ///
    /// # Errors
    /// If they are not there, or are not what was written, or with the reason to give up.
    pub fn go_on(
        run: Arc<Mutex<RunFile>>,
        columns: &[ListColumn],
        threads: usize,
        rows: &RowsSoFar,
        enough: &dyn Fn() -> Option<Error>,
    ) -> Result<GrowingList> {
        let place = locked(&run);
        let (path, name) = (place.path.clone(), rows_name(&place, &rows.file));
        let there = path.with_file_name(&name);
        let why_not =
            |why: &dyn std::fmt::Display| Error::failed(format!("'{}' has the rows so far and {why}", there.display()));
        let damaged = |how: &str| why_not(&format!("is damaged: {how}"));
        let file = match place.folder.read(&name, true) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                return Err(why_not(&"is missing: the two files belong together"));
            }
            file => file.map_err(|why| why_not(&format!("cannot be read: {why}")))?,
        };
        place.sweep_rows(Some(&name));
        drop(place);
        let mut columns: Vec<Growing> = columns.iter().map(Growing::new).collect();
        let keys = columns.iter().map(|column| &column.key);
        let fits = rows.keys.iter().eq(keys)
            && rows.chunk == CHUNK_NUMBERS as u64
            && rows.rest.columns.len() == columns.len()
            && columns.iter().zip(&rows.rest.columns).all(|(column, rest)| column.kind.takes(rest))
            && rows.sizes.len().is_multiple_of(columns.len().max(1));
        if !fits {
            return Err(Error::failed(format!(
                "'{}' is damaged: its rows so far are those of another list",
                path.display()
            )));
        }
        let whole = rows.sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size));
        if file.metadata().map_or(0, |file| file.len()) < whole {
            return Err(damaged("it is too short"));
        }
        let kinds: Vec<Kind> = columns.iter().map(|column| column.kind).collect();
        let found =
            read_again(&file, &kinds, rows, threads, enough)?.ok_or_else(|| damaged("a chunk cannot be unpacked"))?;
        let as_it_was = found.iter().zip(&rows.digests).all(|(known, digest)| hex(&known.digest) == *digest);
        if !as_it_was || rows.digests.len() != columns.len() {
            return Err(damaged("its rows are not those that were written"));
        }
        file.set_len(whole).map_err(|why| why_not(&format!("cannot be cut: {why}")))?;
        for ((column, known), rest) in columns.iter_mut().zip(found).zip(&rows.rest.columns) {
            (column.known, column.waiting) = (known, rest.clone());
        }
        let (digits, sizes) = (rows.file.clone(), rows.sizes.clone());
        let mut list = GrowingList { run, path, name, digits, file, columns, sizes, threads, is_kept: false };
        list.file.seek(SeekFrom::Start(whole)).map_err(|why| why_not(&format!("cannot be written: {why}")))?;
        Ok(list)
    }

    /// Packs and writes the chunks that are full.
    fn write_full(&mut self) -> Result<()> {
        let full: Vec<Vec<Numbers>> = self.columns.iter_mut().map(|column| std::mem::take(&mut column.full)).collect();
        let count = full.first().map_or(0, Vec::len);
        let in_order: Vec<(usize, Kind, &Numbers)> = (0..count)
            .flat_map(|chunk| (0..full.len()).map(move |column| (chunk, column)))
            .map(|(chunk, column)| (column, self.columns[column].kind, &full[column][chunk]))
            .collect();
        let packed = on_threads(&in_order, self.threads, |(_, kind, numbers)| (kind.pack(numbers), Seen::of(numbers)));
        for ((column, ..), (packed, seen)) in in_order.iter().zip(packed) {
            let packed = packed.map_err(|why| cannot("write", &self.path, &why))?;
            self.file.write_all(&packed).map_err(|why| cannot("write", &self.path.with_file_name(&self.name), &why))?;
            self.sizes.push(packed.len() as u64);
            self.columns[*column].known.add(&seen);
        }
        Ok(())
    }

    /// Writes the HDF5 file: everything in it that is no list is that of the report.
    fn finish(&mut self, report: &Report) -> Result<()> {
        let mut run = locked(&self.run);
        let (draft, file) = create(&mut run)?;
        let complete = || -> hdf5::Result<Report> {
            let kinds: Vec<(&str, Kind)> = self.columns.iter().map(|column| (&*column.key, column.kind)).collect();
            let (chunks, rest) = (self.sizes.len() / kinds.len(), self.columns[0].waiting.len());
            let before = (chunks * CHUNK_NUMBERS) as u64;
            let columns = Columns::create(&file, &kinds, before + rest as u64)?;
            let mut at = 0;
            for (index, &size) in self.sizes.iter().enumerate() {
                let mut packed = vec![0; size as usize];
                self.file.read_exact_at(&mut packed, at).map_err(|why| hdf5::Error::from(why.to_string()))?;
                columns.put_packed(index % kinds.len(), (index / kinds.len()) as u64, &packed)?;
                at += size;
            }
            let mut all = vec![];
            for (index, Growing { key, kind, waiting, known, .. }) in self.columns.iter().enumerate() {
                let mut known = known.clone();
                if rest > 0 {
                    columns.put(index, before, waiting)?;
                    known.add(&Seen::of(waiting));
                }
                all.push((key.clone(), *kind, known));
            }
            let report = Report { list: Some(known(all)?), ..report.clone() };
            drop(columns);
            fill(file, &report).map(|()| report)
        };
        let report = complete().map_err(|why| cannot("write", &run.path, &why))?;
        keep(&report, &mut run, draft)
    }
}

/// The random digits of a file of chunks.
const DIGITS: usize = 12;

impl KeptList for GrowingList {
    fn put(&mut self, stretch: &Stretch) -> Result<()> {
        let mut columns = self.columns.iter_mut().zip(&stretch.columns);
        let put = columns.try_for_each(|(column, numbers)| column.put(numbers));
        put.map_err(|why| cannot("write", &self.path, &why))?;
        let pending: usize = self.columns.iter().map(|column| column.full.len() * column.kind.chunk_bytes()).sum();
        if pending >= PENDING { self.write_full() } else { Ok(()) }
    }

    fn so_far(&mut self) -> Result<RowsSoFar> {
        self.write_full()?;
        let all = || self.columns.iter();
        Ok(RowsSoFar {
            file: self.digits.clone(),
            keys: all().map(|column| column.key.clone()).collect(),
            digests: all().map(|column| hex(&column.known.digest)).collect(),
            sizes: self.sizes.clone(),
            rest: Stretch { columns: all().map(|column| column.waiting.clone()).collect() },
            chunk: CHUNK_NUMBERS as u64,
        })
    }

    fn keep(&mut self, report: &Report) -> Result<()> {
        self.write_full()?;
        self.finish(report)?;
        self.is_kept = true;
        Ok(())
    }
}

/// The file goes with the list, unless a run file needs it.
impl Drop for GrowingList {
    fn drop(&mut self) {
        let run = locked(&self.run);
        if self.is_kept || !run.is_unfinished(run.name()) {
            // What is left of it costs no more than its bytes, and the next run removes it.
            let _ = run.folder.remove(&self.name);
        }
        // The file before the last one has its rows there too.
        let before = beside(&run.path, ".prev");
        if self.is_kept && run.is_unfinished(&before) {
            let _ = run.folder.remove(&before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{TestFolder, draft, me, unfinished};
    use super::super::{ToResume, opened, read, resume};
    use super::*;
    use crate::report::tests::sample;
    use crate::report::{List, State};
    use crate::values::{Size, Table};
    use std::fs;
    use std::path::Path;

    fn begun(path: &Path, columns: &[ListColumn]) -> GrowingList {
        GrowingList::begin(Arc::new(Mutex::new(draft(path).unwrap())), columns, 3).unwrap()
    }

    fn done() -> Report {
        Report { table: Table::default(), ..sample() }
    }

    /// Writes a list, and reads it back.
    fn written(path: &Path, columns: &[ListColumn], stretches: &[Stretch]) -> (List, Vec<Vec<String>>) {
        let mut list = begun(path, columns);
        stretches.iter().for_each(|stretch| list.put(stretch).unwrap());
        list.keep(&done()).unwrap();
        drop(list);
        let mut found = vec![vec![]; columns.len()];
        let each = &mut |stretch: &Stretch| {
            found.iter_mut().zip(&stretch.columns).for_each(|(found, numbers)| found.extend(numbers.texts()));
            true
        };
        opened(path).unwrap().rows(each).unwrap();
        (read(path).unwrap().list.unwrap(), found)
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let folder = TestFolder::new("list");
        let path = folder.0.join("run.h5");
        for (start, count) in [(0u128, 0u64), (2, 5), (3, CHUNK_NUMBERS as u64), (7, 150_000), (1 << 100, 70_000)] {
            let size = if start > 1 << 64 { Size::Long } else { Size::Narrow };
            let numbers = Numbers::From(start, count);
            let texts: Vec<String> = numbers.texts().collect();
            let columns = vec![numbers];
            let (list, found) = written(&path, &[ListColumn::new("prime", 0, size)], &[Stretch { columns }]);
            assert_eq!((list.keys().join(" "), list.count), ("prime".into(), count));
            assert!(found[0] == texts, "{count} numbers from {start}");
        }
        // No draft remains, also if the list is given up.
        let mut list = begun(&path, &[ListColumn::new("prime", 0, Size::Narrow)]);
        list.put(&Stretch { columns: vec![Numbers::From(2, 1)] }).unwrap();
        drop(list);
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }

    #[test]
    fn rows_of_every_size_are_read_as_they_were_written() {
        let folder = TestFolder::new("rows");
        let path = folder.0.join("run.h5");
        let count = CHUNK_NUMBERS as u64 + 9;
        let signed = (0..count as i64).map(|n| 5 - n).collect();
        let long = (0..count).map(|n| format!("{}{n}", "9".repeat(70))).collect();
        for (first, second, sizes) in [
            (Numbers::From(0, count), Numbers::Narrow((0..count).collect()), [Size::Narrow, Size::Narrow]),
            (Numbers::Signed(signed), Numbers::Wide(vec![1 << 127; count as usize]), [Size::Signed, Size::Long]),
            (Numbers::From(1 << 90, count), Numbers::Long(long), [Size::Long, Size::Long]),
            // Text that is too long for 128 bits and has no more digits than fit.
            (Numbers::From(0, 2), Numbers::Long(vec!["9".repeat(39), "0".into()]), [Size::Narrow, Size::Long]),
        ] {
            let [n, value] = [&first, &second].map(|numbers| numbers.texts().collect::<Vec<_>>());
            let width = |texts: &Vec<String>| texts.iter().map(String::len).max().unwrap();
            let columns =
                [ListColumn::new("n", width(&n), sizes[0]), ListColumn::new("value", width(&value), sizes[1])];
            let (list, found) = written(&path, &columns, &[Stretch { columns: vec![first, second] }]);
            assert_eq!((&list.columns[..], list.count), (&columns[..], n.len() as u64));
            assert!(found == [n, value]);
        }
        let columns = [ListColumn::new("n", 1, Size::Narrow), ListColumn::new("value", 1, Size::Narrow)];
        let (list, found) = written(&path, &columns, &[]);
        assert_eq!((list.count, found), (0, vec![vec![]; 2]));
        // What a column has no room for is an error, and no other number.
        let mut file = begun(&path, &columns);
        let columns = vec![Numbers::From(1, 1), Numbers::Signed(vec![-1])];
        assert!(file.put(&Stretch { columns }).unwrap_err().to_string().contains("-1 is too long"));
    }

    /// The report of a list that is not over.
    fn so_far(rows: RowsSoFar) -> Report {
        let report = unfinished(3);
        Report { state: report.state.map(|state| State { rows: Some(rows), ..state }), ..report }
    }

    /// Saves what there is of a list, as a keeper does.
    fn save(list: &mut GrowingList) {
        let report = so_far(list.so_far().unwrap());
        locked(&list.run).save(&report).unwrap();
    }

    /// Goes on with the list in the file.
    fn gone_on(path: &Path, columns: &[ListColumn]) -> Result<GrowingList> {
        let ToResume { report, run, .. } = resume(path, &me())?;
        let rows = report.state.unwrap().rows.unwrap();
        GrowingList::go_on(Arc::new(Mutex::new(run)), columns, 2, &rows, &|| None)
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    }

    #[test]
    fn a_list_goes_on_after_a_death_at_any_moment_and_ends_as_if_there_was_none() {
        let folder = TestFolder::new("gone-on");
        let path = folder.0.join("run.h5");
        let columns = [ListColumn::new("n", 12, Size::Narrow), ListColumn::new("value", 40, Size::Long)];
        let rows = |first: u64, count: u64| {
            let long = (first..first + count).map(|n| format!("{}{n}", "7".repeat(30))).collect();
            Stretch { columns: vec![Numbers::From(first.into(), count), Numbers::Long(long)] }
        };
        let (chunk, all) = (CHUNK_NUMBERS as u64, 3 * CHUNK_NUMBERS as u64 + 17);
        let (expect, found) = written(&path, &columns, &[rows(0, all)]);
        fs::remove_file(&path).unwrap();
        // Saved after so many rows; then so many more are computed before the death, of which nothing is known.
        let mut list = begun(&path, &columns);
        let mut at = 0;
        for (saved, lost) in
            [(0, 5), (chunk - 1, 1), (chunk, chunk), (2 * chunk + 9, chunk), (2 * chunk + 9, 0), (all, 3)]
        {
            list.put(&rows(at, saved - at)).unwrap();
            save(&mut list);
            assert_eq!(read(&path).unwrap().state.unwrap().rows.unwrap().count(), saved);
            list.put(&rows(saved, lost)).unwrap();
            list.write_full().unwrap();
            // As a write leaves it that was cut short.
            list.file.write_all(b"half a chunk").unwrap();
            // As a killed process leaves it, but for its lock.
            std::mem::forget(list);
            fs::remove_file(folder.0.join("run.h5.lock")).unwrap();
            list = gone_on(&path, &columns).unwrap();
            at = saved;
        }
        list.keep(&done()).unwrap();
        drop(list);
        // No rows remain elsewhere, nor a file that speaks of them.
        assert_eq!(names(&folder.0), ["run.h5"]);
        assert_eq!(read(&path).unwrap().list.unwrap(), expect);
        let mut again = vec![vec![]; 2];
        let each = &mut |stretch: &Stretch| {
            again.iter_mut().zip(&stretch.columns).for_each(|(again, numbers)| again.extend(numbers.texts()));
            true
        };
        opened(&path).unwrap().rows(each).unwrap();
        assert!(again == found);
    }

    #[test]
    fn rows_that_are_not_those_of_the_run_file_are_refused() {
        let folder = TestFolder::new("refused-rows");
        let path = folder.0.join("run.h5");
        let columns = [ListColumn::new("prime", 0, Size::Narrow)];
        let mut list = begun(&path, &columns);
        list.put(&Stretch { columns: vec![Numbers::From(2, 2 * CHUNK_NUMBERS as u64 + 5)] }).unwrap();
        save(&mut list);
        let (name, rows) = (list.name.clone(), list.so_far().unwrap());
        drop(list);
        let there = folder.0.join(&name);
        let whole = fs::read(&there).unwrap();
        let why = || gone_on(&path, &columns).err().unwrap().to_string();
        fs::write(&there, &whole[..whole.len() - 1]).unwrap();
        assert!(why().ends_with("is damaged: it is too short"), "{}", why());
        for at in [0, 1, whole.len() / 3, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            fs::write(&there, bytes).unwrap();
            assert!(why().contains("has the rows so far and is damaged"), "{}", why());
        }
        fs::remove_file(&there).unwrap();
        assert!(why().contains("is missing: the two files belong together"), "{}", why());
        std::os::unix::fs::symlink("/etc/passwd", &there).unwrap();
        assert!(why().contains("not a plain file"), "{}", why());
        fs::remove_file(&there).unwrap();
        fs::write(&there, &whole).unwrap();
        // A run file with a right checksum, of which somebody has changed something.
        type Change = fn(&mut RowsSoFar);
        let changes: [(Change, &str); 8] = [
            (|rows| rows.sizes.push(7), "is damaged"),
            (|rows| _ = rows.sizes.pop(), "not those that were written"),
            (|rows| rows.sizes[0] = u64::MAX, "too short"),
            (|rows| rows.sizes.swap(0, 1), "is damaged"),
            (|rows| rows.keys = vec!["first".into()], "another list"),
            (|rows| rows.chunk = 1 << 40, "another list"),
            (|rows| rows.rest = Stretch { columns: vec![Numbers::From(5, 4)] }, "another list"),
            (|rows| rows.digests[0].replace_range(..2, "00"), "not those that were written"),
        ];
        for (change, what) in changes {
            let mut rows = rows.clone();
            change(&mut rows);
            let mut run = resume(&path, &me()).unwrap().run;
            run.save(&so_far(rows)).unwrap();
            drop(run);
            assert!(why().contains(what), "{what}: {}", why());
        }
        // What cannot be is refused before anything is looked for.
        let changes: [Change; 4] = [
            |rows| rows.file = "../../passwd".into(),
            |rows| rows.digests.clear(),
            |rows| rows.rest = Stretch { columns: vec![] },
            |rows| rows.chunk = 5,
        ];
        for change in changes {
            let mut rows = rows.clone();
            change(&mut rows);
            let fault = super::super::sense::check(&so_far(rows)).unwrap_err().to_string();
            assert!(fault.contains("rows of a list that cannot be"), "{fault}");
        }
        let mut run = resume(&path, &me()).unwrap().run;
        run.save(&so_far(rows)).unwrap();
        drop(run);
        let gave_up = {
            let ToResume { report, run, .. } = resume(&path, &me()).unwrap();
            let (run, rows) = (Arc::new(Mutex::new(run)), report.state.unwrap().rows.unwrap());
            GrowingList::go_on(run, &columns, 2, &rows, &|| Some(Error::Stopped("enough".into())))
        };
        assert_eq!(gave_up.err(), Some(Error::Stopped("enough".into())));
        drop(gone_on(&path, &columns).unwrap());
        assert_eq!(fs::read(&there).unwrap(), whole);
    }
}
