//! The faults of an issuer: which act, and which can be set, by a click.

use std::fmt::Write;

use bytes::Bytes;
use http::{Response, StatusCode};
use jeton::page::{Escaped, see_other};
use serde_json::Value;

use super::Debugger;
use crate::{
    fault::Kept,
    form::Form,
    layout::{FAULTS, condition, conditions},
    spec::{Endpoint, Fault, Strictness},
};

mod words;

impl Debugger<'_> {
    /// The page, with what was wrong with a form.
    pub(super) fn faults(&self, status: StatusCode, problem: Option<&str>) -> Response<Bytes> {
        let path = Escaped(self.layout.path()).to_string();
        let magic = match self.at.issuer.strictness() {
            Strictness::Lenient => {
                " A request can bring one itself: <code>scope=openid fault:slow-2s</code>, or \
                 <code>client_id=fail.slow-2s</code>."
            }
            Strictness::Strict => "",
        };
        let alert = problem.map_or(String::new(), |problem| {
            format!("<p role=\"alert\" id=\"problem\">{}</p>", Escaped(problem))
        });
        let body = format!(
            "<h1>Faults</h1><p class=\"lead\">What goes wrong at <code>{}</code> on purpose.{magic}</p>\
             <section aria-labelledby=\"acting\"><h2 id=\"acting\">Set now</h2>{}</section>\
             <section aria-labelledby=\"set\"><h2 id=\"set\">Set one</h2>{alert}{}</section>\
             <section aria-labelledby=\"all\"><h2 id=\"all\">When something should go wrong</h2>\
             <p class=\"hint\">By a click, each acts on all requests where it has its place, until it is \
             removed. Tests set them by <code>POST /_mock/faults</code>, or the configuration does.</p>\
             <form method=\"post\" action=\"{path}{FAULTS}\">{}</form></section>",
            Escaped(&self.at.address.issuer),
            acting(&path, &self.at.issuer.faults()),
            form(&path),
            words::tables()
        );
        self.layout.sheet(status, "Faults", FAULTS, &body)
    }

    /// A fault is set, or removed.
    pub(super) fn change_faults(&self) -> Response<Bytes> {
        let form = Form::body(self.request);
        if let Some(id) = form.get("remove") {
            // One that is gone already is as good as removed.
            let _ = id.parse().map(|id| self.at.issuer.remove_fault(id));
        } else if form.get("clear").is_some() {
            self.at.issuer.clear_faults();
        } else if let Err(problem) = self.set_fault(&form) {
            return self.faults(StatusCode::BAD_REQUEST, Some(&problem));
        }
        see_other(&format!("{}{FAULTS}", self.layout.path()))
    }

    fn set_fault(&self, form: &Form) -> Result<(), String> {
        let name = form.get("fault").ok_or("Say which fault.")?;
        let mut fault = Fault::named(name).map_err(|error| error.to_string())?;
        if let Some(endpoint) = form.get("endpoint") {
            let endpoint: Endpoint = endpoint.parse().map_err(|_| "There is no such endpoint.")?;
            fault = fault.endpoint(endpoint);
        }
        if let Some(client_id) = form.get("client_id") {
            fault = fault.client_id(client_id);
        }
        if let Some(times) = form.get("times") {
            fault = fault.times(times.parse().map_err(|_| "How often is a number.")?);
        }
        let added = self.at.issuer.add_fault(fault);
        added.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// The faults that are set, each with a button that removes it.
fn acting(path: &str, faults: &[Kept]) -> String {
    if faults.is_empty() {
        return "<p>Nothing: all goes as it should.</p>".to_owned();
    }
    let mut rows = String::new();
    for kept in faults {
        let fault = serde_json::to_value(kept).unwrap_or_default();
        let number = |name: &str| fault.get(name).and_then(Value::as_u64).unwrap_or_default();
        let effect = match fault.get("fault") {
            Some(Value::String(name)) => name.clone(),
            Some(written) => written.to_string(),
            None => String::new(),
        };
        let mut at = conditions(fault.get("match").unwrap_or_default());
        for name in ["nth", "times", "tokens"] {
            if let Some(value) = fault.get(name) {
                at += &condition(name, value);
            }
        }
        if at.is_empty() {
            at += "every request where it has its place";
        }
        // Writing to a string cannot fail.
        let _ = write!(
            rows,
            "<tr><th scope=\"row\"><code>{effect}</code><br><span class=\"hint\">{}</span></th>\
             <td data-title=\"Where\">{at}</td><td data-title=\"Acted\">{} of {}</td>\
             <td><button class=\"plain\" name=\"remove\" value=\"{}\" aria-label=\"Remove {effect}\">\
             Remove</button></td></tr>",
            words::of(&effect),
            number("acted"),
            number("seen"),
            number("id"),
            effect = Escaped(&effect),
        );
    }
    format!(
        "<form method=\"post\" action=\"{path}{FAULTS}\"><table><thead><tr><th scope=\"col\">Fault</th>\
         <th scope=\"col\">Where</th><th scope=\"col\">Acted, of requests that match</th>\
         <th scope=\"col\">By a click</th></tr></thead><tbody>{rows}</tbody></table>\
         <button class=\"plain\" name=\"clear\" value=\"all\">Remove all</button></form>"
    )
}

/// The form for a fault that acts on some requests only.
fn form(path: &str) -> String {
    let names: String = words::examples()
        .map(|name| format!("<option value=\"{name}\">"))
        .collect();
    let endpoints: String = Endpoint::ALL
        .iter()
        .filter(|endpoint| **endpoint != Endpoint::Debugger)
        .map(|endpoint| format!("<option>{endpoint}</option>"))
        .collect();
    format!(
        "<form method=\"post\" action=\"{path}{FAULTS}\"><div class=\"columns\">\
         <div><label for=\"fault\">Fault</label><input id=\"fault\" class=\"mono\" name=\"fault\" \
         list=\"faults\" required autocomplete=\"off\" spellcheck=\"false\" placeholder=\"slow-2s\">\
         <datalist id=\"faults\">{names}</datalist></div>\
         <div><label for=\"endpoint\">Endpoint</label><select id=\"endpoint\" name=\"endpoint\">\
         <option value=\"\">wherever it has its place</option>{endpoints}</select></div>\
         <div><label for=\"client_id\">Client</label><input id=\"client_id\" class=\"mono\" \
         name=\"client_id\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"any; * stands for anything\">\
         </div><div><label for=\"times\">How often</label><input id=\"times\" name=\"times\" \
         inputmode=\"numeric\" autocomplete=\"off\" placeholder=\"always\"></div></div>\
         <button>Set</button></form>"
    )
}
