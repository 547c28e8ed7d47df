//! A picture in characters, for terminals: blocks for bars, dots of Braille for lines. Its charts were made for cells, so texts and
//! lanes fall into lines.

use super::palette::Ink;
use super::picture::{Anchor, CELLS, Item, Mark, Picture, Place, Stroke};

/// A character with its colour.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    shown: char,
    ink: Ink,
}

/// Rows of cells.
struct Screen {
    columns: usize,
    cells: Vec<Cell>,
}

/// Blocks that fill a cell from below, and from the left, by eighths.
const FROM_BELOW: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const FROM_LEFT: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// The picture as lines of text, with colours or without.
pub fn text(picture: &Picture, colours: bool) -> String {
    let columns = (picture.width / CELLS.glyph).round() as usize;
    let rows = (picture.height / CELLS.line).ceil() as usize;
    let mut screen = Screen { columns, cells: vec![Cell { shown: ' ', ink: Ink::Text }; columns * rows] };
    // Texts are read wherever they stand, and lines are not hidden by bars.
    let layer = |item: &Item| match item {
        Item::Rect { .. } | Item::Area { .. } => 0,
        Item::Line { .. } => 1,
        Item::Dot { .. } => 2,
        Item::Text { .. } => 3,
    };
    for now in 0..=3 {
        picture.items.iter().filter(|item| layer(item) == now).for_each(|item| screen.draw(item));
    }
    screen.text(colours)
}

impl Screen {
    fn draw(&mut self, item: &Item) {
        match item {
            Item::Rect { at, size, ink, .. } => self.rect(*at, *size, *ink),
            Item::Area { corners, ink } => self.area(corners, *ink),
            // There is no room for a grid.
            Item::Line { ink: Ink::Grid, .. } => (),
            Item::Line { through, ink, stroke } => {
                through.windows(2).for_each(|ends| self.line(ends[0], ends[1], *ink, *stroke))
            }
            Item::Dot { at, ink, mark } => self.dot(*at, *ink, *mark),
            Item::Text { at, anchor, ink, text, .. } => self.words(*at, *anchor, *ink, text),
        }
    }

    fn cell(&mut self, column: usize, row: usize) -> Option<&mut Cell> {
        if column < self.columns { self.cells.get_mut(row * self.columns + column) } else { None }
    }

    /// How a full cell of that colour is shown: what waits is told from what computes without colours, too.
    fn full(ink: Ink) -> char {
        if matches!(ink, Ink::Wait | Ink::Grid) { '░' } else { '█' }
    }

    fn rect(&mut self, at: Place, size: (f64, f64), ink: Ink) {
        let (left, right) = (at.0 / CELLS.glyph, (at.0 + size.0) / CELLS.glyph);
        let (top, bottom) = (at.1 / CELLS.line, (at.1 + size.1) / CELLS.line);
        if right - left < 1e-6 || bottom - top < 1e-6 {
            return;
        }
        // What is narrower than a cell is seen in the one that it is in.
        let narrow = right - left < 1.0;
        for row in (top + 1e-6).floor().max(0.0) as usize..(bottom - 1e-6).ceil() as usize {
            let high = (bottom.min(row as f64 + 1.0) - top.max(row as f64)).clamp(0.0, 1.0);
            for column in (left + 1e-6).floor().max(0.0) as usize..(right - 1e-6).ceil() as usize {
                let wide = (right.min(column as f64 + 1.0) - left.max(column as f64)).clamp(0.0, 1.0);
                let begins = left > column as f64 + 1e-6;
                self.block(column, row, (wide, high), begins && !narrow, ink);
            }
        }
    }

    /// A part of a cell: how much of its width and its height, and whether that is its right part.
    fn block(&mut self, column: usize, row: usize, (wide, high): (f64, f64), right: bool, ink: Ink) {
        let eighths = |part: f64| (8.0 * part).round() as usize;
        let full = Screen::full(ink);
        let shown = match (eighths(wide), eighths(high)) {
            (0, _) | (_, 0) => return,
            (8, 8) => full,
            (wide, 8) if full != '█' => {
                if wide >= 4 {
                    full
                } else {
                    return;
                }
            }
            (8, high) if full != '█' => {
                if high >= 4 {
                    full
                } else {
                    return;
                }
            }
            (wide, 8) if right => match wide {
                6.. => '█',
                3..6 => '▐',
                _ => '▕',
            },
            (wide, 8) => FROM_LEFT[wide],
            (_, high) => FROM_BELOW[high],
        };
        if let Some(cell) = self.cell(column, row) {
            *cell = Cell { shown, ink };
        }
    }

    /// An area that stands on its lowest edge.
    fn area(&mut self, corners: &[Place], ink: Ink) {
        let bottom = corners.iter().map(|corner| corner.1).fold(0.0, f64::max);
        let (first, last) = corners
            .iter()
            .fold((f64::MAX, 0.0), |(first, last), corner| (f64::min(first, corner.0), f64::max(last, corner.0)));
        for column in (first / CELLS.glyph).floor() as usize..(last / CELLS.glyph).ceil() as usize {
            let middle = (column as f64 + 0.5) * CELLS.glyph;
            // The edge above the middle of the column.
            let edge = corners.windows(2).find(|ends| ends[0].0 <= middle && middle < ends[1].0).map(|ends| ends[0].1);
            if let Some(edge) = edge {
                self.rect((column as f64 * CELLS.glyph, edge), (CELLS.glyph, bottom - edge), ink);
            }
        }
    }

    fn line(&mut self, from: Place, to: Place, ink: Ink, stroke: Stroke) {
        let dashed = stroke == Stroke::Dashed;
        if from.1 == to.1 && stroke != Stroke::Data {
            let row = ((from.1 - 1e-6) / CELLS.line).floor().max(0.0) as usize;
            let (first, last) = (from.0.min(to.0), from.0.max(to.0));
            for column in (first / CELLS.glyph).round() as usize..(last / CELLS.glyph).round() as usize {
                // An axis below a bar is seen anyway.
                self.over(column, row, if dashed { '╌' } else { '▁' }, ink, dashed);
            }
        } else if from.0 == to.0 && stroke != Stroke::Data {
            let column = ((from.0 / CELLS.glyph).round() as usize).saturating_sub(usize::from(!dashed));
            let (first, last) = (from.1.min(to.1), from.1.max(to.1));
            for row in (first / CELLS.line).round() as usize..(last / CELLS.line).round() as usize {
                self.over(column, row, if dashed { '╎' } else { '▕' }, ink, dashed);
            }
        } else {
            self.dots(from, to, ink);
        }
    }

    /// Draws on what is empty, or on everything.
    fn over(&mut self, column: usize, row: usize, shown: char, ink: Ink, everywhere: bool) {
        if let Some(cell) = self.cell(column, row).filter(|cell| everywhere || cell.shown == ' ') {
            *cell = Cell { shown, ink };
        }
    }

    /// A line of dots, two beside each other and four below each other in a cell.
    fn dots(&mut self, from: Place, to: Place, ink: Ink) {
        let place = |at: Place| (2.0 * at.0 / CELLS.glyph, 4.0 * (at.1 - 1e-6).max(0.0) / CELLS.line);
        let ((x, y), (to_x, to_y)) = (place(from), place(to));
        let steps = (to_x - x).abs().max((to_y - y).abs()).ceil().clamp(1.0, 1e5);
        for step in 0..=steps as usize {
            let part = step as f64 / steps;
            let (x, y) = ((x + (to_x - x) * part) as usize, (y + (to_y - y) * part) as usize);
            let bit = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]][y % 4][x % 2];
            let Some(cell) = self.cell(x / 2, y / 4) else { continue };
            let dots = u32::from(cell.shown);
            let before = if (BRAILLE..BRAILLE + 256).contains(&dots) { dots } else { BRAILLE };
            *cell = Cell { shown: char::from_u32(before | bit).unwrap_or(' '), ink };
        }
    }

    fn dot(&mut self, at: Place, ink: Ink, mark: Mark) {
        let shown = match mark {
            Mark::Circle => '●',
            Mark::Square => '■',
            Mark::Triangle => '▲',
            Mark::Diamond => '◆',
        };
        let row = ((at.1 - 1e-6) / CELLS.line).max(0.0) as usize;
        if let Some(cell) = self.cell(((at.0 - 1e-6) / CELLS.glyph).max(0.0) as usize, row) {
            *cell = Cell { shown, ink };
        }
    }

    fn words(&mut self, at: Place, anchor: Anchor, ink: Ink, text: &str) {
        let (length, x) = (text.chars().count() as f64, at.0 / CELLS.glyph);
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - length / 2.0,
            Anchor::End => x - length,
        };
        let (left, row) = (left.round().max(0.0) as usize, (at.1 / CELLS.line).round().max(0.0) as usize);
        for (at, shown) in text.chars().enumerate() {
            if let Some(cell) = self.cell(left + at, row) {
                *cell = Cell { shown, ink };
            }
        }
    }

    fn text(&self, colours: bool) -> String {
        let mut text = String::new();
        for row in self.cells.chunks(self.columns.max(1)) {
            let end = row.iter().rposition(|cell| cell.shown != ' ').map_or(0, |last| last + 1);
            for run in row[..end].chunk_by(|one, other| one.ink == other.ink) {
                let shown: String = run.iter().map(|cell| cell.shown).collect();
                match run[0].ink.in_terminal().filter(|_| colours && !shown.trim().is_empty()) {
                    Some(colour) => text += &format!("\u{1b}[38;5;{colour}m{shown}\u{1b}[0m"),
                    None => text += &shown,
                }
            }
            text.push('\n');
        }
        text
    }
}

/// The first character of Braille, which has no dot; the others follow by their dots as bits.
const BRAILLE: u32 = 0x2800;
