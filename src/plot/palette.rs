//! The colours, on light and on dark ground. They began as those of Okabe and Ito (2008), which people tell apart who do not see red,
//! green or blue as others do. They were moved until thin lines stand out from the ground, too, and all differ as much as possible, for
//! each way to see. The test computes both.
//!
//! Colour never says anything alone: series also differ in their marks, and bars stand in places with labels.

/// What a shape or a text is, as far as its colour goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Text that must be read.
    Text,
    /// Text that explains, and axes.
    Muted,
    /// Lines behind the data.
    Grid,
    /// The time of a thread that had nothing to compute.
    Wait,
    /// A series of data, counted from 0.
    Series(usize),
}

/// How many series have a colour of their own.
pub const SERIES: usize = 5;

/// All inks.
pub const INKS: [Ink; 4 + SERIES] = [
    Ink::Text,
    Ink::Muted,
    Ink::Grid,
    Ink::Wait,
    Ink::Series(0),
    Ink::Series(1),
    Ink::Series(2),
    Ink::Series(3),
    Ink::Series(4),
];

/// Whether the ground is light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// White.
    Light,
    /// Nearly black.
    Dark,
}

/// Red, green and blue, from 0 to 255.
pub type Colour = [u8; 3];

/// On light ground, on dark ground, and in a terminal, whose ground is not known: a colour of its table of 256.
type Shades = (Colour, Colour, u8);

const SHADES: [Shades; SERIES] = [
    // Blue, orange, green, purple, and brown or yellow.
    ([0x1e, 0x54, 0xd0], [0x74, 0x96, 0xd2], 32),
    ([0xde, 0x75, 0x17], [0xea, 0x76, 0x04], 166),
    ([0x00, 0x9e, 0x5e], [0x02, 0xd2, 0x79], 36),
    ([0xa4, 0x5f, 0x9e], [0xeb, 0xb3, 0xc8], 175),
    ([0x50, 0x29, 0x12], [0xe6, 0xff, 0x43], 142),
];

/// The ground that a picture is drawn on.
pub fn ground(theme: Theme) -> Colour {
    match theme {
        Theme::Light => [0xff, 0xff, 0xff],
        Theme::Dark => [0x14, 0x18, 0x1d],
    }
}

impl Ink {
    fn shades(self) -> Shades {
        match self {
            Ink::Text => ([0x1b, 0x1f, 0x24], [0xec, 0xef, 0xf2], 0),
            Ink::Muted => ([0x59, 0x63, 0x6e], [0x9a, 0xa5, 0xb1], 244),
            Ink::Grid => ([0xe2, 0xe6, 0xea], [0x2e, 0x35, 0x3d], 244),
            Ink::Wait => ([0xd3, 0xd9, 0xdf], [0x3d, 0x46, 0x50], 244),
            Ink::Series(number) => SHADES[number % SERIES],
        }
    }

    /// The colour on this ground.
    pub fn colour(self, theme: Theme) -> Colour {
        let (light, dark, _) = self.shades();
        if theme == Theme::Light { light } else { dark }
    }

    /// The colour of a terminal's table of 256; `None` for its own colour of text.
    pub fn in_terminal(self) -> Option<u8> {
        Some(self.shades().2).filter(|_| self != Ink::Text)
    }

    /// A short name, for style sheets.
    pub fn class(self) -> String {
        match self {
            Ink::Text => "t".into(),
            Ink::Muted => "m".into(),
            Ink::Grid => "g".into(),
            Ink::Wait => "w".into(),
            Ink::Series(number) => format!("s{}", number % SERIES),
        }
    }
}

/// As style sheets write it.
pub fn hex([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Light = [f64; 3];

    fn linear(colour: Colour) -> Light {
        colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// WCAG's contrast, from 1 to 21.
    fn contrast(one: Colour, other: Colour) -> f64 {
        let luminance = |colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// How people see who lack one kind of cone (Machado, Oliveira and Fernandes, 2009), the first row for those who lack none.
    const SIGHTS: [[Light; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    /// CIE L*a*b*, in which equal distances look about equally large.
    fn lab(light: Light) -> Light {
        let xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]];
        let white = [0.9505, 1.0, 1.089];
        let root = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let of = |row: usize| root((0..3).map(|column| xyz[row][column] * light[column]).sum::<f64>() / white[row]);
        let (x, y, z) = (of(0), of(1), of(2));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn seen(colour: Colour, sight: &[Light; 3]) -> Light {
        let light = linear(colour);
        let part = |row: Light| (0..3).map(|at| row[at] * light[at]).sum::<f64>().clamp(0.0, 1.0);
        lab(sight.map(part))
    }

    fn apart(one: Light, other: Light) -> f64 {
        (0..3).map(|at| (one[at] - other[at]).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn everything_stands_out_from_its_ground() {
        for theme in [Theme::Light, Theme::Dark] {
            for (ink, least) in [(Ink::Text, 12.0), (Ink::Muted, 4.5)] {
                assert!(contrast(ink.colour(theme), ground(theme)) >= least, "{ink:?} {theme:?}");
            }
            for number in 0..SERIES {
                let colour = Ink::Series(number).colour(theme);
                assert!(contrast(colour, ground(theme)) >= 3.0, "{number} {theme:?}");
                // What computes and what waits stand side by side.
                assert!(contrast(colour, Ink::Wait.colour(theme)) >= 2.0, "{number} beside what waits, {theme:?}");
            }
        }
    }

    #[test]
    fn series_are_told_apart_by_people_who_see_fewer_colours() {
        for theme in [Theme::Light, Theme::Dark] {
            for (kind, sight) in SIGHTS.iter().enumerate() {
                for one in 0..SERIES {
                    for other in 0..one {
                        let [one_seen, other_seen] =
                            [one, other].map(|number| seen(Ink::Series(number).colour(theme), sight));
                        let distance = apart(one_seen, other_seen);
                        assert!(distance > 25.0, "{one} and {other}, sight {kind}, {theme:?}: {distance:.1}");
                    }
                }
            }
        }
    }
}
