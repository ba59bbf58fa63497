//! The bar at the top of every page: whose it is, and where its other pages are.

use std::fmt::Write;

use super::{Escaped, Language, Page, Words};

/// A jeton, drawn rather than fetched: the pages load nothing.
const COIN: &str = "<svg viewBox=\"0 0 32 32\" width=\"26\" height=\"26\" aria-hidden=\"true\">\
    <circle cx=\"16\" cy=\"16\" r=\"15\" fill=\"#d99a1c\"/>\
    <circle cx=\"16\" cy=\"16\" r=\"11.5\" fill=\"none\" stroke=\"#fff3d6\" stroke-width=\"1.6\" \
    stroke-dasharray=\"1.6 2\"/>\
    <path d=\"M18.6 10v8.2a3.3 3.3 0 0 1-6.4 1.1\" fill=\"none\" stroke=\"#fff\" \
    stroke-width=\"2.6\" stroke-linecap=\"round\"/></svg>";

/// The bar of a page.
pub(super) fn bar(page: &Page<'_>) -> String {
    let (frame, current) = (page.frame, page.path);
    let name = Escaped(&frame.name);
    let logo = match &frame.theme.logo {
        Some(path) => format!("<img src=\"{}\" alt=\"\" height=\"26\">", Escaped(path)),
        None => COIN.to_owned(),
    };
    let mut bar = match &frame.home {
        Some(home) => format!(
            "<header><a class=\"brand\" href=\"{}\">{logo}{name}</a>",
            Escaped(home)
        ),
        None => format!("<header><span class=\"brand\">{logo}{name}</span>"),
    };
    if let Some(part) = &frame.part {
        // Writing to a string cannot fail.
        let _ = write!(bar, "<span class=\"part\">{}</span>", Escaped(part));
    }
    if !frame.links.is_empty() {
        let label = Words::of(page.language).common.pages;
        // The texts of links are the host's, and in English.
        let english = match page.language {
            Language::English => "",
            _ => " lang=\"en\"",
        };
        let _ = write!(bar, "<nav aria-label=\"{label}\">");
        for (text, path) in &frame.links {
            let mark = if path == current {
                " aria-current=\"page\""
            } else {
                ""
            };
            let _ = write!(
                bar,
                "<a href=\"{}\"{mark}{english}>{text}</a>",
                Escaped(path)
            );
        }
        bar += "</nav>";
    }
    bar + "</header>"
}
