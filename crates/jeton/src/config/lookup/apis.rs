//! `JETON_APIS`: APIs, held against the rest of the configuration.

use super::{Array, Config, Mistakes};
use crate::api::{Api, ApiRecord};

impl Config {
    /// The APIs of `json`. What their documents can say only of this deployment is checked here.
    #[inline(never)]
    pub(super) fn apis_of(&self, json: &str, mistakes: &mut Mistakes) -> Vec<Api> {
        let array = Array {
            variable: "JETON_APIS",
            of: "APIs",
            json,
        };
        let identifier = |record: &ApiRecord| record.identifier.clone();
        array.each(mistakes, identifier, |record, before: &[Api]| {
            let api = record.parse().map_err(|error| error.to_string())?;
            self.require_servable(&api)
                .map_err(|what| what.to_string())?;
            let taken = |name: &&str| before.iter().any(|known| known.is_named(name));
            if let Some(name) = api.names().find(taken) {
                return Err(format!("{name:?} is the name of another"));
            }
            Ok(api)
        })
    }
}
