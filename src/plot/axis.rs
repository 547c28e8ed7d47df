//! Axes: where a value is, and which values have labels.

/// How values are spread over an axis.
#[derive(Debug, Clone, PartialEq)]
enum Scale {
    Linear,
    /// By their logarithm.
    Log,
    /// The labels are given, each with its value.
    Labels(Vec<(f64, String)>),
}

/// An axis, from its first value to its last.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What its values are.
    pub title: String,
    from: f64,
    to: f64,
    scale: Scale,
    /// Whether only whole numbers have labels.
    whole: bool,
}

/// A label of an axis: its value and its text.
pub type Tick = (f64, String);

impl Axis {
    /// An axis on which equal distances are equal differences.
    pub fn linear(title: impl Into<String>, from: f64, to: f64) -> Axis {
        // One more than a large float may be the same.
        let to = if to > from { to } else { from + 1.0 + from.abs() * 1e-9 };
        Axis { title: title.into(), from, to, scale: Scale::Linear, whole: false }
    }

    /// The same for whole numbers.
    pub fn whole(title: impl Into<String>, from: f64, to: f64) -> Axis {
        Axis { whole: true, ..Axis::linear(title, from, to) }
    }

    /// An axis on which equal distances are equal ratios. `from` must be above 0.
    pub fn log(title: impl Into<String>, from: f64, to: f64) -> Axis {
        let to = if to > from { to } else { 10.0 * from };
        Axis { title: title.into(), from, to, scale: Scale::Log, whole: false }
    }

    /// An axis with these labels, from 0 to `to`.
    pub fn labelled(title: impl Into<String>, to: f64, labels: Vec<Tick>) -> Axis {
        Axis { title: title.into(), from: 0.0, to, scale: Scale::Labels(labels), whole: true }
    }

    /// Whether its lines are drawn across the chart.
    pub fn has_grid(&self) -> bool {
        !matches!(self.scale, Scale::Labels(_))
    }

    /// The last value.
    pub fn to(&self) -> f64 {
        self.to
    }

    /// Where the value is: 0 at the beginning of the axis, 1 at its end. Values beyond are at its ends.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Log => (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln(),
            Scale::Linear | Scale::Labels(_) => (value - self.from) / (self.to - self.from),
        };
        share.clamp(0.0, 1.0)
    }

    /// The labels for which there is room, if a label needs `needs(label)` of `room`.
    pub fn ticks(&self, room: f64, needs: impl Fn(&str) -> f64) -> Vec<Tick> {
        match &self.scale {
            Scale::Linear => self.linear_ticks(room, needs),
            Scale::Log => self.log_ticks(room, needs),
            Scale::Labels(labels) => {
                let mut end = f64::NEG_INFINITY;
                let mut fits = |(value, label): &&Tick| {
                    let (at, half) = (room * self.at(*value), needs(label) / 2.0);
                    let fits = at - half >= end - 1e-9;
                    if fits {
                        end = at + half;
                    }
                    fits
                };
                labels.iter().filter(|tick| fits(tick)).cloned().collect()
            }
        }
    }

    fn linear_ticks(&self, room: f64, needs: impl Fn(&str) -> f64) -> Vec<Tick> {
        let width = self.to - self.from;
        let base = 10f64.powf((width / TICKS).log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0].map(|times| times * base);
        let mut last = vec![];
        for step in steps.into_iter().filter(|&step| width / step <= TICKS && (!self.whole || step >= 1.0)) {
            let first = (self.from / step - 1e-9).ceil();
            let values = (0..).map(|n| (first + f64::from(n)) * step).take_while(|&v| v <= self.to + 1e-9 * step);
            last = values.map(|value| (value, number(value, step))).collect();
            let widest = last.iter().map(|(_, label)| needs(label)).fold(0.0, f64::max);
            if widest <= room * step / width {
                break;
            }
        }
        last
    }

    fn log_ticks(&self, room: f64, needs: impl Fn(&str) -> f64) -> Vec<Tick> {
        let (first, last) = (self.from.log10().ceil() as i32, (self.to.log10() + 1e-9).floor() as i32);
        let decades = (self.to / self.from).log10();
        let ticks = |every: i32| {
            let powers = (first..=last).filter(move |power| power.rem_euclid(every) == 0);
            powers.map(|power| (10f64.powi(power), decade(power))).collect::<Vec<Tick>>()
        };
        let fits = |every: &i32| {
            let widest = ticks(*every).iter().map(|(_, label)| needs(label)).fold(0.0, f64::max);
            widest <= room * f64::from(*every) / decades
        };
        ticks([1, 2, 3, 5, 10, 20].into_iter().find(fits).unwrap_or(50))
    }
}

/// No more steps than this.
const TICKS: f64 = 9.0;

fn decade(power: i32) -> String {
    match power {
        0..=3 => format!("{}", 10f64.powi(power)),
        _ => format!("1e{power}"),
    }
}

/// A number as an axis with this step has it: as users type it.
pub fn number(value: f64, step: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    let large = value.abs() >= 1e6;
    if value != 0.0 && (large || step < 1e-6) {
        let exponent = value.abs().log10().floor();
        let digits = (exponent - step.log10().floor()).clamp(0.0, 12.0) as usize;
        let mantissa = format!("{:.digits$}", value / 10f64.powf(exponent));
        let short = if digits > 0 { mantissa.trim_end_matches('0').trim_end_matches('.') } else { &mantissa };
        return format!("{short}e{exponent}");
    }
    let digits = (-step.log10() - 1e-9).ceil().clamp(0.0, 9.0) as usize;
    format!("{value:.digits$}")
}

/// A unit of time: how many seconds it has, and its name.
pub type TimeUnit = (f64, &'static str);

/// The unit in which so many seconds are read best.
pub fn time_unit(seconds: f64) -> TimeUnit {
    match seconds {
        s if s < 1e-3 => (1e-6, "µs"),
        s if s < 1.0 => (1e-3, "ms"),
        s if s < 200.0 => (1.0, "s"),
        s if s < 2.0 * 3600.0 => (60.0, "min"),
        s if s < 4.0 * 86400.0 => (3600.0, "h"),
        _ => (86400.0, "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, room: f64) -> Vec<String> {
        axis.ticks(room, |label| label.len() as f64 + 1.0).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn labels_are_round_and_have_room() {
        assert_eq!(labels(&Axis::linear("", 0.0, 8.0), 100.0), ["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
        assert_eq!(labels(&Axis::linear("", 0.0, 8.0), 10.0), ["0", "2", "4", "6", "8"]);
        assert_eq!(labels(&Axis::linear("", 0.0, 1.3), 60.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]);
        assert_eq!(labels(&Axis::linear("", 0.0, 1e9), 30.0), ["0", "2e8", "4e8", "6e8", "8e8", "1e9"]);
        assert_eq!(labels(&Axis::linear("", 2.45e9, 2.55e9), 30.0), ["2.45e9", "2.5e9", "2.55e9"]);
        assert_eq!(labels(&Axis::whole("", 0.0, 2.0), 100.0), ["0", "1", "2"]);
        assert_eq!(labels(&Axis::log("", 10.0, 1e12), 24.0), ["1000", "1e6", "1e9", "1e12"]);
        assert_eq!(labels(&Axis::log("", 0.5, 2e4), 60.0), ["1", "10", "100", "1000", "1e4"]);
        // Nothing to show is no reason to fail.
        assert_eq!(labels(&Axis::linear("", 0.0, 0.0), 3.0).len(), 2);
        for axis in [Axis::linear("", 0.0, 1e-30), Axis::linear("", 1e18, 1e18 + 1.0), Axis::log("", 3.0, 4.0)] {
            assert!(labels(&axis, 80.0).len() < 12 && axis.to > axis.from);
        }
    }

    #[test]
    fn values_are_between_the_ends() {
        let axis = Axis::log("", 10.0, 1000.0);
        assert_eq!([axis.at(0.0), axis.at(10.0), axis.at(1e9)], [0.0, 0.0, 1.0]);
        assert!((axis.at(100.0) - 0.5).abs() < 1e-12);
        assert_eq!(Axis::linear("", 2.0, 6.0).at(3.0), 0.25);
    }

    #[test]
    fn given_labels_are_left_out_where_they_would_touch() {
        let all = (0..100).map(|n| (f64::from(n) + 0.5, n.to_string())).collect();
        let shown = labels(&Axis::labelled("", 100.0, all), 60.0);
        assert!(shown.len() > 15 && shown.len() < 25 && shown[0] == "0", "{shown:?}");
    }
}
