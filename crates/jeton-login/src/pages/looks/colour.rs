//! Colours, and whether text in them can be read.

use core::fmt;

/// The least contrast of text to what is behind it (WCAG 2.2, 1.4.3).
pub(super) const LEAST_CONTRAST: f64 = 4.5;

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl Colour {
    pub(super) const WHITE: Self = Self([0xff; 3]);
    pub(super) const BLACK: Self = Self([0; 3]);
    /// What text stands on in the light: `--paper` of the core's style.
    pub(super) const PAPER: Self = Self::WHITE;
    /// The same in the dark.
    pub(super) const DARK_PAPER: Self = Self([0x15, 0x1c, 0x1a]);

    /// Reads `#rgb` or `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?.bytes();
        let digits: Option<Vec<u8>> = digits
            .map(|digit| u8::try_from(char::from(digit).to_digit(16)?).ok())
            .collect();
        match *digits? {
            [r, g, b] => Some(Self([r * 0x11, g * 0x11, b * 0x11])),
            [r, rr, g, gg, b, bb] => Some(Self([r * 16 + rr, g * 16 + gg, b * 16 + bb])),
            _ => None,
        }
    }

    /// The contrast of the two, from 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(other) / one.min(other)
    }

    /// How bright it is, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// This colour with `percent` of `other` in it.
    pub(super) fn mixed(self, other: Self, percent: u8) -> Self {
        let (mine, theirs) = (
            u32::from(100 - percent.min(100)),
            u32::from(percent.min(100)),
        );
        let ([r, g, b], [or, og, ob]) = (self.0, other.0);
        let mix = |mine_is: u8, other_is: u8| {
            let sum = u32::from(mine_is) * mine + u32::from(other_is) * theirs;
            // At most 255.
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self([mix(r, or), mix(g, og), mix(b, ob)])
    }

    /// Black or white, whichever is the easier to read on it. One of them always has enough contrast.
    pub(super) fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// The nearest to it that can be read on dark paper.
    pub(super) fn for_the_dark(self) -> Self {
        (0..=100)
            .step_by(5)
            .map(|percent| self.mixed(Self::WHITE, percent))
            .find(|mixed| mixed.contrast(Self::DARK_PAPER) >= LEAST_CONTRAST)
            .unwrap_or(Self::WHITE)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read() {
        for (text, expected) in [
            ("#0a7d5a", Some("#0a7d5a")),
            ("#3DDBA5", Some("#3ddba5")),
            ("#f0a", Some("#ff00aa")),
            ("0a7d5a", None),
            ("#0a7d5", None),
            ("#0a7d5g", None),
            ("#0a7d5a;}", None),
            ("#éé", None),
            ("red", None),
            ("", None),
        ] {
            let read = Colour::parse(text).map(|colour| colour.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |one, other| {
            let (one, other) = (Colour::parse(one).unwrap(), Colour::parse(other).unwrap());
            (one.contrast(other) * 100.0).round() / 100.0
        };
        assert_eq!(contrast("#000", "#fff"), 21.0);
        assert_eq!(contrast("#fff", "#fff"), 1.0);
        // The pair of greys on either side of the limit that everybody knows.
        assert_eq!(contrast("#767676", "#fff"), 4.54);
        assert_eq!(contrast("#fff", "#777"), 4.48);
        assert_eq!(contrast("#0a6a5f", "#ffffff"), 6.48);
    }

    #[test]
    fn text_on_any_colour_can_be_read() {
        for r in (0..=255).step_by(5) {
            for g in (0..=255).step_by(5) {
                for b in (0..=255).step_by(5) {
                    let colour = Colour([r, g, b]);
                    assert!(
                        colour.contrast(colour.text_on()) >= LEAST_CONTRAST,
                        "{colour}"
                    );
                    let dark = colour.for_the_dark().contrast(Colour::DARK_PAPER);
                    assert!(dark >= LEAST_CONTRAST, "{colour}");
                }
            }
        }
    }
}
