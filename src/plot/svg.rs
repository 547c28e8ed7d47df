//! A picture as SVG: one file that needs no other, light or dark as its reader has it.

use super::palette::{INKS, Theme, ground, hex};
use super::picture::{Anchor, BASELINE, DASH, Item, MARK, Mark, PAPER, Picture, Place, SIZES, Stroke};
use std::fmt::Write;

/// Fonts with digits no wider than [`PAPER`] has them, as far as a system has one.
const FONTS: &str = "Roboto,'Helvetica Neue',Helvetica,Arial,'Liberation Sans','Open Sans',sans-serif";

/// How wide lines are.
pub fn width(stroke: Stroke) -> f64 {
    match stroke {
        Stroke::Thin => 1.0,
        Stroke::Data => 2.0,
        Stroke::Dashed => 1.5,
    }
}

/// With more rectangles, none says what it stands for: the file would be large.
const SAYING: usize = 2500;

/// The picture as a file.
pub fn file(picture: &Picture, margin: f64) -> String {
    let (width, height) = (picture.width + 2.0 * margin, picture.height + 2.0 * margin);
    let (box_, ground) = (format!("{} {} {} {}", short(-margin), short(-margin), short(width), short(height)), "bg");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{box_}\" width=\"{}\" height=\"{}\" role=\"img\">\n\
         <title>{}</title>\n<style>{}</style>\n\
         <rect class=\"{ground}\" x=\"{m}\" y=\"{m}\" width=\"{}\" height=\"{}\"/>\n{}</svg>\n",
        short(width),
        short(height),
        safe(&picture.title),
        style(),
        short(width),
        short(height),
        items(picture),
        m = short(-margin),
    )
}

/// The picture inside a page that has the style.
pub fn inline(picture: &Picture) -> String {
    let (width, height) = (short(picture.width), short(picture.height));
    let title = safe(&picture.title);
    format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n{}</svg>\n", items(picture))
}

/// The style sheet. Colours are written out, not as variables, which some programs that draw SVG do not know.
pub fn style() -> String {
    let colours = |theme: Theme| {
        let each = INKS.map(|ink| {
            let (class, colour) = (ink.class(), hex(ink.colour(theme)));
            format!(".{class}{{fill:{colour}}}.l{class}{{stroke:{colour}}}")
        });
        format!(".bg{{fill:{}}}{}", hex(ground(theme)), each.concat())
    };
    let (size, large) = SIZES;
    let (dash, gap) = DASH;
    format!(
        "text{{font:{size}px {FONTS}}}.b{{font-size:{large}px;font-weight:600}}.c{{text-anchor:middle}}.e{{text-anchor:end}}\
         .n,.d,.h{{fill:none;stroke-linejoin:round}}.n{{stroke-width:{}}}.d{{stroke-width:{}}}\
         .h{{stroke-width:{};stroke-dasharray:{dash} {gap}}}{}@media(prefers-color-scheme:dark){{{}}}",
        width(Stroke::Thin),
        width(Stroke::Data),
        width(Stroke::Dashed),
        colours(Theme::Light),
        colours(Theme::Dark),
    )
}

fn items(picture: &Picture) -> String {
    let says = picture.items.iter().filter(|item| matches!(item, Item::Rect { .. })).count() <= SAYING;
    let mut out = String::new();
    for item in &picture.items {
        // Writing to a text cannot fail.
        let _ = write_item(&mut out, item, says);
    }
    out
}

fn write_item(out: &mut String, item: &Item, says: bool) -> std::fmt::Result {
    match item {
        Item::Rect { at, size, ink, about } => {
            let class = ink.class();
            let place = format!(
                "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
                short(at.0),
                short(at.1),
                short(size.0),
                short(size.1)
            );
            match about.as_ref().filter(|_| says) {
                Some(about) => writeln!(out, "<rect class=\"{class}\" {place}><title>{}</title></rect>", safe(about)),
                None => writeln!(out, "<rect class=\"{class}\" {place}/>"),
            }
        }
        Item::Line { through, .. } if through.len() < 2 => Ok(()),
        Item::Line { through, ink, stroke } => {
            let kind = match stroke {
                Stroke::Thin => "n",
                Stroke::Data => "d",
                Stroke::Dashed => "h",
            };
            writeln!(out, "<path class=\"{kind} l{}\" d=\"{}\"/>", ink.class(), path(through))
        }
        Item::Area { corners, ink } => writeln!(out, "<path class=\"{}\" d=\"{}z\"/>", ink.class(), path(corners)),
        Item::Dot { at, ink, mark } => match outline(*at, *mark) {
            None => writeln!(
                out,
                "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"{MARK}\"/>",
                ink.class(),
                short(at.0),
                short(at.1)
            ),
            Some(corners) => writeln!(out, "<path class=\"{}\" d=\"{}z\"/>", ink.class(), path(&corners)),
        },
        Item::Text { at, anchor, ink, strong, text } => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " c",
                Anchor::End => " e",
            };
            let (class, strong) = (ink.class(), if *strong { " b" } else { "" });
            let (x, y) = (short(at.0), short(at.1 + BASELINE * PAPER.line));
            writeln!(out, "<text class=\"{class}{strong}{anchor}\" x=\"{x}\" y=\"{y}\">{}</text>", safe(text))
        }
    }
}

/// The corners of a mark; `None` for a circle.
pub fn outline((x, y): Place, mark: Mark) -> Option<Vec<Place>> {
    let r = MARK;
    Some(match mark {
        Mark::Circle => return None,
        Mark::Square => vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
        Mark::Triangle => vec![(x, y - 1.2 * r), (x + 1.15 * r, y + r), (x - 1.15 * r, y + r)],
        Mark::Diamond => vec![(x, y - 1.35 * r), (x + 1.35 * r, y), (x, y + 1.35 * r), (x - 1.35 * r, y)],
    })
}

fn path(through: &[Place]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in through.iter().enumerate() {
        let letter = match at {
            0 => 'M',
            // Steps need only one number each.
            _ if through[at - 1].1 == *y => {
                let _ = write!(path, "H{}", short(*x));
                continue;
            }
            _ if through[at - 1].0 == *x => {
                let _ = write!(path, "V{}", short(*y));
                continue;
            }
            _ => 'L',
        };
        let _ = write!(path, "{letter}{} {}", short(*x), short(*y));
    }
    path
}

/// A number with the digits that can be seen.
pub fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text inside of XML.
pub fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // XML has no such characters, however they are written.
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::palette::Ink;
    use super::*;

    #[test]
    fn everything_of_a_picture_is_in_its_file_and_text_is_only_text() {
        let mut picture = Picture::new("a <b> & \"c\"", 100.0);
        picture.height = 50.0;
        picture.items = vec![
            Item::Rect { at: (1.0, 2.0), size: (3.456, 4.0), ink: Ink::Wait, about: Some("x < y".into()) },
            Item::Line {
                through: vec![(0.0, 0.0), (5.0, 0.0), (5.0, 7.0), (8.0, 9.5)],
                ink: Ink::Series(1),
                stroke: Stroke::Dashed,
            },
            Item::Area { corners: vec![(0.0, 0.0), (1.0, 1.0), (0.0, 2.0)], ink: Ink::Series(0) },
            Item::Dot { at: (9.0, 9.0), ink: Ink::Series(2), mark: Mark::Circle },
            Item::Text {
                at: (4.0, 0.0),
                anchor: Anchor::End,
                ink: Ink::Text,
                strong: true,
                text: "</svg>\u{1}".into(),
            },
        ];
        let file = file(&picture, 0.0);
        for part in [
            "viewBox=\"0 0 100 50\"",
            "<title>a &lt;b&gt; &amp; &quot;c&quot;</title>",
            "<rect class=\"w\" x=\"1\" y=\"2\" width=\"3.46\" height=\"4\"><title>x &lt; y</title></rect>",
            "<path class=\"h ls1\" d=\"M0 0H5V7L8 9.5\"/>",
            "<path class=\"s0\" d=\"M0 0L1 1L0 2z\"/>",
            "<circle class=\"s2\" cx=\"9\" cy=\"9\" r=\"4\"/>",
            "<text class=\"t b e\" x=\"4\" y=\"12.96\">&lt;/svg&gt;\u{fffd}</text>",
            "@media(prefers-color-scheme:dark)",
        ] {
            assert!(file.contains(part), "{part} is not in {file}");
        }
        assert_eq!(file.matches("</svg>").count(), 1);
        // No other file is needed.
        assert_eq!((file.matches("http").count(), file.contains("url("), file.contains("@import")), (1, false, false));
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        assert_eq!([1.0, -0.001, 2.504, 1e6, 0.1].map(short), ["1", "0", "2.5", "1000000", "0.1"]);
    }
}
