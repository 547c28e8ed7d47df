//! What charts have in common: a title, lines below it, a legend, and a plot between two axes.

use super::axis::{Axis, Tick};
use super::palette::Ink;
use super::picture::{Anchor, Item, Mark, Metrics, Picture, Place, Stroke};

/// A chart that is being made, from top to bottom.
pub struct Sheet {
    /// How large text is.
    pub metrics: Metrics,
    /// What there is of it.
    pub picture: Picture,
    /// Where its next line begins, from the top.
    at: f64,
}

/// How a legend shows what it explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// A bar.
    Bar,
    /// A line.
    Line(Stroke),
    /// A mark.
    Mark(Mark),
}

/// A line of a legend.
pub type Key = (Sample, Ink, String);

/// The part of a chart between its axes.
pub struct Plot {
    /// Its left edge.
    pub left: f64,
    /// Its upper edge.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    x: Axis,
    y: Axis,
    /// So far from its edges are the ends of the vertical axis: in cells, a line at an edge is in the outermost cell.
    inset: f64,
}

impl Plot {
    /// How far from the left the value is.
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.width * self.x.at(value)
    }

    /// How far from the top the value is; larger ones are higher, but those of given labels lower.
    pub fn y(&self, value: f64) -> f64 {
        match self.y.has_grid() {
            true => self.bottom() - self.inset - (self.height - 2.0 * self.inset) * self.y.at(value),
            false => self.top + self.height * self.y.at(value),
        }
    }

    /// Its right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Its lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

impl Sheet {
    /// A chart of that width.
    pub fn new(metrics: Metrics, width: f64, title: &str) -> Sheet {
        let mut sheet = Sheet { metrics, picture: Picture::new(title, width), at: 0.0 };
        // Letters of headings are larger.
        let text = metrics.fitted(title, if metrics.in_cells { width } else { width * 0.85 });
        sheet.text((0.0, 0.0), Anchor::Start, Ink::Text, true, text);
        sheet.at = metrics.line;
        sheet
    }

    /// Draws something.
    pub fn draw(&mut self, item: Item) {
        self.picture.items.push(item);
    }

    /// Draws a rectangle.
    pub fn rect(&mut self, at: Place, size: (f64, f64), ink: Ink, about: Option<String>) {
        self.draw(Item::Rect { at, size, ink, about });
    }

    /// Draws a line.
    pub fn line(&mut self, through: &[Place], ink: Ink, stroke: Stroke) {
        self.draw(Item::Line { through: through.to_vec(), ink, stroke });
    }

    /// Draws a mark.
    pub fn dot(&mut self, at: Place, ink: Ink, mark: Mark) {
        self.draw(Item::Dot { at, ink, mark });
    }

    /// Draws a text.
    pub fn text(&mut self, at: Place, anchor: Anchor, ink: Ink, strong: bool, text: String) {
        self.draw(Item::Text { at, anchor, ink, strong, text });
    }

    /// Writes lines that explain.
    pub fn note(&mut self, text: &str) {
        for line in self.metrics.wrapped(text, self.picture.width) {
            self.text((0.0, self.at), Anchor::Start, Ink::Muted, false, line);
            self.at += self.metrics.line;
        }
    }

    /// Says what is what, in as many lines as it needs.
    pub fn legend(&mut self, keys: &[Key]) {
        let Metrics { glyph, line, .. } = self.metrics;
        let sample = 3.0 * glyph;
        let mut x = 0.0;
        for (kind, ink, text) in keys {
            let text = self.metrics.fitted(text, self.picture.width - sample);
            let needs = sample + self.metrics.width(&text);
            if x > 0.0 && x + needs > self.picture.width {
                (x, self.at) = (0.0, self.at + line);
            }
            let middle = self.at + line / 2.0;
            let (from, to) = ((x, middle), (x + 2.0 * glyph - 1.0, middle));
            match kind {
                Sample::Bar if self.metrics.in_cells => self.rect((x, self.at), (2.0 * glyph, line), *ink, None),
                Sample::Bar => self.rect((x, middle - 5.0), (2.0 * glyph, 10.0), *ink, None),
                Sample::Line(stroke) => self.line(&[from, to], *ink, *stroke),
                Sample::Mark(mark) => self.dot((x + glyph, middle), *ink, *mark),
            }
            self.text((x + sample, self.at), Anchor::Start, Ink::Muted, false, text);
            x += needs + 2.0 * glyph;
        }
        self.at += line;
    }

    /// The axes, with a plot of that height between them. What is drawn on it stands on its grid.
    pub fn plot(&mut self, height: f64, x: Axis, y: Axis) -> Plot {
        let Metrics { glyph, line, .. } = self.metrics;
        if !y.title.is_empty() {
            let title = self.metrics.fitted(&y.title, self.picture.width);
            self.text((0.0, self.at), Anchor::Start, Ink::Muted, false, title);
            self.at += line;
        }
        let most = self.picture.width / 3.0;
        let upright = if y.has_grid() { 1.5 * line } else { line };
        let rows = y.ticks(height, |_| upright);
        let rows: Vec<Tick> =
            rows.into_iter().map(|(at, label)| (at, self.metrics.fitted_at_both_ends(&label, most))).collect();
        let widest = rows.iter().map(|(_, label)| self.metrics.width(label)).fold(0.0, f64::max);
        let left = self.metrics.snapped(widest + glyph);
        // Half of the last label stands beyond the plot.
        let right = if self.metrics.in_cells { 2.0 * glyph } else { 2.5 * glyph };
        // Half of the highest one does, too; where there are cells it stands in the first.
        let top = if self.metrics.in_cells { self.at } else { self.at + line / 2.0 };
        let inset = if self.metrics.in_cells { line / 8.0 } else { 0.0 };
        let plot = Plot { left, top, width: self.picture.width - left - right, height, x, y, inset };
        self.rows(&plot, rows);
        let below = self.columns(&plot);
        self.at = below + line;
        if !plot.x.title.is_empty() {
            let title = self.metrics.fitted(&plot.x.title, self.picture.width);
            self.text((plot.right(), self.at), Anchor::End, Ink::Muted, false, title);
            self.at += line;
        }
        plot
    }

    /// The labels of the vertical axis, and its grid.
    fn rows(&mut self, plot: &Plot, rows: Vec<Tick>) {
        let Metrics { glyph, line, in_cells, .. } = self.metrics;
        for (value, label) in rows {
            let y = plot.y(value);
            if plot.y.has_grid() {
                self.line(&[(plot.left, y), (plot.right(), y)], Ink::Grid, Stroke::Thin);
            }
            // In cells it is that of the line which the value is in.
            let cell = plot.top + ((y - plot.top) / line).floor() * line;
            let row = if in_cells { cell.min(plot.bottom() - line) } else { y - line / 2.0 };
            self.text((plot.left - glyph * 0.75, row), Anchor::End, Ink::Muted, false, label);
        }
    }

    /// The labels of the horizontal axis, and its grid. Returns the upper edge of the labels.
    fn columns(&mut self, plot: &Plot) -> f64 {
        let metrics = self.metrics;
        // The lowest label of the vertical axis is as high as this axis.
        let below = plot.bottom() + if metrics.in_cells { 0.0 } else { metrics.line / 4.0 };
        let columns = plot.x.ticks(plot.width, |label| metrics.width(label) + 2.0 * metrics.glyph);
        for (value, label) in columns {
            let x = plot.x(value);
            if plot.x.has_grid() {
                self.line(&[(x, plot.top), (x, plot.bottom())], Ink::Grid, Stroke::Thin);
            }
            self.text((x, below), Anchor::Middle, Ink::Muted, false, label);
        }
        let corners = [(plot.left, plot.top), (plot.left, plot.bottom()), (plot.right(), plot.bottom())];
        self.line(&corners, Ink::Muted, Stroke::Thin);
        below
    }

    /// The chart, with a line of room below it.
    pub fn done(mut self) -> Picture {
        self.picture.height = self.at + self.metrics.line;
        self.picture
    }
}
