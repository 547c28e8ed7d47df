//! A picture: rectangles, lines, areas, marks and texts, in units of which a line of text is 18 high. Charts make pictures, and
//! `svg.rs`, `png.rs` and `characters.rs` draw them.

use super::palette::Ink;

/// A place, from the left and from the top.
pub type Place = (f64, f64);

/// Where a text is, seen from its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    /// A thin one, of an axis or a grid.
    Thin,
    /// A thicker one, of data.
    Data,
    /// Dashes.
    Dashed,
}

/// A mark of a point; series have different ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A circle.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square that stands on a corner.
    Diamond,
}

impl Mark {
    /// That of a series.
    pub fn of(series: usize) -> Mark {
        [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond][series % 4]
    }
}

/// Half of a mark's width.
pub const MARK: f64 = 4.0;

/// The sizes of text and of headings.
pub const SIZES: (f64, f64) = (13.0, 15.0);

/// Where letters stand in the line that a text has, from above.
pub const BASELINE: f64 = 0.72;

/// The lengths of a dash and of the gap behind it.
pub const DASH: (f64, f64) = (5.0, 4.0);

/// A thing that is drawn. Later ones cover earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A filled rectangle, and what it stands for, which browsers show where the pointer is.
    Rect {
        /// Its upper left corner.
        at: Place,
        /// Its width and its height.
        size: (f64, f64),
        /// Its colour.
        ink: Ink,
        /// What it stands for.
        about: Option<String>,
    },
    /// A line through these places.
    Line {
        /// The places.
        through: Vec<Place>,
        /// Its colour.
        ink: Ink,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// A filled area with these corners.
    Area {
        /// The corners.
        corners: Vec<Place>,
        /// Its colour.
        ink: Ink,
    },
    /// A mark of a point.
    Dot {
        /// Its middle.
        at: Place,
        /// Its colour.
        ink: Ink,
        /// Its form.
        mark: Mark,
    },
    /// A text in one line.
    Text {
        /// The upper edge of its line, and what the anchor says.
        at: Place,
        /// Where it is, seen from there.
        anchor: Anchor,
        /// Its colour.
        ink: Ink,
        /// Whether it is a heading.
        strong: bool,
        /// The text.
        text: String,
    },
}

/// What is drawn, and how large.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What it shows, for those who cannot see it.
    pub title: String,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What is drawn.
    pub items: Vec<Item>,
}

impl Picture {
    /// An empty picture.
    pub fn new(title: impl Into<String>, width: f64) -> Picture {
        Picture { title: title.into(), width, height: 0.0, items: vec![] }
    }

    /// Puts another picture into this one, its upper left corner at that place.
    pub fn put(&mut self, other: Picture, at: Place) {
        self.height = self.height.max(at.1 + other.height);
        self.items.extend(other.items.into_iter().map(|item| item.moved(at)));
    }
}

impl Item {
    /// The same, so far to the right and down.
    fn moved(self, (right, down): Place) -> Item {
        let to = |(x, y): Place| (x + right, y + down);
        match self {
            Item::Rect { at, size, ink, about } => Item::Rect { at: to(at), size, ink, about },
            Item::Line { through, ink, stroke } => {
                Item::Line { through: through.into_iter().map(to).collect(), ink, stroke }
            }
            Item::Area { corners, ink } => Item::Area { corners: corners.into_iter().map(to).collect(), ink },
            Item::Dot { at, ink, mark } => Item::Dot { at: to(at), ink, mark },
            Item::Text { at, anchor, ink, strong, text } => Item::Text { at: to(at), anchor, ink, strong, text },
        }
    }
}

/// How large text is where the picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// The height of a line.
    pub line: f64,
    /// The width of a character. Those of a font differ; this is wide for digits of most.
    pub glyph: f64,
    /// Whether it is drawn in characters, each in a cell of this size: then nothing is smaller than one.
    pub in_cells: bool,
}

/// Of pictures in files: text of 13 units.
pub const PAPER: Metrics = Metrics { line: 18.0, glyph: 7.4, in_cells: false };

/// Of terminals.
pub const CELLS: Metrics = Metrics { line: 16.0, glyph: 8.0, in_cells: true };

impl Metrics {
    /// The width of a text.
    pub fn width(&self, text: &str) -> f64 {
        text.chars().count() as f64 * self.glyph
    }

    /// The text, its end replaced by dots if it is wider than that.
    pub fn fitted(&self, text: &str, width: f64) -> String {
        let most = (width / self.glyph).floor().max(1.0) as usize;
        match text.chars().count() > most {
            true => text.chars().take(most - 1).chain(['…']).collect(),
            false => text.into(),
        }
    }

    /// The text, its middle replaced by dots if it is wider than that: names that begin alike often end in different numbers.
    pub fn fitted_at_both_ends(&self, text: &str, width: f64) -> String {
        let most = (width / self.glyph).floor().max(1.0) as usize;
        let letters: Vec<char> = text.chars().collect();
        if letters.len() <= most {
            return text.into();
        }
        let end = (most - 1) / 2;
        let (first, last) = (&letters[..most - 1 - end], &letters[letters.len() - end..]);
        first.iter().chain(['…'].iter()).chain(last).collect()
    }

    /// The text in lines of at most that width, broken at blanks.
    pub fn wrapped(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = vec![];
        for word in text.split(' ') {
            match lines.last_mut() {
                Some(line) if self.width(line) + self.width(word) + self.glyph <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.into()),
            }
        }
        lines.iter().map(|line| self.fitted(line, width)).collect()
    }

    /// The least width from which a shape is told from the next.
    pub fn least(&self) -> f64 {
        if self.in_cells { self.glyph } else { 2.0 }
    }

    /// A place from the left that begins a character, where there are cells.
    pub fn snapped(&self, x: f64) -> f64 {
        if self.in_cells { (x / self.glyph).ceil() * self.glyph } else { x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_too_wide_is_broken_or_cut_and_no_other() {
        let metrics = Metrics { line: 10.0, glyph: 1.0, in_cells: false };
        assert_eq!((metrics.fitted("abcd", 4.0), metrics.fitted("abcde", 4.0)), ("abcd".into(), "abc…".into()));
        let both = [1.0, 2.0, 5.0, 6.0].map(|width| metrics.fitted_at_both_ends("abcdef", width));
        assert_eq!(both, ["…", "a…", "ab…ef", "abcdef"]);
        assert_eq!(metrics.wrapped("one two threeee", 7.0), ["one two", "threeee"]);
        assert_eq!(metrics.wrapped("a bcdefghij", 4.0), ["a", "bcd…"]);
    }

    #[test]
    fn a_picture_in_a_picture_is_moved_and_makes_room() {
        let mut small = Picture::new("", 10.0);
        small.height = 5.0;
        small.items.push(Item::Dot { at: (1.0, 2.0), ink: Ink::Text, mark: Mark::Circle });
        let mut large = Picture::new("", 30.0);
        large.put(small, (20.0, 7.0));
        assert_eq!(large.height, 12.0);
        assert_eq!(large.items, [Item::Dot { at: (21.0, 9.0), ink: Ink::Text, mark: Mark::Circle }]);
    }
}
