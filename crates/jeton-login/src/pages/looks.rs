//! What the pages look like, where a deployment says so: its name, its logo and its colours.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use jeton::Theme;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use self::colour::{Colour, LEAST_CONTRAST};
use crate::settings::{InvalidLogin, kept};

mod colour;
#[cfg(test)]
mod tests;

/// The largest logo, in bytes.
const LARGEST_LOGO: usize = 64 * 1024;

/// The longest name, in characters.
const LONGEST_NAME: usize = 60;

/// The types of images that every browser shows and that need no script.
const IMAGE_TYPES: [&str; 4] = ["image/png", "image/svg+xml", "image/webp", "image/jpeg"];

/// What a logo may load and run: nothing. An SVG that is opened by its address is a document of this origin.
const LOGO_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The members of `JETON_LOGIN` that say what pages look like, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct LooksRecord {
    pub(crate) name: Option<String>,
    /// A `data:` URL (RFC 2397).
    pub(crate) logo: Option<String>,
    pub(crate) colors: ColorsRecord,
}

/// The colours, as written: `#rgb` or `#rrggbb`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ColorsRecord {
    accent: Option<String>,
    accent_dark: Option<String>,
}

/// What pages look like, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    /// Whose pages these are; `None`: the host's.
    pub(crate) name: Option<String>,
    logo: Option<Logo>,
    style: String,
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Logo {
    media_type: &'static str,
    image: Bytes,
    /// The beginning of its hash: another logo has another address.
    version: String,
}

impl LooksRecord {
    /// Checks what was written.
    ///
    /// # Errors
    ///
    /// Members that are not as expected. What they are, the errors do not repeat.
    pub(crate) fn parse(self) -> Result<Looks, Vec<InvalidLogin>> {
        let mut wrong = Vec::new();
        let name = self.name.map(|name| name.trim().to_owned());
        if name.as_deref().is_some_and(|name| !is_name(name)) {
            let expected = format!("1 to {LONGEST_NAME} characters without control characters");
            wrong.push(InvalidLogin::new("name", expected));
        }
        let logo = self.logo.as_deref().map(Logo::parse).transpose();
        let logo = kept(logo, "", &mut wrong);
        let style = kept(self.colors.style(), "colors", &mut wrong);
        match (logo, style) {
            (Some(logo), Some(style)) if wrong.is_empty() => Ok(Looks { name, logo, style }),
            _ => Err(wrong),
        }
    }
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=LONGEST_NAME).contains(&length) && !name.chars().any(char::is_control)
}

impl ColorsRecord {
    /// CSS that sets the variables of the core's style, in the light and in the dark.
    fn style(&self) -> Result<String, InvalidLogin> {
        let light = read("accent", self.accent.as_deref(), Colour::PAPER, "white")?;
        let dark = read(
            "accent_dark",
            self.accent_dark.as_deref(),
            Colour::DARK_PAPER,
            "#151c1a",
        )?;
        let dark = dark.or_else(|| light.map(Colour::for_the_dark));
        let light = light.map_or_else(String::new, |colour| variables(colour, Colour::PAPER));
        let dark = dark.map_or_else(String::new, |colour| {
            let variables = variables(colour, Colour::DARK_PAPER);
            format!("@media(prefers-color-scheme:dark){{{variables}}}")
        });
        Ok(light + &dark)
    }
}

/// A colour in which links can be read on `paper`; then text on it can be read as well.
fn read(
    place: &str,
    written: Option<&str>,
    paper: Colour,
    paper_is: &str,
) -> Result<Option<Colour>, InvalidLogin> {
    let Some(written) = written else {
        return Ok(None);
    };
    let Some(colour) = Colour::parse(written) else {
        return Err(InvalidLogin::new(place, "a colour like #0a7d5a"));
    };
    let contrast = colour.contrast(paper);
    if contrast < LEAST_CONTRAST {
        // Cut off, not rounded: 4.49 is not enough.
        let contrast = (contrast * 100.0).floor() / 100.0;
        let expected = format!(
            "a contrast of at least {LEAST_CONTRAST}:1 to {paper_is} (WCAG 2.2, 1.4.3), not {contrast}:1"
        );
        return Err(InvalidLogin::new(place, expected));
    }
    Ok(Some(colour))
}

/// The variables of `page.css` that follow from an accent.
fn variables(accent: Colour, paper: Colour) -> String {
    let (on, tint) = (accent.text_on(), paper.mixed(accent, 12));
    format!(":root{{--mark:{accent};--on:{on};--tint:{tint}}}")
}

impl Logo {
    /// Reads a `data:` URL with an image in base64.
    #[inline(never)]
    fn parse(url: &str) -> Result<Self, InvalidLogin> {
        let wrong = |expected: &str| InvalidLogin::new("logo", expected);
        let rest = url.strip_prefix("data:").ok_or_else(|| {
            wrong("the image itself as data:TYPE;base64,…, not an address or a file")
        })?;
        let known = IMAGE_TYPES.into_iter().find_map(|known| {
            let (written, rest) = rest.split_at_checked(known.len())?;
            let rest = rest.strip_prefix([';', ','])?;
            known.eq_ignore_ascii_case(written).then_some((known, rest))
        });
        let (media_type, rest) = known.ok_or_else(|| {
            let types = IMAGE_TYPES.join(", ");
            wrong(&format!("an image of one of the types {types}"))
        })?;
        let image = rest.strip_prefix("base64,");
        let image = image.and_then(|encoded| STANDARD.decode(encoded).ok());
        let image = image.ok_or_else(|| wrong("the image in base64: data:TYPE;base64,…"))?;
        if image.len() > LARGEST_LOGO {
            let bytes = image.len();
            let expected = format!("at most 64 kB, {LARGEST_LOGO} bytes: the image has {bytes}");
            return Err(wrong(&expected));
        }
        if !is_of_type(&image, media_type) {
            return Err(wrong(&format!("an image that is {media_type}, as it says")));
        }
        let version = Sha256::digest(&image)
            .iter()
            .take(4)
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        Ok(Self {
            media_type,
            image: image.into(),
            version,
        })
    }
}

/// Whether an image begins as its type does: a mistake shows where it is made, not as a broken page.
fn is_of_type(image: &[u8], media_type: &str) -> bool {
    match media_type {
        "image/png" => image.starts_with(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => image.starts_with(b"\xff\xd8\xff"),
        "image/webp" => image.starts_with(b"RIFF") && image.get(8..12) == Some(b"WEBP"),
        _ => core::str::from_utf8(image).is_ok_and(|text| text.contains("<svg")),
    }
}

impl Looks {
    /// The theme of the pages, with the application at `path` on its origin.
    pub(crate) fn theme(&self, path: &str) -> Theme {
        let logo = self.logo.as_ref();
        Theme {
            logo: logo.map(|logo| format!("{path}/logo?v={}", logo.version)),
            style: self.style.clone(),
        }
    }

    /// The response with the logo, if there is one.
    pub(crate) fn logo(&self) -> Option<Response<Bytes>> {
        let logo = self.logo.as_ref()?;
        let mut response = Response::new(logo.image.clone());
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, logo.media_type),
            (CACHE_CONTROL, "public, max-age=86400"),
            (CONTENT_SECURITY_POLICY, LOGO_POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }
}
