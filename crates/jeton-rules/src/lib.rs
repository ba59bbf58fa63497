//! The language in which rules say what is claimed of a person, or of a token: the mock's claim rules have
//! it, and the login application's, with names of their own.
//!
//! - [`template`]: texts in which `${name}` stands for what is known.
//! - [`Glob`], [`Pattern`], [`fits`], [`all_fit`]: which requests and persons a rule is about.
//! - [`merge`]: what a later rule says takes the place of what an earlier one said.
//! - [`InvalidSpec`]: where a description is not one, and what was expected.
//!
//! There are no expressions. Who needs more than names writes another rule.
//!
//! ```
//! use jeton_rules::template::{self, Missing, Names};
//! use serde_json::{Map, Value, json};
//!
//! /// What an upstream says of a person.
//! struct Upstream(Map<String, Value>);
//!
//! impl Names for Upstream {
//!     const EXPECTED: &'static str = "upstream.NAME";
//!     const MISSING: Missing = Missing::LeavesOut;
//!
//!     fn is_name(name: &str) -> bool {
//!         name.strip_prefix("upstream.").is_some_and(|claim| !claim.is_empty())
//!     }
//!
//!     fn value(&self, name: &str) -> Option<Value> {
//!         self.0.get(name.strip_prefix("upstream.")?).cloned()
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let claims = json!({ "email": "${upstream.email|upstream.mail}", "tenant": "${upstream.tid}" });
//! let claims: Map<String, Value> = serde_json::from_value(claims)?;
//! template::check_members::<Upstream>(&claims).map_err(|invalid| invalid.within("claims"))?;
//!
//! let upstream = serde_json::from_value(json!({ "mail": "mira@example.com" }))?;
//! let said = template::expand_members(&claims, &Upstream(upstream));
//! assert_eq!(Value::Object(said), json!({ "email": "mira@example.com" }));
//! # Ok(())
//! # }
//! ```

mod glob;
mod invalid;
mod matching;
mod members;
mod pattern;
pub mod template;

pub use glob::Glob;
pub use invalid::InvalidSpec;
pub use matching::{all_fit, fits};
pub use members::merge;
pub use pattern::{InvalidPattern, Pattern};
