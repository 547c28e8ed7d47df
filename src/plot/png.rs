//! A picture as PNG, drawn by tiny-skia. Text is drawn from a font that is a part of the program: a machine that computes often has
//! no fonts. It is the Latin part of Roboto (Apache-2.0), read by ttf-parser. The only file that names these crates.

use super::palette::{Ink, Theme, ground};
use super::picture::{Anchor, BASELINE, DASH, Item, MARK, Mark, PAPER, Picture, Place, SIZES, Stroke};
use super::svg::{outline, width};
use crate::error::{Error, Result};
use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Stroke as Pen, StrokeDash, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// The letters.
static FONT: &[u8] = include_bytes!("font/roboto.ttf");

/// The most pixels of a side.
const SIDE_MAX: f64 = 30_000.0;

/// The picture, with so many pixels for a unit, and so many units around it.
///
/// # Errors
/// If it is larger than a picture can be.
pub fn file(picture: &Picture, theme: Theme, scale: f64, margin: f64) -> Result<Vec<u8>> {
    let side = |units: f64| (scale * (units + 2.0 * margin)).ceil();
    let (wide, high) = (side(picture.width), side(picture.height));
    let too_large = || Error::failed(format!("a picture of {wide} × {high} pixels is too large: write an SVG file"));
    if wide.max(high) > SIDE_MAX {
        return Err(too_large());
    }
    let mut pixels = Pixmap::new(wide as u32, high as u32).ok_or_else(too_large)?;
    let [red, green, blue] = ground(theme);
    pixels.fill(tiny_skia::Color::from_rgba8(red, green, blue, 255));
    let face = Face::parse(FONT, 0).map_err(|why| Error::failed(format!("the font cannot be read: {why}")))?;
    let place = Transform::from_scale(scale as f32, scale as f32).pre_translate(margin as f32, margin as f32);
    let mut canvas = Canvas { pixels, theme, face, place };
    picture.items.iter().for_each(|item| canvas.draw(item));
    canvas.pixels.encode_png().map_err(|why| Error::failed(format!("cannot make a PNG: {why}")))
}

/// What is drawn on.
struct Canvas {
    pixels: Pixmap,
    theme: Theme,
    face: Face<'static>,
    place: Transform,
}

impl Canvas {
    fn draw(&mut self, item: &Item) {
        match item {
            Item::Rect { at, size, ink, .. } => {
                let rect = Rect::from_xywh(at.0 as f32, at.1 as f32, size.0 as f32, size.1 as f32);
                if let Some(rect) = rect {
                    self.pixels.fill_rect(rect, &paint(*ink, self.theme), self.place, None);
                }
            }
            Item::Line { through, ink, stroke } => self.line(through, *ink, *stroke),
            Item::Area { corners, ink } => self.fill(corners, *ink),
            Item::Dot { at, ink, mark: Mark::Circle } => {
                let circle = PathBuilder::from_circle(at.0 as f32, at.1 as f32, MARK as f32);
                circle.iter().for_each(|circle| self.fill_path(circle, *ink, self.place));
            }
            Item::Dot { at, ink, mark } => self.fill(&outline(*at, *mark).unwrap_or_default(), *ink),
            Item::Text { at, anchor, ink, strong, text } => self.text(*at, *anchor, *ink, *strong, text),
        }
    }

    fn line(&mut self, through: &[Place], ink: Ink, stroke: Stroke) {
        let (dash, gap) = DASH;
        let dash = (stroke == Stroke::Dashed).then(|| StrokeDash::new(vec![dash as f32, gap as f32], 0.0)).flatten();
        let pen = Pen { width: width(stroke) as f32, dash, ..Pen::default() };
        if let Some(path) = path(through, false) {
            self.pixels.stroke_path(&path, &paint(ink, self.theme), &pen, self.place, None);
        }
    }

    fn fill(&mut self, corners: &[Place], ink: Ink) {
        path(corners, true).iter().for_each(|path| self.fill_path(path, ink, self.place));
    }

    fn fill_path(&mut self, path: &Path, ink: Ink, place: Transform) {
        self.pixels.fill_path(path, &paint(ink, self.theme), FillRule::Winding, place, None);
    }

    fn text(&mut self, at: Place, anchor: Anchor, ink: Ink, strong: bool, text: &str) {
        let size = if strong { SIZES.1 } else { SIZES.0 };
        let scale = size as f32 / f32::from(self.face.units_per_em());
        // A character that the font does not have is its box for such characters, glyph 0.
        let glyphs: Vec<GlyphId> = text.chars().map(|c| self.face.glyph_index(c).unwrap_or_default()).collect();
        let advance = |glyph: &GlyphId| f32::from(self.face.glyph_hor_advance(*glyph).unwrap_or(0));
        let wide: f32 = scale * glyphs.iter().map(advance).sum::<f32>();
        let mut x = at.0 as f32
            - match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => wide / 2.0,
                Anchor::End => wide,
            };
        let y = (at.1 + BASELINE * PAPER.line) as f32;
        let mut outlines = vec![];
        for glyph in &glyphs {
            let mut letter = Letter(PathBuilder::new());
            self.face.outline_glyph(*glyph, &mut letter);
            // Fonts count upwards.
            let place = self.place.pre_translate(x, y).pre_scale(scale, -scale);
            outlines.extend(letter.0.finish().map(|path| (path, place)));
            x += scale * advance(glyph);
        }
        outlines.iter().for_each(|(path, place)| self.fill_path(path, ink, *place));
    }
}

fn paint(ink: Ink, theme: Theme) -> Paint<'static> {
    let mut paint = Paint::default();
    let [red, green, blue] = ink.colour(theme);
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

fn path(through: &[Place], closed: bool) -> Option<Path> {
    let (first, rest) = through.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(first.0 as f32, first.1 as f32);
    rest.iter().for_each(|at| path.line_to(at.0 as f32, at.1 as f32));
    if closed {
        path.close();
    }
    path.finish()
}

/// The outline of a letter on its way from the font.
struct Letter(PathBuilder);

impl OutlineBuilder for Letter {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
