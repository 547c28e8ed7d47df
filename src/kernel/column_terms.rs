//! Terms of the numbers in a column of a file: a unit is a slice of it, which the thread that computes it reads for itself. So a file is
//! never sent, and no rank holds it. Its numbers may be negative.

use super::term_list::{self, KEYS};
use super::terms::{Reducible, Term};
use super::{Given, Opened, term_rows, terms};
use crate::chain::Chain;
use crate::column::{Column, ColumnReader};
use crate::error::Result;
use crate::math::integer::{self, Integer};
use crate::placement::Placement;
use crate::values::{ListColumn, Numbers, Size, Stretch};
use crate::work::{Answer, Forecast, Job, Kernel, Stream, Work};
use std::marker::PhantomData;
use std::sync::Arc;

/// The sum of the terms of a column, or of what else is given.
///
/// # Errors
/// As of [`terms::reduce`].
pub fn reduce<T: Reducible>(given: &Given) -> Result<Opened> {
    let Some(column) = &given.column else { return terms::reduce::<T>(given) };
    let work = ColumnSum::<T> { column: column.clone(), term: PhantomData };
    Ok(Opened { job: Job::work(work), facts: column.facts(), how: vec![] })
}

/// A row for each number of a column, or of what else is given. The numbers of a column are looked through before, for how wide they are.
///
/// # Errors
/// As of [`term_rows::map`], and if a number cannot be read.
pub fn map<T: Term>(given: &Given) -> Result<Opened> {
    let Some(column) = &given.column else { return term_rows::map::<T>(given) };
    let work: Box<dyn Work> = Box::new(ColumnRows::<T> { column: column.clone(), term: PhantomData });
    let columns = columns::<T>(column)?;
    let slice = column.numbers() / column.slices().max(1);
    let level = (BATCH_NUMBERS / slice.max(1)).checked_ilog2().unwrap_or(0).max(BATCH_LEVEL_MIN);
    let bytes = ROW_BYTES * slice * column.slices().min(1 << level);
    let work = Arc::new(Chain::new(vec![work])?);
    let stream = Stream { work, level, bytes, columns, bare: KEYS[1], rows: term_list::rows };
    Ok(Opened { job: Job::Stream(stream), facts: column.facts(), how: vec![] })
}

/// Numbers of a batch, about; it has eight slices at least, so that some threads have work.
const BATCH_NUMBERS: u64 = 1 << 20;
const BATCH_LEVEL_MIN: u32 = 3;

/// Bytes of a row between the threads and stdout, with its copies.
const ROW_BYTES: u64 = 120;

/// Seconds of a number, to read it and to add it up.
const READ_SECONDS: f64 = 30e-9;

/// The integers of a slice that are not of 64 bits.
fn integers(numbers: &Numbers) -> impl Iterator<Item = Integer> + '_ {
    numbers.texts().map(|text| integer::decimal(&text).expect("a column has integers"))
}

/// The columns of the answer: the smallest and the largest number and value say how wide they are.
fn columns<T: Term>(column: &Arc<dyn Column>) -> Result<Vec<ListColumn>> {
    let mut reader = column.clone().reader();
    let mut ends: Option<[Integer; 4]> = None;
    for slice in 0..column.slices() {
        let numbers = reader.slice(slice)?;
        // Terms of numbers that are far from 0 are the largest; with a sign they may be the smallest.
        for n in ends_of(&numbers) {
            let value = T::exact(n.clone());
            ends = Some(match ends {
                None => [n.clone(), n, value.clone(), value],
                Some([least, most, below, above]) => {
                    [least.min(n.clone()), most.max(n), below.min(value.clone()), above.max(value)]
                }
            });
        }
    }
    let [least, most, below, above] = ends.unwrap_or_default();
    let column = |key, least: Integer, most: Integer| {
        let width = least.to_string().len().max(most.to_string().len());
        let size = match (least.is_negative(), most.significant_bits()) {
            (false, 0..=64) => Size::Narrow,
            (true, 0..=63) if least.significant_bits() <= 63 => Size::Signed,
            _ => Size::Long,
        };
        ListColumn::new(key, width, size)
    };
    Ok(vec![column(KEYS[0], least, most), column(KEYS[1], below, above)])
}

/// The smallest and the largest number.
fn ends_of(numbers: &Numbers) -> Vec<Integer> {
    let ends: Vec<Integer> = match numbers {
        Numbers::Signed(numbers) => {
            [numbers.iter().min(), numbers.iter().max()].into_iter().flatten().map(|&n| Integer::from(n)).collect()
        }
        Numbers::Narrow(numbers) => {
            [numbers.iter().min(), numbers.iter().max()].into_iter().flatten().map(|&n| Integer::from(n)).collect()
        }
        other => integers(other).collect(),
    };
    ends
}

/// A scratch: the reader of a thread, once it has read.
type Scratch = Option<Box<dyn ColumnReader>>;

/// The numbers of a unit. Chance tells which thread of which rank comes to a wrong cell first, so whoever does reads what is before it, and
/// the error is that of the first wrong cell in the file.
fn slice(column: &Arc<dyn Column>, unit: u64, reader: &mut Scratch) -> Result<Numbers> {
    let numbers = reader.get_or_insert_with(|| column.clone().reader()).slice(unit);
    numbers.map_err(|why| {
        let mut before = column.clone().reader();
        (0..unit).find_map(|slice| before.slice(slice).err()).unwrap_or(why)
    })
}

struct ColumnSum<T> {
    column: Arc<dyn Column>,
    term: PhantomData<T>,
}

impl<T: Reducible> Kernel for ColumnSum<T> {
    type Part = Integer;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.column.slices()
    }

    fn scratch(&self, _: &Placement) -> Scratch {
        None
    }

    fn compute(&self, unit: u64, reader: &mut Scratch) -> Result<Integer> {
        Ok(match slice(&self.column, unit, reader)? {
            Numbers::Signed(numbers) => T::sum_of(numbers.into_iter().map(i128::from)),
            Numbers::Narrow(numbers) => T::sum_of(numbers.into_iter().map(i128::from)),
            other => integers(&other).map(T::exact).sum(),
        })
    }

    fn answer(&self, whole: Integer) -> Result<Answer> {
        Ok(Answer::total(whole))
    }

    fn forecast(&self) -> Forecast {
        forecast(&*self.column)
    }
}

/// Reading takes most of the time.
fn forecast(column: &dyn Column) -> Forecast {
    let numbers = column.numbers();
    let thread_bytes = 64 * numbers / column.slices().max(1);
    Forecast { seconds: numbers as f64 * READ_SECONDS, thread_bytes, ..Forecast::default() }
}

struct ColumnRows<T> {
    column: Arc<dyn Column>,
    term: PhantomData<T>,
}

/// The values of integers, in the smallest form.
fn values<T: Term>(numbers: impl Iterator<Item = Integer>) -> Numbers {
    let values: Vec<Integer> = numbers.map(T::exact).collect();
    match values.iter().map(Integer::to_i64).collect::<Option<Vec<i64>>>() {
        Some(small) => Numbers::Signed(small),
        None => Numbers::Long(values.iter().map(Integer::to_string).collect()),
    }
}

impl<T: Term> Kernel for ColumnRows<T> {
    type Part = Vec<Stretch>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.column.slices()
    }

    fn scratch(&self, _: &Placement) -> Scratch {
        None
    }

    fn compute(&self, unit: u64, reader: &mut Scratch) -> Result<Vec<Stretch>> {
        let numbers = slice(&self.column, unit, reader)?;
        let values = match &numbers {
            Numbers::Signed(numbers) => values::<T>(numbers.iter().map(|&n| Integer::from(n))),
            Numbers::Narrow(numbers) => values::<T>(numbers.iter().map(|&n| Integer::from(n))),
            other => values::<T>(integers(other)),
        };
        Ok(vec![Stretch { columns: vec![numbers, values] }])
    }

    fn answer(&self, whole: Vec<Stretch>) -> Result<Answer> {
        Ok(term_list::held(whole))
    }

    fn forecast(&self) -> Forecast {
        forecast(&*self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::HeldColumn;
    use crate::kernel::square::Square;
    use crate::kernel::sum::Numbers as Same;
    use crate::kernel::tests::{answer, column};

    fn given(texts: &[String]) -> Given {
        let held = HeldColumn { from: "-".into(), name: "x".into(), texts: texts.to_vec() };
        Given { column: Some(Arc::new(held)), ..Given::default() }
    }

    #[test]
    fn sums_and_rows_have_the_signs_of_their_numbers() {
        let small: Vec<i128> = (-500..700).chain([i128::from(i64::MIN), i64::MAX.into()]).collect();
        let large = [&small[..], &[1 << 100, -(1 << 90)]].concat();
        for numbers in [&small[..0], &small[..100], &small, &large] {
            let texts: Vec<String> = numbers.iter().map(i128::to_string).collect();
            let exact = || numbers.iter().map(|&n| Integer::from(n));
            assert_eq!(answer(reduce::<Same>(&given(&texts))).total.unwrap(), exact().sum::<Integer>());
            assert_eq!(
                answer(reduce::<Square>(&given(&texts))).total.unwrap(),
                exact().map(Integer::square).sum::<Integer>()
            );
            let rows = answer(map::<Square>(&given(&texts)));
            assert_eq!(column(&rows, "n"), texts);
            assert_eq!(column(&rows, "value"), exact().map(|n| n.square().to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn whatever_is_read_first_the_first_wrong_cell_is_told() {
        let mut texts: Vec<String> = (0..1000).map(|n: u64| n.to_string()).collect();
        let first_wrong = |texts: &[String], unit| {
            let column = given(texts).column.unwrap();
            slice(&column, unit, &mut None).unwrap_err().to_string()
        };
        texts[700] = "late".into();
        let last = given(&texts).column.unwrap().slices() - 1;
        texts[999] = "later".into();
        assert!(first_wrong(&texts, last).contains("'late'"));
        texts[3] = "early".into();
        assert!(first_wrong(&texts, last).contains("'early'"));
        assert!(first_wrong(&texts, 0).contains("'early'"));
    }

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let found = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
            match map::<Square>(&given(&texts)).unwrap().job {
                Job::Stream(stream) => {
                    stream.columns.iter().map(|column| (column.width, column.size)).collect::<Vec<_>>()
                }
                _ => panic!("rows of a column are listed"),
            }
        };
        assert_eq!(found(&["5", "-12"]), [(3, Size::Signed), (3, Size::Narrow)]);
        assert_eq!(found(&["5", "12"]), [(2, Size::Narrow), (3, Size::Narrow)]);
        assert_eq!(found(&["5000000000", "-1"]), [(10, Size::Signed), (20, Size::Long)]);
        assert_eq!(found(&["18446744073709551616"]), [(20, Size::Long), (39, Size::Long)]);
    }
}
