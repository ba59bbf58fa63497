use super::*;

/// A record as `JETON_LOGIN` has it.
fn record(name: Option<&str>, logo: Option<&str>, colors: &str) -> LooksRecord {
    LooksRecord {
        name: name.map(str::to_owned),
        logo: logo.map(str::to_owned),
        colors: serde_json::from_str(colors).unwrap(),
    }
}

fn data(media_type: &str, image: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(image))
}

const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";

#[test]
fn nothing_changes_nothing() {
    let looks = LooksRecord::default().parse().unwrap();
    assert_eq!(looks, Looks::default());
    assert_eq!(looks.theme("/login"), Theme::default());
    assert!(looks.logo().is_none());
}

#[test]
fn names() {
    let longest = "é".repeat(60);
    for (name, expected) in [
        (" Example Inc ", Some("Example Inc")),
        ("<b>", Some("<b>")),
        (&longest, Some(&*longest)),
        (&format!("{longest}e"), None),
        ("", None),
        ("  ", None),
        ("a\nb", None),
    ] {
        let looks = record(Some(name), None, "{}").parse();
        let read = looks.as_ref().ok().and_then(|looks| looks.name.as_deref());
        assert_eq!(read, expected, "{name:?}");
    }
}

#[test]
fn colours_set_the_variables_of_the_style() {
    for (colors, expected) in [
        (
            r##"{"accent":"#0a7d5a","accent_dark":"#3ddba5"}"##,
            ":root{--mark:#0a7d5a;--on:#ffffff;--tint:#e1efeb}\
             @media(prefers-color-scheme:dark){:root{--mark:#3ddba5;--on:#000000;--tint:#19322a}}",
        ),
        (
            r##"{"accent_dark":"#fff"}"##,
            "@media(prefers-color-scheme:dark){:root{--mark:#ffffff;--on:#000000;--tint:#313735}}",
        ),
        // Too dark for the dark: lighter there.
        (
            r##"{"accent":"#003"}"##,
            ":root{--mark:#000033;--on:#ffffff;--tint:#e0e0e6}\
             @media(prefers-color-scheme:dark){:root{--mark:#8c8ca3;--on:#000000;--tint:#23292a}}",
        ),
    ] {
        assert_eq!(record(None, None, colors).parse().unwrap().style, expected);
    }
}

#[test]
fn colours_that_cannot_be_read_are_refused() {
    for (colors, expected) in [
        (
            r##"{"accent":"red"}"##,
            "colors.accent: a colour like #0a7d5a",
        ),
        (
            r##"{"accent":"#0a7d5a;}*{display:none"}"##,
            "colors.accent: a colour like #0a7d5a",
        ),
        (
            r##"{"accent":"#777"}"##,
            "colors.accent: a contrast of at least 4.5:1 to white (WCAG 2.2, 1.4.3), not 4.47:1",
        ),
        (
            r##"{"accent":"#0a7d5a","accent_dark":"#0a7d5a"}"##,
            "colors.accent_dark: a contrast of at least 4.5:1 to #151c1a (WCAG 2.2, 1.4.3), not 3.37:1",
        ),
    ] {
        let refused = record(None, None, colors).parse().unwrap_err();
        assert_eq!(refused[0].to_string(), expected);
    }
}

#[test]
fn the_dark_paper_is_that_of_the_style() {
    let page = jeton::page::Page {
        frame: &super::super::tests::frame(),
        language: jeton::page::Language::English,
        status: http::StatusCode::OK,
        title: "",
        style: "",
        script: "",
        path: "",
        body: "",
    };
    let page = String::from_utf8(page.respond().body().to_vec()).unwrap();
    for paper in [
        "--paper:#fff;".to_owned(),
        format!("--paper:{};", Colour::DARK_PAPER),
    ] {
        assert!(page.contains(&paper), "{paper}");
    }
}

#[test]
fn a_logo_is_served_as_what_it_is_and_does_nothing() {
    let looks = record(None, Some(&data("image/svg+xml", SVG)), "{}").parse();
    let looks = looks.unwrap();
    let address = looks.theme("/a/login").logo.unwrap();
    assert!(address.starts_with("/a/login/logo?v="), "{address}");
    let response = looks.logo().unwrap();
    assert_eq!(response.body(), SVG);
    for (name, expected) in [
        (CONTENT_TYPE, "image/svg+xml"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
        (CACHE_CONTROL, "public, max-age=86400"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        assert_eq!(response.headers()[name], expected);
    }
    let other = data(
        "image/svg+xml",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"> </svg>",
    );
    let other = record(None, Some(&other), "{}").parse().unwrap();
    assert_ne!(other.theme("/a/login").logo.unwrap(), address);
}

#[test]
fn logos_are_images_of_a_known_type_and_small() {
    let png = |bytes: usize| {
        let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
        image.resize(bytes, 0);
        image
    };
    for good in [
        data("image/png", &png(LARGEST_LOGO)),
        data("IMAGE/PNG", &png(100)),
        data("image/jpeg", b"\xff\xd8\xff\xe0"),
        data("image/webp", b"RIFF\0\0\0\0WEBPVP8 "),
    ] {
        assert!(record(None, Some(&good), "{}").parse().is_ok());
    }
    let (itself, known) = (
        "the image itself as ",
        "an image of one of the types image/png, ",
    );
    let (base64, png_is) = (
        "the image in base64: ",
        "an image that is image/png, as it says",
    );
    let svg_is = "an image that is image/svg+xml, as it says";
    let large = "at most 64 kB, 65536 bytes: the image has 65537";
    for (bad, expected) in [
        (data("image/png", &png(LARGEST_LOGO + 1)), large),
        (data("image/png", SVG), png_is),
        (data("image/png", b""), png_is),
        (data("image/svg+xml", b"\xff<svg"), svg_is),
        (data("image/svg+xml", b"<html>"), svg_is),
        (data("text/html", SVG), known),
        (data("image/gif", b"GIF89a"), known),
        (data("image/pngé", b""), known),
        (data("image/svg+xml;charset=utf-8", SVG), base64),
        ("data:image/svg+xml,<svg/>".to_owned(), base64),
        ("data:image/png;base64,%%%".to_owned(), base64),
        ("https://example.com/logo.png".to_owned(), itself),
        ("@logo.png".to_owned(), itself),
        (String::new(), itself),
    ] {
        let refused = record(None, Some(&bad), "{}").parse().unwrap_err();
        let refused = refused[0].to_string();
        let expected = format!("logo: {expected}");
        assert!(refused.starts_with(&expected), "{bad:.60}: {refused}");
    }
}
