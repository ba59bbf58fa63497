//! Every state of every page in every language: what holds of all of them, and a gallery of them to look at.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Response, header::CONTENT_SECURITY_POLICY};
use jeton::{Theme, page::Language};
use serde_json::json;

use super::*;

mod gallery;

use gallery::{STATES, State};

/// The longest request that there can be: 4,096 bytes of JSON, sealed.
fn request() -> String {
    format!("jsr_{}", "q".repeat(5_515))
}

pub(super) fn frame() -> Frame {
    Frame {
        name: "id.example.com".to_owned(),
        home: None,
        part: None,
        links: Vec::new(),
        requests: None,
        theme: Theme::default(),
    }
}

/// The frame of a deployment that has its own looks, and its logo.
fn themed() -> (Frame, Response<Bytes>) {
    const LOGO: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHZpZXdCb3g9IjAgMCA4IDgiPjxwYXRoIGZpbGw9IiM3YTJiYzQiIGQ9Ik00IDBsNCA4SDB6Ii8+PC9zdmc+";
    let record = LooksRecord {
        name: Some("Example Inc".to_owned()),
        logo: Some(LOGO.to_owned()),
        colors: serde_json::from_value(json!({ "accent": "#7a2bc4" })).unwrap(),
    };
    let looks = record.parse().unwrap();
    let frame = Frame {
        name: looks.name.clone().unwrap(),
        theme: looks.theme("/login"),
        ..frame()
    };
    (frame, looks.logo().unwrap())
}

/// Shows every page to `look`, with its name.
fn each(frame: &Frame, mut look: impl FnMut(&str, Language, Response<Bytes>)) {
    let reference = "8f14e45fceea167a".parse().unwrap();
    let request = request();
    for language in [Language::English, Language::German] {
        let pages = Pages {
            frame,
            path: "/login",
            language,
            reference: Some(&reference),
        };
        for State { name, page } in STATES {
            look(name, language, page(&pages, &request));
        }
        for problem in Problem::ALL {
            let page = gallery::problem(&pages, problem, &request);
            look(
                &format!("problem-{problem:?}").to_ascii_lowercase(),
                language,
                page,
            );
        }
    }
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

/// A response, as a browser gets it.
fn shown(response: &Response<Bytes>, language: Language) -> serde_json::Value {
    let headers: BTreeMap<_, _> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    json!({
        "lang": language.tag(),
        "status": response.status().as_u16(),
        "headers": headers,
        "body": text(response),
    })
}

/// Every state, for `tests/browser/login-pages.test.mjs`, at the path that `JETON_GALLERY` names.
#[test]
fn write_the_gallery() {
    let Some(path) = std::env::var_os("JETON_GALLERY") else {
        return;
    };
    let mut gallery = BTreeMap::new();
    let (themed, logo) = themed();
    for (kind, frame) in [("", frame()), ("themed-", themed)] {
        each(&frame, |name, language, response| {
            // The looks are the same in every language.
            if kind.is_empty() || language == Language::English {
                gallery.insert(
                    format!("{kind}{name}.{}", language.tag()),
                    shown(&response, language),
                );
            }
        });
    }
    gallery.insert("/login/logo".to_owned(), shown(&logo, Language::English));
    std::fs::write(path, serde_json::to_vec(&gallery).unwrap()).unwrap();
}

#[test]
fn pages_are_small_whole_and_contained() {
    let mut seen = 0;
    each(&themed().0, |name, language, response| {
        let page = text(&response);
        let what = format!("{name}.{}", language.tag());
        assert!(page.len() <= 15_000, "{what}: {} bytes", page.len());
        assert!(
            page.contains(&format!("<html lang=\"{}\">", language.tag())),
            "{what}"
        );
        for once in ["<main", "</main>", "<h1>", "</h1>"] {
            assert_eq!(page.matches(once).count(), 1, "{what}: {once}");
        }
        assert!(page.matches("<form").count() <= 1, "{what}");
        assert!(page.matches(&request()).count() <= 1, "{what}");
        for never in ["<script", " style=", "http://", "https://evil", "\u{202e}<"] {
            assert!(!page.contains(never), "{what}: {never}");
        }
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{what}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{what}");
        // Only the page whose answers stay here: browsers hold redirects to it as well.
        let is_contained = policy.contains("form-action 'self'");
        assert_eq!(is_contained, name.starts_with("account"), "{what}");
        seen += 1;
    });
    assert_eq!(seen, 2 * (STATES.len() + Problem::ALL.len()));
}

#[test]
fn a_page_in_german_has_no_text_of_the_english_one() {
    let mut english = BTreeMap::new();
    each(&frame(), |name, language, response| {
        let page = text(&response);
        let body = page.split_once("<main").unwrap().1;
        let texts: Vec<_> = body
            .split('<')
            .filter_map(|part| Some(part.split_once('>')?.1.trim().to_owned()))
            .filter(|text| text.chars().filter(|letter| letter.is_alphabetic()).count() > 3)
            .collect();
        match language {
            Language::English => {
                english.insert(name.to_owned(), texts);
            }
            Language::German => {
                for text in texts.iter().filter(|text| english[name].contains(text)) {
                    let is_data = gallery::DATA.iter().any(|data| text.contains(data));
                    assert!(is_data, "{name}: {text}");
                }
            }
        }
    });
}

#[test]
fn what_strangers_wrote_is_text() {
    const EVIL: &str = "\"><script>alert('x')</script>&";
    let frame = Frame {
        name: EVIL.to_owned(),
        ..frame()
    };
    let pages = Pages {
        frame: &frame,
        path: "/login",
        language: Language::English,
        reference: None,
    };
    for response in gallery::of_strangers(&pages, EVIL) {
        let page = text(&response);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("&'"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(page.matches("\">").count() >= 1);
    }
}

#[test]
fn names_are_shortened_and_kept_apart() {
    assert_eq!(Named("a").to_string(), "<bdi>a</bdi>");
    let longest = "é".repeat(LONGEST_NAME);
    assert_eq!(Named(&longest).to_string(), format!("<bdi>{longest}</bdi>"));
    let longer = format!("{longest}e");
    assert_eq!(Named(&longer).to_string(), format!("<bdi>{longest}…</bdi>"));
    assert_eq!(Strong("<").to_string(), "<strong><bdi>&lt;</bdi></strong>");
    assert_eq!(initial("ßa"), "ß");
    assert_eq!(initial("\u{202e}-eve"), "e");
    assert_eq!(initial("--"), "");
}

#[test]
fn every_problem_says_what_to_do_and_leads_on() {
    let frame = frame();
    for problem in Problem::ALL {
        let pages = Pages {
            frame: &frame,
            path: "/a/login",
            language: Language::English,
            reference: Some(&"8f14e45fceea167a".parse().unwrap()),
        };
        let response = gallery::problem(&pages, problem, "jsr_x");
        assert_eq!(response.status(), problem.status());
        let page = text(&response);
        let back = format!(
            "formaction=\"/a/login/back\" name=\"error\" value=\"{}\"",
            problem.error()
        );
        assert!(page.contains("8f14e45fceea167a"), "{problem:?}");
        // To say no is no error.
        let is_error = page.contains(&format!("Error {}", problem.status().as_u16()))
            && page.contains(&format!("<code>{}</code>", problem.error()));
        assert_eq!(is_error, problem != Problem::SaidNo, "{problem:?}");
        if problem == Problem::Damaged {
            assert!(!page.contains("<form"), "{problem:?}");
            continue;
        }
        assert!(page.contains(&back), "{problem:?}");
        let word = format!("name=\"problem\" value=\"{}\"", problem.word());
        assert!(page.contains(&word), "{problem:?}");
        let again = match problem {
            Problem::Expired => continue,
            Problem::NotAllowed => "name=\"account\" value=\"other\">Use another account<",
            Problem::Undated => "name=\"account\" value=\"other\">Log in another way<",
            Problem::StateUnknown | Problem::SessionEnded => {
                "name=\"account\" value=\"other\">Try again<"
            }
            _ => "name=\"provider\" value=\"google\">Try again<",
        };
        assert!(page.contains(again), "{problem:?}: {page}");
    }
}

#[test]
fn openid_is_asked_for_with_the_rest_and_cannot_be_left_off() {
    let frame = frame();
    let pages = Pages {
        frame: &frame,
        path: "/login",
        language: Language::English,
        reference: None,
    };
    let page = |name: &str| {
        let state = STATES.iter().find(|state| state.name == name).unwrap();
        text(&(state.page)(&pages, "jsr_x"))
    };
    let checkboxes = |page: &str| page.matches("type=\"checkbox\"").count();
    let only = page("consent-openid");
    assert_eq!(checkboxes(&only), 0);
    assert!(only.contains("<input type=\"hidden\" name=\"scope\" value=\"openid\">"));
    let several = page("consent");
    assert_eq!(checkboxes(&several), 5);
    assert!(several.contains("<input type=\"hidden\" name=\"scope\" value=\"openid\">"));
    assert!(several.contains("name=\"scope\" value=\"orders:read\" checked"));
    assert!(!several.contains("already allowed"));
    // What was declined before stays so, and what was agreed to says so.
    let more = page("consent-more");
    assert!(more.contains("name=\"scope\" value=\"orders:read\" checked"));
    assert!(more.contains("name=\"scope\" value=\"orders:write\">"));
    assert!(more.contains("name=\"scope\" value=\"orders:count\" checked"));
    assert_eq!(more.matches("already allowed").count(), 5);
    let also = "<span class=\"also\">Also at <code>";
    assert_eq!(page("consent-two-apis").matches(also).count(), 2);
}

#[test]
fn one_right_alone_is_not_left_out() {
    let frame = frame();
    let pages = Pages {
        frame: &frame,
        path: "/login",
        language: Language::English,
        reference: None,
    };
    let page = |rights: usize| {
        let scopes = vec![gallery::scope("read", Some("Read")); rights];
        let account = Account {
            form_key: "k",
            who: gallery::EVE,
            entries: &[Entry {
                client_id: "shop",
                name: "Shop",
                kind: EntryKind::Application,
                since: jeton::UnixTime(0),
                last_used: jeton::UnixTime(0),
                groups: vec![
                    ScopeGroup {
                        about: About::You,
                        scopes: &scopes[..2],
                    },
                    ScopeGroup {
                        about: About::Else,
                        scopes: &scopes[2..],
                    },
                ],
            }],
            from: None,
            after: None,
            further: None,
            notice: Notice::Nothing,
        };
        text(&pages.account(&account))
    };
    let shown = |page: &str| page.matches("<li><bdi>Read").count();
    for (rights, expected, more) in [(6, 6, None), (7, 7, None), (8, 6, Some("and 2 more"))] {
        let page = page(rights);
        assert_eq!(shown(&page), expected, "{rights}");
        assert_eq!(page.contains(" more<"), more.is_some(), "{rights}");
        assert!(page.contains(more.unwrap_or_default()), "{rights}");
    }
}
