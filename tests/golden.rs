//! Every row of the tables of known values that a method can reach in a test's time, by every lane.

#[path = "common/golden.rs"]
mod golden;

use golden::rows;
use pcount::digest::Sha256;
use pcount::door;
use pcount::kernel::{self, GapTable, Given, Method, Seeks, Tuplet};
use pcount::math::count::gourdon::{Gourdon, Params};
use pcount::math::lanes::{self, Lanes};
use pcount::math::patterns::{Pattern, densest};
use pcount::math::sieve::Layout;
use pcount::math::span::Span;
use pcount::placement::Placement;
use pcount::plan::Plan;
use pcount::run::stop::Stops;
use pcount::run::{Course, Schedule};
use pcount::syntax::Item;
use pcount::work::{Answer, Job};
use pcount::world::threads;

/// The answer of a kernel on all cores, as a bare run gives it.
fn answer(kernel: &str, given: &Given) -> Answer {
    let plan = Plan::open(kernel::find(kernel).unwrap(), given).unwrap();
    let Job::Work(work) = plan.job else { panic!("{kernel} has no units") };
    door::compute_work(work).unwrap()
}

/// The same on so many ranks of one thread, by this schedule, in blocks as small as there are.
fn answer_on(ranks: usize, schedule: Schedule, kernel: &str, given: &Given) -> Answer {
    let answers = threads::run(ranks, 7, |world| {
        let plan = Plan::open(kernel::find(kernel).unwrap(), given).unwrap();
        let Job::Work(work) = &plan.job else { panic!("{kernel} has no units") };
        let stops = Stops::never();
        let course = Course { largest: 0, ..Course::new(Some(schedule), &stops) };
        let placement = Placement { threads: 1, ..Placement::here(world.rank()) };
        door::compute_in(world, work, &placement, course).unwrap()
    });
    answers.into_iter().flatten().next().unwrap()
}

/// The low rows of each table, which all lanes, ranks and schedules find.
#[test]
fn low_rows_on_any_ranks_by_both_schedules_on_every_lane() {
    const END: u128 = 100_000_000;
    let number = |text: &String| text.parse::<u128>().unwrap();
    let low = |table: &str, place: usize| rows(table).into_iter().filter(|row| number(&row[place]) <= END).collect();
    let [tuplets, classes, sums, pis, records, firsts]: [Vec<Vec<String>>; 6] =
        [("tuplets", 1), ("residues", 0), ("sums", 0), ("pi", 0), ("gaps", 1), ("first-gaps", 1)]
            .map(|(table, place)| low(table, place));
    let ways = [
        (1, Schedule::Fixed),
        (1, Schedule::Farm),
        (3, Schedule::Fixed),
        (3, Schedule::Farm),
        (8, Schedule::Fixed),
        (8, Schedule::Farm),
    ];
    for (lanes, (ranks, schedule)) in lanes::usable().flat_map(|lanes| ways.map(|way| (lanes, way))) {
        let found = |kernel: &str, end: u128, seeks: Option<Seeks>, keys: &[&str]| {
            let items = vec![if kernel == "pi" { Item::Number(end) } else { Item::Range(Span::new(0, end).unwrap()) }];
            let method = Some(Method::Sieve).filter(|_| kernel != "sum-primes");
            let given = Given { items, seeks, method, lanes: Some(lanes), ..Given::default() };
            let answer = answer_on(ranks, schedule, kernel, &given);
            let columns: Vec<Vec<String>> = keys.iter().map(|key| column(&answer, key)).collect();
            (0..columns[0].len())
                .map(|row| columns.iter().map(|column| column[row].clone()).collect())
                .collect::<Vec<Vec<String>>>()
        };
        let of = format!("{} lanes, {ranks} ranks, {schedule:?}", lanes.name);
        for row in &tuplets {
            let seeks = Seeks::Tuplets(Tuplet::Densest(row[0].parse().unwrap()));
            assert_eq!(
                found("primes", number(&row[1]), Some(seeks), &["tuplets"]),
                [[row[2].clone()]],
                "{row:?}: {of}"
            );
        }
        for row in &classes {
            let seeks = Seeks::Residues(row[1].parse().unwrap());
            let all = found("primes", number(&row[0]) + 1, Some(seeks), &["residue", "count"]);
            assert!(all.contains(&row[2..].to_vec()), "{row:?}: {of}");
        }
        for row in &sums {
            assert_eq!(found("sum-primes", number(&row[0]) + 1, None, &["sum"]), [[row[1].clone()]], "{row:?}: {of}");
        }
        for row in &pis {
            assert_eq!(found("pi", number(&row[0]), None, &["count"]), [[row[1].clone()]], "{row:?}: {of}");
        }
        for (table, asked) in [(&records, GapTable::Records), (&firsts, GapTable::First)] {
            let widest = table.iter().map(|row| number(&row[0])).max().unwrap();
            let mut all = found("primes", END + 1000, Some(Seeks::GapTable(asked)), &["gap", "after"]);
            all.retain(|row| number(&row[0]) <= widest && number(&row[1]) <= END);
            all.sort_by_key(|row| number(&row[0]));
            assert_eq!(all, *table, "{asked:?}: {of}");
        }
    }
}

fn column(answer: &Answer, key: &str) -> Vec<String> {
    let column = answer.table.column(key).unwrap();
    answer.table.rows.iter().map(|row| row[column].to_string()).collect()
}

fn pi(rows: &[(u128, String)], method: Method, lanes: Option<&'static Lanes>) {
    let items = rows.iter().map(|(x, _)| Item::Number(*x)).collect();
    let given = Given { items, method: Some(method), lanes, ..Given::default() };
    let counts = column(&answer("pi", &given), "count");
    for ((x, expect), count) in rows.iter().zip(counts) {
        assert_eq!(count, *expect, "pi({x}) by {method:?} on {:?}", lanes.map(|lanes| lanes.name));
    }
}

fn pi_rows(largest: u128) -> Vec<(u128, String)> {
    let rows = rows("pi").into_iter().map(|row| (row[0].parse().unwrap(), row[1].clone()));
    rows.filter(|(x, _)| *x <= largest).collect()
}

/// How many primes there are in each class, by the table.
fn residues(largest: u128, lanes: &'static Lanes) {
    let rows: Vec<Vec<String>> =
        rows("residues").into_iter().filter(|row| row[0].parse::<u128>().unwrap() <= largest).collect();
    for modulus in [3, 4] {
        let of_modulus = || rows.iter().filter(|row| row[1] == modulus.to_string());
        let mut ends: Vec<u128> = of_modulus().map(|row| row[0].parse::<u128>().unwrap() + 1).collect();
        ends.dedup();
        ends.sort_unstable();
        ends.dedup();
        // Ranges that touch, so that each number is sieved once.
        let starts = [0].into_iter().chain(ends.iter().copied());
        let items = starts.zip(&ends).map(|(start, &end)| Item::Range(Span::new(start, end).unwrap())).collect();
        let seeks = Some(Seeks::Residues(modulus));
        let answer = answer("primes", &Given { items, seeks, lanes: Some(lanes), ..Given::default() });
        let [end, residue, count] = ["end", "residue", "count"].map(|key| column(&answer, key));
        for row in of_modulus() {
            let x: u128 = row[0].parse().unwrap();
            let below = (0..end.len()).filter(|&at| end[at].parse::<u128>().unwrap() <= x + 1 && residue[at] == row[2]);
            let sum: u64 = below.map(|at| count[at].parse::<u64>().unwrap()).sum();
            assert_eq!(sum.to_string(), row[3], "{row:?} on {}", lanes.name);
        }
    }
}

#[test]
fn primes_of_residue_classes_on_every_lane() {
    for (index, lanes) in lanes::usable().enumerate() {
        residues(if index == 0 { 10_000_000_000 } else { 1_000_000_000 }, lanes);
    }
}

#[test]
fn races_change_their_leader_where_the_table_says() {
    for lanes in lanes::usable() {
        let items = vec![Item::Range(Span::new(0, 623_388).unwrap())];
        let given =
            Given { items, seeks: Some(Seeks::Residues(4)), race: true, lanes: Some(lanes), ..Given::default() };
        let answer = answer("primes", &given);
        let [after, leader] = ["after", "leader"].map(|key| column(&answer, key));
        let expect = rows("races").into_iter().filter(|row| row[0] == "4").map(|row| (row[1].clone(), row[2].clone()));
        let found: Vec<(String, String)> = after.into_iter().zip(leader).collect();
        assert_eq!(found, expect.collect::<Vec<_>>(), "on {}", lanes.name);
    }
}

#[test]
fn pi_by_trial_division() {
    pi(&pi_rows(4_000_000), Method::Trial, None);
}

#[test]
fn pi_by_the_sieve_on_every_lane() {
    let rows = pi_rows(4_000_000_000);
    assert!(rows.len() > 40);
    for lanes in lanes::usable() {
        pi(&rows, Method::Sieve, Some(lanes));
    }
}

#[test]
fn pi_by_gourdon_on_every_lane() {
    for (index, lanes) in lanes::usable().enumerate() {
        // The best lanes go on to 10^14.
        let rows = pi_rows(if index == 0 { 100_000_000_000_000 } else { 4_000_000_000_000 });
        assert!(rows.len() > 50);
        pi(&rows, Method::Gourdon, Some(lanes));
    }
}

#[test]
fn pi_by_the_older_formulas() {
    pi(&pi_rows(200_000_000_000), Method::Legendre, None);
    pi(&pi_rows(10_000_000_000_000), Method::Lmo, None);
}

#[test]
fn pi_of_ten_to_the_ten() {
    pi(&[(10_000_000_000, "455052511".into())], Method::Sieve, None);
}

/// Those that take minutes together are in `slow.rs`.
#[test]
fn windows_high_up() {
    for row in rows("windows") {
        let (start, width): (u128, u128) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        if width < 1_100_000_000 && start <= 100_000_000_000_000_000 {
            let items = vec![Item::Range(Span::new(start, start + width + 1).unwrap())];
            let answer = answer("primes", &Given { items, ..Given::default() });
            assert_eq!(column(&answer, "count"), [row[2].clone()], "{start}..+{width}");
        }
    }
}

#[test]
fn sums_of_primes() {
    for row in rows("sums") {
        let x: u128 = row[0].parse().unwrap();
        if x <= 1_000_000_000_000 {
            let items = vec![Item::Range(Span::new(0, x + 1).unwrap())];
            let answer = answer("sum-primes", &Given { items, ..Given::default() });
            assert_eq!(column(&answer, "sum"), [row[1].clone()], "up to {x}");
        }
    }
}

#[test]
fn nth_primes() {
    let rows = rows("nth").into_iter().map(|row| (row[0].parse::<u128>().unwrap(), row[1].clone()));
    let (numbers, primes): (Vec<u128>, Vec<String>) = rows.filter(|(n, _)| *n <= 10_000_000_000_000).unzip();
    let items = numbers.into_iter().map(Item::Number).collect();
    assert_eq!(column(&answer("nth-prime", &Given { items, ..Given::default() }), "prime"), primes);
}

#[test]
fn li_and_riemann_r() {
    let integral = |kernel: &str, x: &str| {
        let items = vec![Item::Number(x.parse().unwrap())];
        let value = column(&answer(kernel, &Given { items, ..Given::default() }), "value").remove(0);
        value.split('.').next().unwrap().parse::<u128>().unwrap()
    };
    for row in rows("riemann") {
        assert_eq!(integral("riemann-r", &row[0]).to_string(), row[1], "R({})", row[0]);
        if let Ok(from_two) = row[2].parse::<u128>() {
            // The kernel's integral starts at 0, so it is more by 1.045.
            let from_zero = integral("li", &row[0]);
            assert!((from_two + 1..=from_two + 2).contains(&from_zero), "li({})", row[0]);
        }
    }
}

#[test]
fn tuplets() {
    let rows = rows("tuplets").into_iter().map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap(), row));
    for (k, end, row) in rows.filter(|(_, end, _): &(u64, u128, _)| *end <= 10u128.pow(10)) {
        let items = vec![Item::Range(Span::new(0, end).unwrap())];
        let answer =
            answer("primes", &Given { items, seeks: Some(Seeks::Tuplets(Tuplet::Densest(k))), ..Given::default() });
        assert_eq!(column(&answer, "tuplets"), [row[2].clone()], "{k}-tuplets below {end}");
    }
}

/// The first primes of tuplets, and how many there are of the patterns that are the densest, together.
#[test]
fn patterns() {
    let rows = rows("tuplet-firsts").into_iter().map(|row| {
        let distances: Vec<u64> = row[0].split(',').map(|above| above.parse().unwrap()).collect();
        let firsts: Vec<String> = row[2].split(' ').map(String::from).collect();
        (Pattern::new(&distances).unwrap(), row[1].parse::<u128>().unwrap(), firsts)
    });
    let rows: Vec<(Pattern, u128, Vec<String>)> = rows.collect();
    let given = |tuplet, end| {
        let items = vec![Item::Range(Span::new(0, end).unwrap())];
        Given { items, seeks: Some(Seeks::Tuplets(tuplet)), ..Given::default() }
    };
    for (pattern, end, firsts) in &rows {
        let counted = answer("primes", &given(Tuplet::Of(*pattern), *end));
        assert_eq!(column(&counted, "tuplets"), [firsts.len().to_string()], "{pattern} below {end}");
        let listed = Given { firsts: true, ..given(Tuplet::Of(*pattern), *end) };
        let Job::Stream(stream) = Plan::open(kernel::find("primes").unwrap(), &listed).unwrap().job else {
            panic!("a list is a stream")
        };
        assert_eq!(column(&door::compute_work(stream.work).unwrap(), "first"), *firsts, "{pattern} below {end}");
    }
    for primes in [7, 8] {
        let of = |(pattern, ..): &&(Pattern, u128, Vec<String>)| densest(primes).contains(pattern);
        let end = rows.iter().filter(of).map(|(_, end, _)| *end).min().unwrap();
        let below = |first: &&String| first.parse::<u128>().unwrap() + u128::from(densest(primes)[0].width()) < end;
        let count: usize = rows.iter().filter(of).map(|(.., firsts)| firsts.iter().filter(below).count()).sum();
        let counted = answer("primes", &given(Tuplet::Densest(primes), end));
        assert_eq!(column(&counted, "tuplets"), [count.to_string()], "{primes} below {end}");
    }
}

#[test]
fn gaps() {
    for row in rows("gaps") {
        let (gap, after): (u128, u128) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        // Those beyond are seen in one pass, below and in `slow.rs`.
        if after > 2_000_000_000 {
            break;
        }
        let items = vec![Item::Range(Span::new(0, after + gap + 1).unwrap())];
        let answer = answer("primes", &Given { items, seeks: Some(Seeks::Gaps), ..Given::default() });
        assert_eq!([column(&answer, "gap"), column(&answer, "after")], [[row[0].clone()], [row[1].clone()]]);
    }
}

/// A table of gaps: how wide they are, and after which primes.
fn gap_table(asked: GapTable, end: u128, lanes: Option<&'static Lanes>) -> Vec<[String; 2]> {
    let items = vec![Item::Range(Span::new(0, end).unwrap())];
    let answer = answer("primes", &Given { items, seeks: Some(Seeks::GapTable(asked)), lanes, ..Given::default() });
    column(&answer, "gap").into_iter().zip(column(&answer, "after")).map(<[String; 2]>::from).collect()
}

#[test]
fn gaps_that_are_larger_than_all_before() {
    for (lanes, end) in
        [(None, 11_000_000_000)].into_iter().chain(lanes::usable().map(|lanes| (Some(lanes), 1_000_000_000)))
    {
        let below = |row: &Vec<String>| row[1].parse::<u128>().unwrap() < end;
        let expect: Vec<[String; 2]> =
            rows("gaps").into_iter().filter(below).map(|row| row.try_into().unwrap()).collect();
        assert_eq!(gap_table(GapTable::Records, end, lanes), expect);
        let wide: Vec<_> = expect.into_iter().filter(|row| row[0].parse::<u128>().unwrap() >= 282).collect();
        let mut found = gap_table(GapTable::AtLeast(282), end, lanes);
        found.retain(|row| wide.contains(row));
        assert_eq!(found, wide);
    }
}

#[test]
fn gaps_that_are_the_first_of_their_size() {
    let rows = rows("first-gaps");
    let end = rows.iter().map(|row| row[1].parse::<u128>().unwrap()).max().unwrap() + 1000;
    for lanes in lanes::usable() {
        for asked in [GapTable::First, GapTable::Histogram] {
            let found = gap_table(asked, end, Some(lanes));
            for row in &rows {
                assert!(found.contains(&[row[0].clone(), row[1].clone()]), "{row:?}");
            }
        }
    }
}

#[test]
fn factorials() {
    for row in rows("factorial") {
        let given = Given { items: vec![Item::Number(row[0].parse().unwrap())], ..Given::default() };
        let answer = answer("factorial", &given);
        assert_eq!(
            [column(&answer, "digits"), column(&answer, "sha256")],
            [[row[1].clone()], [row[2].clone()]],
            "{}!",
            row[0]
        );
    }
}

/// Nobody may go on with a run whose units were cut otherwise. If this fails they are: raise the version of the program,
/// which a resume compares, and put the new numbers here.
#[test]
fn units_are_cut_as_this_version_cuts_them() {
    let lanes = lanes::pick(None).unwrap();
    let digest = |cut: String| u64::from_le_bytes(Sha256::of(cut.as_bytes())[..8].try_into().unwrap());
    let formula = |x: u128| {
        let gourdon = Gourdon::new(Params::new(x), lanes);
        digest((0..gourdon.units()).map(|unit| gourdon.describe(unit)).collect())
    };
    let sieve = |start: u128, width: u128, lay_out: fn(Span) -> Layout| {
        let layout = lay_out(Span::new(start, start + width).unwrap());
        digest((0..layout.units()).map(|unit| format!("{:?}", layout.unit(unit))).collect())
    };
    let e = |power| 10u128.pow(power);
    let found = [
        formula(e(9)),
        formula(e(15)),
        formula(e(19)),
        sieve(0, e(6), Layout::new),
        sieve(0, e(11), Layout::new),
        sieve(e(18), e(10), Layout::new),
        sieve(e(18), e(6), Layout::new),
        sieve(0, e(10), Layout::in_order),
    ];
    assert_eq!(
        (env!("CARGO_PKG_VERSION"), found),
        (
            "0.1.0",
            [
                9358149636038041273,
                15985165936557580996,
                404404794020155994,
                7766899985874079802,
                338035547642028825,
                4283361094559740276,
                15143752393998602547,
                321592190061869659
            ]
        )
    );
}
